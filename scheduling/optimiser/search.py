"""One search of CP-SAT over one model: limited, watched, and the same each time the same model is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from scheduling.domain.replanning import Ending

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SEED = 20_260_601
POLL_SECONDS = 0.1
WORKERS = 4
"""Searches that take turns in an interleaved search, whatever the number of cores: the answer depends on it."""


@dataclass
class Watch:
    """The clock, the person who may stop the search, and who is told of bounds."""

    wall_seconds: float
    should_stop: Callable[[], bool] | None = None
    told: Callable[[int], None] | None = None
    began: float = field(default_factory=monotonic)
    stopped: bool = False
    late: bool = False

    @property
    def seconds(self) -> float:
        """Seconds since the question was asked."""
        return monotonic() - self.began

    def over(self) -> bool:
        """Whether to end now: somebody asked for it, or the wall clock did."""
        self.stopped = self.stopped or (self.should_stop is not None and self.should_stop())
        self.late = self.late or self.seconds >= self.wall_seconds
        return self.stopped or self.late

    @property
    def ended_by(self) -> Ending:
        """What ended a search that proved nothing."""
        if self.stopped:
            return "stopped"
        return "wall_clock" if self.late else "deterministic_limit"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search left behind: whether it is proved, its bound, and the solver holding the values (or None)."""

    proved: bool
    bound: int | None
    solver: cp_model.CpSolver | None


def search(
    model: cp_model.CpModel, watch: Watch, deterministic: float, *, interleaved: bool, relaxed: int = 2
) -> Found:
    """Search until a proof, the limit in deterministic seconds, or the watch says so.

    A single search is tried first by the callers: on a day's question its linear relaxation proves the best plan
    long before an interleaved search has finished its first turn. Both are deterministic. ``relaxed`` is how much of
    the model the relaxation sees.
    """
    from ortools.sat.python import cp_model

    if watch.over():
        return Found(False, None, None)
    solver = cp_model.CpSolver()
    options = solver.parameters
    options.random_seed = SEED
    options.max_deterministic_time = deterministic
    options.max_time_in_seconds = max(watch.wall_seconds - watch.seconds, 0.01)
    options.linearization_level = relaxed
    options.num_workers = WORKERS if interleaved else 1
    options.interleave_search = interleaved
    if watch.told is not None:
        solver.best_bound_callback = _teller(watch.told)
    finished = threading.Event()
    guard = threading.Thread(target=_guard, args=(solver, watch, finished), daemon=True)
    guard.start()
    try:
        status = solver.solve(model)
    finally:
        finished.set()
        guard.join()
    watch.over()
    proved = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
    has_plan = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    bound = _up(solver.best_objective_bound) if has_plan or status == cp_model.UNKNOWN else None
    return Found(proved, bound, solver if has_plan else None)


def _teller(told: Callable[[int], None]) -> Callable[[float], None]:
    def tell(bound: float) -> None:
        points = _up(bound)
        if points is not None:
            told(points)

    return tell


def _up(bound: float) -> int | None:
    """A bound on whole points, rounded up to them; None where there is none yet."""
    if not -1e15 < bound < 1e15:
        return None
    return -int(-(bound - 1e-6) // 1)


def _guard(solver: cp_model.CpSolver, watch: Watch, finished: threading.Event) -> None:
    while not finished.wait(POLL_SECONDS):
        if watch.over():
            solver.stop_search()
