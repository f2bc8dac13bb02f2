"""How the patients room writes into the audit trail."""

from __future__ import annotations

from typing import Any

from django.db import models

from clinics.actions import record
from clinics.models import User

from ..models import (
    Patient,
)


def note(
    patient: Patient, by: User | None, verb: str, subject: models.Model | None = None, **changes: Any
) -> None:
    record(
        clinic=patient.clinic,
        by=by,
        verb=verb,
        subject=subject or patient,
        record_number=patient.record_number,
        changes=changes,
    )


def record_view(*, patient: Patient, by: User, page: str) -> None:
    """Note that somebody saw a patient's record."""
    note(patient, by, "viewed patient", page=page)
