"""The demo clinic's own set of regimens, and patients whose courses go by others than the standard one."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from clinics.models import Clinic, Membership, User
from evaluation import actions as evaluation
from evaluation.models import Clearance
from infusion.demo import people
from infusion.demo.people import Invented
from patients import actions as patients
from patients.models import Diagnosis, Medication, Patient
from regimens import actions as regimens
from regimens.defaults import library
from regimens.domain.dates import add_months
from regimens.models import RegimenVersion
from regimens.queries import newest_approved
from scheduling import actions as scheduling
from scheduling import queries as schedule
from scheduling.models import Course

HALF_APPROVED = "MS-EXTENDED"


class Staff(Protocol):
    """The demo's colleagues by role."""

    members: dict[str, Membership]

    def __getitem__(self, role: str) -> User: ...


class Filling(Protocol):
    """What is needed here of the demo as it is filled."""

    clinic: Clinic
    now: datetime
    today: date

    @property
    def team(self) -> Staff: ...
    def ago(self, days: int) -> datetime: ...
    def day(self, moment: datetime) -> date: ...
    def patient(self, who: Invented, when: datetime) -> Patient: ...
    def evaluated(self, patient: Patient, when: datetime) -> Diagnosis: ...


def approve_own(demo: Filling) -> None:
    """What the product proposes is approved by both; one more waits for its second approval, the rest are drafts."""
    regimens.load_defaults(clinic=demo.clinic, by=demo.team["pharmacist"])
    proposed = {one["id"] for one in library()["regimens"] if one["enabled_by_default"]}
    for version in demo.clinic.regimen_versions.filter(code__in={*proposed, HALF_APPROVED}):
        _approve(
            demo,
            version,
            *(["pharmacist"] if version.code == HALF_APPROVED else ["pharmacist", "prescriber"]),
        )


def _approve(demo: Filling, version: RegimenVersion, *roles: str) -> None:
    for role in roles:
        member = demo.team.members[role]
        regimens.approve(version=version, by=member.user, membership=member, now=demo.now)


def fill(demo: Filling) -> None:
    """Weekly doses by body surface, months 12 and 18, and one infusion every six months."""
    weekly, pemphigus, sclerosis, arthritis = people.BY_OTHER_REGIMENS
    _weekly(demo, weekly)
    _months_on(demo, pemphigus)
    course = _prescribed(demo, sclerosis, "MS-RIFUND", days=5)
    _newer_version(demo, course)
    course = _prescribed(demo, arthritis, "RA-1000x2", days=7)
    taken = Medication(clinic=demo.clinic, patient=course.patient, text="Methotrexate 15 mg once a week")
    patients.record_medication(patient=course.patient, rows=[taken], by=demo.team["nurse"])
    scheduling.record_co_therapy(
        course=course,
        code="methotrexate",
        is_taken=True,
        words="15 mg once a week",
        by=demo.team["nurse"],
        now=demo.now,
    )


def _cleared(demo: Filling, who: Invented, code: str) -> Clearance:
    when, version = demo.ago(3), newest_approved(demo.clinic, code)
    assert version is not None, f"{code} is approved in the demo"
    diagnosis = demo.evaluated(demo.patient(who, when), when)
    return evaluation.sign(
        evaluation=diagnosis.evaluations.get(state="open"),
        regimen_version=version,
        valid_until=demo.day(when) + timedelta(days=364),
        by=demo.team["prescriber"],
        now=when,
        off_label_reason="Agreed in the clinic's protocol; talked over with the patient.",
    )


def _prescribed(demo: Filling, who: Invented, code: str, *, days: int) -> Course:
    clearance = _cleared(demo, who, code)
    return scheduling.prescribe_course(
        clinic=demo.clinic,
        patient=clearance.patient,
        clearance=clearance,
        regimen_version=clearance.regimen_version,
        start_on=demo.today + timedelta(days=days),
        by=demo.team["prescriber"],
        now=demo.ago(2),
    )


def _weekly(demo: Filling, who: Invented) -> None:
    """The first of four is booked; the patient was weighed again since, so the doses are to be reckoned anew."""
    course = _prescribed(demo, who, "AIHA-375x4", days=4)
    plan = schedule.read_plan(course)
    found = schedule.single_times(plan, plan.planned[0], now=demo.ago(2))
    scheduling.book_single(
        planned=plan.planned[0],
        seat=found.cards[0].places[0].seat,
        by=demo.team["receptionist"],
        now=demo.ago(2),
    )
    patients.record_measurement(
        patient=course.patient,
        kind="weight",
        value=Decimal("79.5"),
        taken_on=demo.today,
        by=demo.team["nurse"],
    )


def _months_on(demo: Filling, who: Invented) -> None:
    """Eleven months after the first infusion, the dose of month 12 is the next."""
    version = newest_approved(demo.clinic, "PV-EU")
    first_on = add_months(demo.today, -11)
    clearance = _cleared(demo, who, "PV-EU")
    for on in (first_on, first_on + timedelta(days=14)):
        patients.record_earlier_infusion(
            patient=clearance.patient,
            given_on=on,
            product="Truxima",
            dose_mg=Decimal(1000),
            given_here=True,
            reaction_grade=0,
            reaction_text="",
            by=demo.team["nurse"],
            now=demo.ago(2),
        )
    assert version is not None, "the product proposes PV-EU"
    scheduling.continue_course(
        clinic=demo.clinic,
        patient=clearance.patient,
        clearance=clearance,
        regimen_version=version,
        by=demo.team["prescriber"],
        now=demo.ago(2),
    )


def _newer_version(demo: Filling, course: Course) -> None:
    """A version with a shorter window was approved since: the course keeps its own until a prescriber moves it."""
    definition = deepcopy(course.regimen_version.definition)
    definition["window"]["maintenance_plus_days"] = 21
    member = demo.team.members["pharmacist"]
    version = regimens.make_version(
        base=course.regimen_version,
        definition=definition,
        reason="A shorter window after six months, so that no gap grows.",
        by=member.user,
        membership=member,
    )
    _approve(demo, version, "pharmacist", "prescriber")
