"""Times on offer, as cards a screen can show: for an induction pair, for one infusion, for a follow-up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from clinics.domain.calendar import local_date
from clinics.models import Clinic, Membership
from patients.models import Patient
from patients.queries import wishes_of
from scheduling.domain.booking import Seat, Window
from scheduling.domain.capacity import CONSULTATION, DayCapacity, Handovers, Phase
from scheduling.domain.offers import (
    Limits,
    Offer,
    PairOffer,
    Span,
    Wishes,
    consultation_times,
    pair_offers,
    single_offers,
)
from scheduling.models import PlannedInfusion, Visit

from .courses import today_of
from .days import read_days
from .holds import keep_days
from .plan import CoursePlan

SHOWN_DAYS = 14
"""How many days of a window one page searches; the next ones are a link away."""
USUAL, MORE, WHOLE_DAY = Limits(6, 2), Limits(24, 6), Limits(200, None)
NEAREST = Limits(3, 3)
NEAR_DAYS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """One visit on a card: which infusion, when, where and with whom."""

    planned: PlannedInfusion
    starts: datetime
    ends: datetime
    chair: int
    chair_name: str
    nurse: int
    nurse_name: str
    handovers: Handovers = ()
    takeovers: tuple[tuple[datetime, str], ...] = ()

    @property
    def seat(self) -> Seat:
        return Seat(self.starts, self.chair, self.nurse, self.handovers)


@dataclass(frozen=True, slots=True)
class Card:
    """One offer: a single visit or a pair, with the reasons for its rank."""

    places: tuple[Place, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """A page of offers: the days searched, the window they lie in, and where to look before and after."""

    cards: tuple[Card, ...]
    first: date
    last: date
    window: Window
    sooner: date | None
    later: date | None
    closed: tuple[tuple[date, str], ...]
    kept: tuple[tuple[date, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for: from which day, around which time of day, how many; with ``handover`` also times
    at which a second nurse takes over.
    """

    start: date | None = None
    at: time | None = None
    limits: Limits = USUAL
    handover: bool = False


NOTHING_ASKED = Asked()


def pair_times(
    plan: CoursePlan,
    *,
    now: datetime,
    asked: Asked = NOTHING_ASKED,
    without: Collection[int] = (),
    days: int = SHOWN_DAYS,
) -> Times:
    """Offers for the induction pair together; ``without`` names its visits when they are being moved. None for a
    course without a pair to book.
    """
    if plan.pair is None:
        today = today_of(plan.clinic, now)
        return _nothing(Window(today, today))
    first, second = plan.pair
    offsets = [dose.day_offset for dose in plan.regimen.induction]
    apart = offsets[1] - offsets[0]
    room = plan.regimen.windows
    shown = _shown(plan.window(first), first.planned_on, asked.start, today_of(plan.clinic, now), days)
    if shown is None:
        return _nothing(plan.window(first))
    span, window, sooner, later = shown
    reach = range(apart - room.induction_minus_days, apart + room.induction_plus_days + 1)
    wanted = {*span.days(), *(day + timedelta(days=gap) for day in span.days() for gap in reach)}
    capacity = read_days(plan.clinic, wanted, now=now, patient=plan.course.patient, without=without)
    kept = keep_days(plan.clinic, capacity, now=now, own=_held(first, second))
    found = pair_offers(
        capacity,
        span,
        lambda day: plan.phases(first, day),
        lambda day: plan.phases(second, day),
        now=now,
        apart=apart,
        tolerance=(-room.induction_minus_days, room.induction_plus_days),
        wishes=wished(plan.course.patient, at=asked.at),
        limits=asked.limits,
        handover=asked.handover,
    )
    cards = [_pair_card(offer, first, second, capacity, plan.clinic) for offer in found]
    return Times(
        _elsewhere(cards, plan, without),
        span.earliest,
        span.latest,
        window,
        sooner,
        later,
        _closed(capacity, span),
        kept,
    )


def single_times(
    plan: CoursePlan,
    planned: PlannedInfusion,
    *,
    now: datetime,
    asked: Asked = NOTHING_ASKED,
    without: Collection[int] = (),
    days: int = SHOWN_DAYS,
) -> Times:
    """Offers for one infusion in its window, keeping the patient's usual nurse and time of day where they
    can.
    """
    window = plan.window(planned)
    shown = _shown(window, planned.planned_on, asked.start, today_of(plan.clinic, now), days)
    if shown is None:
        return _nothing(window)
    span, window, sooner, later = shown
    days_read = list(span.days())
    capacity = read_days(plan.clinic, days_read, now=now, patient=plan.course.patient, without=without)
    # Within its own day a visit that moves takes no room from anybody.
    stays = plan.days_of(without)
    others = {day: here for day, here in capacity.items() if day not in stays}
    kept = keep_days(plan.clinic, others, now=now, own=_held(planned))
    found = single_offers(
        capacity,
        span,
        lambda day: plan.phases(planned, day),
        now=now,
        wishes=_usual(plan, planned, asked.at),
        limits=asked.limits,
        handover=asked.handover,
    )
    cards = [Card((_place(offer, planned, capacity, plan.clinic),), offer.reasons) for offer in found]
    return Times(
        _elsewhere(cards, plan, without),
        span.earliest,
        span.latest,
        window,
        sooner,
        later,
        _closed(capacity, span),
        kept,
    )


def nearest(
    plan: CoursePlan,
    wanted: Sequence[tuple[PlannedInfusion, Seat]],
    *,
    now: datetime,
    without: Collection[int] = (),
) -> tuple[Card, ...]:
    """The nearest free times to one that was just taken: on its own day or, where too few are left, around it."""
    planned, seat = wanted[0]
    local = seat.starts.astimezone(plan.clinic.zone)
    pair = len(wanted) > 1 and plan.pair is not None
    found: tuple[Card, ...] = ()
    for reach in (0, NEAR_DAYS):
        if len(found) < NEAREST.best:
            asked = Asked(local.date() - timedelta(days=reach), local.time(), NEAREST)
            search: dict[str, Any] = {"now": now, "asked": asked, "without": without, "days": 2 * reach + 1}
            times = pair_times(plan, **search) if pair else single_times(plan, planned, **search)
            found = times.cards
    return found


def follow_up_times(
    clinic: Clinic,
    patient: Patient,
    *,
    member: Membership | None,
    earliest: date,
    latest: date,
    minutes: int,
    now: datetime,
    best: int = 12,
) -> list[tuple[datetime, datetime]]:
    """Free times for a follow-up with a clinician, from the first day of its window; no chair is needed. A
    nurse must be on duty with nothing else to watch; other clinicians need only be free of other follow-ups.
    """
    first = max(earliest, today_of(clinic, now))
    days = [first + timedelta(days=step) for step in range(min((latest - first).days, SHOWN_DAYS * 2) + 1)]
    capacity = read_days(clinic, days, now=now, patient=patient, clinician=member.pk if member else None)
    found: list[tuple[datetime, datetime]] = []
    phases = (Phase(CONSULTATION, minutes),)
    for day in days:
        starts = consultation_times(capacity[day], phases, member.pk if member else None, now=now)
        found += [(start, start + timedelta(minutes=minutes)) for start in starts]
        if len(found) >= best:
            break
    return found[:best]


def times_to_move_to(visit: Visit, *, now: datetime, on: date | None = None) -> list[datetime]:
    """Free times for a follow-up of the same length with the same clinician, from its own day or today on; ``on``: of
    one of those days only.
    """
    today = today_of(visit.clinic, now)
    first = max(local_date(visit.starts_at, visit.clinic.zone), today)
    last = first + timedelta(days=SHOWN_DAYS)
    if on is not None and not first <= on <= last:
        return []
    minutes = (visit.ends_at - visit.starts_at) // timedelta(minutes=1)
    found = follow_up_times(
        visit.clinic,
        visit.patient,
        member=visit.nurse,
        earliest=on or first,
        latest=on or last,
        minutes=minutes,
        now=now,
    )
    return [starts for starts, _ in found]


def _shown(
    window: Window, target: date, start: date | None, today: date, days: int
) -> tuple[Span, Window, date | None, date | None] | None:
    """The part of a window one page searches, and where the pages before and after it begin; None once it is
    over.
    """
    first, last = max(window.earliest, today), window.latest
    if first > last:
        return None
    begin = min(max(start or first, first), last)
    end = min(begin + timedelta(days=days - 1), last)
    sooner = max(begin - timedelta(days=days), first) if begin > first else None
    later = end + timedelta(days=1) if end < last else None
    return Span(begin, target, end), window, sooner, later


def _elsewhere(cards: list[Card], plan: CoursePlan, without: Collection[int]) -> tuple[Card, ...]:
    """The offers without the one at which the visits that are being moved stand already."""
    now = sorted(visit.starts_at for visit in plan.visits if visit.pk in without)
    return tuple(card for card in cards if [place.starts for place in card.places] != now)


def _held(*rows: PlannedInfusion) -> list[int]:
    """Those whose window is held: their own hold does not stand in their way."""
    return [row.pk for row in rows if row.held_at is not None]


def _nothing(window: Window) -> Times:
    return Times((), window.earliest, window.latest, window, None, None, ())


def _closed(capacity: Mapping[date, DayCapacity], span: Span) -> tuple[tuple[date, str], ...]:
    """The days of the span on which the clinic is shut for a reason of that day, weekends left out."""
    return tuple(
        (day, capacity[day].closed_because)
        for day in span.days()
        if capacity[day].hours is None and not capacity[day].closed_because.startswith("closed on ")
    )


def _usual(plan: CoursePlan, planned: PlannedInfusion, at: time | None) -> Wishes:
    """The patient's wishes, with the nurse and time of day of the infusion before, or the time asked for."""
    before = [v for v in plan.visits if v.kind == "infusion" and v.planned_infusion_id != planned.pk]
    if not before:
        return wished(plan.course.patient, at=at)
    last = before[-1]
    usual = at or last.starts_at.astimezone(plan.clinic.zone).time()
    return wished(plan.course.patient, nurse=last.nurse_id, at=usual)


def wished(patient: Patient, *, nurse: int | None = None, at: time | None = None) -> Wishes:
    """What was written down of the patient's wishes, with a nurse and a time of day to keep."""
    row = wishes_of(patient)
    if row is None:
        return Wishes(nurse=nurse, at=at)
    return Wishes(nurse, at, frozenset(row.weekdays), row.not_before, row.not_after, row.place)


def _place(
    offer: Offer, planned: PlannedInfusion, capacity: Mapping[date, DayCapacity], clinic: Clinic
) -> Place:
    day = capacity[local_date(offer.starts, clinic.zone)]
    return Place(
        planned,
        offer.starts,
        offer.ends,
        offer.chair,
        day.chairs[offer.chair].name,
        offer.nurse,
        day.nurses[offer.nurse].name,
        offer.handovers,
        tuple((instant, day.nurses[nurse].name) for instant, nurse in offer.handovers),
    )


def _pair_card(
    offer: PairOffer,
    first: PlannedInfusion,
    second: PlannedInfusion,
    capacity: Mapping[date, DayCapacity],
    clinic: Clinic,
) -> Card:
    places = (
        _place(offer.first, first, capacity, clinic),
        _place(offer.second, second, capacity, clinic),
    )
    return Card(places, offer.reasons)
