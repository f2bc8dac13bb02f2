"""The morning mail to colleagues: who gets it, once a day, with numbers alone, and none where nothing waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from clinics.actions import choose_digest, open_task
from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from infusion.reminders import actions, tasks
from infusion.reminders.models import Message
from infusion.reminders.queries.digests import counts_for
from scheduling.actions.answers import answer_visit
from tests import factory
from tests.ledger import book
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db
# Yesterday morning in London, which has passed by the database's own clock.
NOW = (datetime.now(UTC) - timedelta(days=1)).replace(hour=9, minute=5, second=0, microsecond=0)


@pytest.fixture(autouse=True)
def in_the_morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic()


@pytest.fixture
def manager(clinic: Clinic) -> Membership:
    return factory.make_member(clinic, Role.MANAGER, wants_digest=None)


def waits(clinic: Clinic, role: Role, cause: str = "test") -> None:
    open_task(
        clinic=clinic,
        kind="call_patient",
        role=role,
        due_on=NOW.date(),
        reason="Call Ada Example.",
        cause=cause,
    )


def derived(at: datetime = NOW) -> list[tuple[str, str]]:
    actions.derive(now=at)
    rows = Message.across_clinics.filter(subject_kind="digest").order_by("pk")
    return list(rows.values_list("recipient", "state"))


def test_morning_mail_goes_to_managers_and_to_whoever_wants_it(clinic: Clinic, manager: Membership) -> None:
    nurse, other = (
        factory.make_member(clinic, Role.NURSE, wants_digest=None),
        factory.make_member(clinic, Role.MANAGER, wants_digest=None),
    )
    choose_digest(member=nurse, wanted=True, by=nurse.user)
    choose_digest(member=other, wanted=False, by=other.user)
    assert derived() == [(manager.user.email, "planned"), (nurse.user.email, "planned")]
    assert len(derived(NOW + timedelta(minutes=1))) == 2
    assert len(derived(NOW + timedelta(days=1))) == 4


@pytest.mark.parametrize("hour", [5, 13, 23])
def test_morning_mail_is_derived_in_the_morning_alone(manager: Membership, hour: int) -> None:
    assert derived(NOW.replace(hour=hour)) == []


def test_morning_mail_holds_numbers_and_links_and_no_name(
    clinic: Clinic, manager: Membership, smtp_sink: SmtpSink
) -> None:
    waits(clinic, Role.MANAGER)
    waits(clinic, Role.NURSE, "message:7")
    derived()
    assert tasks.send_due() == {"sent": 1}
    (mail,) = smtp_sink.received
    assert mail.to == (manager.user.email,)
    text = mail.message.get_body(("plain",)).get_content()
    assert "1 task is open for your role: http" in text
    assert "1 message did not reach its patient and waits for a call: http" in text
    assert "Ada" not in mail.message.as_string()
    assert mail.message["List-Unsubscribe"] is None
    row = Message.across_clinics.get()
    assert (mail.message["Message-ID"], row.patient) == (row.message_id, None)


def test_morning_mail_says_names_as_they_are_written(manager: Membership, smtp_sink: SmtpSink) -> None:
    manager.user.name = "Ana O'Neil & Co"
    manager.user.save()
    waits(manager.clinic, Role.MANAGER)
    derived()
    tasks.send_due()
    (mail,) = smtp_sink.received
    assert mail.message.get_body(("plain",)).get_content().splitlines()[0] == "Good morning Ana O'Neil & Co,"


def test_requests_about_visits_are_counted_for_those_who_book(clinic: Clinic) -> None:
    visit = book(factory.make_patient(clinic))
    asked = {"version": visit.version, "key": uuid4(), "by": None, "now": NOW}
    answer_visit(visit=visit, answer="other_time", words="Later, please.", **asked)
    shown = {
        role: [(count.words, count.page) for count in counts_for(factory.make_member(clinic, role), now=NOW)]
        for role in (Role.RECEPTIONIST, Role.PHARMACIST)
    }
    waits = [("1 patient waits for an answer about a visit", f"{reverse('desk:worklist')}#requests")]
    assert shown == {Role.RECEPTIONIST: waits, Role.PHARMACIST: []}


def test_morning_mail_with_nothing_to_say_is_not_sent(manager: Membership, smtp_sink: SmtpSink) -> None:
    derived()
    assert tasks.send_due() == {"superseded": 1}
    assert smtp_sink.received == []
    assert derived()[0][1] == "superseded"


def test_morning_mail_that_is_refused_fails_without_a_call(
    clinic: Clinic, manager: Membership, smtp_sink: SmtpSink
) -> None:
    waits(clinic, Role.MANAGER)
    smtp_sink.refusals[manager.user.email] = "550 no such mailbox"
    derived()
    assert tasks.send_due() == {"failed": 1}
    assert clinic.tasks.count() == 1


def test_colleague_who_has_left_gets_no_morning_mail(clinic: Clinic, manager: Membership) -> None:
    waits(clinic, Role.MANAGER)
    derived()
    manager.is_active = False
    manager.save()
    assert tasks.send_due() == {"superseded": 1}


def test_nobody_chooses_for_another(clinic: Clinic, manager: Membership) -> None:
    with pytest.raises(Refused):
        choose_digest(member=manager, wanted=False, by=factory.make_member(clinic, wants_digest=None).user)
