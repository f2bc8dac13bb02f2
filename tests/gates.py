"""What a gate asks for, on record: for tests that begin with a patient who may be treated."""

from __future__ import annotations

from datetime import date

from evaluation.domain.requirements import DEFAULTS, Purpose
from evaluation.models import Result
from patients.models import Patient
from tests.evidence import GOOD


def open_gate(patient: Patient, on: date, **changes: str) -> None:
    """Record a good answer to everything the gate asks for, observed on the day itself; ``changes`` by kind, an empty
    text leaves a kind out."""
    asked = {
        kind
        for requirement in DEFAULTS.serving(Purpose.GATE)
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
