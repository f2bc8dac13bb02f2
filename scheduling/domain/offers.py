"""Ranked times on offer: for one visit in a window of days, and for an induction pair as one answer.

Starts stand on the clinic's slot grid in wall-clock time, so that a series keeps its hour when the clocks
change. The same question always gets the same answer in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from .attention import Phase
from .capacity import DayCapacity
from .day import Handovers
from .openings import OTHER_NURSE, OpenDay, Team, open_day
from .searching import grid, ticks, to_come
from .wishes import PER_QUARTER_APART, Wishes, clock, judged, quarters

__all__ = [
    "Limits",
    "Offer",
    "PairOffer",
    "Span",
    "Wishes",
    "consultation_times",
    "grid",
    "pair_offers",
    "single_offers",
]

PAIR_DAYS = 14
"""Day 15 stands two weeks after day 1; the days after it are tried first, as the course's own plan does."""

# Penalties, in points; the smaller sum is the better offer. Product defaults, unverified.
PER_DAY_AWAY = 10
PER_DAY_OFF_PAIR = 40
SPREAD = timedelta(minutes=60)
PLACES = {"bed": "A bed, as needed", "isolation": "An isolation room, as needed"}

Phases = Callable[[date], Sequence[Phase]]


@dataclass(frozen=True, slots=True)
class Span:
    """The days in which a visit may stand, and the day it is wanted on."""

    earliest: date
    target: date
    latest: date

    def days(self) -> Iterator[date]:
        """Every day from the earliest to the latest."""
        for step in range((self.latest - self.earliest).days + 1):
            yield self.earliest + timedelta(days=step)


@dataclass(frozen=True, slots=True)
class Offer:
    """One bookable time (UTC instants) with its chair and nurse. A lower score is a better offer. ``handovers`` say
    from when on another nurse has the patient.
    """

    starts: datetime
    ends: datetime
    chair: int
    nurse: int
    score: int
    reasons: tuple[str, ...]
    handovers: Handovers = ()


@dataclass(frozen=True, slots=True)
class PairOffer:
    """Day 1 and day 15, to be booked together or not at all."""

    first: Offer
    second: Offer
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many offers: ``best`` in all and ``a_day`` on one day (None for every free start of a day)."""

    best: int = 6
    a_day: int | None = 3


NO_WISHES = Wishes()
USUAL = Limits()
Ranked = TypeVar("Ranked", Offer, PairOffer)


def _day_words(day: date, span: Span) -> str:
    away = (day - span.target).days
    if away == 0:
        return "On the planned day"
    days = f"{abs(away)} {'day' if abs(away) == 1 else 'days'}"
    return f"{days} {'after' if away > 0 else 'before'} the planned day"


def _offer(
    day: OpenDay,
    at: time,
    team: Team,
    wishes: Wishes,
    score: int = 0,
    reasons: Sequence[str] = (),
    *,
    brief: bool = False,
) -> Offer:
    """The best chair for a time and a team, with what speaks for it; ``brief`` leaves out what only ranks."""
    starts, step = day.ticks[at]
    ends = starts + timedelta(minutes=day.minutes)
    seating = day.seating(step)
    points, words = judged(wishes, day.capacity.day, at, ends.astimezone(day.capacity.zone).time())
    found = [*reasons, *words]
    names = {key: nurse.name for key, nurse in day.capacity.nurses.items()}
    if wishes.nurse is not None and team.nurse == wishes.nurse:
        found.append(f"Same nurse: {names[team.nurse]}")
    else:
        points += OTHER_NURSE if wishes.nurse is not None else 0
        if not brief and not team.handovers and day.lightest(team.nurse, step):
            found.append(f"{names[team.nurse]} has the lightest day")
    if wishes.place:
        found.append(PLACES[wishes.place])
    if seating.beside and not brief:
        found.append("Beside another visit: the chair's long gap stays whole")
    return Offer(
        starts,
        ends,
        seating.chair,
        team.nurse,
        score + points + day.strain(step) + day.team_score(team, step),
        tuple(found),
        team.handovers,
    )


def single_offers(
    days: Mapping[date, DayCapacity],
    span: Span,
    phases: Phases,
    *,
    now: datetime,
    wishes: Wishes = NO_WISHES,
    limits: Limits = USUAL,
    handover: bool = False,
) -> tuple[Offer, ...]:
    """The best times for one visit in its window, best first; never before ``now``, never on a closed day. With
    ``handover`` also times at which a second nurse takes over.
    """
    found: list[Offer] = []
    for day in span.days():
        here = open_day(days.get(day), phases(day), now, wishes, handover=handover)
        if here is None:
            continue
        away = abs((day - span.target).days) * PER_DAY_AWAY
        words = [_day_words(day, span)]
        today = [
            _offer(here, at, here.best_team(step, wishes.nurse), wishes, away, words)
            for at, (_, step) in here.ticks.items()
        ]
        found += _spread(today, limits.a_day, lambda offer: (offer.score, offer.starts))
    return tuple(sorted(found, key=lambda offer: (offer.score, offer.starts))[: limits.best])


def pair_offers(
    days: Mapping[date, DayCapacity],
    span: Span,
    first_phases: Phases,
    second_phases: Phases,
    *,
    now: datetime,
    apart: int = PAIR_DAYS,
    tolerance: tuple[int, int] = (-1, 3),
    wishes: Wishes = NO_WISHES,
    limits: Limits = USUAL,
    handover: bool = False,
) -> tuple[PairOffer, ...]:
    """The best induction pairs, best first: day 1 inside ``span`` and day 15 ``apart`` days later, two weeks.

    Where that day has nothing free, day 15 falls elsewhere inside its window (``tolerance`` in days: −1/+3,
    product default, unverified), later days first, and the offer says why. Both visits keep one time of day
    and one nurse where they can.
    """
    found: list[PairOffer] = []
    gaps = (*range(tolerance[1] + 1), *range(-1, tolerance[0] - 1, -1))
    seconds: dict[date, OpenDay | None] = {}
    for day in span.days():
        first = open_day(days.get(day), first_phases(day), now, wishes, handover=handover)
        if first is None:
            continue
        for gap in gaps:
            other = day + timedelta(days=apart + gap)
            if other not in seconds:
                phases = second_phases(other)
                seconds[other] = open_day(days.get(other), phases, now, wishes, handover=handover)
            second = seconds[other]
            if second is not None:
                why = _shifted(days, day, apart, gap) if gap else ""
                pairs = [_pair(first, second, at, span, gap, why, wishes) for at in first.ticks]
                found += _spread(pairs, limits.a_day, lambda pair: (pair.score, pair.first.starts))
                break
    return tuple(sorted(found, key=lambda pair: (pair.score, pair.first.starts))[: limits.best])


def _shifted(days: Mapping[date, DayCapacity], day: date, apart: int, gap: int) -> str:
    """Words for a day 15 that does not stand on its own day."""
    due = day + timedelta(days=apart)
    capacity = days.get(due)
    why = "no chair and nurse are free"
    if capacity is not None and capacity.hours is None:
        why = capacity.closed_because or "the clinic is closed"
    return f"Day {apart + 1} is {apart + gap} days after day 1: on {due:%A} {due.day} {due:%B} {why}"


def consultation_times(
    capacity: DayCapacity, phases: Sequence[Phase], nurse: int | None, *, now: datetime
) -> list[datetime]:
    """Free starts of a day for a visit without a chair; the nurse is looked at where there is a duty."""
    if capacity.hours is None:
        return []
    free = capacity.open_starts(phases, starts_patient=False) & to_come(capacity, now)
    if nurse in capacity.nurses:
        free &= capacity.nurse_starts(nurse, phases, starts_patient=False)
    instants = [capacity.at(tick.at) for tick in ticks(capacity) if free >> tick.step & 1]
    return [instant for instant in instants if isinstance(instant, datetime)]


def _pair(
    first: OpenDay, second: OpenDay, at: time, span: Span, gap: int, why: str, wishes: Wishes
) -> PairOffer:
    other = at if at in second.ticks else min(second.ticks, key=lambda tick: (quarters(tick, at), tick))
    teams = _teams(first, first.ticks[at][1], second, second.ticks[other][1], wishes)
    same = teams[0].nurse == teams[1].nurse
    day = first.capacity.day
    score = abs((day - span.target).days) * PER_DAY_AWAY + abs(gap) * PER_DAY_OFF_PAIR
    score += quarters(at, other) * PER_QUARTER_APART + (0 if same else OTHER_NURSE)
    # Which nurse it is matters less than that it is the same one.
    told = replace(wishes, nurse=None)
    one = _offer(first, at, teams[0], told, brief=True)
    two = _offer(second, other, teams[1], told, brief=True)
    reasons = (
        _day_words(day, span),
        *((why,) if why else ()),
        f"Same time of day on both days, {clock(at)}"
        if at == other
        else f"Day 15 begins at {clock(other)}: nothing nearer to {clock(at)} is free",
        f"Same nurse on both days: {first.capacity.nurses[teams[0].nurse].name}"
        if same
        else "A different nurse on day 15",
        *dict.fromkeys((*one.reasons, *two.reasons)),
    )
    return PairOffer(one, two, score + one.score + two.score, reasons)


def _teams(first: OpenDay, at: int, second: OpenDay, other: int, wishes: Wishes) -> tuple[Team, Team]:
    """One nurse for both days where one can: the wished one, else the one with most attention left."""
    on_second = {team.nurse for team in second.teams_at(other) if not team.handovers}
    both = [team.nurse for team in first.teams_at(at) if not team.handovers and team.nurse in on_second]
    wanted = wishes.nurse if wishes.nurse in both else None
    if wanted is None and both:
        wanted = min(both, key=lambda key: (first.load_of(key) + second.load_of(key), key))
    wanted = wishes.nurse if wanted is None else wanted
    return first.best_team(at, wanted), second.best_team(other, wanted)


def _spread(offers: list[Ranked], most: int | None, rank: Callable[[Ranked], tuple]) -> list[Ranked]:
    """At most ``most`` of one day's offers, best first and at least an hour apart; all of them for None."""
    ordered = sorted(offers, key=rank)
    if most is None:
        return ordered
    kept: list[Ranked] = []
    for offer in ordered:
        starts = _starts(offer)
        if len(kept) < most and all(abs(starts - _starts(other)) >= SPREAD for other in kept):
            kept.append(offer)
    return kept


def _starts(offer: Offer | PairOffer) -> datetime:
    return offer.starts if isinstance(offer, Offer) else offer.first.starts
