"""Writing what is known of a patient: measurements, allergies, medication, vaccinations, earlier infusions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User

from ..models import (
    Allergy,
    Diagnosis,
    EarlierInfusion,
    Measurement,
    Medication,
    OfPatient,
    Patient,
    Vaccination,
)
from .trail import note


@transaction.atomic
def record_measurement(
    *, patient: Patient, kind: str, value: Decimal, taken_on: date, by: User | None
) -> Measurement:
    """Record a weight in kilograms or a height in centimetres; the same one twice is kept once."""
    found, made = Measurement.objects.get_or_create(
        patient=patient, kind=kind, taken_on=taken_on, value=value, defaults={"clinic": patient.clinic}
    )
    if made:
        note(patient, by, f"recorded {kind}", found, value=str(value), taken_on=str(taken_on))
    return found


@transaction.atomic
def take_back_measurement(
    *, patient: Patient, kind: str, value: Decimal, taken_on: date, by: User | None
) -> None:
    """A measurement that was recorded wrongly is none: the newest one before it counts again."""
    rows = Measurement.objects.of(patient.clinic).filter(patient=patient, kind=kind)
    found = rows.filter(value=value, taken_on=taken_on).first()
    if found is not None:
        note(patient, by, f"took back {kind}", found, value=str(found.value), taken_on=str(taken_on))
        found.delete()


def _add_new(patient: Patient, rows: Iterable[OfPatient], verb: str, by: User | None) -> int:
    """Add the rows that are not there yet, in one statement and with one audit row; returns how many were new."""
    rows = list(rows)
    if not rows:
        return 0
    table = type(rows[0]).objects
    before = table.of(patient.clinic).filter(patient=patient).count()
    table.bulk_create(rows, ignore_conflicts=True)
    new = table.of(patient.clinic).filter(patient=patient).count() - before
    if new:
        note(patient, by, verb, new=new)
    return new


@transaction.atomic
def add_diagnoses(*, patient: Patient, rows: Iterable[Diagnosis], by: User | None) -> int:
    """Add many diagnoses as a source states them; those known already are left as they are."""
    return _add_new(patient, rows, "added diagnoses", by)


@transaction.atomic
def record_allergies(*, patient: Patient, rows: Iterable[Allergy], by: User | None) -> int:
    return _add_new(patient, rows, "recorded allergies", by)


@transaction.atomic
def record_medication(*, patient: Patient, rows: Iterable[Medication], by: User | None) -> int:
    return _add_new(patient, rows, "recorded medication", by)


@transaction.atomic
def add_medicine(
    *, patient: Patient, text: str, started_on: date | None, by: User | None, today: date
) -> Medication:
    """A medicine the patient takes. One that was stopped is taken again; one that is on the list stays as it is."""
    if started_on is not None and started_on > today:
        raise Refused(Refusal("future", "This day is in the future.", "started_on"))
    found, made = Medication.objects.get_or_create(
        patient=patient, text=text.strip(), defaults={"clinic": patient.clinic, "started_on": started_on}
    )
    if made:
        note(patient, by, "recorded medicine", found, medicine=found.text)
    elif not found.is_current:
        set_taken(medicine=found, taken=True, by=by)
    return found


@transaction.atomic
def set_taken(*, medicine: Medication, taken: bool, by: User | None) -> Medication:
    """Whether the patient takes a medicine now. The row stays; what is so already changes nothing."""
    if medicine.is_current != taken:
        medicine.is_current = taken
        medicine.save(update_fields=["is_current"])
        verb = "medicine taken again" if taken else "medicine stopped"
        note(medicine.patient, by, verb, medicine, medicine=medicine.text)
    return medicine


@transaction.atomic
def record_vaccinations(*, patient: Patient, rows: Iterable[Vaccination], by: User | None) -> int:
    return _add_new(patient, rows, "recorded vaccinations", by)


@transaction.atomic
def record_earlier_infusion(
    *,
    patient: Patient,
    given_on: date,
    product: str,
    dose_mg: Decimal | None,
    given_here: bool,
    reaction_grade: int,
    reaction_text: str,
    by: User | None,
    now: datetime,
) -> EarlierInfusion:
    """Record an infusion given before this system kept the record, here or elsewhere.

    ``reaction_grade`` is the CTCAE grade 1-4, 0 for none. Refused in the future, before birth, and twice on one day.
    """
    if given_on > now.astimezone(patient.clinic.zone).date():
        raise Refused(Refusal("future", "An earlier infusion cannot lie in the future.", "given_on"))
    if given_on < patient.birth_date:
        raise Refused(Refusal("before_birth", "This day lies before the patient's birth.", "given_on"))
    if patient.earlierinfusion_set.filter(given_on=given_on).exists():
        raise Refused(Refusal("known", "An infusion on this day is recorded already.", "given_on"))
    infusion = EarlierInfusion.objects.create(
        clinic=patient.clinic,
        patient=patient,
        given_on=given_on,
        product=product,
        dose_mg=dose_mg,
        given_here=given_here,
        reaction_grade=reaction_grade,
        reaction_text=reaction_text,
        recorded_by=by,
    )
    note(
        patient,
        by,
        "recorded earlier infusion",
        infusion,
        given_on=str(given_on),
        dose_mg=str(dose_mg),
        reaction_grade=reaction_grade,
    )
    return infusion
