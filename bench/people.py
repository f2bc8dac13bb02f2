"""The clinic of the bench and its people, written in bulk: colleagues signed in, patients with courses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from string import ascii_lowercase, digits

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import get_random_string

from bench.cells import CHAIRS
from clinics.actions import open_clinic
from clinics.domain.rights import Role
from clinics.models import Clinic, Membership, Shift, User
from evaluation.models import Clearance, Evaluation
from patients.models import Diagnosis, Patient
from regimens.models import RegimenVersion
from scheduling.models import Course, PlannedInfusion
from tests import factory

SLUG = "bench"
OPENS, CLOSES = clock(8), clock(18)
BATCH = 2_000


def the_clinic() -> Clinic:
    """The clinic of a loaded database."""
    return Clinic.objects.get(slug=SLUG)


def make_clinic(nurses: int) -> Clinic:
    """A clinic with twenty chairs, open every day from 08:00 to 18:00, with so many nurses on duty throughout."""
    clinic = open_clinic(
        slug=SLUG,
        name="Bench Clinic",
        time_zone="Europe/London",
        address="1 Riverside Walk\nLondon",
        phone="+442079460000",
        email="desk@bench.example",
        opens=OPENS,
        closes=CLOSES,
        chairs=CHAIRS,
        days=7,
    )
    on_duty = make_members(clinic, Role.NURSE, nurses)
    Shift.objects.bulk_create(
        Shift(
            clinic=clinic,
            member=member,
            weekday=weekday,
            starts=OPENS,
            ends=CLOSES,
            valid_from=date(2000, 1, 1),
        )
        for member in on_duty
        for weekday in range(7)
    )
    return clinic


def make_members(clinic: Clinic, role: Role, count: int) -> list[Membership]:
    """So many colleagues of one role, who cannot sign in by password."""
    users = User.objects.bulk_create(
        User(
            email=f"{role.value}-{number}@bench.example",
            name=f"{role.value.title()} {number}",
            password=make_password(None),
        )
        for number in range(1, count + 1)
    )
    return Membership.objects.bulk_create(
        Membership(clinic=clinic, user=user, role=role.value) for user in users
    )


def sign_in(members: Sequence[Membership]) -> list[str]:
    """Sessions as signing in with password and second factor leaves them; returns their keys."""
    now = time.time()
    expires = timezone.now() + timedelta(hours=12)
    store = SessionStore()
    rows = []
    for member in members:
        at = {"at": now}
        session = {
            SESSION_KEY: str(member.user_id),
            BACKEND_SESSION_KEY: "infusion.doors.backend.AuthenticationBackend",
            HASH_SESSION_KEY: member.user.get_session_auth_hash(),
            AUTHENTICATION_METHODS_SESSION_KEY: [
                {"method": "password", **at},
                {"method": "mfa", "type": "totp", **at},
            ],
            "account_authentication_methods_user": user_id_to_str(member.user),
            # They have looked at the times on offer a moment ago.
            "began_at": now,
            "seen_at": now,
        }
        key = get_random_string(32, ascii_lowercase + digits)
        rows.append(Session(session_key=key, session_data=store.encode(session), expire_date=expires))
    Session.objects.bulk_create(rows)
    return [row.session_key for row in rows]


@dataclass(frozen=True, slots=True)
class Doses:
    """The infusions a course is given: the days on which doses were given, and the windows of those to come."""

    given: tuple[date, ...]
    ahead: tuple[tuple[date, date], ...]


def make_courses(clinic: Clinic, doses: Sequence[Doses], family_name: str) -> list[Course]:
    """One adult with a signed clearance and an active STANDARD course for each, in bulk."""
    regimen = factory.make_regimen(clinic)
    signer = Membership.objects.of(clinic).filter(role=Role.PRESCRIBER).select_related("user")[0].user
    found: list[Course] = []
    for first in range(0, len(doses), BATCH):
        found += _some_courses(clinic, regimen, signer, doses[first : first + BATCH], family_name)
    return found


def _some_courses(
    clinic: Clinic, regimen: RegimenVersion, signer: User, doses: Sequence[Doses], family_name: str
) -> list[Course]:
    now, today = timezone.now(), timezone.localdate()
    known = Patient.objects.of(clinic).count()
    patients = Patient.objects.bulk_create(
        Patient(
            clinic=clinic,
            record_number=f"B{known + number:06}",
            given_name="Ada",
            family_name=f"{family_name} {known + number}",
            birth_date=date(1970, 5, 17),
            sex="female",
            email=f"patient-{known + number}@bench.example",
            phone="+442079460123",
        )
        for number in range(1, len(doses) + 1)
    )
    diagnoses = Diagnosis.objects.bulk_create(
        Diagnosis(
            clinic=clinic, patient=patient, condition="RA", state="confirmed", text="RA", system="", code=""
        )
        for patient in patients
    )
    evaluations = Evaluation.objects.bulk_create(
        Evaluation(
            clinic=clinic,
            patient=diagnosis.patient,
            diagnosis=diagnosis,
            state="signed",
            opened_by=signer,
            opened_at=now,
        )
        for diagnosis in diagnoses
    )
    clearances = Clearance.objects.bulk_create(
        Clearance(
            clinic=clinic,
            patient=evaluation.patient,
            evaluation=evaluation,
            regimen_version=regimen,
            signed_by=signer,
            signed_at=now,
            valid_from=today,
            valid_until=today + timedelta(days=365),
            verdict={},
        )
        for evaluation in evaluations
    )
    courses = Course.objects.bulk_create(
        Course(
            clinic=clinic,
            patient=clearance.patient,
            diagnosis=clearance.evaluation.diagnosis,
            regimen_version=regimen,
            clearance=clearance,
            prescribed_by=signer,
            prescribed_at=now,
            start_on=wanted.given[0] if wanted.given else wanted.ahead[0][0] if wanted.ahead else today,
        )
        for clearance, wanted in zip(clearances, doses, strict=True)
    )
    PlannedInfusion.objects.bulk_create(
        [row for course, wanted in zip(courses, doses, strict=True) for row in _infusions(course, wanted)],
        batch_size=BATCH,
    )
    return courses


def _infusions(course: Course, doses: Doses) -> list[PlannedInfusion]:
    rows = []
    windows = [(day, day) for day in doses.given] + list(doses.ahead)
    for ordinal, (first, last) in enumerate(windows, start=1):
        given = ordinal <= len(doses.given)
        rows.append(
            PlannedInfusion(
                clinic=course.clinic,
                patient=course.patient,
                course=course,
                ordinal=ordinal,
                phase="induction" if ordinal <= 2 else "maintenance",
                dose_mg=Decimal(1000),
                target_on=first,
                earliest_on=first,
                latest_on=last,
                planned_on=first,
                state="given" if given else "planned",
                given_on=first if given else None,
            )
        )
    return rows


def instant(clinic: Clinic, day: date, at: clock) -> datetime:
    """The instant of a wall-clock time of the clinic."""
    return datetime.combine(day, at, tzinfo=clinic.zone).astimezone(UTC)
