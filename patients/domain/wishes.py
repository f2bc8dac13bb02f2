"""What a patient asks of their times, in plain words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
PLACES = {"bed": "Needs a bed", "isolation": "Needs an isolation room"}
USUAL_NOTICE_HOURS = 24


def in_words(
    weekdays: Collection[int],
    not_before: time | None,
    not_after: time | None,
    place: str,
    notice_hours: int,
    note: str = "",
) -> tuple[str, ...]:
    """Each wish as a short sentence, the needs first; nothing where nothing is asked."""
    found = [PLACES[place]] if place in PLACES else []
    days = [WEEKDAYS[day] for day in sorted({*weekdays} & {*range(7)})]
    if days:
        found.append(f"On {_listed(days)}")
    if not_before is not None:
        found.append(f"Not before {not_before:%H:%M}")
    if not_after is not None:
        found.append(f"Home by {not_after:%H:%M}")
    if notice_hours != USUAL_NOTICE_HOURS:
        found.append(f"Must know {_hours(notice_hours)} beforehand")
    if note:
        found.append(note)
    return tuple(found)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _hours(hours: int) -> str:
    if hours and hours % 24 == 0 and hours > 24:
        return f"{hours // 24} days"
    return f"{hours} hour{'' if hours == 1 else 's'}"
