"""Planning a course's infusions: from the anchor, anew after each dose, and to the horizon."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import uuid4

from django.db import transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from regimens.domain.definition import Regimen
from regimens.domain.sequence import Phase, leads, slot_of
from scheduling.domain.booking import clearance_refusal
from scheduling.domain.course import GivenDose, in_words
from scheduling.domain.series import Decision, ceases_at, is_omitted
from scheduling.models import Course, PlannedInfusion
from scheduling.queries import (
    amounts_of,
    decided,
    dose_fields,
    plan_anew,
    planned_of,
    regimen,
    signed,
    started,
    today_of,
)

from .changes import note_change, standing
from .transactions import lock_course, retried
from .visits import visits_of_course


def write_given(course: Course, what: Regimen, dose: GivenDose) -> None:
    """Write an infusion given before the course was kept here, with the protocol's dose."""
    slot = slot_of(what, dose.n)
    assert slot is not None, "only infusions of the regimen are continued"
    amount = amounts_of(course).fields(slot.dose)
    if isinstance(amount, Refusal):
        raise Refused(amount)
    induction = slot.phase is Phase.INDUCTION
    PlannedInfusion.objects.create(
        clinic=course.clinic,
        patient=course.patient,
        course=course,
        ordinal=dose.n,
        phase=slot.phase.value,
        opens_with=None if slot.opens == (1 if induction else dose.n) else slot.opens,
        **amount,
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
    decisions = decided(course)
    plan = plan_anew(course, rows.values(), now=now, decisions=decisions)
    if isinstance(plan, Refusal):
        raise Refused(plan)
    changes: dict[str, list[str]] = {}
    amounts = amounts_of(course, rows.values())
    for dose in plan:
        wanted = dose_fields(dose, amounts)
        if isinstance(wanted, Refusal):
            raise Refused(wanted)
        if dose.n in rows:
            changes.update(_update(rows[dose.n], wanted))
        else:
            PlannedInfusion.objects.create(
                clinic=clinic, patient=course.patient, course=course, ordinal=dose.n, **wanted
            )
    changes.update(_drop(rows, {dose.n for dose in plan}, decisions))
    return changes


def _update(row: PlannedInfusion, wanted: dict[str, object]) -> dict[str, list[str]]:
    differing = [name for name, value in wanted.items() if getattr(row, name) != value]
    if not differing:
        return {}
    before = row.planned_on
    if "dose_mg" in differing and row.rate_profile:
        # An optional profile was chosen for the dose there was.
        wanted, differing = wanted | {"rate_profile": ""}, [*differing, "rate_profile"]
    for name in differing:
        setattr(row, name, wanted[name])
    row.save(update_fields=differing)
    if before == row.planned_on:
        return {}
    return {f"infusion {row.ordinal}": [str(before), str(row.planned_on)]}


def _drop(
    rows: dict[int, PlannedInfusion], planned: set[int], decisions: tuple[Decision, ...]
) -> dict[str, list[str]]:
    """Cancel what the plan no longer holds: infusions passed over by a later dose, left out or no longer given. What
    was held for them is let go.
    """
    last_given = max((row.ordinal for row in rows.values() if row.given_on), default=0)
    end, changes = ceases_at(decisions), {}
    for ordinal, row in rows.items():
        if row.state != "planned" or ordinal in planned:
            continue
        left_out = is_omitted(decisions, ordinal)
        if left_out or ordinal < last_given or (end is not None and ordinal >= end):
            row.state = "omitted" if left_out else "cancelled"
            row.held_at, row.held_minutes = None, 0
            row.save(update_fields=["state", "held_at", "held_minutes"])
            word = "left out" if left_out else "passed over" if ordinal < last_given else "no longer given"
            changes[f"infusion {ordinal}"] = [str(row.planned_on), word]
    return changes


def follow_booked(*, course: Course, ordinals: Iterable[int], now: datetime) -> None:
    """Plan a course anew where infusions were booked or moved that others count from before they are given: the second
    of a later pair from the first. Inside a transaction that holds the course.
    """
    what = regimen(course)
    begun = started(course, what)
    if any(leads(what, n, begun) for n in ordinals):
        replan(course, now=now)


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


@retried
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
    if start_on != course.start_on:
        before = standing(course)
        begin_on(course=course, day=start_on, by=by, now=now)
        words = f"Course begins on {in_words(start_on)}"
        note_change(course.clinic, course.patient, course, uuid4(), "decide", words, before, by, now)
    return course


@retried
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


@retried
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
