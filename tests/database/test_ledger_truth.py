"""The ledger: a message goes out only while it is true, and what cannot be mailed becomes a call."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from clinics.models import Clinic, StaffTask
from infusion.reminders import actions, queries
from infusion.reminders.actions import WAITING, Ready
from infusion.reminders.models import Message
from infusion.reminders.post import Answer, Fate
from patients.models import Patient
from tests import factory
from tests.ledger import (
    HOUR,
    TAKEN,
    book,
    claim,
    deliver,
    in_days,
    lease_runs_out,
    ledger,
    now,
    ready,
    settle,
    wait_is_over,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic()


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return factory.make_patient(clinic)


# --- only while it is true -----------------------------------------------------------------------------------------
def test_visit_cancelled_before_the_send_is_not_written_about(patient: Patient) -> None:
    visit = book(patient)
    actions.derive(now=now())
    message = claim()
    factory.change_visit(visit, "cancelled", at=now() - HOUR)
    assert actions.prepare(message.pk, message.fence, now=now()) == "superseded"
    actions.derive(now=now())
    assert ledger() == [("booked", "superseded"), ("cancelled", "not_needed")]


def test_visit_cancelled_while_the_mail_is_under_way_is_told_next(patient: Patient) -> None:
    visit = book(patient)
    actions.derive(now=now())
    under_way = ready()
    factory.change_visit(visit, "cancelled", at=now() - HOUR)
    actions.finish(under_way, TAKEN, now=now())
    actions.derive(now=now())
    assert ledger() == [("booked", "sent"), ("cancelled", "planned")]


def test_visit_cancelled_after_a_sender_died_is_told_even_if_the_mail_never_went_out(
    patient: Patient,
) -> None:
    """Nobody knows whether the first mail arrived: the patient may be coming."""
    visit = book(patient)
    actions.derive(now=now())
    lease_runs_out(ready().message)
    factory.change_visit(visit, "cancelled", at=now() - HOUR)
    assert settle() == "superseded"
    actions.derive(now=now())
    assert ledger() == [("booked", "superseded"), ("cancelled", "planned")]


def test_message_of_a_sender_that_died_goes_out_under_the_same_name(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    first = ready()
    lease_runs_out(first.message)
    again = deliver()
    assert again.message_id == first.message.message_id
    assert actions.derive(now=now()) == 0


def test_each_change_is_told_in_its_turn(patient: Patient) -> None:
    visit = book(patient)
    for change, fields in (("moved", {"starts_at": in_days(22, patient.clinic)}), ("cancelled", {})):
        actions.derive(now=now())
        deliver()
        factory.change_visit(visit, change, at=now() - HOUR, **fields)
    actions.derive(now=now())
    deliver()
    assert ledger() == [("booked", "sent"), ("moved", "sent"), ("cancelled", "sent")]
    assert actions.derive(now=now()) == 0


def test_two_messages_to_one_patient_at_once_do_not_tell_the_same_twice(patient: Patient) -> None:
    """The second is claimed while the first is with the mail server: it tells only what is new."""
    book(patient)
    actions.derive(now=now())
    first = claim()
    other = book(patient, 25, kind="follow_up")
    actions.derive(now=now())
    second = claim()
    assert actions.prepare(first.pk, first.fence, now=now()) == "superseded"
    both = actions.prepare(second.pk, second.fence, now=now())
    assert isinstance(both, Ready)
    assert both.message.covers[-1] == [other.pk, 1]
    assert len(both.message.covers) == 2


def test_reminder_of_a_moved_visit_is_laid_aside(patient: Patient) -> None:
    visit = book(patient, 1, ago=timedelta(days=60))
    actions.derive(now=now())
    factory.change_visit(visit, "moved", at=now() - HOUR, starts_at=in_days(9, patient.clinic))
    assert settle() == "superseded"


def test_address_corrected_before_the_send_gets_the_mail(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    patient.email = "right@example.org"
    patient.save()
    assert settle() == "superseded"
    actions.derive(now=now())
    assert list(Message.across_clinics.order_by("id").values_list("recipient", "state")) == [
        (Message.across_clinics.order_by("id")[0].recipient, "superseded"),
        ("right@example.org", "planned"),
    ]


def test_address_changed_after_the_send_gets_nothing_again(patient: Patient) -> None:
    book(patient, 1, ago=timedelta(days=20))
    actions.derive(now=now())
    assert [deliver().kind, deliver().kind] == ["booked", "reminder_2"]
    patient.email = "new@example.org"
    patient.save()
    assert actions.derive(now=now()) == 0


def test_the_dead_are_never_written_to(clinic: Clinic, patient: Patient) -> None:
    book(patient)
    factory.make_follow_up(patient, due_on=now().date() - timedelta(days=30))
    actions.derive(now=now())
    waiting = Message.across_clinics.count()
    patient.deceased = True
    patient.save()
    assert [settle() for _ in range(waiting)] == ["superseded"] * waiting
    assert actions.derive(now=now()) == 0
    assert StaffTask.objects.count() == 0


def test_message_laid_aside_by_mistake_is_taken_up_again(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    patient.deceased = True
    patient.save()
    assert settle() == "superseded"
    patient.deceased = False
    patient.save()
    actions.derive(now=now())
    assert ledger() == [("booked", "planned")]
    assert deliver().state == "sent"


def test_message_whose_time_has_passed_expires(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    Message.across_clinics.update(expires_at=now())
    assert settle() == "expired"


# --- what cannot be mailed becomes a call ----------------------------------------------------------------------------
def test_patient_without_an_address_becomes_one_call_with_words_to_say(clinic: Clinic) -> None:
    patient = factory.make_patient(clinic, email="", given_name="Ida", family_name="Null")
    book(patient)
    actions.derive(now=now())
    assert settle() == "no_address"
    actions.derive(now=now())
    assert ledger() == [("booked", "no_address")]
    task = StaffTask.objects.get()
    when = in_days(20, clinic).astimezone(clinic.zone)
    assert (task.kind, task.role, task.record_number) == (
        "call_patient",
        "receptionist",
        patient.record_number,
    )
    assert task.reason == (
        "Call Ida Null (+44 20 7946 0123). Please tell the patient: an appointment is booked for "
        f"{when:%A} {when.day} {when:%B %Y, %H:%M} (Europe/London). No mail address is known. "
        "A letter can be printed from the patient's messages."
    )


def test_message_refused_for_now_is_tried_again_and_again_and_then_called(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    waits = []
    for _ in range(5):
        prepared = ready()
        assert actions.finish(prepared, Answer(Fate.NOT_NOW, "450 busy"), now=now()) == "planned"
        row = Message.across_clinics.get()
        waits.append(round((row.next_attempt_at - now()).total_seconds() / 60))
        assert row.handed_over_at is None
        wait_is_over()
    assert waits == [1, 5, 10, 20, 30]
    assert actions.finish(ready(), Answer(Fate.NOT_NOW, "450 busy"), now=now()) == "failed"
    assert StaffTask.objects.get().cause == f"message:{Message.across_clinics.get().pk}"


def test_message_refused_for_good_is_called_at_once(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    assert actions.finish(ready(), Answer(Fate.REFUSED, "550 no such mailbox"), now=now()) == "failed"
    row = Message.across_clinics.get()
    assert (row.attempts, row.why) == (1, "The mail could not be delivered (550 no such mailbox).")
    assert StaffTask.objects.get().reason.endswith(
        "delivered (550 no such mailbox). A letter can be printed from the patient's messages."
    )


def test_address_corrected_after_a_refusal_gets_the_mail(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    actions.finish(ready(), Answer(Fate.REFUSED, "550 no such mailbox"), now=now())
    assert actions.derive(now=now()) == 0
    patient.email = "right@example.org"
    patient.save()
    actions.derive(now=now())
    assert deliver().recipient == "right@example.org"


def test_mail_server_out_of_reach_is_waited_for_without_counting(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    for _ in range(12):
        assert actions.finish(ready(), Answer(Fate.UNREACHED, "refused"), now=now()) == WAITING
        wait_is_over()
    row = Message.across_clinics.get()
    assert (row.state, row.attempts, row.handed_over_at) == ("planned", 0, None)
    assert StaffTask.objects.count() == 0
    assert deliver().state == "sent"


def test_mail_server_out_of_reach_near_a_visit_becomes_a_call_as_well(patient: Patient) -> None:
    book(patient, ago=HOUR, kind="follow_up")
    visit = patient.visit_set.get()
    soon = (now() + timedelta(hours=5)).replace(second=0, microsecond=0)
    factory.change_visit(visit, "moved", at=now() - HOUR, starts_at=soon)
    actions.derive(now=now())
    assert actions.finish(ready(), Answer(Fate.UNREACHED, "refused"), now=now()) == WAITING
    assert StaffTask.objects.count() == 1
    wait_is_over()
    assert deliver().state == "sent"


def test_answer_of_the_mail_server_that_was_lost_counts_as_told_and_as_an_attempt(patient: Patient) -> None:
    visit = book(patient)
    actions.derive(now=now())
    assert actions.finish(ready(), Answer(Fate.UNKNOWN, "timed out"), now=now()) == "planned"
    row = Message.across_clinics.get()
    assert row.attempts == 1
    assert row.handed_over_at is not None
    factory.change_visit(visit, "cancelled", at=now() - HOUR)
    actions.derive(now=now())
    assert sorted(kind for kind, _ in ledger()) == ["booked", "cancelled"]


def test_message_that_cannot_be_written_stands_in_nobodys_way(
    clinic: Clinic, patient: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    book(patient, kind="follow_up")
    other = factory.make_patient(clinic)
    book(other, kind="follow_up")
    actions.derive(now=now())
    claimed = claim()
    Clinic.objects.filter(pk=clinic.pk).update(time_zone="Nowhere/Land")
    assert actions.send(claimed, claimed.fence) == "planned"
    Clinic.objects.filter(pk=clinic.pk).update(time_zone="Europe/London")
    row = Message.across_clinics.get(pk=claimed.pk)
    assert (row.attempts, row.why) == (1, "Trying again: it could not be sent (ZoneInfoNotFoundError)")
    assert claim().pk != claimed.pk
    assert "could not be sent" in caplog.text


def test_reminder_that_had_to_wait_gives_way_to_the_next(patient: Patient) -> None:
    book(patient, 3, ago=timedelta(days=60), kind="follow_up")
    actions.derive(now=now())
    assert ledger() == [("reminder_7", "planned")]
    visit = patient.visit_set.get()
    two_days_before = in_days(1, patient.clinic, time(9))
    row = Message.across_clinics.get()
    assert (row.expires_at, row.visit) == (two_days_before, visit)
    actions.derive(now=two_days_before)
    assert ledger() == [("reminder_7", "planned"), ("reminder_2", "planned")]
    message = claim()
    assert actions.prepare(message.pk, message.fence, now=two_days_before) == "expired"


# --- follow-ups ------------------------------------------------------------------------------------------------------
def test_follow_up_not_booked_is_asked_for_and_later_becomes_one_task(
    clinic: Clinic, patient: Patient
) -> None:
    follow_up = factory.make_follow_up(patient, due_on=now().date() + timedelta(days=10))
    actions.derive(now=now())
    assert deliver().kind == "arrange"
    follow_up.due_on -= timedelta(days=40)
    follow_up.latest_on -= timedelta(days=40)
    follow_up.save()
    for _ in range(3):
        actions.derive(now=now())
        if queries.claimable_ids(1):
            assert settle() == "sent"
    assert ledger() == [("arrange", "sent"), ("overdue", "sent")]
    task = StaffTask.objects.get()
    assert (task.kind, task.role) == ("follow_up_overdue", "receptionist")
    assert task.reason == (
        f"Blood tests, week 4 was due on {follow_up.due_on:%d %B %Y} for {patient} and is not booked."
    )


def test_follow_up_booked_before_the_send_is_not_asked_for(patient: Patient) -> None:
    follow_up = factory.make_follow_up(patient, due_on=now().date() + timedelta(days=10))
    actions.derive(now=now())
    follow_up.visit = book(patient, 10, kind="follow_up", ago=timedelta(0))
    follow_up.save()
    assert settle() == "superseded"


def test_follow_up_done_is_not_asked_for(patient: Patient) -> None:
    factory.make_follow_up(patient, due_on=now().date() + timedelta(days=10), state="done")
    assert actions.derive(now=now()) == 0


# --- what staff see --------------------------------------------------------------------------------------------------
def test_upcoming_shows_what_will_be_sent_until_it_is_in_the_ledger(patient: Patient) -> None:
    book(patient, ago=timedelta(0))
    assert [one.kind for one in queries.upcoming(patient, now())] == ["booked", "reminder_7", "reminder_2"]
    actions.derive(now=now() + timedelta(minutes=5))
    assert [one.kind for one in queries.upcoming(patient, now())] == ["reminder_7", "reminder_2"]


def test_letter_says_when_the_visit_has_changed_since(clinic: Clinic) -> None:
    patient = factory.make_patient(clinic, email="")
    visit = book(patient)
    actions.derive(now=now())
    settle()
    row = Message.across_clinics.get()
    assert queries.still_stands(row, now())
    factory.change_visit(visit, "moved", starts_at=in_days(22, clinic))
    assert not queries.still_stands(row, now())
