"""Everything a plan may choose from: for each visit its starts, and for each start its nurses and chairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from scheduling.domain.placing import Gap, Relay, Start, fits_gap, gaps, preparable, relays, starts
from scheduling.domain.replanning import Day, Problem, ToPlace, nursing

Wanted = Callable[[ToPlace, Start, Relay], bool]
Teams = dict[date, dict[int, tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A start with the nurses who could have it, each with its points, and the gaps of chairs it fits."""

    visit: ToPlace
    start: Start
    relays: tuple[tuple[Relay, int], ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """All choices by visit. ``teams`` are each day's nurses who are counted together, by the key of the first."""

    problem: Problem
    teams: Teams
    gaps: dict[date, list[Gap]]
    by_visit: dict[int, tuple[Choice, ...]]

    @property
    def pooled(self) -> bool:
        """Whether any nurses are counted together."""
        return any(len(team) > 1 for day in self.teams.values() for team in day.values())

    def least(self, visit: ToPlace) -> int:
        """The least points the visit can cost in any plan."""
        least = min(
            (
                choice.start.cost + points
                for choice in self.by_visit[visit.key]
                for _, points in choice.relays
            ),
            default=None,
        )
        nowhere = self.problem.weights.not_placed * visit.harm
        return nowhere if least is None else min(least, nowhere)

    def floor(self) -> int:
        """Points no plan is below: every visit at its least, as if it were alone."""
        return sum(self.least(visit) for visit in self.problem.visits)

    def only(self, wanted: Wanted) -> Choices:
        """Fewer choices."""
        kept = {}
        for key, some in self.by_visit.items():
            thinned = []
            for choice in some:
                able = tuple(each for each in choice.relays if wanted(choice.visit, choice.start, each[0]))
                if able:
                    thinned.append(replace(choice, relays=able))
            kept[key] = tuple(thinned)
        return replace(self, by_visit=kept)

    def below(self, cost: int) -> Choices:
        """The choices that may be part of a plan of less than ``cost`` points: the others cost as much or more even
        when every other visit stands at its least.
        """
        slack = cost - self.floor()
        kept = {}
        for visit in self.problem.visits:
            least = self.least(visit)
            thinned = []
            for choice in self.by_visit[visit.key]:
                able = tuple(each for each in choice.relays if choice.start.cost + each[1] - least < slack)
                if able:
                    thinned.append(replace(choice, relays=able))
            kept[visit.key] = tuple(thinned)
        return replace(self, by_visit=kept)


def choices(problem: Problem, *, pooled: bool) -> Choices:
    """Everything a plan may choose from. ``pooled`` counts nurses who are alike together, and then tries every
    colleague for a handover: it may allow more than the nurses can do one by one, never less.
    """
    together = {day.day: _teams(day, pooled=pooled) for day in problem.days}
    days = {
        day.day: replace(day, nurses=tuple(nurse for nurse in day.nurses if nurse.key in together[day.day]))
        for day in problem.days
    }
    free = {day.day: gaps(day) for day in problem.days}
    found = {}
    for visit in problem.visits:
        mine = []
        for start in starts(problem, visit, days):
            seats = tuple(gap for gap in free[start.day.day] if fits_gap(visit, start, gap))
            if not seats or not preparable(start):
                continue
            able = tuple(
                (relay, _points(problem, visit, relay, together[start.day.day][relay.nurse]))
                for relay in relays(start, problem.rules, handovers=problem.handovers, everybody=pooled)
            )
            if able:
                mine.append(Choice(visit, start, able, seats))
        found[visit.key] = tuple(mine)
    return Choices(problem, together, free, found)


def _teams(day: Day, *, pooled: bool) -> dict[int, tuple[int, ...]]:
    """Nurses with the same duty, the same attention left and the same starts, by the key of the first of them."""
    found: dict[object, list[int]] = {}
    for nurse in day.nurses:
        alike: object = (nurse.spare, nurse.started) if pooled else nurse.key
        found.setdefault(alike, []).append(nurse.key)
    return {keys[0]: tuple(keys) for keys in found.values()}


def _points(problem: Problem, visit: ToPlace, relay: Relay, team: tuple[int, ...]) -> int:
    nurse = visit.usual_nurse if visit.usual_nurse in team else relay.nurse
    return nursing(visit, nurse, len(relay.handovers), problem.weights)
