"""Nurses' weekly shifts with their breaks: what may stand beside what, and what a change from a day on means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from types import MappingProxyType

from .refusals import Refusal
from .spans import WEEKDAYS, Days, clock_problem, day_problem, in_words

MOST_BREAKS = 3
"""Breaks of one shift that the form has room for."""
Break = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Duty:
    """A weekly shift: weekday (0 is Monday), wall-clock times, the days it stands, and its breaks in order."""

    weekday: int
    starts: time
    ends: time
    days: Days
    breaks: tuple[Break, ...] = ()

    @property
    def in_words(self) -> str:
        return f"{WEEKDAYS[self.weekday]} {self.starts:%H:%M} to {self.ends:%H:%M}"

    def clashes(self, other: Duty) -> bool:
        """Whether the two would put one nurse on duty twice."""
        same_hours = self.starts < other.ends and other.starts < self.ends
        return self.weekday == other.weekday and same_hours and self.days.touches(other.days)


def duty_problems(duty: Duty, others: Iterable[Duty]) -> list[Refusal]:
    """What is wrong with a nurse's shift beside the nurse's other shifts: order, steps, breaks, a clash."""
    found = [
        problem
        for at, field in ((duty.starts, "starts"), (duty.ends, "ends"))
        if (problem := clock_problem(at, field))
    ]
    if duty.ends <= duty.starts:
        return [*found, Refusal("ends_before_start", "The shift would end before it begins.", "ends")]
    found += break_problems(duty)
    for other in others:
        if duty.clashes(other):
            words = f"This overlaps with the shift on {other.in_words} that stands {standing(other.days)}."
            found.append(Refusal("shifts_overlap", words, "starts"))
            break
    return found


def standing(days: Days) -> str:
    return days.in_words if days.last is None else f"from {days.in_words}"


def break_problems(duty: Duty) -> list[Refusal]:
    """What is wrong with a shift's breaks: order, steps, outside the shift, one in another, no work left."""
    found: list[Refusal] = []
    for number, (starts, ends) in enumerate(duty.breaks, start=1):
        field = f"break_{number}"
        if problem := clock_problem(starts, field) or clock_problem(ends, field):
            found.append(problem)
        elif ends <= starts:
            found.append(Refusal("break_order", "This break would end before it begins.", field))
        elif starts < duty.starts or ends > duty.ends:
            words = f"This break is not inside the shift, {duty.starts:%H:%M} to {duty.ends:%H:%M}."
            found.append(Refusal("break_outside", words, field))
        elif any(starts < other[1] and other[0] < ends for other in duty.breaks[: number - 1]):
            found.append(Refusal("breaks_overlap", "This break overlaps with another one.", field))
    if not found and rest(duty) >= minutes(duty.starts, duty.ends):
        found.append(Refusal("no_work_left", "The breaks leave nothing of this shift.", "break_1"))
    return found


def rest(duty: Duty) -> int:
    """Minutes of break in the shift."""
    return sum(minutes(starts, ends) for starts, ends in duty.breaks)


def minutes(starts: time, ends: time) -> int:
    """Minutes between two wall-clock times of a day."""
    return (ends.hour - starts.hour) * 60 + ends.minute - starts.minute


@dataclass(frozen=True, slots=True)
class Handing:
    """What a change of a shift from a day on leaves: the old one's last day, or None where it is replaced
    because it has not begun; and the days of the new one.
    """

    old_until: date | None
    new: Days


def change_from(day: date, standing: Days, *, today: date) -> Handing | Refusal:
    """How a shift is changed from a day on, so that what was stays on record. A shift that has not begun by
    that day is simply another one from its own first day.
    """
    problem = day_problem(day, today=today, field="from_day")
    if problem is not None:
        return problem
    if standing.last is not None and day > standing.last:
        words = f"This shift ends on {in_words(standing.last)} already. Choose an earlier day."
        return Refusal("shift_over", words, "from_day")
    if day <= standing.first:
        return Handing(None, standing)
    return Handing(day - timedelta(days=1), Days(day, standing.last))


def in_order(duty: Duty) -> Duty:
    """The shift with its breaks in order of time."""
    return replace(duty, breaks=tuple(sorted(duty.breaks)))


@dataclass(frozen=True, slots=True)
class RosterDay:
    """One day of a nurse's week: the shifts by key, why the nurse is away, and why the clinic is closed."""

    day: date
    duties: tuple[tuple[int, Duty], ...]
    away: str = ""
    closed: str = ""

    @property
    def works(self) -> bool:
        return bool(self.duties) and not self.away and not self.closed


def week_of(
    monday: date,
    duties: Iterable[tuple[int, Duty]],
    *,
    leave: Iterable[tuple[Days, str]] = (),
    closed: Mapping[date, str] = MappingProxyType({}),
) -> list[RosterDay]:
    """Seven days from a Monday as one nurse works them."""
    duties, leave = list(duties), list(leave)
    found = []
    for day in (monday + timedelta(days=number) for number in range(7)):
        on = Days(day, day)
        here = [
            (key, duty) for key, duty in duties if duty.weekday == day.weekday() and duty.days.touches(on)
        ]
        here.sort(key=lambda pair: pair[1].starts)
        away = next((words or "on leave" for days, words in leave if days.touches(on)), "")
        found.append(RosterDay(day, tuple(here), away, closed.get(day, "")))
    return found


def minutes_worked(week: Iterable[RosterDay]) -> int:
    """Minutes on duty in a week, breaks left out."""
    return sum(
        minutes(duty.starts, duty.ends) - rest(duty) for day in week if day.works for _, duty in day.duties
    )
