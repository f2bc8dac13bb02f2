"""A question to the optimiser and its answer, as frozen values: which visits may move where, and what a move costs.

Nothing here solves. `scheduling.domain.baseline` answers plainly, `scheduling.optimiser` answers with a proof, and
`scheduling.domain.verifying` checks either before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

from clinics.domain.refusals import Refusal
from scheduling.domain.capacity import STEP, STEP_MINUTES, DayCapacity, NurseRules, Phase, total_minutes
from scheduling.domain.occupancy import used
from scheduling.domain.offers import grid

CROWDED_AT = (60, 75, 90)
"""Shares of a day's chair time, in percent, above which a day counts as crowded, each once more. Product default,
unverified.
"""

Status = Literal["optimal", "feasible", "infeasible", "unknown"]
Ending = Literal["proof", "deterministic_limit", "wall_clock", "stopped", "baseline"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one visit stands or is to stand: minutes since the day's first instant, its chair and its nurse.
    From each handover's minute on, that nurse has the patient.
    """

    key: int
    day: date
    minute: int
    chair: int
    nurse: int
    handovers: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """A day on which a visit may stand, and the first and last minute of that day at which it may begin."""

    day: date
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class ToPlace:
    """A visit to place. ``now`` is where it stands; ``target`` the day it is wanted on where it stands nowhere.

    ``allowed`` is the patient's tolerance. ``kinds`` names the kinds of chair that will do (none: any).
    ``harm`` weighs every displacement, from 1; ``nurse`` is the nurse wished for (else the one it has now).
    """

    key: int
    phases: tuple[Phase, ...]
    allowed: tuple[Allowed, ...]
    now: Place | None = None
    target: date | None = None
    kinds: frozenset[str] = frozenset()
    harm: int = 1
    nurse: int | None = None

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return total_minutes(self.phases)

    @property
    def usual_nurse(self) -> int | None:
        """The nurse whose change is counted: the one wished for, else the one it has now."""
        return self.nurse if self.nurse is not None or self.now is None else self.now.nurse


@dataclass(frozen=True, slots=True)
class ChairRoom:
    """A chair in service on a day, and the steps in which what stays sits in it."""

    key: int
    kind: str
    taken: int


@dataclass(frozen=True, slots=True)
class NurseRoom:
    """A nurse on a day after what stays: ``spare[k]`` are the steps with at least k units left (``spare[0]`` is
    the duty itself), ``started`` the patients begun in each slot of the clinic's grid.
    """

    key: int
    spare: tuple[int, ...]
    started: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Preparation:
    """Steps of one clock hour, and how many infusions the pharmacy can still prepare for it."""

    steps: int
    left: int


@dataclass(frozen=True)
class Day:
    """What is left of a clinic's day once everything that stays has been counted.

    ``ticks`` are the minutes at which visits are offered. ``skew`` is the wall clock's minutes ahead of the
    minutes since the day's first instant, so that 09:00 is 09:00 on the day the clocks change too.
    """

    day: date
    steps: int
    open: int
    chairs: tuple[ChairRoom, ...]
    nurses: tuple[NurseRoom, ...]
    ticks: tuple[int, ...]
    preparations: tuple[Preparation, ...] = ()
    skew: int = 0

    @cached_property
    def chair_steps(self) -> int:
        """Steps of chair time the day has in all."""
        return len(self.chairs) * self.open.bit_count()

    @cached_property
    def taken_steps(self) -> int:
        """Steps of chair time that what stays takes."""
        return sum((chair.taken & self.open).bit_count() for chair in self.chairs)

    @cached_property
    def opens(self) -> int:
        """The first open step, or 0 on a closed day."""
        return (self.open & -self.open).bit_length() - 1 if self.open else 0


@dataclass(frozen=True, slots=True)
class Link:
    """Two visits of one patient, the second so many days after the first (an induction pair)."""

    first: int
    second: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Weights:
    """What a plan costs, in points; the least sum is best. Product defaults, unverified.

    ``per_day`` and ``per_step`` (five minutes of the wall clock) count a displacement and are multiplied by the
    visit's harm, as is ``not_placed``. ``other_nurse`` and ``handover`` count once each. ``crowded`` counts each
    step of chair time above each share in ``CROWDED_AT``; ``per_step_of_end`` each step from opening to the
    visit's end; both are 0 unless asked for. Overtime has no price: a plan never leaves the opening hours. A
    change of chair weighs less than everything else together and is decided last.
    """

    per_day: int = 40
    per_step: int = 1
    other_nurse: int = 6
    handover: int = 4
    crowded: int = 0
    per_step_of_end: int = 0
    not_placed: int = 20_000


@dataclass(frozen=True)
class Problem:
    """One question: the days after what stays, the visits to place, the clinic's rules for nurses, the prices."""

    days: tuple[Day, ...]
    visits: tuple[ToPlace, ...]
    rules: NurseRules
    weights: Weights = field(default_factory=Weights)
    links: tuple[Link, ...] = ()
    handovers: bool = True

    @cached_property
    def by_date(self) -> dict[date, Day]:
        """The days by their date."""
        return {day.day: day for day in self.days}

    @cached_property
    def by_key(self) -> dict[int, ToPlace]:
        """The visits by their key."""
        return {visit.key: visit for visit in self.visits}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is: the best plan's cost so far, the proved least cost, and the seconds spent."""

    objective: int | None
    bound: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A plan. ``left`` are the visits without a place. ``bound`` is the proved least cost any plan can have, None
    where nothing was proved; ``ended_by`` says what ended the search. Where the wall clock or a person ended it,
    the same question may be answered differently another time.
    """

    placed: tuple[Place, ...]
    left: tuple[int, ...]
    status: Status
    objective: int | None
    bound: int | None
    seconds: float
    ended_by: Ending
    chair_changes: int = 0

    @property
    def gap(self) -> float | None:
        """How far the plan may be from the best, as a share of its cost; 0 is best, None where nothing is proved."""
        if self.objective is None or self.bound is None:
            return None
        return max(self.objective - self.bound, 0) / max(abs(self.objective), 1)


def ended_by(first: Answer | None, second: Answer) -> Ending:
    """What ended a search of two parts: the second where its plan is proved best, else a person or the clock where they
    ended either.
    """
    if first is not None and second.status != "optimal" and second.ended_by != "stopped":
        return first.ended_by if first.ended_by in ("stopped", "wall_clock") else second.ended_by
    return second.ended_by


def day_of(capacity: DayCapacity) -> Day:
    """A day's capacity as the question needs it: what stays was added to it, the visits that may move were not."""
    ticks: list[int] = []
    skew = 0
    if capacity.hours is not None:
        opens = capacity.hours[0]
        first = capacity.at(opens)
        if not isinstance(first, Refusal):
            skew = opens.hour * 60 + opens.minute - (first - capacity.begins) // STEP * STEP_MINUTES
        for at in grid(*capacity.hours, capacity.rules.slot_minutes):
            instant = capacity.at(at)
            if not isinstance(instant, Refusal):
                ticks.append((instant - capacity.begins) // STEP * STEP_MINUTES)
    units = capacity.rules.units
    return Day(
        day=capacity.day,
        steps=capacity.steps,
        open=capacity.open,
        chairs=tuple(ChairRoom(one.chair_id, one.kind, one.taken) for one in capacity.chairs.values()),
        nurses=tuple(
            NurseRoom(
                one.nurse_id,
                (one.on_duty, *(one.spare(have, units) for have in range(1, units + 1))),
                tuple(
                    (step * STEP_MINUTES // capacity.rules.slot_minutes, _count(one.started, step))
                    for step in range(capacity.steps)
                    if used(one.started) >> step & 1
                ),
            )
            for one in capacity.nurses.values()
        ),
        ticks=tuple(ticks),
        preparations=_preparations(capacity),
        skew=skew,
    )


def _count(planes: Iterable[int], step: int) -> int:
    return sum((plane >> step & 1) << bit for bit, plane in enumerate(planes))


def _preparations(capacity: DayCapacity) -> tuple[Preparation, ...]:
    most = capacity.rules.prep_per_hour
    if not most:
        return ()
    hours: dict[tuple[int, timedelta | None], int] = {}
    for step in range(capacity.steps):
        wall = capacity.instant_of(step).astimezone(capacity.zone)
        hours[wall.hour, wall.utcoffset()] = hours.get((wall.hour, wall.utcoffset()), 0) | 1 << step
    return tuple(
        Preparation(steps, most - sum(_count(capacity.prepared, at) for at in _bits(steps)))
        for steps in hours.values()
        if steps & capacity.open
    )


def _bits(steps: int) -> Iterator[int]:
    while steps:
        yield (steps & -steps).bit_length() - 1
        steps &= steps - 1


def displacement(visit: ToPlace, day: Day, minute: int, days: dict[date, Day], weights: Weights) -> int:
    """Points for standing elsewhere than now (or than on the day wanted), weighted by harm, and for a late end."""
    found = 0
    wanted = visit.now.day if visit.now else visit.target
    if wanted is not None:
        found += abs((day.day - wanted).days) * weights.per_day
    if visit.now is not None:
        before = days.get(visit.now.day)
        apart = abs(minute + day.skew - visit.now.minute - (before.skew if before else day.skew))
        found += -(-apart // STEP_MINUTES) * weights.per_step
    ends = -(-(minute + visit.minutes) // STEP_MINUTES) - day.opens
    return found * visit.harm + ends * weights.per_step_of_end


def nursing(visit: ToPlace, nurse: int, handovers: int, weights: Weights) -> int:
    """Points for another nurse than the usual one, and for handing over."""
    usual = visit.usual_nurse
    return (weights.other_nurse if usual not in (None, nurse) else 0) + handovers * weights.handover


def crowding(day: Day, placed_steps: int, weights: Weights) -> int:
    """Points for a day fuller than the shares in ``CROWDED_AT``, with so many steps placed beside what stays."""
    if not weights.crowded:
        return 0
    used = day.taken_steps + placed_steps
    return weights.crowded * sum(max(used - day.chair_steps * share // 100, 0) for share in CROWDED_AT)


def cost(problem: Problem, placed: Iterable[Place], left: Iterable[int]) -> int:
    """The whole plan's points; changes of chair are not among them."""
    found = sum(problem.weights.not_placed * problem.by_key[key].harm for key in left)
    steps = dict.fromkeys(problem.by_date, 0)
    for place in placed:
        visit, day = problem.by_key[place.key], problem.by_date[place.day]
        found += displacement(visit, day, place.minute, problem.by_date, problem.weights)
        found += nursing(visit, place.nurse, len(place.handovers), problem.weights)
        steps[place.day] += -(-(place.minute + visit.minutes) // STEP_MINUTES) - place.minute // STEP_MINUTES
    return found + sum(crowding(problem.by_date[day], used, problem.weights) for day, used in steps.items())


def chair_changes(problem: Problem, placed: Iterable[Place]) -> int:
    """How many visits that stand somewhere sit in another chair than now."""
    found = 0
    for place in placed:
        now = problem.by_key[place.key].now
        found += now is not None and now.chair != place.chair
    return found
