"""The plain answer: the most harmed first, each where it costs least. A hint for the optimiser, and the plan where
the optimiser cannot be loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from scheduling.domain.placing import Relay, Start, filled, fits_gap, gaps, preparable, relays, starts
from scheduling.domain.replanning import (
    Answer,
    Day,
    Place,
    Problem,
    ToPlace,
    chair_changes,
    cost,
    crowding,
    nursing,
)


@dataclass(frozen=True, slots=True, order=True)
class _Rank:
    """What decides between two places: points, what the visit leaves of the chair's free time, a change of chair;
    then the earlier day and minute, and the keys, so that the same question has the same answer.
    """

    points: int
    leaves: int
    other_chair: bool
    day: date
    minute: int
    nurse: int
    chair: int


def greedy(problem: Problem) -> Answer:
    """Place the visits one by one, most harm first, then the longest; each takes the place that costs least, and
    among equals the chair whose free time it leaves the least of. Nothing is proved.
    """
    days = dict(problem.by_date)
    placed: dict[int, Place] = {}
    order = sorted(problem.visits, key=lambda visit: (-visit.harm, -visit.minutes, visit.key))
    for visit in order:
        best: tuple[_Rank, Start, Relay] | None = None
        for start in sorted(starts(problem, visit, days), key=lambda one: one.cost):
            if best is not None and start.cost > best[0].points:
                break
            if preparable(start) and _apart(problem, visit.key, start.day.day, placed):
                for rank, relay in _ranked(problem, visit, start):
                    if best is None or rank < best[0]:
                        best = (rank, start, relay)
        if best is not None:
            rank, start, relay = best
            placed[visit.key] = Place(
                visit.key, start.day.day, start.minute, rank.chair, relay.nurse, relay.handovers
            )
            days[start.day.day] = filled(start.day, start, relay, rank.chair, problem.rules)
    return plain_answer(problem, placed)


def plain_answer(problem: Problem, placed: Mapping[int, Place]) -> Answer:
    """A plan that was found without a proof."""
    places = tuple(placed[key] for key in sorted(placed))
    left = tuple(sorted(problem.by_key.keys() - placed.keys()))
    points = cost(problem, places, left)
    return Answer(places, left, "feasible", points, None, 0.0, "baseline", chair_changes(problem, places))


def _apart(problem: Problem, key: int, day: date, placed: Mapping[int, Place]) -> bool:
    """Whether a day keeps the visit's distance from the patient's other visit, where that is placed already."""
    for link in problem.links:
        if key == link.first and link.second in placed:
            apart = (placed[link.second].day - day).days
        elif key == link.second and link.first in placed:
            apart = (day - placed[link.first].day).days
        else:
            continue
        if not link.least <= apart <= link.most:
            return False
    return True


def _ranked(problem: Problem, visit: ToPlace, start: Start) -> Iterator[tuple[_Rank, Relay]]:
    """The best chair of a start with each nurse."""
    weights, day = problem.weights, start.day
    usual = visit.now.chair if visit.now else None
    seats = [
        (gap.until - gap.first - (start.until - start.first), key != usual, key)
        for gap in gaps(day)
        if fits_gap(visit, start, gap)
        for key in gap.chairs
    ]
    if not seats:
        return
    leaves, other_chair, chair = min(seats)
    points = start.cost + _crowds(day, start, problem)
    for relay in relays(start, problem.rules, handovers=problem.handovers):
        extra = nursing(visit, relay.nurse, len(relay.handovers), weights)
        yield _Rank(points + extra, leaves, other_chair, day.day, start.minute, relay.nurse, chair), relay


def _crowds(day: Day, start: Start, problem: Problem) -> int:
    """Points the visit adds to how crowded its day is."""
    taken = start.until - start.first
    return crowding(day, taken, problem.weights) - crowding(day, 0, problem.weights)
