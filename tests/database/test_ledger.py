"""The ledger: each message once, claimed by one sender, sent only while it is true."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinics.models import Clinic, StaffTask
from infusion.reminders import actions, queries
from infusion.reminders.actions import LOST, WAITING, Ready
from infusion.reminders.models import Message
from infusion.reminders.post import Answer, Fate
from patients.models import Patient
from tests import factory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TAKEN = Answer(Fate.TAKEN)


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic()


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return factory.make_patient(clinic)


def now() -> datetime:
    return timezone.now()


def in_days(days: int, clinic: Clinic, at: time = time(12)) -> datetime:
    """A wall-clock time of the clinic so many days from today."""
    day = timezone.now().astimezone(clinic.zone).date() + timedelta(days=days)
    return datetime.combine(day, at, tzinfo=clinic.zone).astimezone(UTC)


def book(patient: Patient, days: int = 20, *, ago: timedelta = HOUR, **fields: Any) -> Any:
    """A visit booked so long ago."""
    return factory.make_visit(patient, starts_at=in_days(days, patient.clinic), at=now() - ago, **fields)


def ledger() -> list[tuple[str, str]]:
    return list(Message.across_clinics.order_by("id").values_list("kind", "state"))


def claim() -> Message:
    message = actions.claim_one()
    assert message is not None
    return message


def ready() -> Ready:
    """Claim the next message and settle it, as far as the moment before the mail server is asked."""
    message = claim()
    prepared = actions.prepare(message.pk, message.fence, now=now())
    assert isinstance(prepared, Ready)
    return prepared


def settle() -> str:
    """Claim the next message and let it end where no mail is sent."""
    message = claim()
    state = actions.prepare(message.pk, message.fence, now=now())
    assert isinstance(state, str)
    return state


def deliver() -> Message:
    prepared = ready()
    assert actions.finish(prepared, TAKEN, now=now()) == "sent"
    prepared.message.refresh_from_db()
    return prepared.message


def lease_runs_out(message: Message) -> None:
    Message.across_clinics.filter(pk=message.pk).update(lease_until=now() - timedelta(seconds=1))


def wait_is_over() -> None:
    Message.across_clinics.filter(state="planned").update(next_attempt_at=now() - timedelta(seconds=1))


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run the work in so many threads at one moment, each with a link of its own."""
    start = threading.Barrier(count)
    problems: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait(timeout=20)
            work(number)
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert problems == []


# --- deriving ----------------------------------------------------------------------------------------------------
def test_derive_writes_a_pair_as_one_notice_and_writes_it_once(patient: Patient) -> None:
    batch = uuid4()
    visits = [book(patient, days, batch=batch) for days in (20, 34)]
    assert actions.derive(now=now()) == 1
    assert actions.derive(now=now()) == 0
    row = Message.across_clinics.get()
    assert (row.subject_kind, row.kind, row.recipient, row.visit_id) == (
        "patient",
        "booked",
        patient.email,
        visits[0].pk,
    )


def test_derive_waits_for_the_clinics_delay(clinic: Clinic, patient: Patient) -> None:
    visit = book(patient, ago=timedelta(0))
    booked_at = visit.versions.get().at
    assert actions.derive(now=booked_at + timedelta(seconds=119)) == 0
    assert actions.derive(now=booked_at + timedelta(seconds=120)) == 1


def test_derive_says_nothing_of_what_was_undone(patient: Patient) -> None:
    factory.change_visit(book(patient), "cancelled", at=now() - HOUR)
    assert actions.derive(now=now()) == 0
    assert ledger() == []


def test_derive_writes_the_reminder_that_is_due_and_not_the_one_it_replaces(patient: Patient) -> None:
    book(patient, 1, ago=timedelta(days=60))
    actions.derive(now=now())
    assert ledger() == [("reminder_2", "planned")]


@pytest.mark.parametrize("kind", ["infusion", "follow_up"])
def test_derive_reminds_of_infusions_and_of_follow_ups_alike(patient: Patient, kind: str) -> None:
    book(patient, 1, ago=timedelta(days=60), kind=kind)
    actions.derive(now=now())
    assert ledger() == [("reminder_2", "planned")]


@pytest.mark.django_db(transaction=True)
def test_derive_in_overlapping_sweeps_writes_each_message_once(clinic: Clinic) -> None:
    for _ in range(10):
        book(factory.make_patient(clinic), kind="follow_up")
    instant = now()
    in_threads(4, lambda _: actions.derive(now=instant) and None)
    assert ledger() == [("booked", "planned")] * 10


def test_ledger_refuses_the_same_message_twice(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    twin = Message.across_clinics.get()
    twin.pk, twin.message_id = None, "<another@name>"
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


@pytest.mark.parametrize("visits", [10, 40])
def test_derive_asks_the_same_few_questions_however_many_visits_there_are(
    clinic: Clinic, visits: int
) -> None:
    for _ in range(visits):
        book(factory.make_patient(clinic), 1, ago=timedelta(days=60), kind="follow_up")
    with CaptureQueriesContext(connection) as first:
        assert actions.derive(now=now()) == visits
    with CaptureQueriesContext(connection) as idle:
        assert actions.derive(now=now()) == 0
    assert (len(first), len(idle)) == (11, 6)


# --- claiming ----------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_claims_of_racing_senders_never_meet(clinic: Clinic) -> None:
    for _ in range(24):
        book(factory.make_patient(clinic), kind="follow_up")
    actions.derive(now=now())
    claims: list[tuple[int, int]] = []

    def work(number: int) -> None:
        while message := actions.claim_one():
            claims.append((message.pk, message.fence))

    in_threads(4, work)
    assert sorted(claims) == [(pk, 1) for pk in sorted(Message.across_clinics.values_list("pk", flat=True))]


def test_claim_lasts_until_its_lease_runs_out(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    first = claim()
    assert actions.claim_one() is None
    assert timedelta(seconds=110) < first.lease_until - now() <= timedelta(seconds=121)
    lease_runs_out(first)
    again = claim()
    assert (again.pk, again.fence) == (first.pk, first.fence + 1)


def test_claim_by_name_leaves_the_others_alone(clinic: Clinic) -> None:
    for _ in range(2):
        book(factory.make_patient(clinic), kind="follow_up")
    actions.derive(now=now())
    wanted = Message.across_clinics.order_by("-id")[0].pk
    found = actions.claim_one(wanted)
    assert found is not None
    assert found.pk == wanted
    assert actions.claim_one(wanted) is None


def test_late_sender_changes_nothing(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    late = ready()
    lease_runs_out(late.message)
    swift = ready()
    assert actions.finish(late, Answer(Fate.REFUSED, "550 no"), now=now()) == LOST
    assert actions.finish(swift, TAKEN, now=now()) == "sent"
    assert actions.finish(late, Answer(Fate.NOT_NOW, "450 later"), now=now()) == LOST
    assert actions.prepare(late.message.pk, late.message.fence, now=now()) == LOST
    assert ledger() == [("booked", "sent")]
    assert StaffTask.objects.count() == 0


# --- only while it is true -----------------------------------------------------------------------------------------
def test_visit_cancelled_before_the_send_is_not_written_about(patient: Patient) -> None:
    visit = book(patient)
    actions.derive(now=now())
    message = claim()
    factory.change_visit(visit, "cancelled", at=now() - HOUR)
    assert actions.prepare(message.pk, message.fence, now=now()) == "superseded"
    actions.derive(now=now())
    assert ledger() == [("booked", "superseded")]


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
    assert (row.attempts, row.why) == (1, "The mail could not be delivered: 550 no such mailbox")
    assert StaffTask.objects.count() == 1


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
    assert (row.attempts, row.why) == (1, "Trying again: it could not be written (ZoneInfoNotFoundError)")
    assert claim().pk != claimed.pk
    assert "could not be written" in caplog.text


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
    assert queries.still_stands(row)
    factory.change_visit(visit, "moved", starts_at=in_days(22, clinic))
    assert not queries.still_stands(row)
