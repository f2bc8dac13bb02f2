"""A message sent again: under a number of its own, once a page, with its reason, and only while it is true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry, User
from infusion.reminders import actions
from infusion.reminders.models import KindRule, Message
from patients.actions import note_address_problem, set_message_wishes
from patients.models import Patient, PortalAccess
from tests import factory
from tests.database.test_ledger import in_threads
from tests.ledger import HOUR, book, claim, deliver, ledger, now, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    return factory.make_patient(factory.make_clinic(), email="ada@example.org")


@pytest.fixture
def colleague(patient: Patient) -> User:
    return factory.make_member(patient.clinic).user


@pytest.fixture
def sent(patient: Patient) -> Message:
    """A notice of a booking that a mail server has taken."""
    book(patient)
    actions.derive(now=now())
    return deliver()


def again(message: Message, by: User, copy: int = 1, reason: str = "It went to the spam folder") -> Message:
    return actions.send_again(message=message, copy=copy, reason=reason, by=by, now=now())


def refused(message: Message, by: User, **more: Any) -> str:
    with pytest.raises(Refused) as refusal:
        again(message, by, **more)
    return refusal.value.reasons[0].code


def test_message_goes_out_again_under_a_number_of_its_own(sent: Message, colleague: User) -> None:
    row = again(sent, colleague)
    assert row.message_id != sent.message_id
    assert deliver().pk == row.pk
    assert Message.across_clinics.get(pk=row.pk).body == sent.body
    assert ledger() == [("booked", "sent"), ("booked", "sent")]
    entry = AuditEntry.objects.of(sent.clinic).filter(verb="sent message again").get()
    assert entry.changes == {"reason": "It went to the spam folder", "message": sent.pk}
    assert (entry.actor, row.asked_by, row.reason) == (colleague, colleague, entry.changes["reason"])


def test_same_page_posted_twice_gives_one(sent: Message, colleague: User) -> None:
    assert again(sent, colleague) == again(sent, colleague)
    assert ledger() == [("booked", "sent"), ("booked", "planned")]


def test_same_page_with_another_reason_is_told_that_it_was_sent_again(sent: Message, colleague: User) -> None:
    again(sent, colleague)
    assert refused(sent, colleague, reason="The address was full") == "asked_already"
    assert Message.across_clinics.get(copy=1).reason == "It went to the spam folder"


def test_two_colleagues_at_once_give_one(sent: Message, colleague: User) -> None:
    again(sent, colleague)
    assert refused(sent, factory.make_member(sent.clinic).user) == "stale"
    assert refused(sent, colleague, copy=7) == "stale"


def test_message_may_go_out_a_third_time_once_the_second_has_left(sent: Message, colleague: User) -> None:
    second = again(sent, colleague)
    assert refused(sent, colleague, copy=2) == "on_its_way"
    deliver()
    third = again(second, colleague, copy=2)
    assert (third.copy, third.copy_of) == (2, sent)


def test_sweep_makes_no_further_row_of_what_was_sent_again(sent: Message, colleague: User) -> None:
    again(sent, colleague)
    actions.derive(now=now())
    deliver()
    actions.derive(now=now())
    assert ledger() == [("booked", "sent"), ("booked", "sent")]


def test_what_no_longer_stands_is_not_sent_again(sent: Message, colleague: User) -> None:
    factory.change_visit(sent.visit, "cancelled", at=now() - HOUR)
    assert refused(sent, colleague) == "not_true"


def test_copy_is_laid_aside_where_the_visit_went_meanwhile(sent: Message, colleague: User) -> None:
    again(sent, colleague)
    factory.change_visit(sent.visit, "cancelled", at=now() - HOUR)
    assert settle() == "superseded"


@pytest.mark.parametrize("state", ["superseded", "expired", "planned", "sending"])
def test_only_what_went_out_or_failed_is_sent_again(sent: Message, colleague: User, state: str) -> None:
    Message.across_clinics.filter(pk=sent.pk).update(state=state)
    assert refused(sent, colleague) == ("on_its_way" if state in ("planned", "sending") else "not_true")


def test_nothing_goes_again_to_a_marked_or_missing_address(
    sent: Message, patient: Patient, colleague: User
) -> None:
    note_address_problem(patient=patient, address=patient.email, reason="550", now=now())
    assert refused(sent, colleague) == "marked"
    Patient.objects.of(patient.clinic).filter(pk=patient.pk).update(email="")
    assert refused(Message.across_clinics.get(pk=sent.pk), colleague) == "no_address"


def test_nothing_goes_again_to_whoever_wants_no_messages(
    sent: Message, patient: Patient, colleague: User
) -> None:
    actions.stop_messages(patient=patient, now=now())
    assert refused(sent, colleague) == "unwanted"


@pytest.mark.parametrize(("reason", "code"), [(" ", "reason_missing"), ("a\x00b", "reason_unreadable")])
def test_reason_must_be_given(sent: Message, colleague: User, reason: str, code: str) -> None:
    assert refused(sent, colleague, reason=reason) == code


def test_failed_message_goes_again_to_the_address_of_today(patient: Patient, colleague: User) -> None:
    book(patient)
    actions.derive(now=now())
    first = deliver()
    Message.across_clinics.filter(pk=first.pk).update(state="failed", handed_over_at=None)
    Patient.objects.of(patient.clinic).filter(pk=patient.pk).update(email="ada@example.net")
    row = again(Message.across_clinics.get(pk=first.pk), colleague)
    assert row.recipient == "ada@example.net"
    assert claim().pk == row.pk


def test_what_the_sweep_wrote_to_the_new_address_is_not_written_twice(
    sent: Message, patient: Patient, colleague: User
) -> None:
    Message.across_clinics.filter(pk=sent.pk).update(state="failed", handed_over_at=None)
    Patient.objects.of(patient.clinic).filter(pk=patient.pk).update(email="ada@example.net")
    actions.derive(now=now())
    assert refused(sent, colleague) == "later"
    newest = deliver()
    assert refused(sent, colleague) == "later"
    assert again(newest, colleague).recipient == "ada@example.net"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"none": True}, "unwanted"),
        ({"kinds_off": ["reminder_2"]}, "unwanted"),
        ({"channel": "sms"}, "another_way"),
    ],
)
def test_what_a_patient_wishes_now_is_said_before_anything_is_planned(
    patient: Patient, colleague: User, settings: Any, wish: dict[str, Any], code: str
) -> None:
    settings.SMS_BACKEND = "infusion.reminders.sms.FileCarrier"
    Patient.objects.of(patient.clinic).filter(pk=patient.pk).update(phone="+447911123456")
    book(patient, 1, ago=timedelta(days=60), kind="follow_up")
    actions.derive(now=now())
    reminder = deliver()
    as_usual = {"none": False, "kinds_off": [], "channel": "", "language": "en"}
    set_message_wishes(patient=patient, by=None, now=now(), **(as_usual | wish))
    assert refused(reminder, colleague) == code


def test_kind_that_the_clinic_switched_off_is_not_sent_again(patient: Patient, colleague: User) -> None:
    book(patient, 1, ago=timedelta(days=60), kind="follow_up")
    actions.derive(now=now())
    reminder = deliver()
    KindRule.objects.create(clinic=patient.clinic, kind="reminder_2", is_on=False)
    assert refused(reminder, colleague) == "switched_off"


def test_in_quiet_hours_it_is_planned_for_their_end(sent: Message, patient: Patient, colleague: User) -> None:
    clinic, local = patient.clinic, now().astimezone(patient.clinic.zone).replace(second=0, microsecond=0)
    ends = local + timedelta(hours=3)
    clinic.quiet_from, clinic.quiet_until = (local - timedelta(hours=1)).time(), ends.time()
    clinic.save()
    row = again(Message.across_clinics.get(pk=sent.pk), colleague)
    assert (row.due_at, row.next_attempt_at) == (ends, ends)


def test_carers_invitation_goes_again_to_the_carer(patient: Patient, colleague: User) -> None:
    user = factory.make_user(door="portal", email="carer@example.net")
    PortalAccess.objects.create(
        clinic=patient.clinic, patient=patient, user=user, is_carer=True, name="Cy", invited_at=now() - HOUR
    )
    actions.derive(now=now())
    assert again(deliver(), colleague).recipient == "carer@example.net"
    assert deliver().copy == 1


@pytest.mark.django_db(transaction=True)
def test_clicks_at_the_same_moment_give_one(sent: Message, colleague: User) -> None:
    rows: list[int] = []
    in_threads(4, lambda _: rows.append(again(sent, colleague).pk))
    assert len(rows) == 4
    assert len({*rows}) == 1
    assert ledger() == [("booked", "sent"), ("booked", "planned")]
