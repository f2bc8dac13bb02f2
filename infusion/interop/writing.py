"""Writing one imported record through the rooms' own actions, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from clinics.domain.refusals import Refused
from clinics.models import Clinic, User
from evaluation.actions import import_results
from evaluation.domain.answers import Incoming
from patients import actions
from patients.domain.checks import Person
from patients.models import Allergy, Diagnosis, Medication, Patient, Vaccination

from .domain.comparison import Changes, StatedDiagnosis

_PERSON = {field.name for field in fields(Person)}


def lock(clinic: Clinic, record_number: str) -> None:
    """Hold the patient's row to the transaction's end, so that what is compared is what is changed."""
    list(Patient.objects.of(clinic).select_for_update().filter(record_number=record_number))


def write(
    *, clinic: Clinic, person: Person, is_new: bool, changes: Changes, by: User | None, now: datetime
) -> Patient:
    """Add the patient or bring them up to date. Raises ``Refused`` where the record number was taken
    meanwhile.
    """
    if is_new:
        more: dict[str, Any] = {name: value for name, value in changes.person.items() if name not in _PERSON}
        patient = actions.add_patient(
            clinic=clinic,
            by=by,
            now=now,
            person=person,
            deceased=changes.deceased,
            deceased_on=changes.deceased_on,
            **more,
        )
    else:
        patient = Patient.objects.of(clinic).get(record_number=person.record_number)
        _update(patient, changes, by, now)
    _write_parts(patient, changes, by, now)
    return patient


def _update(patient: Patient, changes: Changes, by: User | None, now: datetime) -> None:
    if changes.person:
        stated: dict[str, Any] = dict(changes.person)
        more = {name: stated.pop(name) for name in list(stated) if name not in _PERSON}
        held = Person(
            record_number=patient.record_number,
            given_name=patient.given_name,
            family_name=patient.family_name,
            birth_date=patient.birth_date,
            sex=patient.sex,
            email=patient.email,
            phone=str(patient.phone or ""),
            language=patient.language,
        )
        actions.edit_patient(patient=patient, person=replace(held, **stated), by=by, **more)
    if changes.deceased:
        today = now.astimezone(patient.clinic.zone).date()
        actions.mark_deceased(patient=patient, on=changes.deceased_on, by=by, today=today)


def _write_parts(patient: Patient, changes: Changes, by: User | None, now: datetime) -> None:
    of = {"clinic": patient.clinic, "patient": patient}
    actions.add_diagnoses(patient=patient, rows=[_diagnosis(row, of) for row in changes.diagnoses], by=by)
    allergies = [
        Allergy(substance=row.substance, code=row.code, recorded_on=row.recorded_on, **of)
        for row in changes.allergies
    ]
    actions.record_allergies(patient=patient, rows=allergies, by=by)
    medication = [
        Medication(text=row.text, code=row.code, started_on=row.started_on, **of)
        for row in changes.medications
    ]
    actions.record_medication(patient=patient, rows=medication, by=by)
    vaccinations = [
        Vaccination(text=row.text, code=row.code, given_on=row.given_on, **of) for row in changes.vaccinations
    ]
    actions.record_vaccinations(patient=patient, rows=vaccinations, by=by)
    for row in changes.measurements:
        if row.taken_on is not None:
            actions.record_measurement(
                patient=patient, kind=row.kind, value=row.value, taken_on=row.taken_on, by=by
            )
    if changes.results:
        _write_results(patient, changes, by, now)
    if changes.resolved or changes.medication_now:
        actions.follow_source(
            patient=patient,
            resolved=_keys(patient, changes),
            medication_now=changes.medication_now,
            by=by,
        )


def _write_results(patient: Patient, changes: Changes, by: User | None, now: datetime) -> None:
    rows = [
        Incoming(
            value=row.entered,
            unit=row.entered_unit,
            observed_on=row.observed_on.isoformat(),
            kind=row.kind,
            source_id=row.source_id,
        )
        for row in changes.results
    ]
    outcome = import_results(clinic=patient.clinic, patient=patient, rows=rows, by=by, now=now)
    if outcome.refused:
        raise Refused(*(refusal for _, refusal in outcome.refused))


def _diagnosis(row: StatedDiagnosis, of: dict[str, Any]) -> Diagnosis:
    return Diagnosis(
        condition=row.condition,
        state=row.state,
        system=row.system,
        code=row.code,
        text=row.text,
        recorded_on=row.recorded_on,
        is_resolved=row.is_resolved,
        **of,
    )


def _keys(patient: Patient, changes: Changes) -> dict[int, bool]:
    """The patient's diagnoses that have gone or come back, by their keys in the database."""
    keys = {}
    for row in patient.diagnoses.all():
        key = StatedDiagnosis(row.system, row.code, row.text, row.condition, row.state).key
        if key in changes.resolved:
            keys[row.pk] = changes.resolved[key]
    return keys
