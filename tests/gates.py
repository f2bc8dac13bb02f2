"""What a gate asks for, on record: for tests that begin with a patient who may be treated."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from clinics.models import Clinic, User
from evaluation.domain.requirements import DEFAULTS, Asked, Purpose
from evaluation.models import Result
from patients.models import Patient
from scheduling.models import GateOverride, Visit
from tests.evidence import GOOD
from tests.factory import make_clearance, make_course, make_diagnosis, make_patient, make_regimen, make_visit


def open_gate(patient: Patient, on: date, **changes: str) -> None:
    """Record a good answer to everything the gate asks for, observed on the day itself; ``changes`` by kind, an empty
    text leaves a kind out."""
    asked = {
        kind
        for requirement in DEFAULTS.serving(Purpose.GATE)
        if requirement.asked == Asked.ALWAYS
        for group in requirement.needs
        for kind in group
        if kind != "clearance"
    }
    values = {kind: GOOD[kind] for kind in asked if kind in GOOD} | changes
    for kind, value in values.items():
        if value:
            Result.objects.create(
                clinic=patient.clinic, patient=patient, kind=kind, value=value, observed_on=on
            )


def ready_visit(
    clinic: Clinic, starts_at: datetime, *, chair: int = 0, gate: bool = True, **answers: str
) -> Visit:
    """A new patient's first infusion, booked and cleared; unless ``gate`` is off, with what its gate asks on record."""
    patient = make_patient(clinic, sex="male")
    make_diagnosis(patient)
    on = starts_at.astimezone(clinic.zone).date()
    signed = starts_at - timedelta(days=9)
    clearance = make_clearance(
        patient,
        regimen_version=make_regimen(clinic),
        signed_at=signed,
        valid_from=signed.date(),
        valid_until=on + timedelta(days=365),
    )
    make_course(patient, start_on=on, clearance=clearance, prescribed_at=signed)
    if gate:
        open_gate(patient, on, **answers)
    return make_visit(patient, starts_at=starts_at, chair=list(clinic.chairs.order_by("pk"))[chair])


def make_override(visit: Visit, by: User, **fields: Any) -> GateOverride:
    """An override that stands for a visit, of nothing in particular unless said otherwise."""
    on = visit.starts_at.astimezone(visit.clinic.zone).date()
    given = {"requirements": [], "reason": "Needed now", "at": visit.starts_at, "expires_on": on}
    return GateOverride.objects.create(
        clinic=visit.clinic, patient=visit.patient, visit=visit, by=by, **(given | fields)
    )
