"""Staff's screens of the ledger: what was sent, what will be, and the letter for what could not be."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from clinics.domain.rights import Role
from clinics.models import AuditEntry, Clinic
from infusion.reminders import actions, tasks
from infusion.reminders.models import Message
from patients.models import Patient
from tests import factory

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic()


@pytest.fixture
def desk(clinic: Clinic, client: Client) -> Client:
    """A receptionist of the clinic, signed in."""
    return factory.sign_in(client, factory.make_member(clinic, Role.RECEPTIONIST))


def told(clinic: Clinic, **fields: str) -> Patient:
    """A patient whose booking has been told, or could not be."""
    patient = factory.make_patient(clinic, **fields)
    factory.make_visit(patient, kind="follow_up", at=timezone.now() - timedelta(hours=1))
    actions.derive(now=timezone.now())
    tasks.send_due()
    return patient


def words(page: bytes) -> str:
    """A page as it is read: no tags, single blanks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


def rows(page: bytes) -> list[str]:
    """The rows of the messages' list, as read."""
    return [
        words(row.encode())
        for row in re.findall(r"<li>\s*<div class=\"row-main\">(.*?)</li>", page.decode(), re.S)
    ]


def test_messages_of_a_patient_show_what_was_sent_and_what_will_be(desk: Client, clinic: Clinic) -> None:
    patient = told(clinic)
    page = desk.get(f"/reminders/patient/{patient.pk}/")
    assert page.status_code == 200
    found = rows(page.content)
    assert [row.split(" Visit of ")[0] for row in found[:2]] == [
        "Reminder, 7 days before",
        "Reminder, 2 days before",
    ]
    assert found[2].startswith(f"Visit booked “{Message.across_clinics.get().subject_line}” · sent ")
    assert [row.partition(" Send again")[0].rsplit(" ", 1)[1] for row in found] == [
        "Planned",
        "Planned",
        "Sent",
    ]
    assert patient.email in found[2]


def test_messages_come_alone_for_an_exchange_in_place(desk: Client, clinic: Clinic) -> None:
    page = desk.get(f"/reminders/patient/{told(clinic).pk}/", headers={"HX-Request": "true"})
    assert page.content.decode().strip().startswith('<section class="card card-flush" id="patient-messages">')


def test_messages_of_a_patient_without_any_say_so(desk: Client, clinic: Clinic) -> None:
    page = desk.get(f"/reminders/patient/{factory.make_patient(clinic).pk}/")
    assert "No messages yet" in words(page.content)


def test_message_shows_the_text_as_it_went_out(desk: Client, clinic: Clinic) -> None:
    told(clinic, given_name="<b>Ada</b>")
    row = Message.across_clinics.get()
    page = desk.get(f"/reminders/message/{row.pk}/")
    assert "Dear &lt;b&gt;Ada&lt;/b&gt; Example" in page.content.decode()
    assert row.message_id in page.content.decode().replace("&lt;", "<").replace("&gt;", ">")


def test_message_not_written_yet_says_so(desk: Client, clinic: Clinic) -> None:
    factory.make_visit(factory.make_patient(clinic), kind="follow_up", at=timezone.now() - timedelta(hours=1))
    actions.derive(now=timezone.now())
    page = desk.get(f"/reminders/message/{Message.across_clinics.get().pk}/")
    assert "Not written yet" in words(page.content)


def test_letter_can_be_printed_for_a_patient_without_an_address(desk: Client, clinic: Clinic) -> None:
    patient = told(clinic, email="", address="7 Mill Lane\nLeeds")
    row = Message.across_clinics.get()
    page = desk.get(f"/reminders/message/{row.pk}/letter/")
    assert page.status_code == 200
    assert "7 Mill Lane<br>Leeds" in page.content.decode()
    assert f"Dear {patient}, Your appointment with us is booked:" in words(page.content)
    assert "has changed since" not in words(page.content)
    factory.change_visit(row.visit, "cancelled")
    page = desk.get(f"/reminders/message/{row.pk}/letter/")
    assert "The visit has changed since this was written." in words(page.content)


def test_letter_is_not_offered_for_what_was_mailed(desk: Client, clinic: Clinic) -> None:
    told(clinic)
    row = Message.across_clinics.get()
    assert desk.get(f"/reminders/message/{row.pk}/letter/").status_code == 404
    assert "Print as a letter" not in words(desk.get(f"/reminders/message/{row.pk}/").content)


def test_screens_know_only_their_own_clinic(desk: Client) -> None:
    stranger = told(factory.make_clinic(), email="")
    row = Message.across_clinics.get()
    for address in (
        f"/reminders/patient/{stranger.pk}/",
        f"/reminders/message/{row.pk}/",
        f"/reminders/message/{row.pk}/letter/",
        "/reminders/message/99999999999999999999999/",
    ):
        assert desk.get(address).status_code == 404, address


def test_screens_are_closed_to_patients_and_strangers(clinic: Clinic, client: Client) -> None:
    patient = told(clinic)
    address = f"/reminders/patient/{patient.pk}/"
    assert client.get(address).status_code == 302
    factory.sign_in(client, factory.make_user("portal"))
    assert client.get(address).status_code == 403


def test_reading_messages_is_in_the_audit_trail(desk: Client, clinic: Clinic) -> None:
    patient = told(clinic, email="")
    row = Message.across_clinics.get()
    before = AuditEntry.objects.of(clinic).first().pk
    desk.get(f"/reminders/patient/{patient.pk}/")
    desk.get(f"/reminders/message/{row.pk}/")
    desk.get(f"/reminders/message/{row.pk}/letter/")
    found = AuditEntry.objects.of(clinic).filter(pk__gt=before).order_by("pk")
    assert list(found.values_list("verb", "record_number")) == [
        ("viewed patient", patient.record_number),
        ("viewed message", patient.record_number),
        ("opened letter", patient.record_number),
    ]
