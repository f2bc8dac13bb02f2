"""Writing patients: every verb leaves its row in the audit trail, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import F

from clinics.actions import differences, record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User

from .domain.checks import Person
from .domain.conditions import NAMES, Condition
from .models import (
    Allergy,
    Diagnosis,
    EarlierInfusion,
    Measurement,
    Medication,
    OfPatient,
    Patient,
    PortalAccess,
    Vaccination,
)
from .phones import plain_phone

SAME_NUMBER = "Another patient of this clinic has this record number."
STALE = "Somebody changed this patient while you were typing. Compare, and save again."
BIRTH_DATE_TRIES = 5


def _note(
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
    _note(patient, by, "viewed patient", page=page)


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
    _note(patient, by, "added patient", name=str(patient))
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
    _note(patient, by, "marked deceased", deceased_on=str(on))
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
    _note(patient, by, "added diagnosis", found, condition=condition, state=state)
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
    _note(diagnosis.patient, by, "decided diagnosis", diagnosis, decision=[before, [state, condition]])
    return diagnosis


@transaction.atomic
def record_measurement(
    *, patient: Patient, kind: str, value: Decimal, taken_on: date, by: User | None
) -> Measurement:
    """Record a weight in kilograms or a height in centimetres; the same one twice is kept once."""
    found, made = Measurement.objects.get_or_create(
        patient=patient, kind=kind, taken_on=taken_on, value=value, defaults={"clinic": patient.clinic}
    )
    if made:
        _note(patient, by, f"recorded {kind}", found, value=str(value), taken_on=str(taken_on))
    return found


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
        _note(patient, by, verb, new=new)
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
    _note(
        patient,
        by,
        "recorded earlier infusion",
        infusion,
        given_on=str(given_on),
        dose_mg=str(dose_mg),
        reaction_grade=reaction_grade,
    )
    return infusion


@transaction.atomic
def invite(*, patient: Patient, by: User, now: datetime) -> PortalAccess:
    """Open the portal for a patient under the e-mail address on record.

    Refused without an address, after death, when the address is a colleague's, or when the door is open already.
    The person proves the address by a typed code and themselves by the birth date.
    """
    if patient.deceased:
        raise Refused(Refusal("deceased", "This patient has died."))
    if not patient.email:
        raise Refused(Refusal("no_address", "This patient has no e-mail address. Add one first.", "email"))
    user = User.objects.filter(email__iexact=patient.email).first()
    if user is None:
        user = User.objects.create_user(patient.email, None, name="", door="portal")
    elif user.door != "portal":
        raise Refused(
            Refusal("staff_address", "This address belongs to a colleague. Use another one.", "email")
        )
    if patient.portalaccess_set.filter(user=user, revoked_at__isnull=True).exists():
        raise Refused(Refusal("already_invited", "This patient has been invited under this address already."))
    access = PortalAccess.objects.create(
        clinic=patient.clinic, patient=patient, user=user, invited_by=by, invited_at=now
    )
    _note(patient, by, "invited to the portal", access, email=user.email)
    return access


@transaction.atomic
def revoke_access(*, access: PortalAccess, by: User, now: datetime) -> None:
    """Close the portal for one person; takes effect with their next page."""
    if access.revoked_at is None:
        access.revoked_at = now
        access.save(update_fields=["revoked_at"])
        _note(access.patient, by, "closed the portal", access, email=access.user.email)


@transaction.atomic
def confirm_access(
    *, accesses: Iterable[PortalAccess], birth_date: date, now: datetime
) -> tuple[PortalAccess, ...]:
    """The patients whose birth date was given, among those the address opens; empty when it is nobody's.

    At the first sign-in this proves that the mail reached the right person. A wrong date is counted on each of the
    accesses; after five, staff must invite again. Twins who share an address both come back and choose by name.
    """
    rows = [row for row in accesses if row.failed_confirmations < BIRTH_DATE_TRIES]
    matching = tuple(row for row in rows if row.patient.birth_date == birth_date)
    for row in matching:
        row.confirmed_at, row.failed_confirmations = row.confirmed_at or now, 0
        row.save(update_fields=["confirmed_at", "failed_confirmations"])
        _note(row.patient, row.user, "proved the birth date", row)
    for row in () if matching else rows:
        PortalAccess.objects.of(row.clinic).filter(pk=row.pk).update(
            failed_confirmations=F("failed_confirmations") + 1
        )
        _note(row.patient, row.user, "gave a wrong birth date", row)
    return matching
