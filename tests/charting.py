"""An infusion as far as a test needs it: seated, premedicated, running or ended, by the actions themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from clinics.models import Clinic, User
from patients.models import Measurement
from scheduling.models import PlannedInfusion, Visit
from tests.factory import make_regimen
from tests.gates import ready_visit
from treatment import actions, queries
from treatment.domain.chart import Kind

PRODUCT = {"product": "Truxima", "lot": "A1", "expires_on": "2099-01-31", "volume_ml": "500", "reason": ""}
SIGNS = {
    "temperature": "36.8",
    "systolic": "122",
    "diastolic": "74",
    "pulse": "78",
    "breaths": "14",
    "oxygen": "98",
}
_number = count(1)


def chart(
    visit: Visit,
    kind: Kind,
    by: User,
    at: datetime,
    *,
    now: datetime | None = None,
    key: str = "",
    **payload: Any,
) -> actions.Written:
    """Write one entry of a visit's chart, typed as it happens unless ``now`` says otherwise."""
    given: dict[str, Any] = {
        "visit": queries.visit(visit.clinic, visit.pk),
        "payload": payload,
        "happened_at": at,
        "key": key or f"test-key-{next(_number):06}",
        "by": by,
        "now": now or at,
    }
    if kind == Kind.REACTION:
        return actions.record_reaction(**given)
    return actions.add_entry(kind=kind, **given)


def seated(clinic: Clinic, nine: datetime, nurse: User, **answers: Any) -> Visit:
    """A first infusion whose patient sits in the chair."""
    visit = queries.visit(clinic, ready_visit(clinic, nine, **answers).pk)
    actions.arrive(visit=visit, by=nurse, now=nine)
    return actions.start(visit=queries.visit(clinic, visit.pk), by=nurse, now=nine)


def prepare(visit: Visit, nine: datetime, nurse: User) -> None:
    """Identified and given everything before the drug; the product is on the chart."""
    chart(visit, Kind.IDENTITY, nurse, nine, confirmed=["name", "birth_date"])
    chart(visit, Kind.PREMEDICATION, nurse, nine)
    fresh = queries.visit(visit.clinic, visit.pk)
    for place, medicine in enumerate(queries.judged_by(fresh, queries.chart_of(fresh), now=nine).medicines):
        dose = str(medicine.dose) if medicine.dose else ""
        given = {"place": place, "drug": medicine.drug, "dose": dose, "route": medicine.route}
        chart(visit, Kind.MEDICINE, nurse, nine, **given)
    chart(visit, Kind.PRODUCT, nurse, nine, **PRODUCT)


def premedicated(clinic: Clinic, nine: datetime, nurse: User, **answers: Any) -> Visit:
    """Seated, and prepared for the drug."""
    visit = seated(clinic, nine, nurse, **answers)
    prepare(visit, nine, nurse)
    return queries.visit(clinic, visit.pk)


def running(clinic: Clinic, nine: datetime, nurse: User, *, steps: int = 1, **answers: Any) -> Visit:
    """The infusion runs since half past nine, and has come ``steps`` steps far."""
    visit = premedicated(clinic, nine, nurse, **answers)
    for step in range(steps):
        at = nine + timedelta(minutes=30 + 30 * step)
        chart(visit, Kind.RATE, nurse, at, mg_h=str(50 * (step + 1)), reason="")
    return queries.visit(clinic, visit.pk)


def ended(clinic: Clinic, nine: datetime, nurse: User, **payload: Any) -> Visit:
    """The infusion ended at half past one: complete unless said otherwise."""
    visit = running(clinic, nine, nurse)
    how: Mapping[str, Any] = {"complete": True, "dose_mg": "", "reason": ""} | payload
    chart(visit, Kind.STOP, nurse, nine + timedelta(hours=4, minutes=30), **how)
    return queries.visit(clinic, visit.pk)


def by_surface(visit: Visit) -> PlannedInfusion:
    """The visit's course as one of weekly doses by body surface."""
    planned = visit.planned_infusion
    assert planned is not None
    planned.course.regimen_version = make_regimen(visit.clinic, "AIHA-375x4")
    planned.course.save()
    PlannedInfusion.objects.filter(course=planned.course).update(dose_mg=680, dose_per_m2=375)
    height: dict[str, Any] = {"kind": "height", "value": 170, "taken_on": visit.starts_at.date()}
    Measurement.objects.create(clinic=visit.clinic, patient=visit.patient, **height)
    return planned
