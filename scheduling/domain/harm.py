"""In what order affected visits are to be helped: by the harm a delay would do. Product default, unverified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum


class Part(IntEnum):
    """Which part of a course a visit is, most harmed by delay first. A second induction dose is one half of a dose
    already begun, and so is the second of a later pair; a first one leaves active disease untreated; maintenance has
    weeks of tolerance; a visit without an infusion has most. Product default, unverified.
    """

    SECOND_INDUCTION = 0
    SECOND_OF_PAIR = 1
    FIRST_INDUCTION = 2
    MAINTENANCE = 3
    OTHER = 4


NEAR_DAYS = 7
"""A visit whose window ends within a week weighs one step more than its part of the course alone. Product default,
unverified.
"""
WEIGHTS = {
    Part.SECOND_INDUCTION: 6,
    Part.SECOND_OF_PAIR: 6,
    Part.FIRST_INDUCTION: 4,
    Part.MAINTENANCE: 2,
    Part.OTHER: 1,
}
"""What a displacement is multiplied by in a plan. Product default, unverified."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A visit that cannot stand as it does. ``latest`` is the last day of its window or of its interval, whichever
    comes first; None where nothing says.
    """

    key: int
    starts: datetime
    on: date
    part: Part
    latest: date | None = None


@dataclass(frozen=True, slots=True)
class Harmed:
    """A visit in its place in the order, why it stands there, and what a displacement of it is multiplied by."""

    key: int
    words: str
    weight: int
    days_left: int | None


def by_harm(visits: Iterable[Affected]) -> tuple[Harmed, ...]:
    """The affected visits, most harmed by delay first: second induction doses, later ones of a pair, first ones, then
    maintenance; within each those with the fewest days left, and of these the sooner visit. A window already missed
    comes first.
    """
    return tuple(judge(visit) for visit in sorted(visits, key=_order))


def _order(visit: Affected) -> tuple[int, int, datetime, int]:
    left = _days_left(visit)
    return (visit.part, 10**6 if left is None else left, visit.starts, visit.key)


def _days_left(visit: Affected) -> int | None:
    return None if visit.latest is None else (visit.latest - visit.on).days


def judge(visit: Affected) -> Harmed:
    """One visit's weight and the reason in words."""
    left = _days_left(visit)
    near = left is not None and left <= NEAR_DAYS
    part = {
        Part.SECOND_INDUCTION: "Second induction infusion",
        Part.SECOND_OF_PAIR: "Later infusion of its pair",
        Part.FIRST_INDUCTION: "First induction infusion",
        Part.MAINTENANCE: "Maintenance infusion",
        Part.OTHER: "Visit without an infusion",
    }[visit.part]
    return Harmed(visit.key, f"{part}, {_in_words(left)}", WEIGHTS[visit.part] + near, left)


def _in_words(left: int | None) -> str:
    if left is None:
        return "no last day is set"
    if left < 0:
        return f"its window ended {-left} {'day' if left == -1 else 'days'} before"
    if left == 0:
        return "this is the last day of its window"
    return f"its window ends {left} {'day' if left == 1 else 'days'} later"
