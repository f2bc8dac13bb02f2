"""Writing people and their diagnoses: every verb leaves its row in the audit trail, in the same transaction."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from clinics.actions import differences, record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User

from ..domain.checks import Person
from ..domain.conditions import NAMES, Condition
from ..models import (
    Diagnosis,
    Patient,
)
from ..phones import plain_phone
from .addresses import forget_address_problem
from .portal import close_other_addresses
from .records import record_measurement
from .trail import note

SAME_NUMBER = "Another patient of this clinic has this record number."
STALE = "Somebody changed this patient while you were typing. Compare, and save again."


def telephone(text: str) -> str:
    """A telephone number in its international form where it can be read, and as it was written where it cannot."""
    return plain_phone(text, settings.PHONENUMBER_DEFAULT_REGION)


def _fields(person: Person) -> dict[str, Any]:
    return {
        "record_number": person.record_number,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "birth_date": person.birth_date,
        "sex": person.sex,
        "email": person.email,
        "phone": telephone(person.phone),
        "language": person.language or "en",
    }


@transaction.atomic
def add_patient(
    *,
    clinic: Clinic,
    by: User | None,
    now: datetime,
    person: Person,
    deceased: bool = False,
    deceased_on: date | None = None,
    source_id: str = "",
    **more: Any,
) -> Patient:
    """Add a person to the clinic's care, with weight and height where they are known.

    ``more`` names further fields of Patient (address, past_menopause, hysterectomy). Refused when the record number
    is taken.
    """
    if Patient.objects.of(clinic).filter(record_number=person.record_number).exists():
        raise Refused(Refusal("record_number_taken", SAME_NUMBER, "record_number"))
    try:
        with transaction.atomic():
            patient = Patient.objects.create(
                clinic=clinic,
                deceased=deceased or deceased_on is not None,
                deceased_on=deceased_on,
                source_id=source_id,
                **_fields(person),
                **more,
            )
    except IntegrityError as lost:
        raise Refused(Refusal("record_number_taken", SAME_NUMBER, "record_number")) from lost
    note(patient, by, "added patient", name=str(patient))
    today = now.astimezone(clinic.zone).date()
    for kind, value in (("weight", person.weight_kg), ("height", person.height_cm)):
        if value is not None:
            record_measurement(patient=patient, kind=kind, value=value, taken_on=today, by=by)
    return patient


@transaction.atomic
def add_patient_with_diagnosis(
    *, clinic: Clinic, by: User, now: datetime, person: Person, condition: str, certain: bool, **more: Any
) -> Patient:
    """Add a person and, where one is named, the diagnosis they are referred for, both or neither.

    A diagnosis typed by somebody who may not confirm one waits for a person who may.
    """
    patient = add_patient(clinic=clinic, by=by, now=now, person=person, **more)
    if condition:
        add_diagnosis(
            patient=patient,
            by=by,
            now=now,
            condition=condition,
            state="confirmed" if certain else "to_confirm",
        )
    return patient


@transaction.atomic
def edit_patient(
    *, patient: Patient, person: Person, by: User | None, version: int | None = None, **more: Any
) -> dict[str, list[str]]:
    """Change a person's particulars; returns what changed as ``{field: [before, after]}``.

    ``version`` is the one the page showed: when another edit came in between, this one is refused and nothing is
    lost. None skips that check (an import compares field by field itself).
    """
    wanted = {**_fields(person), **more}
    changes = differences(patient, wanted)
    if not changes:
        return {}
    rows = Patient.objects.of(patient.clinic).filter(pk=patient.pk)
    if version is not None:
        rows = rows.filter(version=version)
    try:
        with transaction.atomic():
            written = rows.update(version=F("version") + 1, **wanted)
    except IntegrityError as lost:
        raise Refused(Refusal("record_number_taken", SAME_NUMBER, "record_number")) from lost
    if not written:
        raise Refused(Refusal("stale", STALE))
    patient.refresh_from_db()
    if "email" in changes:
        close_other_addresses(patient=patient, by=by)
        forget_address_problem(patient=patient, by=by)
    record(
        clinic=patient.clinic,
        by=by,
        verb="changed patient",
        subject=patient,
        record_number=patient.record_number,
        changes=changes,
    )
    return changes


@transaction.atomic
def mark_deceased(*, patient: Patient, on: date | None, by: User | None, today: date) -> bool:
    """Note that the patient has died; nothing is scheduled for or written to them from then on.

    Refused for a day in the future or before birth.
    """
    if on is not None and not patient.birth_date <= on <= today:
        raise Refused(
            Refusal(
                "impossible_day", "This day lies in the future or before the patient's birth.", "deceased_on"
            )
        )
    if patient.deceased and patient.deceased_on == on:
        return False
    patient.deceased, patient.deceased_on = True, on
    patient.version += 1
    patient.save(update_fields=["deceased", "deceased_on", "version"])
    note(patient, by, "marked deceased", deceased_on=str(on))
    return True


@transaction.atomic
def add_diagnosis(
    *,
    patient: Patient,
    by: User | None,
    now: datetime,
    condition: str,
    text: str = "",
    state: str = "confirmed",
    recorded_on: date | None = None,
) -> Diagnosis:
    """Add one of the seven conditions by a person's word. Refused where it stands already."""
    standing = patient.diagnoses.filter(condition=condition, state="confirmed").exists()
    if standing and state == "confirmed":
        raise Refused(Refusal("diagnosis_stands", "This diagnosis stands already.", "condition"))
    found, _made = Diagnosis.objects.update_or_create(
        patient=patient,
        system="",
        code="",
        text=text or NAMES[Condition(condition)],
        defaults={
            "clinic": patient.clinic,
            "condition": condition,
            "state": state,
            "recorded_on": recorded_on,
            "confirmed_by": by if state == "confirmed" else None,
            "confirmed_at": now if state == "confirmed" else None,
        },
    )
    note(patient, by, "added diagnosis", found, condition=condition, state=state)
    return found


@transaction.atomic
def confirm_diagnosis(*, diagnosis: Diagnosis, condition: str, by: User, now: datetime) -> Diagnosis:
    """A person says which of the seven a near diagnosis is. Refused where that condition stands already."""
    if diagnosis.state != "to_confirm":
        raise Refused(Refusal("already_decided", "Somebody has decided this diagnosis meanwhile."))
    others = diagnosis.patient.diagnoses.filter(condition=condition, state="confirmed").exclude(
        pk=diagnosis.pk
    )
    if others.exists():
        raise Refused(Refusal("diagnosis_stands", "This patient has that diagnosis already.", "condition"))
    return _decide(diagnosis, "confirmed", condition, by, now)


@transaction.atomic
def reject_diagnosis(*, diagnosis: Diagnosis, by: User, now: datetime) -> Diagnosis:
    """A person says that a near diagnosis is none of the seven; it stays on record as another condition."""
    if diagnosis.state != "to_confirm":
        raise Refused(Refusal("already_decided", "Somebody has decided this diagnosis meanwhile."))
    return _decide(diagnosis, "rejected", "", by, now)


def _decide(diagnosis: Diagnosis, state: str, condition: str, by: User, now: datetime) -> Diagnosis:
    before = [diagnosis.state, diagnosis.condition]
    diagnosis.state, diagnosis.condition = state, condition
    diagnosis.confirmed_by, diagnosis.confirmed_at = by, now
    diagnosis.save(update_fields=["state", "condition", "confirmed_by", "confirmed_at"])
    note(diagnosis.patient, by, "decided diagnosis", diagnosis, decision=[before, [state, condition]])
    return diagnosis
