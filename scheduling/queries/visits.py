"""Reading visits: one visit with its history, and the visits of a patient."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from clinics.models import Clinic, Membership
from clinics.queries import members, or_404
from patients.models import Patient
from scheduling.domain.status import MOVABLE
from scheduling.models import Course, Visit, VisitVersion


def visits(clinic: Clinic) -> QuerySet[Visit]:
    return Visit.objects.of(clinic).select_related(
        "clinic",
        "patient",
        "chair",
        "nurse__user",
        "booked_by",
        "planned_infusion__course__regimen_version",
        "planned_infusion__course__clearance",
        "planned_infusion__course__diagnosis",
    )


def visit(clinic: Clinic, pk: int) -> Visit:
    """One visit of the clinic, or 404."""
    return or_404(visits(clinic), pk=pk)


def visits_of(patient: Patient) -> QuerySet[Visit]:
    """All of a patient's visits, whatever became of them, newest first."""
    return visits(patient.clinic).filter(patient=patient).order_by("-starts_at", "-id")


def upcoming_visits(patient: Patient, now: datetime) -> QuerySet[Visit]:
    """The patient's visits that are still to come or under way, in order."""
    return (
        visits_of(patient)
        .filter(status__in=["pending", "booked", "arrived"], ends_at__gt=now)
        .order_by("starts_at")
    )


def versions_of(visit: Visit) -> list[VisitVersion]:
    """What the visit was after each change, and who changed it; oldest first."""
    rows = VisitVersion.objects.of(visit.clinic).filter(visit=visit)
    return list(rows.select_related("by").order_by("version"))


def visits_to_come(course: Course) -> list[Visit]:
    """The booked visits of a course that would be cancelled with it."""
    rows = visits(course.clinic).filter(planned_infusion__course=course, status__in=MOVABLE)
    return list(rows.order_by("starts_at"))


def partner_of(visit: Visit) -> Visit | None:
    """The booked day 15 beside a booked day 1, which is usually cancelled with it."""
    planned = visit.planned_infusion
    if planned is None or planned.ordinal != 1 or visit.status not in MOVABLE:
        return None
    rows = visits(visit.clinic).filter(
        planned_infusion__course=planned.course_id,
        planned_infusion__phase="induction",
        planned_infusion__ordinal=2,
        status__in=MOVABLE,
    )
    return rows.first()


def clinician(clinic: Clinic, pk: int) -> Membership:
    """One working colleague of the clinic, or 404."""
    return or_404(members(clinic).filter(is_active=True), pk=pk)
