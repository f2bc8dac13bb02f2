"""Callers one after another: how the ways of choosing an offer compare with the best plan in hindsight.

A day from 08:00 to 18:00 with 20 chairs. Visits are of the STANDARD regimen's own lengths in the mix of `bench.mix`.
Load 1.0 is the number of such visits that can be seated at all: two of 285 minutes fit a chair's day, one of 375
minutes leaves no room for another, so that 20 chairs take 33 of them (in chair minutes, 83 %). Chairs are the
bottleneck: 12 nurses are on duty, whose attention is used to about half. Each caller has a part of the day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time
from random import Random
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

from bench.mix import MIX, drawn, lengths
from scheduling.domain.capacity import (
    STEP_MINUTES,
    DayCapacity,
    NurseRules,
    Occupied,
    Phase,
    total_minutes,
)
from scheduling.domain.policy import Choice, choose
from scheduling.domain.replanning import Allowed, Problem, ToPlace, Weights, day_of
from scheduling.optimiser import Limits, solve

DAY = date(2026, 6, 1)
OPENS, CLOSES, OVERTIME = time(8), time(18), time(22)
CHAIRS, NURSES = 20, 12
LOADS = (0.75, 0.85, 1.0)
PARTS = (("any time", 60, 0, 600), ("morning", 20, 0, 180), ("afternoon", 20, 210, 600))
"""Parts of the day a caller can come: name, how many in a hundred, first and last minute of beginning after opening.
An assumption of the bench.
"""
OVERTIME_POINTS = 20
"""Points for each step after closing, and three times a whole day for a caller who is turned away."""
Policy = Callable[[DayCapacity, Sequence[Phase], int], Choice | None]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the visit's phases, and the minutes of the day at which it may begin."""

    key: int
    sort: str
    phases: tuple[Phase, ...]
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A day's end: points, minutes after closing, callers turned away, and how many ended late."""

    points: int
    overtime: int
    unplaced: int


def most_visits(chairs: int = CHAIRS) -> int:
    """How many visits of the mix can be seated in one day at most: load 1.0."""
    slow = (MIX["first"] + MIX["reaction"]) / 100
    return int(chairs / (slow + (1 - slow) / 2))


def callers(seed: int, load: float) -> list[Caller]:
    """The day's callers in the order in which they call. Those whose part of the day has no room for their own length
    come at any time.
    """
    random = Random(seed)
    found = []
    opens = OPENS.hour * 60
    for key, sort in enumerate(drawn(random, round(load * most_visits())), start=1):
        phases = lengths()[sort]
        last = CLOSES.hour * 60 - total_minutes(phases)
        _, _, first, until = random.choices(PARTS, [share for _, share, _, _ in PARTS])[0]
        if opens + first > last:
            first, until = 0, 600
        found.append(Caller(key, sort, phases, opens + first, min(opens + until, last)))
    return found


def empty_day(closes: time = CLOSES) -> DayCapacity:
    """The day before anybody has called."""
    return DayCapacity(
        day=DAY,
        zone=ZoneInfo("UTC"),
        hours=(OPENS, closes),
        chairs={key: f"Chair {key}" for key in range(1, CHAIRS + 1)},
        shifts={key: (f"Nurse {key}", [(OPENS, closes)]) for key in range(101, 101 + NURSES)},
        rules=NurseRules(),
    )


def first_free(day: DayCapacity, phases: Sequence[Phase], within: int) -> Choice | None:
    """The earliest start there is, with the first chair and the first nurse."""
    inside = day.open_starts(phases) & within
    seats = [(key, day.chair_starts(key, phases) & inside) for key in day.chairs]
    able = [(key, day.nurse_starts(key, phases) & inside) for key in day.nurses]
    for step in range(0, day.steps, day.width):
        chair = next((key for key, free in seats if free >> step & 1), None)
        nurse = next((key for key, free in able if free >> step & 1), None)
        if chair is not None and nurse is not None:
            return Choice(step, step, chair, nurse)
    return None


def best_fit(day: DayCapacity, phases: Sequence[Phase], within: int) -> Choice | None:
    """The place that leaves the least free time around it in its chair; the earliest of these."""
    inside = day.open_starts(phases) & within
    able = {key: day.nurse_starts(key, phases) & inside for key in day.nurses}
    steps = -(-total_minutes(phases) // STEP_MINUTES)
    found = []
    for chair in day.chairs:
        starts = day.chair_starts(chair, phases) & inside
        free = day.open & ~day.chairs[chair].taken
        for step in range(0, day.steps, day.width):
            if starts >> step & 1:
                nurse = next((key for key, some in able.items() if some >> step & 1), None)
                if nurse is not None:
                    found.append(Choice(_around(free, step, steps), step, chair, nurse))
    return min(found, default=None)


def _around(free: int, step: int, steps: int) -> int:
    """Free steps before and after a visit, up to whatever else is in the chair."""
    before = step - (~free & ((1 << step) - 1)).bit_length()
    after = free >> (step + steps)
    return before + (~after & (after + 1)).bit_length() - 1


POLICIES: dict[str, Policy] = {"first_free": first_free, "best_fit": best_fit, "ours": choose}


def played(policy: Policy, asked: Sequence[Caller]) -> Outcome:
    """One day's calls, answered one by one. Who finds no place before closing is given the earliest one after it."""
    day, late = empty_day(), empty_day(OVERTIME)
    points = overtime = unplaced = 0
    opens = OPENS.hour * 60
    for caller in asked:
        within = _steps(caller.earliest, caller.latest)
        choice = policy(day, caller.phases, within)
        if choice is None:
            choice = first_free(late, caller.phases, _steps(caller.earliest, OVERTIME.hour * 60))
        if choice is None:
            unplaced += 1
            points += 3 * 600 // STEP_MINUTES
            continue
        starts = day.instant_of(choice.step)
        ends = choice.step * STEP_MINUTES + total_minutes(caller.phases)
        for one in (day, late):
            one.add(
                Occupied(
                    starts, one.instant_of(ends // STEP_MINUTES), choice.chair, choice.nurse, caller.phases
                )
            )
        after = max(ends - CLOSES.hour * 60, 0)
        overtime += after
        points += (ends - opens) // STEP_MINUTES + after // STEP_MINUTES * OVERTIME_POINTS
    return Outcome(points, overtime, unplaced)


def _steps(first: int, last: int) -> int:
    begin, end = first // STEP_MINUTES, last // STEP_MINUTES + 1
    return ((1 << (end - begin)) - 1) << begin


def hindsight(asked: Sequence[Caller], limits: Limits) -> dict[str, Any]:
    """The best plan for the same callers, all known beforehand, inside the opening hours. Whom even that plan cannot
    place counts as turned away, while a policy may end late: at load 1.0 the two are not quite alike.
    """
    visits = tuple(
        ToPlace(caller.key, caller.phases, (Allowed(DAY, caller.earliest, caller.latest),))
        for caller in asked
    )
    weights = Weights(per_step_of_end=1, not_placed=3 * 600 // STEP_MINUTES)
    answer = solve(
        Problem((day_of(empty_day()),), visits, NurseRules(), weights, handovers=False), limits=limits
    )
    return {
        "points": answer.objective,
        "bound": answer.bound,
        "status": answer.status,
        "unplaced": len(answer.left),
    }


def measure(seeds: int = 10, *, limits: Limits | None = None) -> dict[str, Any]:
    """For each load and policy: points above the best plan in hindsight (a share, mean over the seeds), overtime in
    minutes and callers turned away in all; and how many of the best plans are proved.
    """
    limits = limits or Limits(deterministic=8, wall_seconds=10)
    found: dict[str, Any] = {"online_bottleneck": "chairs", "online_chairs": CHAIRS, "online_nurses": NURSES}
    for load in LOADS:
        name = f"{round(load * 100):03}"
        gaps: dict[str, list[float]] = {policy: [] for policy in POLICIES}
        totals = {policy: [0, 0] for policy in POLICIES}
        proved = left = 0
        for seed in range(seeds):
            asked = callers(seed, load)
            best = hindsight(asked, limits)
            proved += best["status"] == "optimal"
            left += best["unplaced"]
            for policy, plays in POLICIES.items():
                outcome = played(plays, asked)
                gaps[policy].append(outcome.points / best["points"] - 1)
                totals[policy][0] += outcome.overtime
                totals[policy][1] += outcome.unplaced
        found[f"online_visits_{name}"] = round(load * most_visits())
        found[f"online_best_proved_{name}"] = proved
        found[f"online_best_unplaced_{name}"] = left
        for policy in POLICIES:
            end = "" if policy == "ours" else f"_{policy}"
            found[f"online_gap_{name}{end}"] = round(fmean(gaps[policy]), 4)
            found[f"online_gap_worst_{name}{end}"] = round(max(gaps[policy]), 4)
            found[f"online_overtime_minutes_{name}{end}"] = totals[policy][0]
            found[f"online_unplaced_{name}{end}"] = totals[policy][1]
    return found
