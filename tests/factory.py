"""Rows for tests, made directly and valid on both engines: a clinic that runs, its people, patients and visits.

Every function gives one row (and what it cannot stand without) and takes any field by name. Names, addresses and
record numbers count upwards, so that nothing collides within a test. All persons are invented.
"""

from __future__ import annotations

import time as seconds
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from django.test import Client
from django.utils import timezone

from clinics.domain.rights import Role
from clinics.models import Chair, Clinic, Membership, OpeningHours, Shift, User
from evaluation.models import Clearance, Evaluation
from infusion.reminders.models import KindRule
from monitoring.models import FollowUp
from patients.models import Diagnosis, Patient
from regimens.defaults import default_definition
from regimens.domain.dates import add_months
from regimens.models import Approval, RegimenVersion
from scheduling.models import Course, PlannedInfusion, Visit, VisitVersion

PASSWORD = "correct horse battery staple"
FIRST_PHASES = [
    ["set_up", 30],
    ["premedication", 30],
    ["titration", 210],
    ["steady", 45],
    ["observation", 60],
]
FOLLOW_UP_PHASES = [["consultation", 30]]

FURTHER_MESSAGES = ("gate_needs", "health_check", "lab_due", "morning_of", "window_open")

_number = count(1)


def make_clinic(
    *,
    chairs: int = 3,
    nurses: int = 2,
    opens: time = time(8),
    closes: time = time(18),
    messages: Iterable[str] = (),
    **fields: Any,
) -> Clinic:
    """A clinic open Monday to Friday, with chairs and with nurses whose shifts cover its hours. Of the messages only
    notices, reminders and what somebody's act brings about are on, and those named.
    """
    n = next(_number)
    given = {
        "slug": f"clinic-{n}",
        "name": "Riverside Clinic",
        "time_zone": "Europe/London",
        "address": "1 Riverside Walk\nLondon",
        "directions": "Second floor, follow the blue line.",
        "phone": "+442079460000",
        "email": f"desk-{n}@riverside.example",
        "reminder_days": [7, 2],
        "quiet_from": time(),
        "quiet_until": time(),
    }
    clinic = Clinic.objects.create(**(given | fields))
    KindRule.objects.bulk_create(
        KindRule(clinic=clinic, kind=kind, is_on=False) for kind in sorted({*FURTHER_MESSAGES} - {*messages})
    )
    for weekday in range(5):
        OpeningHours.objects.create(clinic=clinic, weekday=weekday, opens=opens, closes=closes)
    for number in range(1, chairs + 1):
        Chair.objects.create(clinic=clinic, name=f"Chair {number}")
    for _ in range(nurses):
        member = make_member(clinic, Role.NURSE)
        for weekday in range(5):
            Shift.objects.create(
                clinic=clinic,
                member=member,
                weekday=weekday,
                starts=opens,
                ends=closes,
                valid_from=date(2020, 1, 1),
            )
    return clinic


def make_user(door: str = "staff", *, password: str | None = None, **fields: Any) -> User:
    """Somebody who can sign in. No password unless one is given: hashing it is the slow part."""
    n = next(_number)
    given = {"email": f"person-{n}@example.org", "name": f"Person {n}"} | fields
    return User.objects.create_user(given.pop("email"), password, door=door, **given)


def make_member(clinic: Clinic, role: Role | str = Role.RECEPTIONIST, **fields: Any) -> Membership:
    """A colleague with a role; ``user=`` takes an existing one, other fields are the user's. Nobody gets the morning
    mail, which would stand in the ledger at some hours and not at others; tests of it ask for it (None: by the role).
    """
    morning = fields.pop("wants_digest", False)
    user = fields.pop("user", None) or make_user("staff", **fields)
    return Membership.objects.create(clinic=clinic, user=user, role=str(Role(role)), wants_digest=morning)


def make_patient(clinic: Clinic, **fields: Any) -> Patient:
    """An adult with an address that mail can go to."""
    n = next(_number)
    given = {
        "record_number": f"R{n:05}",
        "given_name": "Ada",
        "family_name": f"Example {n}",
        "birth_date": date(1970, 5, 17),
        "sex": "female",
        "email": f"patient-{n}@example.org",
        "phone": "+442079460123",
    }
    return Patient.objects.create(clinic=clinic, **(given | fields))


def make_diagnosis(patient: Patient, condition: str = "RA", **fields: Any) -> Diagnosis:
    given = {"state": "confirmed", "text": condition, "system": "", "code": ""}
    return Diagnosis.objects.create(
        clinic=patient.clinic, patient=patient, condition=condition, **(given | fields)
    )


def make_regimen(clinic: Clinic, code: str = "STANDARD", *, approved: bool = True) -> RegimenVersion:
    """The clinic's newest version of a delivered regimen, approved by a prescriber and a pharmacist."""
    found = RegimenVersion.objects.of(clinic).filter(code=code).first()
    if found is None:
        definition = default_definition(code)
        assert definition is not None, f"no delivered regimen is called {code}"
        found = RegimenVersion.objects.create(
            clinic=clinic, code=code, version=1, name=definition["name"], definition=definition
        )
    if approved and not found.approvals.exists():
        for role in (Role.PRESCRIBER, Role.PHARMACIST):
            Approval.objects.create(
                clinic=clinic,
                regimen_version=found,
                role=role.value,
                by=make_member(clinic, role).user,
                at=timezone.now(),
            )
    return found


def make_clearance(patient: Patient, diagnosis: Diagnosis | None = None, **fields: Any) -> Clearance:
    """A signed evaluation and its clearance, standing for a year from today."""
    if diagnosis is None:
        confirmed = Diagnosis.objects.of(patient.clinic).filter(patient=patient, state="confirmed")
        diagnosis = confirmed.first() or make_diagnosis(patient)
    now = timezone.now()
    prescriber = fields.pop("signed_by", None) or make_member(patient.clinic, Role.PRESCRIBER).user
    evaluation = Evaluation.objects.create(
        clinic=patient.clinic,
        patient=patient,
        diagnosis=diagnosis,
        state="signed",
        opened_by=prescriber,
        opened_at=now,
    )
    given = {
        "regimen_version": fields.pop("regimen_version", None) or make_regimen(patient.clinic),
        "signed_at": now,
        "valid_from": now.date(),
        "valid_until": now.date() + timedelta(days=365),
        "verdict": {},
    }
    return Clearance.objects.create(
        clinic=patient.clinic,
        patient=patient,
        evaluation=evaluation,
        signed_by=prescriber,
        **(given | fields),
    )


def make_course(
    patient: Patient,
    *,
    start_on: date | None = None,
    maintenance: int = 4,
    clearance: Clearance | None = None,
    **fields: Any,
) -> Course:
    """A STANDARD course with its planned infusions: two of induction, then ``maintenance`` every six months."""
    clearance = clearance or make_clearance(patient)
    first = start_on or timezone.localdate() + timedelta(days=30)
    given = {
        "diagnosis": clearance.evaluation.diagnosis,
        "regimen_version": clearance.regimen_version,
        "clearance": clearance,
        "prescribed_by": clearance.signed_by,
        "prescribed_at": timezone.now(),
        "start_on": first,
    }
    course = Course.objects.create(clinic=patient.clinic, patient=patient, **(given | fields))
    targets = [first, first + timedelta(days=14)]
    targets += [add_months(first, 6 * number) for number in range(1, maintenance + 1)]
    for ordinal, target in enumerate(targets, start=1):
        induction = ordinal <= 2
        PlannedInfusion.objects.create(
            clinic=patient.clinic,
            patient=patient,
            course=course,
            ordinal=ordinal,
            phase="induction" if induction else "maintenance",
            dose_mg=1000,
            target_on=target,
            earliest_on=target - timedelta(days=1 if ordinal == 2 else 0),
            latest_on=target + timedelta(days=3 if induction else 28),
            planned_on=target,
        )
    return course


def make_visit(
    patient: Patient,
    *,
    starts_at: datetime | None = None,
    kind: str = "infusion",
    at: datetime | None = None,
    batch: UUID | None = None,
    planned_infusion: PlannedInfusion | None = None,
    **fields: Any,
) -> Visit:
    """A booked visit and its first version, written ``at`` (now). An infusion takes the patient's next planned
    infusion that has no standing visit, the first chair and the first nurse; a course is made where there is none.
    """
    clinic = patient.clinic
    starts = starts_at or datetime.combine(
        timezone.now().date() + timedelta(days=30), time(9), tzinfo=clinic.zone
    ).astimezone(UTC)
    given: dict[str, Any] = {"status": "booked"}
    if kind == "infusion":
        given |= {
            "planned_infusion": planned_infusion
            or _next_planned(patient, starts.astimezone(clinic.zone).date()),
            "chair": Chair.objects.of(clinic).first(),
            "nurse": Membership.objects.of(clinic).filter(role=Role.NURSE).first(),
            "phases": FIRST_PHASES,
        }
    else:
        given |= {"title": "Blood tests, week 4", "phases": FOLLOW_UP_PHASES}
    given |= fields
    given.setdefault("ends_at", starts + timedelta(minutes=sum(phase[1] for phase in given["phases"])))
    visit = Visit.objects.create(clinic=clinic, patient=patient, kind=kind, starts_at=starts, **given)
    add_version(visit, "booked", at=at, batch=batch)
    return visit


def _next_planned(patient: Patient, on: date) -> PlannedInfusion:
    active = Course.objects.of(patient.clinic).filter(patient=patient, state="active").first()
    course = active or make_course(patient, start_on=on)
    standing = Visit.objects.of(patient.clinic).exclude(status__in=["cancelled", "noshow"])
    taken = standing.filter(planned_infusion__isnull=False).values("planned_infusion")
    return course.planned_infusions.exclude(pk__in=taken).order_by("ordinal")[0]


def add_version(
    visit: Visit, change: str, *, at: datetime | None = None, batch: UUID | None = None, reason: str = ""
) -> VisitVersion:
    """Append the visit's present state as its version row."""
    return VisitVersion.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        visit=visit,
        version=visit.version,
        change=change,
        batch=batch or uuid4(),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        chair_name=visit.chair.name if visit.chair else "",
        chair=visit.chair,
        nurse=visit.nurse,
        phases=visit.phases,
        handovers=visit.handovers,
        status=visit.status,
        reason=reason,
        at=at or timezone.now(),
    )


def change_visit(
    visit: Visit, change: str, *, at: datetime | None = None, batch: UUID | None = None, **fields: Any
) -> Visit:
    """Change a visit's fields, raise its version and append the version row: ``change`` is moved, cancelled or
    status. A new ``starts_at`` keeps the length unless ``ends_at`` is given too."""
    if "starts_at" in fields:
        fields.setdefault("ends_at", fields["starts_at"] + (visit.ends_at - visit.starts_at))
    if change == "cancelled":
        fields.setdefault("status", "cancelled")
    for name, value in fields.items():
        setattr(visit, name, value)
    visit.version += 1
    visit.save()
    add_version(visit, change, at=at, batch=batch)
    return visit


def make_follow_up(patient: Patient, *, due_on: date, **fields: Any) -> FollowUp:
    """A follow-up not yet booked, due after the first infusion of the patient's course."""
    planned = fields.pop("planned_infusion", None)
    if planned is None:
        found = Course.objects.of(patient.clinic).filter(patient=patient).first()
        course = found or make_course(patient, start_on=due_on - timedelta(weeks=4))
        planned = course.planned_infusions.order_by("ordinal")[0]
    given = {
        "kind": "week_4_bloods",
        "title": "Blood tests, week 4",
        "purpose": "Blood count with differential and immunoglobulins after the infusion.",
        "earliest_on": due_on - timedelta(days=7),
        "latest_on": due_on + timedelta(days=7),
    }
    return FollowUp.objects.create(
        clinic=patient.clinic,
        patient=patient,
        planned_infusion=planned,
        due_on=due_on,
        **(given | fields),
    )


def sign_in(client: Client, who: Membership | User, *, methods: Mapping[str, str] | None = None) -> Client:
    """Open a session as allauth leaves it: for staff by password and second factor, for a patient by typed code.

    ``methods`` maps a method to its type and replaces these, to knock at a door with too little.
    """
    user = who.user if isinstance(who, Membership) else who
    if methods is None:
        methods = {"password": "", "mfa": "totp"} if user.door == "staff" else {"code": ""}
    client.force_login(user, backend="infusion.doors.backend.AuthenticationBackend")
    session = client.session
    at = seconds.time()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": method, "at": at} | ({"type": kind} if kind else {}) for method, kind in methods.items()
    ]
    session["account_authentication_methods_user"] = user_id_to_str(user)
    if isinstance(who, Membership):
        session["clinic_id"] = who.clinic_id
    session.save()
    return client
