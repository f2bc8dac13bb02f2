"""Where a visit may stand in what is left of a day: starts, the nurses who could have it, the chairs it could take.

The plain answer and the optimiser both search among these places, so that neither can offer what the other may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import product

from scheduling.domain.capacity import STEP_MINUTES, NurseRules, runs, weights_by_run
from scheduling.domain.replanning import (
    ChairRoom,
    Day,
    NurseRoom,
    Preparation,
    Problem,
    ToPlace,
    displacement,
)

Needs = list[tuple[int, int, int]]
Piece = tuple[int, int, int, int]

COVERS = 2
"""For a visit that no nurse can have throughout, how many colleagues are tried for the time its nurse is away: the
next ones in the order of their keys (product default; it bounds the size of the question).
"""
AWAY_AT_MOST = 2
"""How often a visit's nurse may be away during one visit (a break, and a shift's end). Product default."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start on one day: its minute, the steps it takes ([first, until)), what it asks of its nurse from its
    first step on, and its displacement in points.
    """

    day: Day
    minute: int
    first: int
    until: int
    needs: tuple[tuple[int, int, int], ...]
    cost: int

    @property
    def span(self) -> int:
        """Its steps as a bit set."""
        return mask(self.first, self.until)


@dataclass(frozen=True, slots=True)
class Relay:
    """Who has the patient: the nurse who begins, the handovers (minute, nurse), and for each nurse the units in
    steps [first, until) as (nurse, first, until, units).
    """

    nurse: int
    handovers: tuple[tuple[int, int], ...]
    pieces: tuple[Piece, ...]


def mask(first: int, until: int) -> int:
    """Steps from ``first`` up to but not including ``until``."""
    return ((1 << (until - first)) - 1) << first if until > first else 0


def starts(problem: Problem, visit: ToPlace, days: Mapping[date, Day] | None = None) -> Iterator[Start]:
    """Every start the patient's tolerance, the opening hours and the clinic's grid allow, and the one it has now.

    ``days`` stand in for the problem's own where some visits have been placed already.
    """
    known = problem.by_date if days is None else days
    for allowed in visit.allowed:
        day = known.get(allowed.day)
        if day is None or not day.open:
            continue
        inside = runs(day.open, -(-visit.minutes // STEP_MINUTES))
        minutes = {tick for tick in day.ticks if allowed.earliest <= tick <= allowed.latest}
        now = visit.now
        if now and now.day == allowed.day and allowed.earliest <= now.minute <= allowed.latest:
            minutes.add(now.minute)
        needs: dict[int, Needs] = {}
        for minute in sorted(minutes):
            first, lead = divmod(minute, STEP_MINUTES)
            if lead not in needs:
                needs[lead] = weights_by_run(visit.phases, problem.rules, lead)
            until = first + sum(length for _, length, _ in needs[lead])
            if (inside >> first & 1) and not (mask(first, until) & ~day.open):
                points = displacement(visit, day, minute, problem.by_date, problem.weights)
                yield Start(day, minute, first, until, tuple(needs[lead]), points)


def relays(start: Start, rules: NurseRules, *, handovers: bool, everybody: bool = False) -> list[Relay]:
    """Every nurse who can have the visit throughout; where there is none and ``handovers`` are wanted, those who
    can have it but for the time they are away, with the colleagues who cover for them (``everybody``: all of them).
    """
    able = [nurse for nurse in start.day.nurses if _may_start(nurse, start, rules)]
    found = [
        Relay(nurse.key, (), pieces)
        for nurse in able
        if (pieces := _pieces(nurse, start, start.span)) is not None
    ]
    if found or not handovers:
        return found
    for nurse in able:
        found += _covered(nurse, start, everybody=everybody)
    return found


def _may_start(nurse: NurseRoom, start: Start, rules: NurseRules) -> bool:
    slot = slot_of(start.first, rules)
    begun = next((count for other, count in nurse.started if other == slot), 0)
    return begun < rules.starts_per_slot and bool(nurse.spare[0] >> start.first & 1)


def slot_of(step: int, rules: NurseRules) -> int:
    """The slot of the clinic's grid a step lies in."""
    return step * STEP_MINUTES // rules.slot_minutes


def _pieces(nurse: NurseRoom, start: Start, steps: int) -> tuple[Piece, ...] | None:
    """What the visit takes of one nurse in some of its steps, or None where the nurse has not that much left."""
    found: list[Piece] = []
    for offset, length, units in start.needs:
        begin = start.first + offset
        for first, until in stretches(mask(begin, begin + length) & steps):
            if units >= len(nurse.spare) or mask(first, until) & ~nurse.spare[units]:
                return None
            found.append((nurse.key, first, until, units))
    return tuple(found)


def stretches(steps: int) -> Iterator[tuple[int, int]]:
    """The unbroken runs of a bit set, as (first, until)."""
    while steps:
        first = (steps & -steps).bit_length() - 1
        length = (~(steps >> first) & ((steps >> first) + 1)).bit_length() - 1
        yield first, first + length
        steps &= ~mask(first, first + length)


def _covered(nurse: NurseRoom, start: Start, *, everybody: bool) -> Iterator[Relay]:
    away = list(stretches(start.span & ~nurse.spare[0]))
    if not 0 < len(away) <= AWAY_AT_MOST:
        return
    own = _pieces(nurse, start, start.span & nurse.spare[0])
    if own is None:
        return
    others = sorted(
        (other for other in start.day.nurses if other.key != nurse.key),
        key=lambda other: (other.key < nurse.key, other.key),
    )
    able = []
    for first, until in away:
        covering = []
        for other in others:
            pieces = _pieces(other, start, mask(first, until))
            if pieces is not None:
                covering.append(pieces)
        able.append(covering)
    turns = product(*able) if everybody else zip(*(covering[:COVERS] for covering in able), strict=False)
    for covers in turns:
        handovers: list[tuple[int, int]] = []
        pieces = own
        for (first, until), cover in zip(away, covers, strict=True):
            handovers.append((first * STEP_MINUTES, cover[0][0]))
            pieces += cover
            if until < start.until:
                handovers.append((until * STEP_MINUTES, nurse.key))
        yield Relay(nurse.key, tuple(handovers), pieces)


@dataclass(frozen=True, slots=True)
class Gap:
    """An unbroken free time of chairs that are alike: the kind, its steps ([first, until)), and whose it is."""

    kind: str
    first: int
    until: int
    chairs: tuple[int, ...]


def gaps(day: Day) -> list[Gap]:
    """The free times of all chairs inside the opening hours; chairs of one kind free over the very same steps are
    one gap. Visits that never overlap more often than a gap has chairs can always be seated in it.
    """
    found: dict[tuple[str, int, int], list[int]] = {}
    for chair in day.chairs:
        for first, until in stretches(day.open & ~chair.taken):
            found.setdefault((chair.kind, first, until), []).append(chair.key)
    return [Gap(kind, first, until, tuple(keys)) for (kind, first, until), keys in sorted(found.items())]


def fits_gap(visit: ToPlace, start: Start, gap: Gap) -> bool:
    """Whether the visit may sit in one of the gap's chairs."""
    return (
        gap.first <= start.first and start.until <= gap.until and (not visit.kinds or gap.kind in visit.kinds)
    )


def filled(day: Day, start: Start, relay: Relay, chair: int, rules: NurseRules) -> Day:
    """The day after one more visit stands in it."""
    chairs = tuple(
        ChairRoom(one.key, one.kind, one.taken | start.span) if one.key == chair else one
        for one in day.chairs
    )
    nurses = {nurse.key: nurse for nurse in day.nurses}
    for key, first, until, units in relay.pieces:
        nurses[key] = replace(nurses[key], spare=_spent(nurses[key].spare, mask(first, until), units))
    slot = slot_of(start.first, rules)
    begun = dict(nurses[relay.nurse].started)
    begun[slot] = begun.get(slot, 0) + 1
    nurses[relay.nurse] = replace(nurses[relay.nurse], started=tuple(sorted(begun.items())))
    preparations = tuple(
        Preparation(hour.steps, hour.left - 1) if hour.steps >> start.first & 1 else hour
        for hour in day.preparations
    )
    return replace(day, chairs=chairs, nurses=tuple(nurses.values()), preparations=preparations)


def _spent(spare: tuple[int, ...], steps: int, units: int) -> tuple[int, ...]:
    kept = [spare[0]]
    for have in range(1, len(spare)):
        above = spare[have + units] if have + units < len(spare) else 0
        kept.append(spare[have] & ~steps | above & steps)
    return tuple(kept)


def preparable(start: Start) -> bool:
    """Whether the pharmacy can still prepare an infusion in the hour of this start."""
    return all(hour.left > 0 for hour in start.day.preparations if hour.steps >> start.first & 1)
