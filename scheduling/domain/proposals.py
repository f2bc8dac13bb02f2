"""A proposed plan as it is kept until staff decide: which visit goes where, and how good the plan is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from clinics.domain.calendar import local_date

LIMIT_SECONDS = 30
"""How long the worker may look for a better plan. Product default: a full day is proved best in a second or two."""

INLINE_SECONDS = 8
"""How long a plan may take where no worker can be asked and a colleague waits for the page. Product default."""

GRACE = timedelta(seconds=15)
"""How much later than its limit an answer may come before the worker counts as lost. Product default."""

FAR_PERCENT = 50
"""A plan of which no more is proved than this is not called near the best. Product default."""

UNHEARD = timedelta(seconds=10)
"""How long a question may lie unread before the page offers to work it out here. Product default."""

LOST = "lost"
"""Shown for a question whose worker has not been heard of for too long; the row itself still says solving."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A time, a chair and a nurse, as UTC instants and keys."""

    starts: datetime
    ends: datetime
    chair: int
    nurse: int
    handovers: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposed:
    """One visit of a plan. ``was`` is where it stood when asked (None for a reserved window, which has no time yet),
    ``to`` where it goes (None where no place was found). ``affected`` ones cannot stay; the others may. ``rank``
    orders by harm of delay, the worst first, and ``harm`` says it in words. ``because`` says why no place was found.
    """

    planned: int
    patient: int
    rank: int
    harm: str
    affected: bool
    visit: int | None = None
    version: int | None = None
    was: Spot | None = None
    to: Spot | None = None
    because: str = ""

    @property
    def key(self) -> str:
        """What names the row on a page and in a form."""
        return f"v{self.visit}" if self.visit is not None else f"p{self.planned}"

    @property
    def moves(self) -> bool:
        return self.to is not None and self.to != self.was


@dataclass(frozen=True, slots=True)
class Ending:
    """How the search ended: ``objective`` of the plan found, the best ``bound`` proved, whether it is ``proved`` best,
    whether the ``clock`` ended it, and the seconds it took. ``here`` is set where no worker could be asked.
    """

    proved: bool
    clock: bool
    seconds: float
    objective: float | None = None
    bound: float | None = None
    here: bool = False

    @property
    def percent(self) -> int | None:
        """By how many per cent at most the plan may be worse than the best possible; None where nobody knows."""
        if self.proved:
            return 0
        if self.objective is None or self.bound is None or self.objective <= 0:
            return None
        return max(0, min(100, ceil(100 * (self.objective - self.bound) / self.objective)))

    @property
    def near(self) -> bool:
        """Whether enough is proved to say how near the best the plan is."""
        return self.percent is not None and self.percent <= FAR_PERCENT


@dataclass(frozen=True, slots=True)
class Totals:
    """A plan in numbers. ``stay`` counts visits that keep time, chair and nurse; ``hand`` those that only change chair
    or nurse; ``same_day`` and ``other_day`` those whose time moves.
    """

    stay: int
    hand: int
    same_day: int
    other_day: int
    unplaced: int
    new: int

    @property
    def moved(self) -> int:
        return self.same_day + self.other_day


def totals(rows: Iterable[Proposed], zone: ZoneInfo) -> Totals:
    """Count what a plan does."""
    count = dict.fromkeys(("stay", "hand", "same_day", "other_day", "unplaced", "new"), 0)
    for row in rows:
        count[kind_of(row, zone)] += 1
    return Totals(**count)


def kind_of(row: Proposed, zone: ZoneInfo) -> str:
    """What the plan does with one visit, in the words of ``Totals``."""
    if row.to is None:
        return "unplaced"
    if row.was is None:
        return "new"
    if row.to == row.was:
        return "stay"
    if row.to.starts == row.was.starts:
        return "hand"
    same = local_date(row.to.starts, zone) == local_date(row.was.starts, zone)
    return "same_day" if same else "other_day"


def shown_state(state: str, *, began: datetime | None, limit: float, now: datetime) -> str:
    """A question's state as a page shows it: one that should have been answered long ago is lost."""
    if state == "solving" and began is not None and now > began + timedelta(seconds=limit) + GRACE:
        return LOST
    return state


def in_order(rows: Iterable[Proposed]) -> list[Proposed]:
    """Those without a place first, then the affected ones, each by harm of delay; the rest by time."""
    return sorted(
        rows,
        key=lambda row: (
            row.to is not None,
            not row.affected,
            row.rank if row.affected or row.to is None else 0,
            row.was.starts if row.was else (row.to.starts if row.to else datetime.max),
            row.planned,
        ),
    )


# --- as JSON ------------------------------------------------------------------------------------------------------


def _spot_out(spot: Spot | None) -> dict[str, Any] | None:
    if spot is None:
        return None
    return {
        "starts": spot.starts.isoformat(),
        "ends": spot.ends.isoformat(),
        "chair": spot.chair,
        "nurse": spot.nurse,
        "handovers": [[at.isoformat(), nurse] for at, nurse in spot.handovers],
    }


def _spot_in(stored: Mapping[str, Any] | None) -> Spot | None:
    if stored is None:
        return None
    return Spot(
        datetime.fromisoformat(stored["starts"]),
        datetime.fromisoformat(stored["ends"]),
        stored["chair"],
        stored["nurse"],
        tuple((datetime.fromisoformat(at), nurse) for at, nurse in stored["handovers"]),
    )


_PLAIN = ("planned", "patient", "rank", "harm", "affected", "visit", "version", "because")


def stored(rows: Iterable[Proposed], ending: Ending) -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "rows": [
            {name: getattr(row, name) for name in _PLAIN}
            | {"was": _spot_out(row.was), "to": _spot_out(row.to)}
            for row in rows
        ],
        "ending": {name: getattr(ending, name) for name in Ending.__slots__},
    }


def rows_of(answer: Mapping[str, Any]) -> list[Proposed]:
    """The visits of a stored plan; none where nothing was found."""
    return [
        replace(
            Proposed(**{name: row[name] for name in _PLAIN}), was=_spot_in(row["was"]), to=_spot_in(row["to"])
        )
        for row in answer.get("rows", ())
    ]


def ending_of(answer: Mapping[str, Any]) -> Ending | None:
    """How the search of a stored plan ended."""
    return Ending(**answer["ending"]) if "ending" in answer else None
