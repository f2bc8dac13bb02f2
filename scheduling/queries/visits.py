"""Reading visits: one visit with its history, and the visits of a patient."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, OuterRef, QuerySet, Subquery

from clinics.models import Clinic, Membership
from clinics.queries import members, or_404
from patients.models import Patient
from scheduling.domain.status import MOVABLE
from scheduling.models import Course, RuleBreach, Visit, VisitVersion

from .days import handovers_of


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


def takeovers(clinic: Clinic, visits: Iterable[Visit]) -> dict[int, tuple[tuple[datetime, str], ...]]:
    """For visits with a change of nurse, by their keys: from when on who has the patient. One query, none where no
    visit changes hands.
    """
    changing = {visit.pk: handovers_of(visit) for visit in visits if visit.handovers}
    keys = {nurse for each in changing.values() for _, nurse in each}
    if not keys:
        return {}
    names = {row.pk: str(row.user) for row in members(clinic).filter(pk__in=keys)}
    return {
        key: tuple((at, names.get(nurse, "another nurse")) for at, nurse in each)
        for key, each in changing.items()
    }


def versions_of(visit: Visit) -> list[VisitVersion]:
    """What the visit was after each change, and who changed it; oldest first."""
    rows = VisitVersion.objects.of(visit.clinic).filter(visit=visit)
    return list(rows.select_related("by").order_by("version"))


def breaches_of(visit: Visit) -> list[RuleBreach]:
    """The soft rules that were broken knowingly for a visit, oldest first."""
    return list(
        RuleBreach.objects.of(visit.clinic).filter(visit=visit).select_related("by").order_by("at", "id")
    )


def breaches(clinic: Clinic, visits: Iterable[Visit]) -> dict[int, RuleBreach]:
    """For each visit the soft rules broken for the place it stands in now, in one query; the visits that broke none
    are not named. A visit whose later versions only changed its status stands where it was put before.
    """
    standing = {visit.pk: visit for visit in visits}
    if not standing:
        return {}
    placed = VisitVersion.objects.of(clinic).filter(visit=OuterRef("visit"), change__in=["booked", "moved"])
    rows = (
        RuleBreach.objects.of(clinic)
        .filter(visit__in=standing)
        .annotate(placed=Subquery(placed.order_by("-version").values("version")[:1]))
        .filter(visit_version__gte=F("placed"))
    )
    return {row.visit_id: row for row in rows.order_by("at", "id")}


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
