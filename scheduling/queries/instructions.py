"""Reading what patients are asked to hold: what stands for an infusion, and what stood before."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from clinics.models import Clinic
from clinics.queries import or_404
from patients.models import Patient
from scheduling.domain.instructions import day_held
from scheduling.models import Course, HoldInstruction, Visit


def _instructions(clinic: Clinic) -> QuerySet[HoldInstruction]:
    return HoldInstruction.objects.of(clinic).select_related(
        "clinic", "patient", "course", "entered_by", "ended_by"
    )


def hold_instruction(clinic: Clinic, pk: int) -> HoldInstruction:
    """One instruction of the clinic, or 404."""
    return or_404(_instructions(clinic), pk=pk)


def hold_instructions(patient: Patient, *, on: date) -> list[HoldInstruction]:
    """What a prescriber asks the patient to hold for an infusion on a day, each with its first and last day."""
    rows = _instructions(patient.clinic).filter(
        patient=patient, ended_at__isnull=True, course__state="active"
    )
    found = list(rows)
    for row in found:
        row.from_on = day_held(on, row.days_before, before=True)
        row.until_on = day_held(on, row.days_after, before=False)
    return found


def instructions_of(course: Course) -> list[HoldInstruction]:
    """Everything that was ever entered for a course: what stands first, then what has ended, newest first."""
    rows = _instructions(course.clinic).filter(course=course)
    return sorted(rows, key=lambda row: (row.ended_at is not None, -row.entered_at.timestamp(), -row.pk))


def instruction_of_form(patient: Patient, key: UUID) -> HoldInstruction | None:
    """The instruction that this filled-in form made already, if it did."""
    return HoldInstruction.objects.of(patient.clinic).filter(patient=patient, key=key).first()


def next_infusion_visit(patient: Patient, now: datetime) -> Visit | None:
    """The patient's next infusion that is booked and has not begun."""
    rows = Visit.objects.of(patient.clinic).filter(
        patient=patient, kind="infusion", status__in=["pending", "booked"], starts_at__gt=now
    )
    return rows.order_by("starts_at").first()
