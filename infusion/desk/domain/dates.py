"""Dates as people type them into a search box or an address."""

from __future__ import annotations

from datetime import date, datetime

_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y")


def days_meant(text: str) -> tuple[date, ...]:
    """Every day a text may mean, earliest first: 03/04/1980 means both 3 April and 4 March. Empty where it is none."""
    words = " ".join(text.split())
    if len(words) > 20 or not words.isascii():
        return ()
    found = set()
    for form in _FORMATS:
        try:
            found.add(datetime.strptime(words, form).date())
        except ValueError:
            continue
    return tuple(sorted(found))


def day_of(text: str) -> date | None:
    """The day an address names (year-month-day), or None where it names none."""
    try:
        return date.fromisoformat(text) if text.isascii() and len(text) == 10 else None
    except ValueError:
        return None
