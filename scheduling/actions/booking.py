"""Booking and moving infusions: lock the chairs and nurses in one order, read the day, decide purely, write.

Whoever was slower is told so, with the nearest free times. Behind it all stand the database's own walls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from uuid import uuid4

from django.db.models import Q

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from scheduling.domain.booking import (
    RACED,
    Seat,
    clearance_refusal,
    interval_refusal,
    just_taken,
    pair_refusal,
    person_refusal,
    time_refusal,
    window_refusal,
)
from scheduling.domain.capacity import DayCapacity, total_minutes
from scheduling.domain.course import in_words
from scheduling.domain.status import MOVABLE, STANDING
from scheduling.models import Course, PlannedInfusion, Visit
from scheduling.queries import CoursePlan, nearest, read_days, read_plan, signed, today_of

from .planning import begin_on
from .transactions import lock_course, lock_places, whole
from .visits import NO_REASON, STALE, move_to, new_infusion, not_movable

NO_PAIR = Refusal("no_pair", "This course has no induction pair left to book.")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One infusion and the seat wanted for it; ``version`` is the visit's that the page showed, None to book
    anew.
    """

    ordinal: int
    seat: Seat
    version: int | None = None


def book_pair(
    *, course: Course, first: Seat, second: Seat, by: User | None, now: datetime
) -> tuple[Visit, Visit]:
    """Book the induction pair, both visits or neither; the course's dates count from the first one's day.

    The same pair booked twice by the same person is one booking. Refused without a standing clearance, after
    death or under 18, outside the windows, inside the minimum interval, in the past, on closed days or
    outside opening hours, and where chair or nurse are taken: then with the nearest free pairs as
    alternatives.
    """
    visits = _placed(course, [_Wanted(1, first), _Wanted(2, second)], by=by, now=now)
    return visits[0], visits[1]


def book_single(*, planned: PlannedInfusion, seat: Seat, by: User | None, now: datetime) -> Visit:
    """Book one infusion of a course in its window; refused as book_pair."""
    return _placed(planned.course, [_Wanted(planned.ordinal, seat)], by=by, now=now)[0]


def move_visit(
    *, visit: Visit, seat: Seat, version: int, reason: str, by: User | None, now: datetime
) -> Visit:
    """Move one infusion visit, with a reason. ``version`` is the one the page showed. Refused as book_pair,
    on a stale page, and where a booked day 15 would fall out of its window.
    """
    if visit.planned_infusion is None:
        raise ValueError("a follow-up is moved by move_follow_up")
    wanted = [_Wanted(visit.planned_infusion.ordinal, seat, version)]
    return _placed(visit.planned_infusion.course, wanted, by=by, now=now, reason=reason, moving=True)[0]


def move_pair(
    *,
    course: Course,
    first: Seat,
    second: Seat,
    versions: tuple[int, int],
    reason: str,
    by: User | None,
    now: datetime,
) -> tuple[Visit, Visit]:
    """Move both visits of a booked induction pair, or neither; the patient gets one notice. Refused as
    move_visit.
    """
    wanted = [_Wanted(1, first, versions[0]), _Wanted(2, second, versions[1])]
    visits = _placed(course, wanted, by=by, now=now, reason=reason, moving=True)
    return visits[0], visits[1]


def _placed(
    course: Course,
    wanted: Sequence[_Wanted],
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    moving: bool = False,
) -> list[Visit]:
    """Place every wanted infusion or none. A lost race carries the nearest free times."""
    if moving and not reason.strip():
        raise Refused(NO_REASON)
    seen: list[CoursePlan] = []
    try:
        _refuse_if_gone(course, wanted, now=now)
        return whole(
            lambda: _attempt(course, wanted, seen, by=by, now=now, reason=reason.strip(), moving=moving)
        )
    except Refused as refused:
        if not set(refused.codes) & RACED:
            raise
        plan = seen[-1] if seen else read_plan(course)
        rows = [(plan.infusion(each.ordinal), each.seat) for each in wanted]
        moved = [visit.pk for visit in _visits_of(plan, wanted)] if moving else []
        found = nearest(plan, [(row, seat) for row, seat in rows if row], now=now, without=moved)
        raise Refused(*refused.reasons, alternatives=found) from refused


def _refuse_if_gone(course: Course, wanted: Sequence[_Wanted], *, now: datetime) -> None:
    """Tell whoever comes late at once, without waiting for a lock: one query, where nothing weightier is against it.

    The patient's own visits are left to the decision behind the locks, which knows a click answered before.
    """
    if _against_the_person(course, wanted, now=now):
        return
    at = [
        Q(chair=each.seat.chair, starts_at__lte=each.seat.starts, ends_at__gt=each.seat.starts)
        for each in wanted
    ]
    rows = Visit.objects.of(course.clinic).filter(reduce(or_, at), status__in=STANDING)
    taken = rows.exclude(patient=course.patient_id).select_related("chair").first()
    if taken is not None and taken.chair is not None:
        seat = next(each.seat for each in wanted if taken.starts_at <= each.seat.starts < taken.ends_at)
        raise Refused(_taken(taken.chair.name, seat, course.clinic))


def _visits_of(plan: CoursePlan, wanted: Sequence[_Wanted]) -> list[Visit]:
    rows = [plan.infusion(each.ordinal) for each in wanted]
    visits = [plan.visit_of(row) for row in rows if row is not None]
    return [visit for visit in visits if visit is not None]


def _keys(plan: CoursePlan, wanted: Sequence[_Wanted]) -> list[int]:
    return [row.pk for row in (plan.infusion(each.ordinal) for each in wanted) if row is not None]


def _attempt(
    course: Course,
    wanted: Sequence[_Wanted],
    seen: list[CoursePlan],
    *,
    by: User | None,
    now: datetime,
    reason: str,
    moving: bool,
) -> list[Visit]:
    course = lock_course(course)
    plan = read_plan(course)
    seen.append(plan)
    done = _done_already(plan, wanted, by)
    if done:
        return done
    chairs = lock_places(
        plan.clinic, [each.seat.chair for each in wanted], [each.seat.nurse for each in wanted]
    )
    refusals = _refusals(plan, wanted, now=now, moving=moving)
    if refusals:
        raise Refused(*refusals)
    batch, visits = uuid4(), []
    for each in wanted:
        planned = plan.infusion(each.ordinal)
        assert planned is not None
        phases = plan.phases(planned, local_date(each.seat.starts, plan.clinic.zone))
        standing = plan.visit_of(planned)
        if standing is None:
            visit = new_infusion(
                planned=planned,
                seat=each.seat,
                chair=chairs[each.seat.chair],
                phases=phases,
                by=by,
                now=now,
                batch=batch,
            )
        else:
            visit = move_to(standing, each.seat, phases, by=by, now=now, batch=batch, reason=reason)
        visits.append(visit)
    anchor = _anchor(plan, wanted)
    if anchor is not None:
        begin_on(course=course, day=anchor, by=by, now=now)
    return visits


def _done_already(plan: CoursePlan, wanted: Sequence[_Wanted], by: User | None) -> list[Visit]:
    """The visits, where this very click was answered before: the same person, times, chairs and nurses."""
    found = []
    for each in wanted:
        planned = plan.infusion(each.ordinal)
        visit = plan.visit_of(planned) if planned else None
        if visit is None or Seat(visit.starts_at, visit.chair_id or 0, visit.nurse_id or 0) != each.seat:
            return []
        if each.version is None and visit.booked_by_id != (by.pk if by else None):
            return []
        if each.version is not None and visit.version != each.version + 1:
            return []
        found.append(visit)
    return found


def _anchor(plan: CoursePlan, wanted: Sequence[_Wanted]) -> date | None:
    """The day of the course's first infusion, where that is among the wanted."""
    for each in wanted:
        if each.ordinal == 1:
            return local_date(each.seat.starts, plan.clinic.zone)
    return None


def _refusals(plan: CoursePlan, wanted: Sequence[_Wanted], *, now: datetime, moving: bool) -> list[Refusal]:
    """Every reason against it, the weightier kinds first: course and person, then dates, then the places."""
    first = _against_the_course(plan, wanted, now=now, moving=moving)
    if first:
        return first
    dates = [refusal for each in wanted for refusal in _against_the_date(plan, each, wanted, now=now)]
    return dates or _against_the_places(plan, wanted)


def _against_the_course(
    plan: CoursePlan, wanted: Sequence[_Wanted], *, now: datetime, moving: bool
) -> list[Refusal]:
    if len(wanted) > 1 and plan.pair is None:
        return [NO_PAIR]
    found = _against_the_person(plan.course, wanted, now=now)
    for each in wanted:
        refusal = _against_the_infusion(plan, each, moving)
        if refusal is not None:
            found.append(refusal)
    return list(dict.fromkeys(found))


def _against_the_person(course: Course, wanted: Sequence[_Wanted], *, now: datetime) -> list[Refusal]:
    """An ended course, death, youth, and a clearance that does not stand."""
    first = min(local_date(each.seat.starts, course.clinic.zone) for each in wanted)
    patient = course.patient
    found = [
        None if course.state == "active" else Refusal("course_not_active", "This course has ended."),
        person_refusal(deceased=patient.deceased, years=patient.age_on(first)),
        clearance_refusal(signed(course.clearance), today=today_of(course.clinic, now)),
    ]
    return [refusal for refusal in found if refusal is not None]


def _against_the_infusion(plan: CoursePlan, each: _Wanted, moving: bool) -> Refusal | None:
    """Whether the infusion can be booked, or its visit moved, at all."""
    planned = plan.infusion(each.ordinal)
    if planned is None or planned.state != "planned":
        return Refusal("not_planned", "This infusion is no longer planned. Look at the course again.")
    visit = plan.visit_of(planned)
    if not moving and visit is not None:
        on = in_words(local_date(visit.starts_at, plan.clinic.zone))
        return Refusal("already_booked", f"Infusion {planned.ordinal} is booked already, on {on}.")
    if moving and (visit is None or visit.version != each.version):
        return STALE
    if visit is not None and visit.status not in MOVABLE:
        return not_movable(visit)
    return None


def _against_the_date(
    plan: CoursePlan, each: _Wanted, wanted: Sequence[_Wanted], *, now: datetime
) -> list[Refusal]:
    planned = plan.infusion(each.ordinal)
    assert planned is not None
    day = local_date(each.seat.starts, plan.clinic.zone)
    own, others = plan.infusion_days(besides=_keys(plan, wanted))
    found = [
        time_refusal(each.seat.starts, now=now),
        window_refusal(day, plan.window(planned, anchor=_anchor(plan, wanted))),
        interval_refusal(plan.regimen, planned.ordinal, day, own_induction=own, others=others),
    ]
    if planned.ordinal == 1:
        kept = [(row, plan.visit_of(row)) for row in plan.induction if row.ordinal > 1]
        found += [
            pair_refusal(plan.regimen, day, row.ordinal, local_date(visit.starts_at, plan.clinic.zone))
            for row, visit in kept
            if visit is not None and row.pk not in _keys(plan, wanted)
        ]
    refusals = [refusal for refusal in found if refusal is not None]
    # What lies in the past is out of its window too; one reason says it.
    return refusals[:1] if refusals and refusals[0].code == "in_the_past" else refusals


def _against_the_places(plan: CoursePlan, wanted: Sequence[_Wanted]) -> list[Refusal]:
    """Chair, nurse and patient at the wanted times, as they stand behind the locks."""
    moving = [visit.pk for visit in _visits_of(plan, wanted)]
    days = {local_date(each.seat.starts, plan.clinic.zone) for each in wanted}
    capacity = read_days(plan.clinic, days, without=moving)
    found = []
    for each in wanted:
        planned = plan.infusion(each.ordinal)
        assert planned is not None
        day = local_date(each.seat.starts, plan.clinic.zone)
        phases = plan.phases(planned, day)
        ends = each.seat.starts + timedelta(minutes=total_minutes(phases))
        if plan.clashing(each.seat.starts, ends, besides=moving):
            found.append(Refusal("patient_busy", "The patient has another visit at that time.", "time"))
            continue
        fit = capacity[day].fits(each.seat.starts, phases, each.seat.chair, each.seat.nurse)
        if isinstance(fit, Refusal):
            found.append(_as_taken(fit, capacity[day], each.seat, plan))
    return found


def _as_taken(refusal: Refusal, day: DayCapacity, seat: Seat, plan: CoursePlan) -> Refusal:
    """A chair that was offered and is taken now went to somebody quicker."""
    return (
        refusal if refusal.code != "chair_taken" else _taken(day.chairs[seat.chair].name, seat, plan.clinic)
    )


def _taken(chair: str, seat: Seat, clinic: Clinic) -> Refusal:
    local = seat.starts.astimezone(clinic.zone)
    return just_taken(f"{chair}, {in_words(local.date())} at {local:%H:%M}")
