"""Ranked times on offer: for one visit in a window of days, and for an induction pair as one answer.

Starts stand on the clinic's slot grid in wall-clock time, so that a series keeps its hour when the clocks
change. The same question always gets the same answer in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from clinics.domain.refusals import Refusal
from scheduling.domain.capacity import STEP_MINUTES, DayCapacity, Phase, total_minutes

PAIR_DAYS = 14
"""Day 15 stands two weeks after day 1; the days after it are tried first, as the course's own plan does."""

# Penalties, in points; the smaller sum is the better offer. Product defaults, unverified.
PER_DAY_AWAY = 10
PER_DAY_OFF_PAIR = 40
PER_QUARTER_APART = 2
OTHER_NURSE = 8
NURSE_LOAD_MOST = 6
SHORT_GAP = 4
SHORT_GAP_STEPS = 120 // STEP_MINUTES
SPREAD = timedelta(minutes=60)

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
class Wishes:
    """What an offer should keep where it can: the usual nurse, and the usual time of day."""

    nurse: int | None = None
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One bookable time (UTC instants) with its chair and nurse. A lower score is a better offer."""

    starts: datetime
    ends: datetime
    chair: int
    nurse: int
    score: int
    reasons: tuple[str, ...]


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


@dataclass(slots=True)
class _OpenDay:
    """One day's free starts for one visit: the grid's wall-clock times and who could take each."""

    capacity: DayCapacity
    minutes: int
    chairs: dict[int, int]
    nurses: dict[int, int]
    ticks: dict[time, tuple[datetime, int]] = field(default_factory=dict)

    def nurses_at(self, step: int) -> list[int]:
        return [key for key, free in self.nurses.items() if free >> step & 1]

    def chair_at(self, step: int) -> tuple[int, int]:
        """The free chair that leaves the fewest short gaps, and how many it leaves."""
        length = -(-self.minutes // STEP_MINUTES)
        free = [key for key, starts in self.chairs.items() if starts >> step & 1]
        gaps = {key: self._short_gaps(key, step, length) for key in free}
        best = min(free, key=lambda key: (gaps[key], key))
        return best, gaps[best]

    def _short_gaps(self, chair: int, step: int, length: int) -> int:
        """Gaps too short for another visit that this one would leave in the chair, before and after it."""
        usable = self.capacity.open & ~self.capacity.chairs[chair].taken
        before = usable & ((1 << step) - 1)
        gap_before = step - (~before & ((1 << step) - 1)).bit_length()
        after = usable >> (step + length)
        gap_after = (~after & (after + 1)).bit_length() - 1
        return sum(0 < gap < SHORT_GAP_STEPS for gap in (gap_before, gap_after))

    def load_of(self, nurse: int) -> int:
        """How much of the nurse's attention on this day is used already, in thousandths."""
        on = self.capacity.nurses[nurse]
        whole = on.on_duty.bit_count() * self.capacity.rules.units
        return on.used * 1000 // whole if whole else 1000


def _open_day(capacity: DayCapacity | None, phases: Sequence[Phase], now: datetime) -> _OpenDay | None:
    """What is free on one day, or None where nothing is."""
    if capacity is None or capacity.hours is None:
        return None
    inside = capacity.open_starts(phases)
    chairs = {key: capacity.chair_starts(key, phases) & inside for key in capacity.chairs}
    nurses = {key: capacity.nurse_starts(key, phases) & inside for key in capacity.nurses}
    any_chair, any_nurse = 0, 0
    for free in chairs.values():
        any_chair |= free
    for free in nurses.values():
        any_nurse |= free
    found = _OpenDay(capacity, total_minutes(phases), chairs, nurses)
    for at in grid(*capacity.hours, capacity.rules.slot_minutes):
        instant = capacity.at(at)
        if isinstance(instant, Refusal) or instant < now:
            continue
        step = capacity.step_of(instant)
        if any_chair & any_nurse & (1 << step):
            found.ticks[at] = (instant, step)
    return found if found.ticks else None


def grid(opens: time, closes: time, slot_minutes: int) -> Iterator[time]:
    """Wall-clock times from opening to closing, a slot apart."""
    last = closes.hour * 60 + closes.minute
    for minute in range(opens.hour * 60 + opens.minute, last, slot_minutes):
        yield time(minute // 60, minute % 60)


def _quarters(one: time, other: time) -> int:
    """How far two times of day lie apart, in started quarters of an hour."""
    return -(-abs((one.hour - other.hour) * 60 + one.minute - other.minute) // 15)


def _day_words(day: date, span: Span) -> str:
    away = (day - span.target).days
    if away == 0:
        return "On the planned day"
    days = f"{abs(away)} {'day' if abs(away) == 1 else 'days'}"
    return f"{days} {'after' if away > 0 else 'before'} the planned day"


def _best_nurse(day: _OpenDay, step: int, wanted: int | None) -> int:
    free = day.nurses_at(step)
    return wanted if wanted in free else min(free, key=lambda key: (day.load_of(key), key))


def _offer(day: _OpenDay, at: time, nurse: int, score: int, reasons: Sequence[str]) -> Offer:
    starts, step = day.ticks[at]
    chair, gaps = day.chair_at(step)
    return Offer(
        starts,
        starts + timedelta(minutes=day.minutes),
        chair,
        nurse,
        score + gaps * SHORT_GAP + day.load_of(nurse) * NURSE_LOAD_MOST // 1000,
        tuple(reasons),
    )


def single_offers(
    days: Mapping[date, DayCapacity],
    span: Span,
    phases: Phases,
    *,
    now: datetime,
    wishes: Wishes = NO_WISHES,
    limits: Limits = USUAL,
) -> tuple[Offer, ...]:
    """The best times for one visit in its window, best first; never before ``now``, never on a closed day."""
    found: list[Offer] = []
    for day in span.days():
        open_day = _open_day(days.get(day), phases(day), now)
        if open_day is None:
            continue
        today = []
        for at, (_, step) in open_day.ticks.items():
            nurse = _best_nurse(open_day, step, wishes.nurse)
            score = abs((day - span.target).days) * PER_DAY_AWAY
            reasons = [_day_words(day, span)]
            if wishes.at is not None:
                score += _quarters(at, wishes.at) * PER_QUARTER_APART
                if at == wishes.at:
                    reasons.append("Usual time of day")
            if wishes.nurse is not None and nurse == wishes.nurse:
                reasons.append(f"Same nurse: {open_day.capacity.nurses[nurse].name}")
            elif wishes.nurse is not None:
                score += OTHER_NURSE
            today.append(_offer(open_day, at, nurse, score, reasons))
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
) -> tuple[PairOffer, ...]:
    """The best induction pairs, best first: day 1 inside ``span`` and day 15 ``apart`` days later, two weeks.

    Where that day has nothing free, day 15 falls elsewhere inside its window (``tolerance`` in days: −1/+3,
    product default, unverified), later days first, and the offer says why. Both visits keep one time of day
    and one nurse where they can.
    """
    found: list[PairOffer] = []
    gaps = (*range(tolerance[1] + 1), *range(-1, tolerance[0] - 1, -1))
    seconds: dict[date, _OpenDay | None] = {}
    for day in span.days():
        first = _open_day(days.get(day), first_phases(day), now)
        if first is None:
            continue
        for gap in gaps:
            other = day + timedelta(days=apart + gap)
            if other not in seconds:
                seconds[other] = _open_day(days.get(other), second_phases(other), now)
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
    free = capacity.open_starts(phases)
    if nurse in capacity.nurses:
        free &= capacity.nurse_starts(nurse, phases, starts_patient=False)
    found = []
    for at in grid(*capacity.hours, capacity.rules.slot_minutes):
        instant = capacity.at(at)
        if isinstance(instant, datetime) and instant >= now and free >> capacity.step_of(instant) & 1:
            found.append(instant)
    return found


def _pair(
    first: _OpenDay, second: _OpenDay, at: time, span: Span, gap: int, why: str, wishes: Wishes
) -> PairOffer:
    other = at if at in second.ticks else min(second.ticks, key=lambda tick: (_quarters(tick, at), tick))
    on_first = first.nurses_at(first.ticks[at][1])
    on_second = second.nurses_at(second.ticks[other][1])
    both = [key for key in on_first if key in on_second]
    wanted = wishes.nurse if wishes.nurse in both else None
    if wanted is None and both:
        wanted = min(both, key=lambda key: (first.load_of(key) + second.load_of(key), key))
    nurses = (
        _best_nurse(first, first.ticks[at][1], wanted or wishes.nurse),
        _best_nurse(second, second.ticks[other][1], wanted or wishes.nurse),
    )
    day = first.capacity.day
    score = abs((day - span.target).days) * PER_DAY_AWAY + abs(gap) * PER_DAY_OFF_PAIR
    score += _quarters(at, other) * PER_QUARTER_APART + (0 if nurses[0] == nurses[1] else OTHER_NURSE)
    if wishes.at is not None:
        score += _quarters(at, wishes.at) * PER_QUARTER_APART
    reasons = (
        _day_words(day, span),
        *((why,) if why else ()),
        f"Same time of day on both days, {_clock(at)}"
        if at == other
        else f"Day 15 begins at {_clock(other)}: nothing nearer to {_clock(at)} is free",
        f"Same nurse on both days: {first.capacity.nurses[nurses[0]].name}"
        if nurses[0] == nurses[1]
        else "A different nurse on day 15",
    )
    one = _offer(first, at, nurses[0], 0, ())
    two = _offer(second, other, nurses[1], 0, ())
    return PairOffer(one, two, score + one.score + two.score, reasons)


def _clock(at: time) -> str:
    return f"{at.hour:02}:{at.minute:02}"


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
