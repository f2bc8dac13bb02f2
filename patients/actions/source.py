"""Following another system's record of a patient: what it says has gone, or is taken again."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from clinics.actions import record
from clinics.models import User

from ..models import Diagnosis, Medication, Patient


@transaction.atomic
def follow_source(
    *,
    patient: Patient,
    resolved: Mapping[int, bool],
    medication_now: Mapping[str, bool],
    by: User | None,
) -> int:
    """Note which diagnoses (by key) have gone or come back, and which drugs (by name) are taken or no longer
    taken.

    What a person decided about a diagnosis stays. Returns how many rows changed; one audit row says which.
    """
    changes: dict[str, list[str]] = {}
    for row in Diagnosis.objects.of(patient.clinic).filter(patient=patient, pk__in=resolved):
        if row.is_resolved != resolved[row.pk]:
            changes[f"diagnosis {row}"] = [_gone(row.is_resolved), _gone(resolved[row.pk])]
            row.is_resolved = resolved[row.pk]
            row.save(update_fields=["is_resolved"])
    for drug in Medication.objects.of(patient.clinic).filter(patient=patient, text__in=medication_now):
        if drug.is_current != medication_now[drug.text]:
            changes[f"medication {drug.text}"] = [_taken(drug.is_current), _taken(medication_now[drug.text])]
            drug.is_current = medication_now[drug.text]
            drug.save(update_fields=["is_current"])
    if changes:
        record(
            clinic=patient.clinic,
            by=by,
            verb="followed the source",
            subject=patient,
            record_number=patient.record_number,
            changes=changes,
        )
    return len(changes)


def _gone(is_resolved: bool) -> str:
    return "gone" if is_resolved else "present"


def _taken(is_current: bool) -> str:
    return "taken" if is_current else "no longer taken"
