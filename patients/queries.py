"""Reading patients: always from a clinic."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from clinics.models import Clinic, User
from clinics.prepared import Given, Prepared
from clinics.queries import or_404

from .models import AddressProblem, Diagnosis, Measurement, Medication, Patient, PortalAccess, Wishes

LEAST_DIGITS = 6
"""Fewer digits than these are no telephone number that could be looked for."""


def patients(clinic: Clinic) -> QuerySet[Patient]:
    return Patient.objects.of(clinic)


def patient(clinic: Clinic, pk: int) -> Patient:
    """One patient of the clinic, or 404."""
    return or_404(Patient.objects.of(clinic).select_related("clinic"), pk=pk)


def by_record_number(clinic: Clinic, record_number: str) -> Patient | None:
    return Patient.objects.of(clinic).filter(record_number=record_number).first()


def by_record_numbers(clinic: Clinic, numbers: Collection[str]) -> dict[str, Patient]:
    """The patients behind record numbers, by number, in one question."""
    rows = Patient.objects.of(clinic).filter(record_number__in=numbers)
    return {row.record_number: row for row in rows}


def search(clinic: Clinic, words: str) -> QuerySet[Patient]:
    """Patients whose names, record number or birth date (year-month-day) hold every one of the words, or whose mail
    address begins with one; a telephone number is known by six of its digits, however it is written.
    """
    rows = Patient.objects.of(clinic)
    cleaned = unicodedata.normalize("NFC", words.replace("\x00", "")).encode("utf-8", "ignore").decode()
    if len(cleaned.split()) > 1 and (number := _dialled(cleaned)):
        return rows.filter(Q(phone__contains=number) | Q(record_number__icontains=cleaned.strip()))
    for word in cleaned.split()[:6]:
        condition = Q(record_number__icontains=word)
        # A telephone types O’Neil where the record has O'Neil, and the other way round.
        for spelt in {word, word.replace("’", "'"), word.replace("'", "’")}:
            condition |= Q(given_name__icontains=spelt) | Q(family_name__icontains=spelt)
        if "@" in word:
            condition |= Q(email__istartswith=word)
        if number := _dialled(word):
            condition |= Q(phone__contains=number)
        with suppress(ValueError):
            condition |= Q(birth_date=date.fromisoformat(word))
        rows = rows.filter(condition)
    return rows


def _dialled(words: str) -> str:
    """The digits of what can only be a telephone number, without what is dialled before it at home or abroad."""
    typed = words.replace("(0)", "").strip()
    digits = re.sub(r"\D", "", typed).lstrip("0")
    written_so = re.fullmatch(r"\+?[\d\s().\u00a0\u2011/-]+", typed) is not None
    is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", typed) is not None
    return digits if written_so and not is_day and len(digits) >= LEAST_DIGITS else ""


def with_conditions(rows: QuerySet[Patient]) -> QuerySet[Patient]:
    """The same rows with their diagnoses fetched in one further query."""
    return rows.prefetch_related("diagnoses")


def conditions_of(patient: Patient) -> list[Diagnosis]:
    """The patient's diagnoses among the seven that stand or wait for a person."""
    return [
        row for row in patient.diagnoses.all() if row.condition and row.state in ("confirmed", "to_confirm")
    ]


def diagnosis(clinic: Clinic, pk: int) -> Diagnosis:
    return or_404(Diagnosis.objects.of(clinic).select_related("patient", "clinic"), pk=pk)


def medicine(patient: Patient, pk: int) -> Medication:
    """One medicine on a patient's list, or 404."""
    return or_404(Medication.objects.of(patient.clinic).filter(patient=patient), pk=pk)


def diagnoses_to_confirm(clinic: Clinic) -> QuerySet[Diagnosis]:
    """Near but not certain: a person must say whether it is one of the seven."""
    return (
        Diagnosis.objects.of(clinic)
        .filter(state="to_confirm")
        .select_related("patient")
        .order_by("created_at", "id")
    )


def overlaps(clinic: Clinic) -> QuerySet[Patient]:
    """Patients with two or more confirmed conditions among the seven: a person must say which one is treated."""
    return (
        Patient.objects.of(clinic)
        .annotate(standing=Count("diagnoses", filter=Q(diagnoses__state="confirmed")))
        .filter(standing__gte=2, deceased=False)
    )


def latest_measurement(patient: Patient, kind: str) -> Measurement | None:
    return patient.measurement_set.filter(kind=kind).order_by("-taken_on", "-id").first()


def earlier_infusion_dates(patient: Patient) -> tuple[date, ...]:
    """Days of the infusions given before this system kept the record, oldest first."""
    return tuple(patient.earlierinfusion_set.order_by("given_on").values_list("given_on", flat=True))


def portal_accesses(patient: Patient) -> QuerySet[PortalAccess]:
    return patient.portalaccess_set.select_related("user").order_by("invited_at")


def carers_of(patient: Patient) -> QuerySet[PortalAccess]:
    """Those whom the patient has asked to help and has not taken away, in the order they were asked."""
    return portal_accesses(patient).filter(is_carer=True, revoked_at__isnull=True)


def carers_gone(patient: Patient, since: datetime) -> QuerySet[PortalAccess]:
    """Those who said no or stopped helping since then and were not asked again, the latest first."""
    rows = portal_accesses(patient).filter(is_carer=True, declined_at__gte=since)
    again = carers_of(patient).values("user")
    return rows.exclude(user__in=again).order_by("-declined_at", "-id")


def standing_accesses(user: User) -> QuerySet[PortalAccess]:
    """The patients whose pages this person may open; begins with the person, who may be known to several clinics."""
    return _not_closed(user).filter(Q(is_carer=False) | Q(accepted_at__isnull=False))


def asked_to_help(user: User) -> QuerySet[PortalAccess]:
    """The patients who ask this person to help and have no answer yet."""
    return _not_closed(user).filter(is_carer=True, accepted_at__isnull=True)


def _not_closed(user: User) -> QuerySet[PortalAccess]:
    return (
        user.portal_accesses.filter(revoked_at__isnull=True, patient__deceased=False)
        .select_related("patient", "clinic")
        .order_by("id")
    )


_WISHES = Prepared(lambda: Wishes.objects.of(Given("clinic")).filter(patient=Given("patient")))


def wishes_of(patient: Patient) -> Wishes | None:
    """What the patient asks of their times, where anything was written down."""
    found: Wishes | None = _WISHES.first(clinic=patient.clinic_id, patient=patient.pk)
    return found


def address_problem(patient: Patient) -> AddressProblem | None:
    """Why nothing may be mailed to the patient's address, where mail from there came back."""
    return AddressProblem.objects.of(patient.clinic).filter(patient=patient, cleared_at__isnull=True).first()


def marked_addresses(clinic: Clinic, ids: Collection[int]) -> dict[int, str]:
    """The addresses from which mail of these patients came back, by patient."""
    rows = AddressProblem.objects.of(clinic).filter(patient__in=ids, cleared_at__isnull=True)
    return dict(rows.values_list("patient_id", "address"))
