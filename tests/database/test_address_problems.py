"""The mark of an address from which mail comes back: made once, gone with the address or by a colleague's word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry, StaffTask
from infusion.reminders import actions as reminders
from patients import actions, queries
from patients.domain.checks import Person
from patients.models import AddressProblem, Patient
from tests import factory
from tests.ledger import book, claim
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    return factory.make_patient(factory.make_clinic(), email="ada@example.org")


def mark(patient: Patient, address: str = "ADA@example.org") -> bool:
    return actions.note_address_problem(
        patient=patient, address=address, reason="550 no such mailbox", now=timezone.now()
    )


def test_address_is_marked_once(patient: Patient) -> None:
    assert [mark(patient), mark(patient)] == [True, False]
    found = queries.address_problem(patient)
    assert (found.address, found.reason) == ("ada@example.org", "550 no such mailbox")
    assert queries.marked_addresses(patient.clinic, [patient.pk]) == {patient.pk: "ada@example.org"}
    assert AuditEntry.objects.of(patient.clinic).first().verb == "marked address"


def test_address_that_is_not_the_patients_is_left_alone(patient: Patient) -> None:
    assert mark(patient, "bea@example.org") is False
    assert queries.address_problem(patient) is None


@pytest.mark.parametrize(
    ("answer", "content", "marked"),
    [
        ("550 5.1.1 no such user", None, 1),
        ("550 no such mailbox", None, 1),
        ("550 5.7.1 not wanted", None, 0),
        (None, "550 5.1.1 said too late", 0),
    ],
)
def test_address_refused_while_a_mail_is_handed_over_is_marked_like_one_that_returns(
    patient: Patient, smtp_sink: SmtpSink, answer: str | None, content: str | None, marked: int
) -> None:
    book(patient)
    if answer:
        smtp_sink.refusals[patient.email] = answer
    smtp_sink.refuse_content = content
    reminders.derive(now=timezone.now())
    message = claim()
    assert reminders.send(message, message.fence) == "failed"
    (task,) = StaffTask.objects.of(patient.clinic).filter(cause=f"message:{message.pk}")
    assert "Ask for a mail address that works." in task.reason or not marked
    assert AddressProblem.objects.of(patient.clinic).filter(patient=patient).count() == marked


def test_mark_goes_with_the_address(patient: Patient) -> None:
    mark(patient)
    person = Person(
        record_number=patient.record_number,
        given_name=patient.given_name,
        family_name=patient.family_name,
        birth_date=patient.birth_date,
        sex=patient.sex,
        email=patient.email,
        phone=str(patient.phone),
        language=patient.language,
    )
    actions.edit_patient(patient=patient, person=replace(person, given_name="Adah"), by=None)
    assert queries.address_problem(patient) is not None
    actions.edit_patient(patient=patient, person=replace(person, email="ada@example.net"), by=None)
    assert queries.address_problem(patient) is None


def test_mark_goes_by_a_colleagues_word_and_only_once(patient: Patient) -> None:
    mark(patient)
    colleague = factory.make_member(patient.clinic).user
    actions.say_address_works(patient=patient, by=colleague, now=timezone.now())
    assert queries.address_problem(patient) is None
    assert AddressProblem.objects.of(patient.clinic).get().cleared_by == colleague
    with pytest.raises(Refused):
        actions.say_address_works(patient=patient, by=colleague, now=timezone.now())
    assert mark(patient) is True
