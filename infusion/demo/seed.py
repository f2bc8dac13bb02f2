"""Fills the demo clinic through the actions that the screens use: patients at every stage of the path.

The actions take ``now``, so a course that began last year is begun last year. Nothing is written past them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import transaction

from clinics import actions as clinics
from clinics.domain.rights import Role
from clinics.models import Clinic, Membership, User
from clinics.queries import calendar
from evaluation import actions as evaluation
from evaluation.models import Clearance
from infusion.demo import (
    aftercare,
    awaited,
    carers,
    charts,
    conversations,
    others,
    people,
    prepared,
    responses,
    undelivered,
)
from infusion.demo.accounts import Account
from infusion.demo.gates import Gates
from infusion.demo.people import Invented
from infusion.demo.town import ZONES
from infusion.portal.domain.education import VERSION
from monitoring.actions import plan_follow_ups
from patients import actions as patients
from patients.domain.checks import Person, check_person
from patients.models import Diagnosis, Patient
from regimens.domain.dates import add_months
from regimens.models import RegimenVersion
from regimens.queries import prescribable
from scheduling import actions as scheduling
from scheduling import queries as schedule
from scheduling.actions import waiting
from scheduling.models import Course, Visit

OPENS, CLOSES = time(7), time(19)
CLOSED_AHEAD = 30
# Easy to copy from a terminal: nothing that looks like another, no sign at either end.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass
class Team:
    """The demo's staff by role."""

    members: dict[str, Membership]

    def __getitem__(self, role: str) -> User:
        return self.members[role].user


class Filling:
    """One filling of the demo: the clinic, its team, its regimen, and the day it is filled on."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.accounts: list[Account] = []
        self.number = 0
        self.clinic = self._clinic()
        self.today = now.astimezone(self.clinic.zone).date()
        self.team = self._team()
        self._places()
        self.regimen = self._regimen()

    def _clinic(self) -> Clinic:
        zone = min(
            ZONES, key=lambda name: abs(self.now.astimezone(ZoneInfo(name)).hour + self.now.minute / 60 - 11)
        )
        clinic = clinics.open_clinic(
            slug="demo",
            name="Willow Street Infusion Clinic",
            time_zone=zone,
            address="14 Willow Street\nSecond floor",
            phone="+1 212 555 2368",
            email="desk@willow.example.org",
            opens=OPENS,
            closes=CLOSES,
            chairs=5,
            days=7,
            country=ZONES[zone][0],
            emergency_phone=ZONES[zone][1],
            directions="Take the lift by the main entrance. Parking is free for two hours behind the house.",
            directions_es="Suba en el ascensor de la entrada. Detrás del edificio se aparca gratis dos horas.",
        )
        if calendar(clinic, *[self.now.astimezone(clinic.zone).date()] * 2).closures:
            # On a public holiday the demo still wants a day to show.
            clinic.country = ""
            clinic.save(update_fields=["country"])
        return clinic

    def _team(self) -> Team:
        members = {role: self._colleague(role, name) for role, name in people.STAFF.items()}
        for name in people.MORE_NURSES:
            self._colleague("nurse", name, keep=False)
        clinics.approve_education(
            clinic=self.clinic, version=VERSION, by=members["manager"].user, today=self.today
        )
        return Team(members)

    def _places(self) -> None:
        """A bed and an isolation room beside the chairs, and a day on which the clinic will be shut."""
        manager = self.team["manager"]
        for name, kind in (("Bed 1", "bed"), ("Isolation room", "isolation")):
            clinics.add_chair(clinic=self.clinic, name=name, kind=kind, by=manager, now=self.now)
        shut = self.today + timedelta(days=CLOSED_AHEAD)
        clinics.add_closure(
            clinic=self.clinic,
            first_day=shut,
            last_day=shut,
            reason="Staff training",
            by=manager,
            today=self.today,
        )

    def _colleague(self, role: str, name: str, *, keep: bool = True) -> Membership:
        email = f"{role if keep else name.split(maxsplit=1)[0].lower()}@willow.example.org"
        long_ago = self.today - timedelta(days=730)
        member, _ = clinics.add_member(
            clinic=self.clinic, email=email, name=name, role=Role(role), by=None, today=long_ago
        )
        password, secret = "".join(secrets.choice(LETTERS) for _ in range(16)), generate_totp_secret()
        member.user.set_password(password)
        member.user.save(update_fields=["password"])
        TOTP.activate(member.user, secret)
        RecoveryCodes.activate(member.user)
        if keep:
            self.accounts.append(Account(role, name, email, password, secret))
        return member

    def _regimen(self) -> RegimenVersion:
        others.approve_own(self)
        return prescribable(self.clinic)[0]

    # --- the stages of the path, each built on the one before ----------------------------------------

    def ago(self, days: int) -> datetime:
        """The same moment some days ago."""
        return self.now - timedelta(days=days)

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.clinic.zone).date()

    def patient(self, who: Invented, when: datetime, *, certain: bool = True) -> Patient:
        self.number += 1
        person = check_person(
            {
                "record_number": f"WS-{1000 + self.number}",
                "given_name": who.given,
                "family_name": who.family,
                "birth_date": who.born,
                "sex": who.sex,
                "email": who.email,
                "language": who.language,
                "weight_kg": "74",
                "height_cm": "170",
                "phone": f"+1 212 555 {2400 + self.number}",
            },
            today=self.today,
        )
        assert isinstance(person, Person), person
        more = {"past_menopause": "yes"} if who.sex == "female" and who.born < "1970" else {}
        return patients.add_patient_with_diagnosis(
            clinic=self.clinic,
            by=self.team["prescriber" if certain else "receptionist"],
            now=when,
            person=person,
            condition=who.condition,
            certain=certain,
            address=f"{self.number} Mill Lane",
            **more,
        )

    def answers(self, patient: Patient, rows: Iterable[tuple[str, str, str]], when: datetime) -> None:
        for kind, value, unit in rows:
            evaluation.record_result(
                clinic=self.clinic,
                patient=patient,
                kind=kind,
                value=value,
                unit=unit,
                observed_on=self.day(when),
                by=self.team["nurse"],
                now=when,
            )

    def evaluated(self, patient: Patient, when: datetime, **instead: str) -> Diagnosis:
        """Open the evaluation and fill its checklist; ``instead`` names answers that differ from a fit patient's."""
        diagnosis = patient.diagnoses.get(state="confirmed")
        evaluation.open_evaluation(
            clinic=self.clinic, patient=patient, diagnosis=diagnosis, by=self.team["nurse"], now=when
        )
        rows = {row[0]: row for row in people.FIT + people.SEVERITY[diagnosis.condition]}
        if patient.sex == "female" and patient.past_menopause != "yes":
            rows |= {row[0]: row for row in people.FIT_WOMEN}
        for kind, value in instead.items():
            rows[kind] = (kind, value, rows[kind][2])
        self.answers(patient, rows.values(), when)
        evaluation.record_result(
            clinic=self.clinic,
            patient=patient,
            kind="payer_authorisation",
            value="granted",
            observed_on=self.day(when),
            valid_until=self.day(when) + timedelta(days=365),
            note="Reference WS-4471",
            by=self.team["receptionist"],
            now=when,
        )
        return diagnosis

    def cleared(self, who: Invented, when: datetime, *, patient: Patient | None = None) -> Clearance:
        patient = patient or self.patient(who, when)
        diagnosis = self.evaluated(patient, when, **people.STANDING.get(who.family, {}))
        return evaluation.sign(
            evaluation=diagnosis.evaluations.get(state="open"),
            regimen_version=self.regimen,
            valid_until=self.day(when) + timedelta(days=364),
            by=self.team["prescriber"],
            now=when,
            off_label_reason="Schedule agreed in the clinic's protocol.",
        )

    def prescribed(self, who: Invented, when: datetime, start_on: date) -> Course:
        clearance = self.cleared(who, when)
        return scheduling.prescribe_course(
            clinic=self.clinic,
            patient=clearance.patient,
            clearance=clearance,
            regimen_version=self.regimen,
            start_on=start_on,
            by=self.team["prescriber"],
            now=when,
        )

    def pair_booked(self, who: Invented, when: datetime, start_on: date) -> tuple[Visit, Visit]:
        """Both induction infusions booked, and what follows held to the horizon."""
        course = self.prescribed(who, when, start_on)
        plan, asked = schedule.read_plan(course), schedule.Asked(start=start_on)
        places = schedule.course_times(plan, now=when, asked=asked).cards[0].places
        first, second = scheduling.book_course(
            course=course, seats=[place.seat for place in places], by=self.team["receptionist"], now=when
        )
        return first, second

    def continuing(self, who: Invented, first_on: date, when: datetime) -> Course:
        """A patient already in treatment: earlier infusions on record, and a course that goes on from them."""
        patient = self.patient(who, when)
        given = [first_on, first_on + timedelta(days=14)]
        step = 1
        while add_months(first_on, 6 * (step + 1)) <= self.day(when) + timedelta(days=45):
            given.append(add_months(first_on, 6 * step))
            step += 1
        for number, on in enumerate(given):
            patients.record_earlier_infusion(
                patient=patient,
                given_on=on,
                product="Truxima",
                dose_mg=Decimal(1000),
                given_here=number > 1,
                reaction_grade=0 if number else 1,
                reaction_text="" if number else "Itching, settled by itself",
                by=self.team["nurse"],
                now=when,
            )
        clearance = self.cleared(who, when, patient=patient)
        return scheduling.continue_course(
            clinic=self.clinic,
            patient=patient,
            clearance=clearance,
            regimen_version=self.regimen,
            by=self.team["prescriber"],
            now=when,
        )

    def maintenance_booked(self, course: Course, at: time, when: datetime) -> Visit:
        """Book the next planned infusion around a time of day."""
        plan = schedule.read_plan(course)
        planned = next(row for row in plan.planned if row.state == "planned")
        asked = schedule.Asked(start=planned.planned_on, at=at)
        found = schedule.single_times(plan, planned, now=when, asked=asked, days=1)
        seat = found.cards[0].places[0].seat
        return scheduling.book_single(planned=planned, seat=seat, by=self.team["receptionist"], now=when)

    def invited(self, patient: Patient, role: str) -> None:
        patients.invite(patient=patient, by=self.team["receptionist"], now=self.now)
        self.accounts.append(Account(role, str(patient), patient.email, birth_date=str(patient.birth_date)))


def fill(*, now: datetime) -> list[Account]:
    """Fill an empty database with the demo clinic; returns the accounts with their fresh passwords."""
    # One transaction around the actions' own: a start that was broken off leaves nothing, and the disk is asked once.
    with transaction.atomic():
        filling = Filling(now.astimezone(UTC))
        _before_treatment(filling)
        _starting(filling)
        _today(filling)
        _long_in_treatment(filling)
        others.fill(filling)
        awaited.tell(filling)
        responses.tell(
            clinic=filling.clinic, nurse=filling.team["nurse"], today=filling.today, now=filling.now
        )
        team = filling.team
        Gates(filling.clinic, team["nurse"], team["prescriber"], filling.now).tell()
        conversations.tell(filling)
        undelivered.tell(filling.clinic, people.TODAY[4], people.STARTING[1], now=filling.now)
    return filling.accounts


def _before_treatment(demo: Filling) -> None:
    for who in people.REFERRED:
        demo.patient(who, demo.ago(2), certain=who.condition == "RA")
    for who in people.IN_EVALUATION:
        patient = demo.patient(who, demo.ago(9))
        evaluation.open_evaluation(
            clinic=demo.clinic,
            patient=patient,
            diagnosis=patient.diagnoses.get(),
            by=demo.team["nurse"],
            now=demo.ago(3),
        )
        demo.answers(patient, people.FIT[:9], demo.ago(3))
    vaccinated = demo.day(demo.ago(12))
    demo.evaluated(demo.patient(people.ON_HOLD, demo.ago(5)), demo.ago(1), live_vaccine=f"given {vaccinated}")
    demo.evaluated(demo.patient(people.HEPATITIS, demo.ago(8)), demo.ago(1), hbsag="positive")
    demo.cleared(people.CLEARED, demo.ago(1))
    died = demo.patient(people.DIED, demo.ago(40))
    patients.mark_deceased(patient=died, on=demo.day(demo.ago(20)), by=demo.team["nurse"], today=demo.today)


def _starting(demo: Filling) -> None:
    for who in people.TO_BOOK:
        demo.prescribed(who, demo.ago(2), demo.today + timedelta(days=8))
    soon, later, fresh = people.STARTING
    # Tomorrow's first infusion, booked ten days ago: its reminder of two days before is owed at once.
    tomorrow, _second = demo.pair_booked(soon, demo.ago(6), demo.today + timedelta(days=1))
    demo.answers(tomorrow.patient, [("drug_received", "received", "")], demo.ago(0))
    demo.invited(tomorrow.patient, "patient")
    prepared.instructed(tomorrow, by=demo.team["prescriber"], now=demo.ago(5))
    demo.pair_booked(later, demo.ago(3), demo.today + timedelta(days=6))
    # Booked just now: the notice leaves by itself within a few minutes.
    demo.pair_booked(fresh, demo.now, demo.today + timedelta(days=9))


def _today(demo: Filling) -> None:
    booked_on = demo.ago(9)
    hours = (time(7, 30), time(8), time(9), time(12), time(13))
    visits = []
    for number, (who, at) in enumerate(zip(people.TODAY, hours, strict=True)):
        first_on = add_months(demo.today, -12 if number % 2 else -6)
        course = demo.continuing(who, first_on, booked_on)
        visits.append(demo.maintenance_booked(course, at, booked_on))
    demo.invited(visits[3].patient, "patient")
    prepared.well(visits[3], now=demo.ago(1))
    for visit in visits:
        # The last one's medicine has not come: its gate shows what is still needed.
        rows = people.ON_THE_DAY if visit is not visits[-1] else people.ON_THE_DAY[:2]
        demo.answers(visit.patient, rows, demo.now)
    nurse = demo.team["nurse"]
    for tell, visit in zip((charts.observing, charts.infusing, charts.premedicating), visits, strict=False):
        tell(visit, nurse, demo.now)


def _long_in_treatment(demo: Filling) -> None:
    settled, due_soon, no_address = people.LONG_IN_TREATMENT
    treated = {}
    for who, months, ahead in ((settled, -18, 40), (due_soon, -12, 20), (no_address, -6, 7)):
        course = demo.continuing(who, add_months(demo.today + timedelta(days=ahead), months), demo.ago(4))
        if who is no_address:
            visit = demo.maintenance_booked(course, time(10), demo.ago(4))
            planned = schedule.planned_infusion(demo.clinic, visit.planned_infusion_id or 0)
            desk, said = demo.team["receptionist"], "Call in the morning; half a day's notice is enough"
            waiting.join(planned=planned, by=desk, now=demo.ago(2), note=said)
        plan_follow_ups(clinic=demo.clinic, patient=course.patient, now=demo.now)
        treated[who] = course.patient
    aftercare.reports(treated[due_soon], treated[settled], nurse=demo.team["nurse"], now=demo.now)
    demo.accounts.append(carers.asked(treated[settled], now=demo.now))
    over = demo.patient(people.ENDED, demo.ago(400))
    demo.answers(over, people.AFTER_THE_LAST, demo.ago(150))
    aftercare.ended(over, months=(26, 20, 14), nurse=demo.team["nurse"], now=demo.now)
