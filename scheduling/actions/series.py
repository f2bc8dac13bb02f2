"""Moving a series: one infusion and what follows it, all or nothing, in one batch and so in one notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling.domain.booking import Seat, clearance_refusal, person_refusal
from scheduling.domain.capacity import total_minutes
from scheduling.domain.course import in_words
from scheduling.domain.series import CEASE, DEFER, OMIT, Decision
from scheduling.domain.soft import Accepted
from scheduling.models import Course, DoseDecision, PlannedInfusion, ScheduleChange, Visit
from scheduling.queries import (
    Ask,
    CoursePlan,
    Step,
    handovers_of,
    moved_with_all,
    read_plan,
    series,
    signed,
    today_of,
)

from .breaches import note_breaches
from .changes import note_change, standing
from .judging import Objection, accept
from .planning import begin_on, follow_booked, replan
from .transactions import lock_clinic, lock_course, lock_places, whole
from .visits import NO_REASON, STALE, changed, move_to

PRESCRIBER = Refusal(
    "prescriber_needed",
    "Letting what follows move as well is a prescriber's decision. Ask one, or move only this.",
)
Asked = Callable[[CoursePlan], Ask | Refusal]
AUDITED = {DEFER: "deferred infusion", OMIT: "left out infusion", CEASE: "ended series"}


def move_series(
    *,
    visit: Visit,
    seat: Seat,
    versions: Mapping[int, int],
    reason: str,
    batch: UUID,
    by: User | None,
    now: datetime,
    seats: Mapping[int, Seat] | None = None,
    held: frozenset[int] = frozenset(),
    prescriber: bool = False,
    accepted: Accepted | None = None,
) -> ScheduleChange:
    """Move an infusion visit and all that follows it, or nothing. ``seats`` are the times shown for the later ones, by
    ordinal; ``held`` are those whose time is given up for a held window; ``versions`` are those of every booked
    infusion of the course as the page showed them. The same ``batch`` sent twice is one move; one that was
    undone meanwhile is a stale page.

    Refused without a reason, on a stale page, without a clearance that stands, where a time is taken or out of reach,
    inside the minimum interval, and from the second infusion on without a prescriber. Soft rules among ``accepted``
    are passed and the breach is recorded.
    """
    if visit.planned_infusion is None:
        raise ValueError("a follow-up is moved by move_follow_up")

    def asked(plan: CoursePlan) -> Ask | Refusal:
        current = next((each for each in plan.visits if each.pk == visit.pk), None)
        ask = moved_with_all(plan, current, seat) if current else STALE
        if isinstance(ask, Refusal):
            return ask
        if ask.decision is not None and not prescriber:
            return PRESCRIBER
        return replace(ask, seats={**(seats or {}), **ask.seats}, held=held, prescriber=prescriber)

    course = visit.planned_infusion.course
    told: dict[str, Any] = {"reason": reason, "batch": batch, "by": by, "now": now}
    return change_series(course, asked, versions=versions, accepted=accepted, **told)


def change_series(
    course: Course,
    asked: Asked,
    *,
    reason: str,
    batch: UUID,
    by: User | None,
    now: datetime,
    versions: Mapping[int, int] | None = None,
    accepted: Accepted | None = None,
) -> ScheduleChange:
    """Change a course's series as ``asked`` of it behind its lock.

    The visits, the planned infusions, the decision and the change's own row are written in one transaction.
    """
    if not reason.strip():
        raise Refused(NO_REASON)

    def attempt() -> ScheduleChange:
        held = lock_course(course)
        done = ScheduleChange.objects.of(held.clinic).filter(patient=held.patient, batch=batch).first()
        if done is not None and done.undone_at is None:
            return done
        if done is not None:
            raise Refused(STALE)
        plan = read_plan(held)
        if versions is not None and dict(versions) != versions_shown(plan):
            raise Refused(STALE)
        ask = asked(plan)
        if isinstance(ask, Refusal):
            raise Refused(ask)
        steps, broken = _decided(plan, ask, accepted, by=by, now=now)
        change = _write(plan, ask, steps, reason.strip(), batch, by, now)
        for step in steps:
            theirs = [each.refusal for each in broken if each.ordinal == step.ordinal]
            if step.visit is not None and accepted is not None:
                note_breaches(step.visit, theirs, reason=accepted.reason, by=by, now=now)
        return change

    return whole(attempt)


def versions_shown(plan: CoursePlan) -> dict[int, int]:
    """The version of every booked infusion of a course: what a page must have shown to change its series."""
    keys = {row.pk for row in plan.planned if row.state == "planned"}
    return {visit.pk: visit.version for visit in plan.visits if visit.planned_infusion_id in keys}


def _decided(
    plan: CoursePlan, ask: Ask, accepted: Accepted | None, *, by: User | None, now: datetime
) -> tuple[tuple[Step, ...], list[Objection]]:
    """The steps behind the locks of every chair and nurse they need, and the soft rules that are passed; or Refused
    with every reason.
    """
    course = plan.course
    if course.state != "active":
        raise Refused(Refusal("course_not_active", "This course has ended."))
    steps = _series(plan, ask, now=now)
    seats = {step.ordinal: step.seat for step in steps if step.seat}
    if seats:
        first = min(local_date(seat.starts, plan.clinic.zone) for seat in seats.values())
        against = [
            person_refusal(deceased=course.patient.deceased, years=course.patient.age_on(first)),
            clearance_refusal(signed(course.clearance), today=today_of(plan.clinic, now)),
        ]
        if any(against):
            raise Refused(*[each for each in against if each])
        nurses = [nurse for seat in seats.values() for nurse in (seat.nurse, *(n for _, n in seat.handovers))]
        lock_places(plan.clinic, [seat.chair for seat in seats.values()], nurses)
        lock_clinic(plan.clinic)
        # What was found without the locks is judged again behind them.
        steps = _series(plan, replace(ask, seats=seats), now=now)
    found = [Objection(refusal, step.ordinal) for step in steps for refusal in step.refusals]
    return steps, accept(found, accepted, clinic=plan.clinic, by=by)


def _series(plan: CoursePlan, ask: Ask, *, now: datetime) -> tuple[Step, ...]:
    steps = series(plan, ask, now=now)
    if isinstance(steps, Refusal):
        raise Refused(steps)
    return steps


def _write(
    plan: CoursePlan,
    ask: Ask,
    steps: tuple[Step, ...],
    reason: str,
    batch: UUID,
    by: User | None,
    now: datetime,
) -> ScheduleChange:
    course, before = plan.course, standing(plan.course, plan.planned)
    _write_visits(steps, reason, batch, by, now)
    if ask.start is not None:
        begin_on(course=course, day=ask.start, by=by, now=now)
    if ask.decision is not None:
        _write_decision(course, ask.decision, reason, batch, by, now)
    else:
        follow_booked(course=course, ordinals=[step.ordinal for step in steps if step.seat], now=now)
    for step in steps:
        if step.held and step.visit is not None:
            minutes = (step.visit.ends_at - step.visit.starts_at).seconds // 60
            row = PlannedInfusion.objects.of(course.clinic).filter(pk=step.before.pk)
            row.update(held_at=now, held_minutes=minutes)
    return note_change(
        course.clinic,
        course.patient,
        course,
        batch,
        "move" if ask.start else "decide",
        _summary(ask, steps),
        before,
        by,
        now,
    )


def _write_decision(
    course: Course, decision: Decision, reason: str, batch: UUID, by: User | None, now: datetime
) -> None:
    """Write a decision and plan the course anew with it, inside a transaction that holds the course."""
    row = DoseDecision.objects.create(
        clinic=course.clinic,
        patient=course.patient,
        course=course,
        ordinal=decision.n,
        kind=decision.kind,
        days=decision.days,
        carries=decision.carries,
        reason=reason,
        batch=batch,
        by=by,
        at=now,
    )
    changes = replan(course, now=now)
    record(
        clinic=course.clinic,
        by=by,
        verb=AUDITED[decision.kind],
        subject=row,
        record_number=course.patient.record_number,
        changes={
            "infusion": decision.n,
            **({"days": decision.days, "carries": decision.carries} if decision.kind == DEFER else {}),
            "reason": reason,
            **changes,
        },
    )


def _write_visits(steps: tuple[Step, ...], reason: str, batch: UUID, by: User | None, now: datetime) -> None:
    """Give up what is given up; then move the visits so that none comes to stand where the next one still is."""
    for step in steps:
        if step.gives_up and step.visit is not None:
            words = f"{'Held as a window' if step.held else 'Not given'}: {reason}"[:250]
            changed(step.visit, "cancelled", by=by, now=now, batch=batch, reason=words, status="cancelled")
    going = [(step, step.visit, step.seat) for step in steps if step.visit and step.seat]
    later = [each for each in going if each[2].starts > each[1].starts_at]
    sooner = [each for each in going if each[2].starts <= each[1].starts_at]
    for step, visit, seat in (*reversed(later), *sooner):
        if _stays(visit, seat, total_minutes(step.phases)):
            continue
        move_to(visit, seat, step.phases, by=by, now=now, batch=batch, reason=reason)


def _stays(visit: Visit, seat: Seat, minutes: int) -> bool:
    same = Seat(visit.starts_at, visit.chair_id or 0, visit.nurse_id or 0, handovers_of(visit)) == seat
    return same and (visit.ends_at - visit.starts_at).seconds // 60 == minutes


def _summary(ask: Ask, steps: tuple[Step, ...]) -> str:
    if ask.start is not None:
        return f"Moved infusion 1 to {in_words(ask.start)}, and what follows"
    decision, n = ask.decision, ask.ordinal
    if decision is None or decision.kind == DEFER:
        days = decision.days if decision else 0
        way = "Deferred" if days > 0 else "Brought forward"
        follows = ", and what follows" if decision and decision.carries else ""
        return f"{way} infusion {n} by {abs(days)} {'day' if abs(days) == 1 else 'days'}{follows}"
    if decision.kind == OMIT:
        return f"Left out infusion {n}"
    return f"Ended the series before infusion {n} ({len([s for s in steps if s.after is None])} not given)"
