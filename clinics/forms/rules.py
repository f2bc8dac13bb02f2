"""The form of a clinic's capacity rules."""

from __future__ import annotations

from typing import Any

from django import forms

from clinics.domain.attention import BOUNDS, EXTRAS, SLOT_LENGTHS, WEIGHTS

LABELS = {
    "nurse_units": ("Attention one nurse has", "units", "What it can be spent on stands below."),
    "nurse_starts_per_slot": ("Patients one nurse starts in a slot", "patients", ""),
    **{name: (label, "units", "") for name, label in WEIGHTS.items()},
    "extra_first": ("A first infusion", "units more", "On top while the drug runs."),
    "extra_reaction": ("After a serious reaction", "units more", "On top while the drug runs."),
    "prep_per_hour": ("Infusions the pharmacy prepares in an hour", "an hour", "0 means no limit."),
    "hold_beyond_days": (
        "Book up to this far ahead",
        "days",
        "Infusions due later are held as a window and booked when they come near.",
    ),
    "learn_lengths_after": (
        "Book by usual lengths from",
        "visits on",
        "So many visits of one kind must have been charted; never shorter than the rates need. 0: never.",
    ),
    "waitlist_hold_minutes": ("An earlier time stays on offer for", "minutes", ""),
    "waitlist_notice_hours": (
        "Notice a waiting patient needs",
        "hours",
        "Nobody is offered a time that begins sooner than this.",
    ),
    "call_now_minutes": (
        "A report that says “call now” is escalated after",
        "working minutes",
        "Unread, it then becomes a task for prescribers and the manager. Product default, unverified.",
    ),
}


class RulesForm(forms.Form):
    """Every number the search for times counts with."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    slot_minutes = forms.TypedChoiceField(
        label="Slot length",
        choices=[(length, f"{length} minutes") for length in SLOT_LENGTHS],
        coerce=int,
        help_text="Spaces the times on offer; booked visits keep theirs.",
        error_messages={"invalid_choice": "A slot is 5, 10, 15 or 30 minutes long."},
    )
    attention = ("nurse_units", "nurse_starts_per_slot")
    phases = tuple(WEIGHTS)
    extras = tuple(EXTRAS)
    pharmacy = ("prep_per_hour",)
    horizon = ("hold_beyond_days",)
    lengths = ("learn_lengths_after",)
    waiting = ("waitlist_hold_minutes", "waitlist_notice_hours")
    reports = ("call_now_minutes",)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, (label, unit, help_text) in LABELS.items():
            least, most = BOUNDS[name]
            words = f"Choose a number from {least} to {most}."
            missing = dict.fromkeys(("required", "invalid", "min_value", "max_value"), words)
            field = forms.IntegerField(
                label=label, min_value=least, max_value=most, help_text=help_text, error_messages=missing
            )
            field.widget.attrs |= {"class": "form-control", "inputmode": "numeric"}
            field.unit = unit  # type: ignore[attr-defined]
            self.fields[name] = field

    def _group(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def groups(self) -> dict[str, list[forms.BoundField]]:
        """The fields by the part of the page they stand in."""
        return {
            name: self._group(getattr(self, name))
            for name in (
                "attention",
                "phases",
                "extras",
                "pharmacy",
                "horizon",
                "lengths",
                "waiting",
                "reports",
            )
        }

    @property
    def rules(self) -> dict[str, int]:
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}
