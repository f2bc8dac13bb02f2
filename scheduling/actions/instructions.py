"""What a prescriber asks a patient to hold before an infusion: entered, changed and ended, never edited."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from clinics.actions import open_task, record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right, Role
from clinics.domain.text import problem_with_text
from clinics.models import User
from clinics.queries import active_memberships, or_404
from scheduling import queries
from scheduling.domain.instructions import FARTHEST_DAYS, must_call
from scheduling.models import Course, HoldInstruction

LONGEST_MEDICINE, LONGEST_INSTRUCTION = 100, 500
ENDED = Refusal("already_ended", "A colleague has changed or ended this instruction meanwhile.")


@transaction.atomic
def enter_hold_instruction(
    *,
    course: Course,
    medicine: str,
    words: str,
    days_before: int | None,
    days_after: int | None,
    key: UUID,
    by: User,
    now: datetime,
    replaces: HoldInstruction | None = None,
) -> HoldInstruction:
    """A prescriber enters what the patient does about a medicine around each infusion; one that it replaces ends.

    The same form sent twice is one instruction. Where the reminder before the next infusion has gone or is about to, a
    task asks a nurse to call the patient. Refused without a medicine or without words, in an ended course, and where a
    colleague has changed the replaced one.
    """
    _must_prescribe(course, by)
    held = or_404(Course.objects.of(course.clinic).select_for_update(), pk=course.pk)
    before = queries.instruction_of_form(held.patient, key)
    if before is not None:
        return before
    medicine, words = medicine.strip(), words.strip()
    problems = [
        *_problems("medicine", medicine, LONGEST_MEDICINE, "Name the medicine."),
        *_problems("words", words, LONGEST_INSTRUCTION, "Write what the patient does."),
        *_days("days_before", days_before),
        *_days("days_after", days_after),
    ]
    if held.state != "active":
        problems.append(Refusal("course_not_active", "This course has ended."))
    if problems:
        raise Refused(*problems)
    if replaces is not None:
        _end(replaces, by, now)
    row = HoldInstruction.objects.create(
        clinic=held.clinic,
        patient=held.patient,
        course=held,
        medicine=medicine,
        words=words,
        days_before=days_before,
        days_after=days_after,
        key=key,
        replaces=replaces,
        entered_by=by,
        entered_at=now,
    )
    changes = {"medicine": medicine, "words": words, "days": [days_before, days_after]}
    _note(row, "entered hold instruction", by, **changes, replaces=replaces.pk if replaces else None)
    _ask_for_call(row, "New" if replaces is None else "Changed", now)
    return row


@transaction.atomic
def end_hold_instruction(*, instruction: HoldInstruction, by: User, now: datetime) -> HoldInstruction:
    """A prescriber ends an instruction: it stands for no further infusion. Refused where it has ended already."""
    _must_prescribe(instruction.course, by)
    _end(instruction, by, now)
    _note(instruction, "ended hold instruction", by, medicine=instruction.medicine)
    _ask_for_call(instruction, "Ended", now)
    return queries.hold_instruction(instruction.clinic, instruction.pk)


def _end(row: HoldInstruction, by: User, now: datetime) -> None:
    standing = HoldInstruction.objects.of(row.clinic).filter(pk=row.pk, ended_at__isnull=True)
    if not standing.update(ended_at=now, ended_by=by):
        raise Refused(ENDED)


def _ask_for_call(row: HoldInstruction, verb: str, now: datetime) -> None:
    visit, zone = queries.next_infusion_visit(row.patient, now), row.clinic.zone
    today = local_date(now, zone)
    if visit is None or not must_call(local_date(visit.starts_at, zone), today):
        return
    open_task(
        clinic=row.clinic,
        kind="call_patient",
        role=Role.NURSE,
        due_on=today,
        reason=f"{verb}: what {row.patient} does about {row.medicine} before the infusion. The reminder was "
        "written without it. Call the patient today, and read out what stands on the course page.",
        cause=f"hold_instruction:{row.pk}:{verb.lower()}",
        record_number=row.patient.record_number,
    )


def _must_prescribe(course: Course, by: User) -> None:
    if not any(m.clinic_id == course.clinic_id and m.may(Right.PRESCRIBE) for m in active_memberships(by)):
        raise Refused(Refusal("not_a_prescriber", "Only a prescriber of this clinic may do that."))


def _problems(field: str, text: str, longest: int, needed: str) -> list[Refusal]:
    if not text:
        return [Refusal("text_missing", needed, field)]
    if problem := problem_with_text(text):
        return [Refusal("text_unreadable", problem, field)]
    if len(text) > longest:
        return [Refusal("text_too_long", f"At most {longest} letters, please.", field)]
    return []


def _days(field: str, days: int | None) -> list[Refusal]:
    if days is None or 0 <= days <= FARTHEST_DAYS:
        return []
    return [Refusal("days_out_of_range", f"Between 0 and {FARTHEST_DAYS} days.", field)]


def _note(row: HoldInstruction, verb: str, by: User, **changes: object) -> None:
    record(
        clinic=row.clinic,
        by=by,
        verb=verb,
        subject=row,
        record_number=row.patient.record_number,
        changes=changes,
    )
