"""Which messages a patient may do without, and by which way they may ask to be written to."""

from __future__ import annotations

from collections.abc import Iterable

# What is booked, moved or cancelled is always told, by whatever way: a visit nobody knows of is a chair left empty.
MAY_SWITCH_OFF = frozenset(
    {
        "reminder_7",
        "reminder_2",
        "morning_of",
        "health_check",
        "gate_needs",
        "lab_due",
        "window_open",
        "arrange",
        "answer_ready",
        "waitlist_gone",
    }
)
CHANNELS = ("", "email", "sms")
"""As the clinic does, or one of the two."""


def unknown_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """Those that no patient can switch off."""
    return tuple(sorted({*kinds} - MAY_SWITCH_OFF))
