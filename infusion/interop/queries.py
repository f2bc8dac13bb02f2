"""Reading what an import compares with, and the imports themselves: always from a clinic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from clinics.models import Clinic
from clinics.queries import or_404
from evaluation.models import Result
from patients.domain.conditions import normalised_name
from patients.models import Allergy, Diagnosis, Measurement, Medication, Patient, Vaccination

from .domain.comparison import PERSON_FIELDS, Known, StatedDiagnosis
from .models import ImportBatch, ImportFile

_CHUNK = 400


def known(clinic: Clinic, record_numbers: Iterable[str]) -> dict[str, Known]:
    """What is on record about these patients, by record number, in few queries however many they are."""
    numbers = list(dict.fromkeys(record_numbers))
    found: dict[str, Known] = {}
    for start in range(0, len(numbers), _CHUNK):
        chosen = Patient.objects.of(clinic).filter(record_number__in=numbers[start : start + _CHUNK])
        found |= _known(clinic, list(chosen))
    return found


def _known(clinic: Clinic, patients: Sequence[Patient]) -> dict[str, Known]:
    rows: dict[type, dict[int, list[Any]]] = {}
    for table in (Diagnosis, Allergy, Medication, Vaccination, Measurement, Result):
        rows[table] = defaultdict(list)
        for row in (
            table.objects.of(clinic).filter(patient__in=[patient.pk for patient in patients]).order_by("id")
        ):
            rows[table][row.patient_id].append(row)
    return {
        patient.record_number: Known(
            person={name: _plain(getattr(patient, name)) for name in PERSON_FIELDS},
            deceased=patient.deceased,
            deceased_on=patient.deceased_on,
            diagnoses=tuple(_stated(row) for row in rows[Diagnosis][patient.pk]),
            allergies=frozenset(row.substance for row in rows[Allergy][patient.pk]),
            medications={row.text: row.is_current for row in rows[Medication][patient.pk]},
            vaccinations=frozenset((row.text, row.given_on) for row in rows[Vaccination][patient.pk]),
            measurements=frozenset(
                (row.kind, row.taken_on, row.value) for row in rows[Measurement][patient.pk]
            ),
            results=frozenset((row.kind, row.observed_on, row.value) for row in rows[Result][patient.pk]),
            corrected=_corrected(rows[Result][patient.pk]),
        )
        for patient in patients
    }


def _corrected(results: Sequence[Result]) -> frozenset[tuple[str, str]]:
    """Kinds and sources of imported results of which no row stands any more."""
    superseded = {row.supersedes_id for row in results}
    imported = {(row.kind, row.source_id) for row in results if row.source_id}
    return frozenset(imported - {(row.kind, row.source_id) for row in results if row.pk not in superseded})


def _plain(value: Any) -> Any:
    """A field as an import states it: a telephone number as text, a date as a date."""
    return value if isinstance(value, (str, date)) else str(value or "")


def _stated(row: Diagnosis) -> StatedDiagnosis:
    return StatedDiagnosis(
        system=row.system,
        code=row.code,
        text=row.text,
        condition=row.condition,
        state=row.state,
        recorded_on=row.recorded_on,
        is_resolved=row.is_resolved,
    )


def people_born_on(clinic: Clinic, days: Iterable[date]) -> dict[tuple[date, str], set[str]]:
    """Record numbers by birth date and name, to notice one person under two numbers."""
    people: dict[tuple[date, str], set[str]] = defaultdict(set)
    wanted = sorted(set(days))
    for start in range(0, len(wanted), _CHUNK):
        chosen = Patient.objects.of(clinic).filter(birth_date__in=wanted[start : start + _CHUNK])
        for row in chosen.values_list("birth_date", "given_name", "family_name", "record_number"):
            people[(row[0], normalised_name(f"{row[1]} {row[2]}"))].add(row[3])
    return people


def patients_named(
    clinic: Clinic, record_numbers: Iterable[str], source_ids: Iterable[str]
) -> tuple[dict[str, Patient], dict[str, Patient]]:
    """The clinic's patients by record number, and by their key in the system they came from where only one
    has it.
    """
    by_number: dict[str, Patient] = {}
    by_source: dict[str, list[Patient]] = defaultdict(list)
    for name, wanted in (("record_number", record_numbers), ("source_id", source_ids)):
        keys = [key for key in dict.fromkeys(wanted) if key and key.isprintable()]
        for start in range(0, len(keys), _CHUNK):
            for row in Patient.objects.of(clinic).filter(**{f"{name}__in": keys[start : start + _CHUNK]}):
                if name == "record_number":
                    by_number[row.record_number] = row
                else:
                    by_source[row.source_id].append(row)
    return by_number, {key: rows[0] for key, rows in by_source.items() if len(rows) == 1}


def came_from(patient: Patient, source_id: str) -> bool:
    """Whether a result that came in under this key still stands on the patient's record."""
    rows = Result.objects.of(patient.clinic).filter(patient=patient, superseded_by__isnull=True)
    return bool(source_id) and source_id.isprintable() and rows.filter(source_id=source_id).exists()


def batches(clinic: Clinic, subject: str = "patients") -> QuerySet[ImportBatch]:
    return ImportBatch.objects.of(clinic).filter(subject=subject).select_related("by")


def batch(clinic: Clinic, pk: int, subject: str = "patients") -> ImportBatch:
    """One import of the clinic, or 404."""
    return or_404(batches(clinic, subject), pk=pk)


def files_of(batch: ImportBatch) -> list[tuple[str, bytes]]:
    """The uploaded files of an import that still waits, as names and contents."""
    rows = ImportFile.objects.of(batch.clinic).filter(batch=batch)
    return [(row.name, bytes(row.content)) for row in rows]


def keys_of(clinic: Clinic, record_numbers: Iterable[str]) -> dict[str, int]:
    """The patients' keys by record number, for links to their pages."""
    chosen = Patient.objects.of(clinic).filter(
        record_number__in=[number for number in record_numbers if number]
    )
    return dict(chosen.values_list("record_number", "pk"))
