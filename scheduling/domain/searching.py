"""Every free start of a day: for any visit, on the clinic's slot grid, chair by chair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from clinics.domain.refusals import Refusal

from .attention import STEP, STEP_MINUTES, Phase, total_minutes
from .capacity import DayCapacity
from .occupancy import nothing, raise_by, span, used


@dataclass(frozen=True, slots=True)
class Tick:
    """One wall-clock time of the grid, the step it lies in, and how it is written."""

    at: time
    step: int
    text: str


@dataclass(frozen=True, slots=True)
class FreeDay:
    """One day's free starts. ``chairs`` names for each chair the steps (as bits) at which a visit of ``minutes`` may
    begin with at least one nurse; ``ticks`` are the times of the grid. ``closed`` says why it is shut, ``kept`` that
    held windows need what would be free.
    """

    day: date
    minutes: int
    closed: str
    chairs: dict[int, int]
    ticks: Sequence[Tick]
    kept: str = ""

    def of_chair(self, chair: int) -> list[str]:
        """The free starts of one chair, as hours and minutes."""
        free = self.chairs[chair]
        return [tick.text for tick in self.ticks if free >> tick.step & 1]

    def starts(self) -> list[tuple[str, int]]:
        """Every start at which at least one chair is free, and how many are."""
        planes = nothing()
        for free in self.chairs.values():
            raise_by(planes, free)
        some, found = used(planes), []
        for tick in self.ticks:
            if some >> tick.step & 1:
                count = sum((plane >> tick.step & 1) << bit for bit, plane in enumerate(planes))
                found.append((tick.text, count))
        return found


def grid(opens: time, closes: time, slot_minutes: int) -> list[time]:
    """Wall-clock times from opening to closing, a slot apart; the first one on a whole step."""
    first = -(-(opens.hour * 60 + opens.minute) // STEP_MINUTES) * STEP_MINUTES
    last = closes.hour * 60 + closes.minute
    return [time(minute // 60, minute % 60) for minute in range(first, last, slot_minutes)]


def ticks(day: DayCapacity) -> Sequence[Tick]:
    """The day's grid. A wall-clock time that the clock skips or shows twice that day is left out."""
    if day.hours is None:
        return ()
    if day.usual:
        return _usual_ticks(*day.hours, day.rules.slot_minutes)
    found = []
    for at in grid(*day.hours, day.rules.slot_minutes):
        instant = day.at(at)
        if not isinstance(instant, Refusal):
            found.append(Tick(at, day.step_of(instant), f"{at:%H:%M}"))
    return found


@lru_cache(maxsize=256)
def _usual_ticks(opens: time, closes: time, slot_minutes: int) -> Sequence[Tick]:
    return tuple(
        Tick(at, (at.hour * 60 + at.minute) // STEP_MINUTES, f"{at:%H:%M}")
        for at in grid(opens, closes, slot_minutes)
    )


def to_come(day: DayCapacity, now: datetime) -> int:
    """The steps of a day that do not begin before ``now``."""
    return span(min(max(-(-(now - day.begins) // STEP), 0), day.steps), day.steps)


def free_starts(
    day: DayCapacity, phases: Sequence[Phase], *, now: datetime, place: str = "", starts_patient: bool = True
) -> FreeDay:
    """Every free start of a visit on one day, for every chair: the chair is free throughout, at least one nurse can
    take the patient, the clinic is open, and the time has not passed. ``place`` is the kind of chair needed; empty
    for any.
    """
    found: dict[int, int] = {}
    if day.hours is not None:
        inside = day.open_starts(phases, starts_patient=starts_patient) & to_come(day, now)
        staffed = 0
        for nurse in day.nurses:
            staffed |= day.nurse_starts(nurse, phases, starts_patient=starts_patient)
            if not inside & ~staffed:
                break
        inside &= staffed
        for key, chair in day.chairs.items():
            if not place or chair.kind == place:
                found[key] = day.chair_starts(key, phases) & inside
    closed = "" if day.hours is not None else day.closed_because or "closed"
    return FreeDay(day.day, total_minutes(phases), closed, found, ticks(day))
