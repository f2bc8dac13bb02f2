"""Chairs, last: each visit keeps its own where that is possible, and nobody shares one."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

from scheduling.domain.capacity import STEP_MINUTES
from scheduling.domain.placing import mask
from scheduling.domain.replanning import Day, Place, Problem
from scheduling.optimiser.search import Watch, search

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

DETERMINISTIC = 0.5
"""Deterministic seconds for the chairs of one day; what is not better by then keeps the chairs it was given."""


def seated(problem: Problem, places: tuple[Place, ...], watch: Watch) -> list[Place]:
    """The same plan with the fewest changes of chair its times allow, as far as a short search finds them."""
    found: list[Place] = []
    for day in problem.days:
        here = [place for place in places if place.day == day.day]
        if any(_moved(problem, place) for place in here) and not watch.over():
            here = _seat(problem, day, here, watch)
        found += here
    return sorted(found, key=lambda place: place.key)


def _moved(problem: Problem, place: Place) -> bool:
    now = problem.by_key[place.key].now
    return now is not None and now.chair != place.chair


def _seat(problem: Problem, day: Day, here: list[Place], watch: Watch) -> list[Place]:
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    sits: dict[int, list[tuple[int, cp_model.IntVar]]] = {}
    spans: dict[int, list[tuple[int, int, cp_model.IntVar]]] = defaultdict(list)
    prices = []
    for place in here:
        visit = problem.by_key[place.key]
        first, until = place.minute // STEP_MINUTES, -(-(place.minute + visit.minutes) // STEP_MINUTES)
        sits[place.key] = []
        for chair in day.chairs:
            if chair.taken & mask(first, until) or (visit.kinds and chair.kind not in visit.kinds):
                continue
            one = model.new_bool_var("")
            sits[place.key].append((chair.key, one))
            spans[chair.key].append((first, until, one))
            model.add_hint(one, chair.key == place.chair)
            if visit.now is not None and visit.now.chair == chair.key:
                prices.append(one)
        model.add_exactly_one([one for _, one in sits[place.key]])
    steps = sorted({first for some in spans.values() for first, _, _ in some})
    for some in spans.values():
        rows: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for first, until, one in some:
            for at in range(bisect_left(steps, first), bisect_left(steps, until)):
                rows[at].append(one)
        for row in rows.values():
            if len(row) > 1:
                model.add_at_most_one(row)
    model.maximize(sum(prices))
    told, watch.told = watch.told, None
    solver = search(model, watch, DETERMINISTIC, interleaved=False, relaxed=0).solver
    watch.told = told
    if solver is None:
        return here
    chairs = {
        key: next(chair for chair, one in some if solver.boolean_value(one)) for key, some in sits.items()
    }
    return [
        Place(place.key, place.day, place.minute, chairs[place.key], place.nurse, place.handovers)
        for place in here
    ]
