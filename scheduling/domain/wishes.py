"""What a patient asks of their times, and how well a time keeps it, in points and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

# Penalties, in points; the smaller sum is the better offer. Product defaults, unverified: a wished weekday outweighs
# three days, a wished time of day an hour and a half.
OTHER_WEEKDAY = 30
OUTSIDE_HOURS = 12
PER_QUARTER_APART = 2
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an offer should keep where it can: the usual nurse and the usual time of day; weekdays (0 is Monday, none
    for any), a time before which it should not begin and one by which it should be over. ``place`` is a need: a bed
    or an isolation room, and then no other place is offered.
    """

    nurse: int | None = None
    at: time | None = None
    weekdays: frozenset[int] = frozenset()
    not_before: time | None = None
    not_after: time | None = None
    place: str = ""


def judged(wishes: Wishes, day: date, begins: time, ends: time) -> tuple[int, list[str]]:
    """Points and words for a visit on a day, from one wall-clock time to another."""
    score, words = 0, []
    if wishes.at is not None:
        score += quarters(begins, wishes.at) * PER_QUARTER_APART
        if begins == wishes.at:
            words.append("Usual time of day")
    if wishes.weekdays:
        if day.weekday() in wishes.weekdays:
            words.append(f"{DAY_NAMES[day.weekday()]}, as wished")
        else:
            score += OTHER_WEEKDAY
            words.append("Not on a wished weekday")
    outside = []
    if wishes.not_before is not None and begins < wishes.not_before:
        outside.append(f"Earlier than wished: not before {clock(wishes.not_before)}")
        score += OUTSIDE_HOURS + quarters(begins, wishes.not_before) * PER_QUARTER_APART
    if wishes.not_after is not None and ends > wishes.not_after:
        outside.append(f"Later than wished: over by {clock(wishes.not_after)}")
        score += OUTSIDE_HOURS + quarters(ends, wishes.not_after) * PER_QUARTER_APART
    if not outside and (wishes.not_before or wishes.not_after):
        words.append("Inside the wished hours")
    return score, words + outside


def quarters(one: time, other: time) -> int:
    """How far two times of day lie apart, in started quarters of an hour."""
    return -(-abs((one.hour - other.hour) * 60 + one.minute - other.minute) // 15)


def clock(at: time) -> str:
    """A time of day in hours and minutes."""
    return f"{at.hour:02}:{at.minute:02}"
