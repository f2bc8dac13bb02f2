"""Planning a course's infusions: from the anchor, anew after each dose, and to the horizon."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from clinics.queries import calendar
from regimens.domain.definition import Regimen
from scheduling.domain.booking import clearance_refusal
from scheduling.domain.course import GivenDose, PlannedDose, horizon_until, in_words, plan_course
from scheduling.models import Course, PlannedInfusion
from scheduling.queries import history, planned_of, regimen, signed, today_of

from .transactions import lock_course
from .visits import visits_of_course


def write_given(course: Course, what: Regimen, dose: GivenDose) -> None:
    """Write an infusion given before the course was kept here, with the protocol's dose."""
    induction = dose.n <= len(what.induction)
    maintenance = what.maintenance
    amount = what.induction[dose.n - 1].dose if induction or maintenance is None else maintenance.dose
    PlannedInfusion.objects.create(
        clinic=course.clinic,
        patient=course.patient,
        course=course,
        ordinal=dose.n,
        phase="induction" if induction else "maintenance",
        dose_mg=amount.amount,
        target_on=dose.on,
        earliest_on=dose.on,
        latest_on=dose.on,
        planned_on=dose.on,
        state="given",
        given_on=dose.on,
    )


@transaction.atomic
def replan_course(*, course: Course, by: User | None, now: datetime) -> list[PlannedInfusion]:
    """Plan a course's remaining infusions anew: from the anchor as given, to 24 months beyond the last one
    given.

    What was skipped by a later dose is cancelled; a booked visit keeps its time, and its window moves with
    the anchor. Returns the course's infusions in order.
    """
    course = lock_course(course)
    changes = replan(course, now=now)
    if changes:
        record(
            clinic=course.clinic,
            by=by,
            verb="replanned course",
            subject=course,
            record_number=course.patient.record_number,
            changes=changes,
        )
    return planned_of(course)


def replan(course: Course, *, now: datetime) -> dict[str, list[str]]:
    """Write the plan of a course that is held; returns what changed as ``{infusion: [before, after]}``."""
    if course.state != "active":
        return {}
    clinic, rows = course.clinic, {row.ordinal: row for row in planned_of(course)}
    given = [GivenDose(row.ordinal, row.given_on) for row in rows.values() if row.given_on is not None]
    last = max((dose.on for dose in given), default=None)
    anchor = next((dose.on for dose in given if dose.n == 1), course.start_on)
    until = horizon_until(anchor, last)
    first = min(anchor, today_of(clinic, now)) - timedelta(days=60)
    opening = calendar(clinic, first, until + timedelta(days=180))
    plan = plan_course(
        regimen(course),
        start=course.start_on,
        until=until,
        closed=opening.closed_because,
        given=given,
        history=history(course.patient).given,
        today=today_of(clinic, now),
    )
    if isinstance(plan, Refusal):
        raise Refused(plan)
    changes = {}
    for dose in plan:
        if dose.n in rows:
            changes.update(_update(rows[dose.n], dose))
        else:
            PlannedInfusion.objects.create(
                clinic=clinic, patient=course.patient, course=course, ordinal=dose.n, **_fields(dose)
            )
    changes.update(_drop(rows, {dose.n for dose in plan}, max((dose.n for dose in given), default=0)))
    return changes


def _fields(dose: PlannedDose) -> dict[str, Any]:
    return {
        "phase": dose.phase.value,
        "dose_mg": dose.dose.amount,
        "target_on": dose.target,
        "earliest_on": dose.earliest,
        "latest_on": dose.latest,
        "planned_on": dose.planned_on or dose.target,
        "moved_reason": dose.moved_reason,
        "concern": dose.concern,
        "state": "planned",
    }


def _update(row: PlannedInfusion, dose: PlannedDose) -> dict[str, list[str]]:
    wanted = _fields(dose)
    differing = [name for name, value in wanted.items() if getattr(row, name) != value]
    if not differing:
        return {}
    before = row.planned_on
    for name in differing:
        setattr(row, name, wanted[name])
    row.save(update_fields=differing)
    if before == row.planned_on:
        return {}
    return {f"infusion {row.ordinal}": [str(before), str(row.planned_on)]}


def _drop(rows: dict[int, PlannedInfusion], planned: set[int], last_given: int) -> dict[str, list[str]]:
    """Cancel what the plan no longer holds: infusions passed over by a later dose."""
    changes = {}
    for ordinal, row in rows.items():
        if row.state == "planned" and ordinal not in planned and ordinal < last_given:
            row.state = "cancelled"
            row.save(update_fields=["state"])
            changes[f"infusion {ordinal}"] = [str(row.planned_on), "passed over"]
    return changes


def begin_on(*, course: Course, day: date, by: User | None, now: datetime) -> None:
    """Let a course count from another first day, and plan it anew. Inside a transaction that holds the
    course.
    """
    if course.start_on == day:
        return
    before, course.start_on = course.start_on, day
    course.save(update_fields=["start_on"])
    changes = replan(course, now=now)
    record(
        clinic=course.clinic,
        by=by,
        verb="moved course start",
        subject=course,
        record_number=course.patient.record_number,
        changes={"start_on": [str(before), str(day)], **changes},
    )


@transaction.atomic
def change_start(*, course: Course, start_on: date, by: User, now: datetime) -> Course:
    """Let the prescriber begin a course on another day. Refused in the past, outside the clearance, and once
    the first infusion is given or booked: a booked one is moved instead.
    """
    course = lock_course(course)
    today = today_of(course.clinic, now)
    first = next((row for row in planned_of(course) if row.ordinal == 1), None)
    reason = clearance_refusal(signed(course.clearance), today=max(start_on, today))
    if course.state != "active" or first is None or first.state != "planned":
        reason = Refusal("begun", "This course has begun already.")
    elif visits_of_course([first]):
        reason = Refusal("already_booked", "The first infusion is booked: move its visit instead.")
    elif start_on < today:
        reason = Refusal("start_in_past", "A course begins today or later.", "start_on")
    if reason:
        raise Refused(reason)
    begin_on(course=course, day=start_on, by=by, now=now)
    return course


@transaction.atomic
def mark_given(
    *, planned: PlannedInfusion, on: date, by: User | None, now: datetime, reaction_grade: int = 0
) -> PlannedInfusion:
    """Note that an infusion was given on a local day, and the CTCAE grade of its reaction (0 for none).

    The course is planned anew from it; the next booking's rate and length follow the reaction.
    """
    course = lock_course(planned.course)
    PlannedInfusion.objects.of(course.clinic).filter(pk=planned.pk).update(
        state="given", given_on=on, reaction_grade=reaction_grade
    )
    planned.refresh_from_db()
    _note_given(planned, by, [None, f"given on {in_words(on)}"])
    if planned.ordinal == 1 and course.start_on != on:
        course.start_on = on
        course.save(update_fields=["start_on"])
    replan_course(course=course, by=by, now=now)
    return planned


@transaction.atomic
def mark_not_given(*, planned: PlannedInfusion, by: User | None, now: datetime) -> PlannedInfusion:
    """Take back that an infusion was given, pressed by mistake; the course is planned as before."""
    course = lock_course(planned.course)
    PlannedInfusion.objects.of(course.clinic).filter(pk=planned.pk).update(
        state="planned", given_on=None, reaction_grade=0
    )
    planned.refresh_from_db()
    _note_given(planned, by, ["given", "planned"])
    replan_course(course=course, by=by, now=now)
    return planned


def _note_given(planned: PlannedInfusion, by: User | None, change: list[str | None]) -> None:
    record(
        clinic=planned.clinic,
        by=by,
        verb="noted infusion",
        subject=planned,
        record_number=planned.patient.record_number,
        changes={"state": change},
    )
