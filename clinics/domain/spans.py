"""Spans of days and wall-clock times as somebody types them into the clinic's settings, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from hashlib import sha256

from .refusals import Refusal

FARTHEST_DAYS = 5 * 366
"""No setting reaches further ahead: a later day is a slip of the keyboard. Product default, unverified."""
FARTHEST_BACK_DAYS = 366
"""Leave may be entered afterwards, up to a year. Product default, unverified."""
STEP_MINUTES = 5
"""Hours, shifts and breaks begin and end on whole steps, because that is how a day's capacity is counted."""
STALE = Refusal(
    "stale",
    "A colleague has changed this since you opened the page. What you typed is kept here: save again to put it in "
    "place of theirs, or open the page again to see what stands now.",
)


@dataclass(frozen=True, slots=True)
class Days:
    """Days from ``first`` to ``last`` inclusive; without a last day until further notice."""

    first: date
    last: date | None

    def touches(self, other: Days) -> bool:
        """Whether the two share a day."""
        return (other.last is None or self.first <= other.last) and (
            self.last is None or other.first <= self.last
        )

    @property
    def in_words(self) -> str:
        first = in_words(self.first)
        if self.last is None:
            return f"from {first} until further notice"
        return first if self.last == self.first else f"{first} to {in_words(self.last)}"


def in_words(day: date) -> str:
    """A day as people read it, the same in every language setting."""
    return f"{day.day} {day:%B %Y}"


def day_problem(day: date, *, today: date, back: int = 0, field: str = "") -> Refusal | None:
    """Why a day may not be typed here: further back than ``back`` days, or too far ahead."""
    if day < today - timedelta(days=back):
        if not back:
            return Refusal("day_past", "This day is over. Choose today or a later day.", field)
        return Refusal("day_long_past", f"This day is more than {back} days ago. Check the year.", field)
    if day > today + timedelta(days=FARTHEST_DAYS):
        return Refusal("day_far", "This day is more than five years away. Check the year.", field)
    return None


def span_problems(days: Days, *, today: date, back: int = 0) -> list[Refusal]:
    """What is wrong with a span of days: its order, days too far away, and a span that is over already."""
    if days.last is not None and days.last < days.first:
        return [Refusal("ends_before_start", "The last day lies before the first.", "last_day")]
    first = day_problem(days.first, today=today, back=FARTHEST_BACK_DAYS, field="first_day")
    found = [first] if first else []
    if days.last is not None and (last := day_problem(days.last, today=today, back=back, field="last_day")):
        found.append(last)
    return found


def overlap(days: Days, others: Iterable[tuple[Days, str]]) -> Refusal | None:
    """A refusal naming the first of the others that shares a day; each comes with words for what it is."""
    for other, what in others:
        if days.touches(other):
            return Refusal("overlaps", f"These days overlap with {what}, {other.in_words}.", "first_day")
    return None


def clock_problem(at: time, field: str) -> Refusal | None:
    """Why a wall-clock time cannot be counted: it lies between two steps."""
    if at.minute % STEP_MINUTES or at.second or at.microsecond:
        return Refusal("between_steps", f"Times go in steps of {STEP_MINUTES} minutes.", field)
    return None


def hours_problems(hours: Mapping[int, tuple[time | None, time | None]]) -> list[Refusal]:
    """What is wrong with a week's opening hours by weekday; a day without either time is closed."""
    found = []
    for weekday, (opens, closes) in sorted(hours.items()):
        if opens is None and closes is None:
            continue
        if opens is None or closes is None:
            missing = "opens" if opens is None else "closes"
            words = f"Give both times, or neither where the clinic is closed on {WEEKDAYS[weekday]}s."
            found.append(Refusal("half_hours", words, f"{missing}_{weekday}"))
            continue
        for at, name in ((opens, "opens"), (closes, "closes")):
            if problem := clock_problem(at, f"{name}_{weekday}"):
                found.append(problem)
        if closes <= opens:
            words = f"On {WEEKDAYS[weekday]} the clinic would close before it opens."
            found.append(Refusal("closes_before_opens", words, f"closes_{weekday}"))
    if not any(opens or closes for opens, closes in hours.values()):
        found.append(
            Refusal("never_open", "The clinic would never be open. Give the hours of one day at least.")
        )
    return found


def fingerprint(*values: object) -> str:
    """A short mark of what a page showed, by which a save can tell that it is out of date."""
    return sha256(repr(values).encode()).hexdigest()[:16]


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
