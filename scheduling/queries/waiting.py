"""Reading the waiting list: who waits, which times came free, who may be offered one, and what is on offer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from clinics.domain.calendar import local_date
from clinics.models import Chair, Clinic
from clinics.queries import or_404
from patients.models import EarlierInfusion, Patient, Wishes
from regimens.queries import regimen_of
from scheduling.domain.capacity import DayCapacity, Phase
from scheduling.domain.status import MOVABLE
from scheduling.domain.waiting import Fitting, Freed, NotFitting, Ranking, Waiter, Wanted, free_minutes, rank
from scheduling.models import (
    STANDING,
    ChairHold,
    PlannedInfusion,
    Visit,
    VisitVersion,
    WaitlistEntry,
    WaitlistOffer,
)

from .courses import History, day_of, signed, usual_lengths
from .days import read_days
from .holds import kept_days
from .plan import CoursePlan

FREED_DAYS = 14
"""For how many days after a cancellation or a move a freed time is proposed to staff. Product default, unverified."""
SHOWN_FREED = 20
SHOWN_HISTORY = 30


@dataclass(frozen=True, slots=True)
class Waiting:
    """One entry of the list with the visit the patient has now."""

    entry: WaitlistEntry
    visit: Visit | None
    wishes: Wishes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One patient's place in the answer for a freed time: as the domain judged it, with the entry it is about."""

    waiting: Waiting
    fit: Fitting | None
    against: NotFitting | None


@dataclass(frozen=True, slots=True)
class FreedTime:
    """A time that came free and is still free: since when, for how long, and how many could be offered it."""

    starts: datetime
    ends: datetime
    chair: Chair
    freed_at: datetime
    fits: int


@dataclass(frozen=True, slots=True)
class Freeable:
    """Everything one answer needs, read once: the waiting, their courses and what was offered to them."""

    clinic: Clinic
    waiting: tuple[Waiting, ...]
    plans: Mapping[int, CoursePlan]
    open_to: frozenset[int]
    declined: Mapping[int, frozenset[datetime]]
    phases: dict[tuple[int, date], tuple[Phase, ...]]


def entries(clinic: Clinic) -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.of(clinic).select_related(
        "clinic",
        "patient",
        "by",
        "planned_infusion__course__regimen_version",
        "planned_infusion__course__clearance",
        "planned_infusion__course__diagnosis",
    )


def entry(clinic: Clinic, pk: int) -> WaitlistEntry:
    """One entry of the clinic's waiting list, or 404."""
    return or_404(entries(clinic), pk=pk)


def entry_for(planned: PlannedInfusion | None) -> WaitlistEntry | None:
    """The standing entry for one infusion, where its patient waits."""
    if planned is None:
        return None
    return entries(planned.clinic).filter(planned_infusion=planned, state="waiting").first()


def entries_of(patient: Patient) -> list[WaitlistEntry]:
    """For which infusions a patient waits for an earlier time."""
    return list(entries(patient.clinic).filter(patient=patient, state="waiting").order_by("at", "pk"))


def who_waits(clinic: Clinic) -> list[Waiting]:
    """Everybody who waits, longest first, with their visit and their wishes: three queries."""
    found = list(entries(clinic).filter(state="waiting").order_by("at", "pk"))
    visits = {
        visit.planned_infusion_id: visit
        for visit in Visit.objects.of(clinic)
        .filter(planned_infusion__in=[each.planned_infusion_id for each in found], status__in=STANDING)
        .select_related("chair", "nurse__user")
    }
    wishes = {
        each.patient_id: each
        for each in Wishes.objects.of(clinic).filter(patient__in=[each.patient_id for each in found])
    }
    return [
        Waiting(each, visits.get(each.planned_infusion_id), wishes.get(each.patient_id)) for each in found
    ]


def read_waiting(clinic: Clinic, *, now: datetime) -> Freeable:
    """The waiting list with everything a freed time asks about it; seven queries, however many wait."""
    found = who_waits(clinic)
    keys = [each.entry.pk for each in found]
    offers = WaitlistOffer.objects.of(clinic).filter(entry__in=keys, state__in=("open", "declined"))
    open_to, declined = set(), defaultdict(set)
    for key, state, starts, until in offers.values_list("entry_id", "state", "starts_at", "expires_at"):
        if state == "declined":
            declined[key].add(starts)
        elif until > now:
            open_to.add(key)
    return Freeable(
        clinic=clinic,
        waiting=tuple(found),
        plans=_plans(clinic, found),
        open_to=frozenset(open_to),
        declined={key: frozenset(starts) for key, starts in declined.items()},
        phases={},
    )


def _plans(clinic: Clinic, found: Iterable[Waiting]) -> dict[int, CoursePlan]:
    """The courses of those who wait, each read as booking reads it, by the entry's key."""
    patients = {each.entry.patient_id for each in found}
    planned: dict[int, list[PlannedInfusion]] = defaultdict(list)
    given: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for row in PlannedInfusion.objects.of(clinic).filter(patient__in=patients).order_by("ordinal"):
        planned[row.course_id].append(row)
        if row.state == "given" and row.given_on is not None:
            given[row.patient_id].append((row.given_on, row.reaction_grade))
    for who, on, grade in (
        EarlierInfusion.objects.of(clinic)
        .filter(patient__in=patients)
        .values_list("patient_id", "given_on", "reaction_grade")
    ):
        given[who].append((on, grade))
    visits: dict[int, list[Visit]] = defaultdict(list)
    standing = Visit.objects.of(clinic).filter(patient__in=patients, status__in=STANDING)
    for visit in standing.select_related("planned_infusion").order_by("starts_at", "id"):
        visits[visit.patient_id].append(visit)
    plans, usual = {}, usual_lengths(clinic)
    for each in found:
        course, patient = each.entry.planned_infusion.course, each.entry.patient
        course.patient, course.clinic, patient.clinic = patient, clinic, clinic
        past = given[patient.pk]
        plans[each.entry.pk] = CoursePlan(
            course=course,
            regimen=regimen_of(course.regimen_version),
            planned=tuple(planned[course.pk]),
            visits=tuple(visits[patient.pk]),
            past=History.of(past),
            usual=usual,
        )
    return plans


def answers(read: Freeable, freed: Freed, day: DayCapacity, *, now: datetime) -> tuple[Answer, ...]:
    """Everybody who waits, judged for one freed time: those who fit in the stated order, then the others."""
    by_entry = {each.entry.pk: each for each in read.waiting}
    kept = kept_days(read.clinic, {day.day: day}, now=now)
    found = _ranked(read, freed, day, kept, now=now)
    return (
        *(Answer(by_entry[fit.waiter.entry], fit, None) for fit in found.fits),
        *(Answer(by_entry[other.waiter.entry], None, other) for other in found.refused),
    )


def _ranked(
    read: Freeable, freed: Freed, day: DayCapacity, kept: Mapping[date, str], *, now: datetime
) -> Ranking:
    waiters = [_waiter(read, each, freed, kept.get(day.day, "")) for each in read.waiting]
    notice = timedelta(hours=read.clinic.waitlist_notice_hours)
    return rank(freed, waiters, day, now=now, notice=notice)


def _waiter(read: Freeable, each: Waiting, freed: Freed, kept: str) -> Waiter:
    """One who waits, as the rules see them on the freed time's day. A window of their own, or a visit of that very
    day, is room they have already.
    """
    row, plan = each.entry, read.plans[each.entry.pk]
    planned = plan.infusion(row.planned_infusion.ordinal) or row.planned_infusion
    visit, on = plan.visit_of(planned), local_date(freed.starts, read.clinic.zone)
    own, others = plan.infusion_days(of=planned, besides=[planned.pk])
    has_room = planned.held_at is not None or (visit is not None and day_of(visit, read.clinic) == on)
    return Waiter(
        entry=row.pk,
        since=row.at,
        regimen=plan.regimen,
        ordinal=planned.ordinal,
        opens=planned.first_of_group,
        window=plan.window(planned),
        clearance=signed(plan.course.clearance),
        phases=_phases(read, row.pk, planned, on),
        years=row.patient.age_on(on),
        present=visit.starts_at if visit else None,
        nurse=visit.nurse_id if visit else None,
        is_planned=planned.state == "planned" and plan.course.state == "active",
        is_movable=visit is None or visit.status in MOVABLE,
        deceased=row.patient.deceased,
        from_on=row.from_on,
        wanted=wanted_of(each.wishes),
        own_induction=tuple(own),
        others=tuple(others),
        partners=_partners(plan, planned, read.clinic),
        busy=tuple((v.starts_at, v.ends_at) for v in plan.visits if visit is None or v.pk != visit.pk),
        has_open_offer=row.pk in read.open_to,
        declined=read.declined.get(row.pk, frozenset()),
        kept="" if has_room else kept,
    )


def _phases(read: Freeable, key: int, planned: PlannedInfusion, on: date) -> tuple[Phase, ...]:
    if (key, on) not in read.phases:
        read.phases[key, on] = read.plans[key].phases(planned, on)
    return read.phases[key, on]


def _partners(plan: CoursePlan, planned: PlannedInfusion, clinic: Clinic) -> tuple[tuple[int, date], ...]:
    if planned.ordinal != 1:
        return ()
    rows = [(row.ordinal, plan.visit_of(row)) for row in plan.induction if row.ordinal > 1]
    return tuple((ordinal, day_of(visit, clinic)) for ordinal, visit in rows if visit is not None)


def wanted_of(wishes: Wishes | None) -> Wanted:
    """A patient's wishes as the waiting list reads them."""
    if wishes is None:
        return Wanted()
    return Wanted(
        weekdays=frozenset(wishes.weekdays),
        not_before=wishes.not_before,
        not_after=wishes.not_after,
        place=wishes.place,
        notice=timedelta(hours=wishes.notice_hours),
    )


def freed_times(clinic: Clinic, read: Freeable, *, now: datetime) -> list[FreedTime]:
    """Times given up in the last days that are still free and not too near, the soonest first, with how many of those
    who wait could be offered each.
    """
    given_up = _given_up(clinic, now)
    days = {local_date(starts, clinic.zone) for starts, _ in given_up}
    capacity = read_days(clinic, days, now=now)
    kept = kept_days(clinic, capacity, now=now)
    seats = {chair.pk: chair for chair in Chair.objects.of(clinic)}
    found: list[FreedTime] = []
    for (starts, key), at in sorted(given_up.items()):
        day = capacity[local_date(starts, clinic.zone)]
        minutes = free_minutes(day, key, starts)
        if minutes and len(found) < SHOWN_FREED:
            fits = len(_ranked(read, Freed(starts, key), day, kept, now=now).fits)
            found.append(FreedTime(starts, starts + timedelta(minutes=minutes), seats[key], at, fits))
    return found


def worth_offering(clinic: Clinic, *, now: datetime) -> list[FreedTime]:
    """The freed times that somebody who waits could have; one query where nobody waits."""
    if not entries(clinic).filter(state="waiting").exists():
        return []
    return [each for each in freed_times(clinic, read_waiting(clinic, now=now), now=now) if each.fits]


def _given_up(clinic: Clinic, now: datetime) -> dict[tuple[datetime, int], datetime]:
    """Starts and chairs of infusions that were cancelled or moved away lately, with when that was: two queries."""
    changes = VisitVersion.objects.of(clinic).filter(
        at__gte=now - timedelta(days=FREED_DAYS), change__in=("moved", "cancelled"), visit__kind="infusion"
    )
    rows = (
        VisitVersion.objects.of(clinic)
        .filter(visit__in=changes.order_by().values("visit"))
        .order_by("visit_id", "version")
        .values_list("visit_id", "version", "change", "status", "starts_at", "chair_id", "chair_name", "at")
    )
    names = dict(Chair.objects.of(clinic).values_list("name", "pk"))
    soonest = now + timedelta(hours=clinic.waitlist_notice_hours)
    found: dict[tuple[datetime, int], datetime] = {}
    before = None
    for row in rows:
        if before is not None and before[0] == row[0] and row[2] in ("moved", "cancelled"):
            _, _, _, status, starts, chair, chair_name, _ = before
            key = chair or names.get(chair_name)
            gone = row[2] == "cancelled" or (row[4], row[5] or names.get(row[6])) != (starts, key)
            recent = row[7] >= now - timedelta(days=FREED_DAYS)
            if key and gone and recent and status in STANDING and starts >= soonest:
                found[starts, key] = max(row[7], found.get((starts, key), row[7]))
        before = row
    return found


def offers(clinic: Clinic) -> QuerySet[WaitlistOffer]:
    return WaitlistOffer.objects.of(clinic).select_related(
        "clinic",
        "patient",
        "hold__chair",
        "hold__nurse__user",
        "offered_by",
        "entry__planned_infusion__course",
        "entry__patient",
        "entry__clinic",
    )


def offer(clinic: Clinic, pk: int) -> WaitlistOffer:
    """One offer of the clinic, or 404."""
    return or_404(offers(clinic), pk=pk)


def own_offer(patient: Patient, pk: int) -> WaitlistOffer:
    """One of the patient's own offers, or 404."""
    return or_404(offers(patient.clinic).filter(patient=patient), pk=pk)


def is_open(found: WaitlistOffer, now: datetime) -> bool:
    """Whether an offer can still be accepted, whatever job ran or did not."""
    return found.state == "open" and found.expires_at > now


def open_offers(clinic: Clinic, *, now: datetime, patient: Patient | None = None) -> list[WaitlistOffer]:
    """Offers that can still be accepted, the one that ends first at the head."""
    rows = offers(clinic).filter(state="open", expires_at__gt=now)
    if patient is not None:
        rows = rows.filter(patient=patient)
    return list(rows.order_by("expires_at", "hold_id", "rank"))


def past_offers(clinic: Clinic, *, now: datetime) -> list[WaitlistOffer]:
    """What became of the latest offers, newest first."""
    rows = offers(clinic).exclude(state="open", expires_at__gt=now)
    return list(rows.order_by("-offered_at", "rank")[:SHOWN_HISTORY])


def standing_hold(clinic: Clinic, freed: Freed, *, now: datetime) -> ChairHold | None:
    """The hold that keeps exactly this time in this chair, if one does."""
    rows = ChairHold.objects.of(clinic).filter(
        chair=freed.chair, starts_at=freed.starts, released_at__isnull=True, expires_at__gt=now
    )
    return rows.first()


def visit_of(planned: PlannedInfusion) -> Visit | None:
    """The standing visit a patient has now for an infusion they would take earlier."""
    rows = Visit.objects.of(planned.clinic).filter(planned_infusion=planned, status__in=STANDING)
    return rows.select_related("chair", "nurse__user").first()
