"""Patients who are owed mail, and visits by the million, written in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any
from uuid import UUID

from django.utils import timezone

from bench import rows
from bench.people import the_clinic
from clinics.models import Clinic
from patients.models import Patient
from scheduling.models import Visit, VisitVersion

DAY = timedelta(days=1)
TALK = timedelta(minutes=20)
PHASES = json.dumps([["talk", 20, "usual"]])
A_DAY = 27
"""Twenty-minute visits a patient could have from 08:00 to 17:00; they follow one another from patient to patient."""

_VISIT = ("id", "clinic_id", "patient_id", "kind", "starts_at", "ends_at", "phases", "status")
_VERSION = (
    "id", "clinic_id", "patient_id", "visit_id", "version", "change", "batch", "starts_at", "ends_at", "status", "at",
)  # fmt: skip


def patients(count: int, name: str) -> list[Patient]:
    """So many patients with addresses of their own."""
    clinic = the_clinic()
    made = Patient.objects.bulk_create(
        (
            Patient(
                clinic=clinic,
                record_number=f"{name}-{number}",
                given_name="Ada",
                family_name=f"{name} {number}",
                birth_date=datetime(1970, 5, 17).date(),
                sex="female",
                email=f"{name.lower()}-{number}@bench.example",
            )
            for number in range(count)
        ),
        batch_size=2_000,
    )
    return list(made)


def visits(people: list[Patient], each: int, *, first_day: int, days: int, at: datetime) -> None:
    """Follow-up visits of these people, so many each, evenly over so many days, all booked ``at``."""
    clinic = the_clinic()
    visit, version = rows.next_key(Visit), rows.next_key(VisitVersion)
    rows.write(Visit, _VISIT, _visits(clinic, people, each, first_day, days, visit))
    written = _visits(clinic, people, each, first_day, days, visit)
    rows.write(VisitVersion, _VERSION, (_version(row, version + n, at) for n, row in enumerate(written)))


def _visits(
    clinic: Clinic, people: list[Patient], each: int, first_day: int, days: int, key: int
) -> Iterator[tuple[Any, ...]]:
    today = timezone.localdate(timezone=clinic.zone)
    for number in range(each):
        for place, patient in enumerate(people):
            day = today + (first_day + (place + number * days // each) % days) * DAY
            begins = datetime.combine(day, clock(8), tzinfo=clinic.zone).astimezone(UTC)
            starts = begins + (place % A_DAY) * TALK
            yield (
                key, clinic.pk, patient.pk, "follow_up", _text(starts), _text(starts + TALK), PHASES, "booked"
            )  # fmt: skip
            key += 1


def _version(row: tuple[Any, ...], key: int, at: datetime) -> tuple[Any, ...]:
    visit, clinic, patient, _, starts, ends, _, status = row
    return key, clinic, patient, visit, 1, "booked", UUID(int=visit).hex, starts, ends, status, _text(at)


def _text(instant: datetime) -> str:
    """An instant as both engines read it."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
