"""The question as Booleans, one for each visit, start and nurse, under linear rows for chairs, attention, starts and
preparations.

Interval variables were tried first and proved nothing on a full day in a minute; time-indexed Booleans make a model
whose linear relaxation is close to whole, and prove the best plan of a full day in about a second.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from scheduling.domain.placing import Gap, Relay, Start, slot_of
from scheduling.domain.replanning import CROWDED_AT, Day, Place, ToPlace
from scheduling.optimiser.choices import Choices

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Terms = list[tuple["cp_model.IntVar", int]]


@dataclass(slots=True)
class Option:
    """One visit at one start, and the Booleans that say which nurse and which gap of the chairs it takes."""

    visit: ToPlace
    start: Start
    chosen: cp_model.IntVar
    relays: list[tuple[Relay, cp_model.IntVar]]
    gaps: list[tuple[Gap, cp_model.IntVar]]


@dataclass(slots=True)
class Model:
    """A built question."""

    asked: Choices
    built: cp_model.CpModel
    options: list[Option] = field(default_factory=list)
    left: dict[int, cp_model.IntVar] = field(default_factory=dict)
    prices: Terms = field(default_factory=list)

    def floor(self, least: int) -> None:
        """Tell the search a cost that no plan is below."""
        self.built.add(self.price() >= least)

    def price(self) -> cp_model.LinearExprT:
        """The whole plan's points."""
        from ortools.sat.python import cp_model

        return cp_model.LinearExpr.weighted_sum(
            [one for one, _ in self.prices], [points for _, points in self.prices]
        )

    def places(self, solver: cp_model.CpSolver) -> list[Place]:
        """The plan a search holds, with chairs given out from the earliest start on."""
        free = {
            (day, gap, chair): gap.first
            for day, some in self.asked.gaps.items()
            for gap in some
            for chair in gap.chairs
        }
        found = []
        for option in sorted(self.options, key=lambda one: (one.start.first, one.visit.key)):
            if not solver.boolean_value(option.chosen):
                continue
            visit, start = option.visit, option.start
            relay = next(relay for relay, one in option.relays if solver.boolean_value(one))
            gap = next(gap for gap, one in option.gaps if solver.boolean_value(one))
            able = [chair for chair in gap.chairs if free[start.day.day, gap, chair] <= start.first]
            usual = visit.now.chair if visit.now else None
            chair = usual if usual in able else able[0]
            free[start.day.day, gap, chair] = start.until
            found.append(Place(visit.key, start.day.day, start.minute, chair, relay.nurse, relay.handovers))
        return found


def build(asked: Choices, below: int | None = None) -> Model:
    """Some choices as a model of CP-SAT; with ``below``, only plans of fewer points are looked for."""
    from ortools.sat.python import cp_model

    model = Model(asked, cp_model.CpModel())
    for visit in asked.problem.visits:
        _visit(model, visit, below)
    for day in asked.problem.days:
        here = [option for option in model.options if option.start.day.day == day.day]
        _seats(model, here, asked.gaps[day.day])
        _attention(model, day, here)
        _starts(model, day, here)
        _preparations(model, day, here)
        _crowding(model, day, here)
    _links(model)
    model.built.minimize(model.price())
    if below is not None:
        model.built.add(model.price() < below)
    return model


def _visit(model: Model, visit: ToPlace, below: int | None) -> None:
    """A visit stands at one of its starts, with one of its nurses, in one of the chairs' gaps, or nowhere."""
    built, here = model.built, []
    for choice in model.asked.by_visit[visit.key]:
        chosen = built.new_bool_var("")
        many = len(choice.relays) > 1
        by_nurse = [
            (relay, points, built.new_bool_var("") if many else chosen) for relay, points in choice.relays
        ]
        many = len(choice.gaps) > 1
        by_gap = [(gap, built.new_bool_var("") if many else chosen) for gap in choice.gaps]
        if len(by_nurse) > 1:
            built.add(sum(one for _, _, one in by_nurse) == chosen)
        if len(by_gap) > 1:
            built.add(sum(one for _, one in by_gap) == chosen)
        here.append(Option(visit, choice.start, chosen, [(relay, one) for relay, _, one in by_nurse], by_gap))
        if choice.start.cost:
            model.prices.append((chosen, choice.start.cost))
        model.prices += [(one, points) for _, points, one in by_nurse if points]
    left, price = built.new_bool_var(""), model.asked.problem.weights.not_placed * visit.harm
    built.add_exactly_one([option.chosen for option in here] + [left])
    if here and below is not None and price - model.asked.least(visit) >= below - model.asked.floor():
        built.add(left == 0)
    model.prices.append((left, price))
    model.left[visit.key] = left
    model.options += here


def _rows(spans: list[tuple[int, int, int, cp_model.IntVar]], falls: set[int]) -> dict[int, Terms]:
    """For each step that needs a row, what is used in it. Between two steps in which something begins or something
    fixed does, use only falls, so that the row before says as much.
    """
    steps = sorted(falls | {first for first, _, _, _ in spans})
    found: dict[int, Terms] = defaultdict(list)
    for first, until, units, one in spans:
        for at in range(bisect_left(steps, first), bisect_left(steps, until)):
            found[steps[at]].append((one, units))
    return found


def _at_most(model: Model, terms: Terms, most: int) -> None:
    from ortools.sat.python import cp_model

    if sum(units for _, units in terms) > most:
        model.built.add(
            cp_model.LinearExpr.weighted_sum([one for one, _ in terms], [units for _, units in terms]) <= most
        )


def _seats(model: Model, here: list[Option], chairs: list[Gap]) -> None:
    spans: dict[int, list[tuple[int, int, int, cp_model.IntVar]]] = defaultdict(list)
    number = {gap: index for index, gap in enumerate(chairs)}
    for option in here:
        for gap, one in option.gaps:
            spans[number[gap]].append((option.start.first, option.start.until, 1, one))
    for index, asked in sorted(spans.items()):
        for terms in _rows(asked, set()).values():
            _at_most(model, terms, len(chairs[index].chairs))


def _attention(model: Model, day: Day, here: list[Option]) -> None:
    spans: dict[int, list[tuple[int, int, int, cp_model.IntVar]]] = defaultdict(list)
    for option in here:
        for relay, one in option.relays:
            for key, first, until, units in relay.pieces:
                spans[key].append((first, until, units, one))
    for nurse in day.nurses:
        spare = [
            max((units for units, steps in enumerate(nurse.spare) if steps >> step & 1), default=0)
            for step in range(day.steps)
        ]
        falls = {step for step in range(1, day.steps) if spare[step] < spare[step - 1]}
        team = model.asked.teams[day.day].get(nurse.key, ())
        for step, terms in _rows(spans[nurse.key], falls).items():
            _at_most(model, terms, spare[step] * len(team))
            for whole in _together(terms, spare[step]):
                _at_most(model, whole, spare[step] * len(team))


def _together(terms: Terms, units: int) -> Iterator[Terms]:
    """What nurses who are alike cannot do together though their units would add up: a visit that asks for nearly a
    whole nurse counts as a whole one beside those that ask for a good part (Martello and Toth's bound L2).
    """
    for small in range(2, units // 2 + 1):
        if any(asked > units - small for _, asked in terms):
            yield [(one, units if asked > units - small else asked) for one, asked in terms if asked >= small]


def _starts(model: Model, day: Day, here: list[Option]) -> None:
    rules = model.asked.problem.rules
    begun = {(nurse.key, slot): count for nurse in day.nurses for slot, count in nurse.started}
    asked: dict[tuple[int, int], Terms] = defaultdict(list)
    for option in here:
        for relay, one in option.relays:
            asked[relay.nurse, slot_of(option.start.first, rules)].append((one, 1))
    for key, terms in asked.items():
        team = model.asked.teams[day.day][key[0]]
        _at_most(model, terms, (rules.starts_per_slot - begun.get(key, 0)) * len(team))


def _preparations(model: Model, day: Day, here: list[Option]) -> None:
    for hour in day.preparations:
        terms: Terms = [(option.chosen, 1) for option in here if hour.steps >> option.start.first & 1]
        _at_most(model, terms, max(hour.left, 0))


def _crowding(model: Model, day: Day, here: list[Option]) -> None:
    weights = model.asked.problem.weights
    if not weights.crowded or not here:
        return
    placed = sum(option.chosen * (option.start.until - option.start.first) for option in here)
    for share in CROWDED_AT:
        over = model.built.new_int_var(0, day.chair_steps + day.taken_steps, "")
        model.built.add(over >= placed + day.taken_steps - day.chair_steps * share // 100)
        model.prices.append((over, weights.crowded))


def _links(model: Model) -> None:
    """Of two visits that belong together, the second stands in its distance from the first, where both stand."""
    by_day: dict[int, dict[date, list[cp_model.IntVar]]] = defaultdict(lambda: defaultdict(list))
    for option in model.options:
        by_day[option.visit.key][option.start.day.day].append(option.chosen)
    for link in model.asked.problem.links:
        for day, chosen in by_day[link.first].items():
            others = [
                one
                for other, some in by_day[link.second].items()
                if not link.least <= (other - day).days <= link.most
                for one in some
            ]
            if others:
                model.built.add_at_most_one([*chosen, *others])


def hint(model: Model, placed: dict[int, Place]) -> None:
    """Tell the search a plan to begin from."""
    for option in model.options:
        place, start = placed.get(option.visit.key), option.start
        if place is not None and (place.day, place.minute) != (start.day.day, start.minute):
            place = None
        model.built.add_hint(option.chosen, place is not None)
        if len(option.relays) > 1:
            for relay, one in option.relays:
                same = place and (place.nurse, place.handovers) == (relay.nurse, relay.handovers)
                model.built.add_hint(one, bool(same))
        if len(option.gaps) > 1:
            for gap, one in option.gaps:
                model.built.add_hint(one, place is not None and place.chair in gap.chairs)
    for key, one in model.left.items():
        model.built.add_hint(one, key not in placed)
