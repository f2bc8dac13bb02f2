"""Told in time, and truly: a change before the patient sets out, an early visit the evening before, one on hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from clinics.domain.rights import Role
from clinics.models import Clinic, StaffTask
from infusion.reminders import actions
from infusion.reminders.domain.due import Change
from infusion.reminders.models import Message
from infusion.reminders.words import compose_text
from monitoring.actions import answer_health_check, note_nurse_call
from patients.models import Patient
from tests import factory
from tests.ledger import HOUR, book, deliver, in_days, now

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=60)
WAIT = "Please wait for our call. Do not set out before we have spoken to you."


def quiet(clinic: Clinic, *, hours: int = 4) -> Clinic:
    """In its quiet hours, and for so long."""
    local = now().astimezone(clinic.zone)
    clinic.quiet_from, clinic.quiet_until = (local - HOUR).time(), (local + hours * HOUR).time()
    clinic.save()
    return clinic


def in_hours(hours: int) -> datetime:
    """So many hours from now, or up to a minute more."""
    return (now() + hours * HOUR + timedelta(minutes=1)).replace(second=0, microsecond=0)


def moved(patient: Patient, old: datetime) -> None:
    """A visit the patient knows of, an hour ago put to another week."""
    visit = factory.make_visit(patient, starts_at=old, at=now() - LONG_AGO)
    known = Message(
        clinic=patient.clinic, patient=patient, subject_kind="patient", subject_id=str(patient.pk)
    )
    known.subject_version, known.kind, known.state, known.covers = 1, "booked", "sent", [[visit.pk, 1]]
    known.due_at = known.expires_at = known.next_attempt_at = now() - LONG_AGO
    known.handed_over_at, known.message_id = known.due_at, uuid4().hex
    known.save()
    factory.change_visit(visit, "moved", at=now() - HOUR, starts_at=in_days(9, patient.clinic))


@pytest.mark.parametrize(("hours", "calls"), [(3, 0), (1, 1)])
def test_move_is_told_in_the_quiet_hours_where_the_old_time_is_near(hours: int, calls: int) -> None:
    patient = factory.make_patient(quiet(factory.make_clinic()))
    moved(patient, in_hours(hours))
    assert actions.derive(now=now()) == 1
    assert deliver().kind == "moved"
    tasks = StaffTask.objects.of(patient.clinic).filter(kind="call_patient")
    assert tasks.count() == calls
    if calls:
        assert "there is so little time that it may not be read." in tasks[0].reason


def test_move_waits_where_the_old_time_is_far() -> None:
    patient = factory.make_patient(quiet(factory.make_clinic()))
    moved(patient, in_hours(7))
    assert actions.derive(now=now()) == 0


@pytest.mark.parametrize("settled", [False, True])
def test_reminder_of_a_visit_on_hold_says_to_wait_until_a_nurse_has_settled_it(settled: bool) -> None:
    visit = book(factory.make_patient(factory.make_clinic(), sex="male"), 1, ago=LONG_AGO)
    answers = {"fever": "no", "infection": "yes", "antibiotics": "no", "vaccine": "no"}
    portal, key = factory.make_user("portal"), uuid4()
    answer_health_check(visit=visit, answers=answers, words="", key=key, by=portal, now=now())
    if settled:
        nurse, today = factory.make_member(visit.clinic, Role.NURSE).user, now().date()
        note_nurse_call(
            patient=visit.patient, outcome="Only a cold", cleared=True, on=today, by=nurse, now=now()
        )
    actions.derive(now=now())
    Message.across_clinics.filter(kind="booked").update(state="expired")
    sent = deliver()
    assert (WAIT in sent.body, sent.why) == (
        not settled,
        "" if settled else "The infusion is on hold: it says to wait for our call.",
    )


def test_last_word_on_an_early_visit_names_its_day_the_evening_before() -> None:
    visit = book(factory.make_patient(factory.make_clinic()))
    change = Change(visit.pk, 1, "reminder", visit.starts_at)
    said = [
        compose_text(
            "morning_of", [change], {visit.pk: visit}, visit.clinic, visit.patient, now=at, waits=waits
        )
        for at, waits in ((visit.starts_at - 18 * HOUR, False), (visit.starts_at - 3 * HOUR, True))
    ]
    local = visit.starts_at.astimezone(visit.clinic.zone)
    day = f"{local:%A} {local.day} {local:%B %Y}"
    assert said == [
        f"Reminder: your appointment is on {day} at {local:%H:%M}. Questions? Call +44 20 7946 0000.",
        f"Your appointment is today at {local:%H:%M}. Wait for our call before you set out. "
        "Questions? Call +44 20 7946 0000.",
    ]


@pytest.mark.parametrize("was", [None, 20])
def test_questions_come_with_the_notice_of_a_visit_put_inside_their_days(was: int | None) -> None:
    """Booked there, or moved there."""
    clinic = factory.make_clinic(messages=["health_check"])
    visit = book(factory.make_patient(clinic), was or 2, ago=LONG_AGO if was else HOUR)
    if was:
        factory.change_visit(visit, "moved", at=now() - HOUR, starts_at=in_days(2, clinic))
    actions.derive(now=now())
    due = Message.across_clinics.exclude(kind__startswith="reminder").order_by("kind")
    assert list(due.values_list("kind", flat=True)) == ["booked", "health_check"]
    assert actions.derive(now=now()) == 0
    due.filter(kind="health_check").delete()  # as where they had to wait for the end of the quiet hours
    assert actions.derive(now=now()) == 1
