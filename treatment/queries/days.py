"""Reading the day: the visits of a clinic, each with its record and how it stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import F, QuerySet

from clinics.domain.calendar import day_bounds
from clinics.models import Clinic
from clinics.queries import or_404
from evaluation.domain.findings import Verdict
from patients.models import Patient
from scheduling.models import STANDING, PlannedInfusion, Visit, VisitVersion
from scheduling.queries import gates

from ..domain.steps import Stage, stage_of
from ..models import InfusionRecord


def visits(clinic: Clinic) -> QuerySet[Visit]:
    """The clinic's visits with what their cards show."""
    return Visit.objects.of(clinic).select_related(
        "clinic",
        "patient",
        "chair",
        "nurse__user",
        "planned_infusion__course__diagnosis",
        "planned_infusion__course__clearance",
        "record__completed_by",
    )


def visit(clinic: Clinic, pk: int) -> Visit:
    """One visit of the clinic, or 404."""
    return or_404(visits(clinic), pk=pk)


def day_visits(clinic: Clinic, day: date) -> list[Visit]:
    """The visits that begin on a local day and were not cancelled, in order of time."""
    begins, ends = day_bounds(day, clinic.zone)
    rows = visits(clinic).filter(starts_at__gte=begins, starts_at__lt=ends)
    return list(
        rows.exclude(status__in=["cancelled", "proposed", "waitlist"]).order_by("starts_at", "chair_id", "id")
    )


def left_open(clinic: Clinic, *, before: datetime) -> list[Visit]:
    """Visits that began before an instant and that nobody closed: not marked as come, or never finished."""
    rows = visits(clinic).filter(starts_at__lt=before, status__in=["booked", "arrived"])
    return list(rows.order_by("starts_at", "id"))


def booked_between(clinic: Clinic, first: datetime, last: datetime) -> list[Visit]:
    """Infusions that are booked to begin between two instants, in order of time."""
    rows = visits(clinic).filter(kind="infusion", status="booked", starts_at__gte=first, starts_at__lt=last)
    return list(rows.filter(patient__deceased=False).order_by("starts_at", "id"))


def record_of(visit: Visit) -> InfusionRecord | None:
    """What happened at the visit so far, or None before the patient arrived."""
    return getattr(visit, "record", None)


def stage(visit: Visit) -> Stage:
    """How the visit stands."""
    record = record_of(visit)
    return stage_of(visit.status, record.state if record else "")


def last_step_at(visit: Visit) -> datetime | None:
    """When the visit's last step was taken, as far as its record tells; None where it has none."""
    record = record_of(visit)
    if record is None or visit.status not in STANDING:
        return None
    return record.done_at or record.in_chair_at or record.arrived_at


def steps_taken(clinic: Clinic, found: Iterable[Visit]) -> dict[int, datetime]:
    """When each visit's last step was taken, in one query: from its record or, without one, from its newest version."""
    rows = list(found)
    versions = VisitVersion.objects.of(clinic).filter(
        visit__in=[visit.pk for visit in rows if record_of(visit) is None],
        change="status",
        version=F("visit__version"),
    )
    taken = dict(versions.values_list("visit_id", "at"))
    for visit in rows:
        at = last_step_at(visit)
        if at is not None:
            taken[visit.pk] = at
    return taken


def gate(visit: Visit, *, today: date) -> Verdict:
    """The gate of one infusion visit."""
    return gates(visit.clinic, [visit], today=today)[visit.pk]


def changed_since(patient: Patient, *, since: datetime, besides: Visit) -> bool:
    """Whether another of the patient's visits was booked, moved or cancelled after an instant."""
    rows = VisitVersion.objects.of(patient.clinic).filter(patient=patient, at__gt=since)
    return rows.exclude(visit=besides).exclude(change="status").exists()


def given(patient: Patient) -> QuerySet[InfusionRecord]:
    """The patient's infusions given here, newest first."""
    return (
        InfusionRecord.objects.of(patient.clinic)
        .filter(patient=patient, state="done")
        .select_related("visit__planned_infusion", "completed_by")
        .order_by("-done_at")
    )


def next_planned(visit: Visit) -> PlannedInfusion | None:
    """The course's next infusion that is still to be given, or None."""
    planned = visit.planned_infusion
    if planned is None:
        return None
    rows = PlannedInfusion.objects.of(visit.clinic).filter(course_id=planned.course_id, state="planned")
    return rows.order_by("ordinal").first()


def usual_product(patient: Patient) -> str:
    """The product of the patient's last infusion here, or an empty text."""
    last = given(patient).exclude(product="").first()
    return last.product if last is not None else ""
