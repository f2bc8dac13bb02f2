"""Reading visits: one visit with its history, and the visits of a patient."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from clinics.models import Clinic, Membership
from clinics.queries import members, or_404
from patients.models import Patient
from scheduling.models import Visit, VisitVersion


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
    return visits_of(patient).filter(status__in=["pending", "booked", "arrived"], ends_at__gt=now).order_by("starts_at")


def versions_of(visit: Visit) -> list[VisitVersion]:
    """What the visit was after each change, and who changed it; oldest first."""
    rows = VisitVersion.objects.of(visit.clinic).filter(visit=visit)
    return list(rows.select_related("by").order_by("version"))


def clinician(clinic: Clinic, pk: int) -> Membership:
    """One working colleague of the clinic, or 404."""
    return or_404(members(clinic).filter(is_active=True), pk=pk)
