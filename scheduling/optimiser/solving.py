"""From a question to an answer: pooled first, then nurse by nurse, then the chairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from scheduling.domain.baseline import greedy
from scheduling.domain.placing import Relay, Start
from scheduling.domain.replanning import Answer, Place, Problem, Progress, ToPlace, chair_changes, cost
from scheduling.domain.verifying import verify
from scheduling.optimiser.choices import Choices, Wanted, choices
from scheduling.optimiser.model import Model, build, hint
from scheduling.optimiser.search import Found, Watch, search
from scheduling.optimiser.seating import seated

NEAR_MINUTES = 30
"""How far from the pooled plan's starts a first plan is looked for, nurse by nurse."""
CLOSE = 128
"""Points between the best plan and the bound from which on no more plans are looked for but the proof."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to search: in the solver's own deterministic seconds, which make the answer the same each time and
    everywhere, and a hard limit in seconds of the wall clock. Product defaults.
    """

    deterministic: float = 60.0
    wall_seconds: float = 60.0


@dataclass(slots=True)
class _Run:
    """A question being answered: the best plan so far and the proved least cost."""

    problem: Problem
    limits: Limits
    watch: Watch
    best: Answer
    bound: int | None = None
    on_progress: Callable[[Progress], None] | None = None

    def heard(self, bound: int | None) -> None:
        """Remember a better bound, and tell whoever is watching."""
        if bound is not None and (self.bound is None or bound > self.bound):
            self.bound = bound
        self.tell()

    def tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(self.best.objective, self.bound, self.watch.seconds))

    def offer(self, places: list[Place]) -> None:
        """Take a plan that costs less than the best so far."""
        left = tuple(sorted(self.problem.by_key.keys() - {place.key for place in places}))
        points = cost(self.problem, places, left)
        if self.best.objective is None or points < self.best.objective:
            self.best = replace(
                self.best,
                placed=tuple(sorted(places, key=lambda place: place.key)),
                left=left,
                objective=points,
            )
        self.tell()

    @property
    def slack(self) -> int:
        """Points between the best plan and what is proved."""
        return (self.best.objective or 0) - (self.bound or 0)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do, or no time for it."""
        return self.proved or self.watch.over()

    @property
    def proved(self) -> bool:
        return (
            self.bound is not None and self.best.objective is not None and self.best.objective <= self.bound
        )


def available() -> bool:
    """Whether the solver can be loaded here."""
    try:
        from ortools.sat.python import cp_model  # noqa: F401
    except ImportError:
        return False
    return True


def solve(
    problem: Problem,
    *,
    limits: Limits | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Answer:
    """The best plan the limits allow, and how much of that is proved; without the solver, the plain plan.

    ``on_progress`` hears the best plan's cost, the proved least cost and the seconds; ``should_stop`` is asked about
    ten times a second and ends the search with the best plan so far. Every plan is verified before it is returned.
    """
    limits = limits or Limits()
    watch = Watch(limits.wall_seconds, should_stop)
    run = _Run(problem, limits, watch, greedy(problem), on_progress=on_progress)
    run.tell()
    if not available():
        return replace(run.best, seconds=watch.seconds)
    _search_all(run)
    ending = "proof" if run.proved else watch.ended_by
    best = run.best
    placed = tuple(seated(problem, best.placed, watch))
    answer = replace(
        best,
        placed=placed,
        status="optimal" if run.proved else "feasible",
        bound=run.bound,
        seconds=watch.seconds,
        ended_by=ending,
        chair_changes=chair_changes(problem, placed),
    )
    wrong = verify(problem, answer)
    if wrong:
        raise RuntimeError(f"the optimiser broke a rule: {wrong}")
    return answer


def _search_all(run: _Run) -> None:
    """First pooled, for the bound; then nurse by nurse, first near what is known and then ever wider."""
    problem, share = run.problem, run.limits.deterministic / 8
    pooled = choices(problem, pooled=True)
    plan = _ask(run, build(pooled), share, whole=True, real=not pooled.pooled, interleave=not pooled.pooled)
    if run.over:
        return
    singly = choices(problem, pooled=False)
    _ask(run, build(singly.only(_near(plan or [], 0))), share / 4, whole=False, real=True)
    for wanted in (_loyal, _near(plan or [], NEAR_MINUTES)):
        if run.over or run.slack <= CLOSE:
            break
        _ask(run, build(singly.only(wanted)), share / 2, whole=False, real=True)
    if not run.over and run.slack > CLOSE:
        _below(run, singly, (run.bound or 0) + CLOSE, share)
    if not run.over:
        _below(run, singly, run.best.objective or 0, share * 4)


def _below(run: _Run, singly: Choices, below: int, deterministic: float) -> None:
    """Look for a plan of fewer points among the few choices that could be part of one. A search that ends without one
    proves that there is none.
    """
    last = below == run.best.objective
    model = build(singly.below(below), below)
    _ask(run, model, deterministic, whole=True, real=True, below=below, interleave=last)


def _ask(
    run: _Run,
    model: Model,
    deterministic: float,
    *,
    whole: bool,
    real: bool,
    below: int | None = None,
    interleave: bool = False,
) -> list[Place] | None:
    """Search one model, singly and then, where asked for, interleaved. ``whole``: what it proves holds for the whole
    question, or, with ``below``, for all plans of fewer points. ``real``: its plan is one that nurses can keep one
    by one.
    """
    run.watch.told = (
        (lambda bound: run.heard(bound if below is None else min(bound, below))) if whole else None
    )
    hint(model, {place.key: place for place in run.best.placed})
    places: list[Place] | None = None
    turns = (False, True) if interleave else (False,)
    for interleaved in turns:
        found: Found = search(model.built, run.watch, deterministic / len(turns), interleaved=interleaved)
        if found.solver is not None:
            places = model.places(found.solver)
            if real:
                run.offer(places)
        if whole and found.bound is not None:
            run.heard(found.bound if below is None else min(found.bound, below))
        elif whole and found.proved and below is not None:
            run.heard(below)
        if found.proved or run.watch.over():
            break
    run.watch.told = None
    return places


def _loyal(visit: ToPlace, start: Start, relay: Relay) -> bool:
    """Everybody keeps the usual nurse who is there."""
    usual = visit.usual_nurse
    return relay.nurse == usual or all(nurse.key != usual for nurse in start.day.nurses)


def _near(plan: list[Place], minutes: int) -> Wanted:
    """Everybody stands within so many minutes of where the pooled plan put them."""
    at = {place.key: place for place in plan}

    def wanted(visit: ToPlace, start: Start, relay: Relay) -> bool:
        place = at.get(visit.key)
        return (
            place is not None and place.day == start.day.day and abs(place.minute - start.minute) <= minutes
        )

    return wanted
