"""Whom a clinic's mails come from: its own name, or a plainer one that it chose."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from django.test import Client
from django.urls import reverse

from clinics.models import AuditEntry, Clinic
from infusion.reminders import actions, tasks
from tests import factory
from tests.ledger import book, now
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db
ADDRESS = reverse("kinds:list")


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic(name="Lupus and Vasculitis Clinic")


@pytest.fixture
def desk(client: Client, clinic: Clinic) -> Client:
    return factory.sign_in(client, factory.make_member(clinic, "manager"))


def save(desk: Client, name: str) -> int:
    page = desk.get(ADDRESS)
    form = page.context["form"]
    typed = {field: form[field].value() for field in form.fields}
    typed |= {"seen": page.context["mark"], "sender_name": name}
    return desk.post(ADDRESS, {field: value for field, value in typed.items() if value}).status_code


def mailed(clinic: Clinic, smtp_sink: SmtpSink) -> EmailMessage:
    book(factory.make_patient(clinic), kind="follow_up")
    actions.derive(now=now())
    assert tasks.send_due() == {"sent": 1}
    return smtp_sink.received[-1].message


def test_mails_come_from_the_name_that_the_clinic_chose(
    desk: Client, clinic: Clinic, smtp_sink: SmtpSink
) -> None:
    assert str(mailed(clinic, smtp_sink)["From"]) == "Lupus and Vasculitis Clinic <clinic@localhost>"
    assert save(desk, "  Riverside,  desk ") == 302
    assert str(mailed(clinic, smtp_sink)["From"]) == '"Riverside, desk" <clinic@localhost>'
    entry = AuditEntry.objects.of(clinic).filter(verb="changed kinds of messages").get()
    assert entry.changes == {"sender_name": ["", "Riverside, desk"]}


@pytest.mark.parametrize("name", ["desk@other.example", "River\x07side"])
def test_sender_that_is_no_name_is_refused_beside_its_field(desk: Client, clinic: Clinic, name: str) -> None:
    assert save(desk, name) == 422
    clinic.refresh_from_db()
    assert clinic.sender_name == ""
