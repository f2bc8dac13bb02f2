"""The ledger: each message written once and claimed by one sender at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, StaffTask
from infusion.reminders import actions
from infusion.reminders.actions import LOST
from infusion.reminders.models import Message
from infusion.reminders.post import Answer, Fate
from patients.models import Patient
from scheduling import actions as scheduling
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
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic()


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return factory.make_patient(clinic)


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
    assert ledger() == [("cancelled", "not_needed")]


def test_derive_writes_the_reminder_that_is_due_and_not_the_one_it_replaces(patient: Patient) -> None:
    book(patient, 1, ago=timedelta(days=60))
    actions.derive(now=now())
    assert ledger() == [("reminder_2", "planned")]


def test_derive_sees_a_held_time_that_becomes_booked(patient: Patient) -> None:
    visit = book(patient, kind="follow_up", status="pending")
    assert actions.derive(now=now()) == 0
    factory.change_visit(visit, "status", at=now() - HOUR, status="booked")
    actions.derive(now=now())
    assert ledger() == [("booked", "not_needed"), ("booked", "planned")]


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


@pytest.mark.parametrize("visits", [10, 30])
def test_derive_asks_the_same_few_questions_however_many_visits_there_are(
    clinic: Clinic, visits: int
) -> None:
    for _ in range(visits):
        book(factory.make_patient(clinic), 1, ago=timedelta(days=60), kind="follow_up")
    with CaptureQueriesContext(connection) as first:
        assert actions.derive(now=now()) == visits
    with CaptureQueriesContext(connection) as idle:
        assert actions.derive(now=now()) == 0
    assert (len(first), len(idle)) == (25, 14)


def test_bookings_made_by_the_schedules_own_actions_are_told_in_turn(
    clinic: Clinic, patient: Patient
) -> None:
    monday = 21 - in_days(0, clinic).astimezone(clinic.zone).weekday()
    ago = now() - HOUR
    visit = scheduling.book_follow_up(
        patient=patient, title="Talk", starts_at=in_days(monday, clinic), minutes=30, by=None, now=ago
    )
    actions.derive(now=now())
    assert deliver().kind == "booked"
    visit = scheduling.move_follow_up(
        visit=visit, starts_at=in_days(monday + 1, clinic), version=1, reason="asked", by=None, now=ago
    )
    actions.derive(now=now())
    assert deliver().kind == "moved"
    scheduling.cancel_visit(visit=visit, reason="asked", by=None, now=ago)
    actions.derive(now=now())
    assert deliver().kind == "cancelled"
    assert actions.derive(now=now()) == 0


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
