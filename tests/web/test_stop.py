"""Stopping all messages by the link of a mail: no sign-in, no change by looking, and nothing else to be had."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from clinics.models import AuditEntry, StaffTask
from infusion.reminders import actions, tasks
from infusion.reminders.models import Message
from patients.actions import set_message_wishes
from patients.models import MessageWishes, Patient
from tests import factory
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def patient() -> Patient:
    return factory.make_patient(factory.make_clinic(), given_name="Ada", family_name="Example")


@pytest.fixture
def link(patient: Patient, smtp_sink: SmtpSink) -> str:
    """The way out, as a mail to the patient carries it."""
    factory.make_visit(patient, kind="follow_up", at=timezone.now() - HOUR)
    actions.derive(now=timezone.now())
    tasks.send_due()
    (mail,) = [each for each in smtp_sink.received if each.to == (patient.email,)]
    found = re.fullmatch(r"<https?://[^/]+(/messages/stop/\S+/)>", mail.message["List-Unsubscribe"].strip())
    assert found is not None
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert found[1] in mail.message.get_body((kind,)).get_content()
    return found[1]


def stopped(patient: Patient) -> bool:
    return MessageWishes.objects.of(patient.clinic).filter(patient=patient, none=True).exists()


def test_looking_at_the_page_changes_nothing(link: str, patient: Patient) -> None:
    scanner = Client(enforce_csrf_checks=True)
    for _ in range(3):
        page = scanner.get(link)
        assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    assert scanner.head(link).status_code == 200
    assert "Ada" not in page.content.decode()
    assert patient.clinic.name not in page.content.decode()
    assert not stopped(patient)


def test_button_stops_all_messages_and_says_how_to_get_them_again(link: str, patient: Patient) -> None:
    page = Client(enforce_csrf_checks=True).post(link)
    assert page.status_code == 200
    assert "You get no more messages" in page.content.decode()
    assert "To get messages again" in page.content.decode()
    assert stopped(patient)
    assert AuditEntry.objects.of(patient.clinic).filter(verb="changed message wishes").count() == 1
    assert Client().post(link).status_code == 200
    assert AuditEntry.objects.of(patient.clinic).filter(verb="changed message wishes").count() == 1


def test_one_click_of_a_mail_program_stops_all_messages(link: str, patient: Patient) -> None:
    answer = Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert stopped(patient)


def test_other_wishes_are_kept(link: str, patient: Patient) -> None:
    set_message_wishes(
        patient=patient, none=False, kinds_off=["reminder_7"], channel="email", language="en", by=None,
        now=timezone.now(),
    )  # fmt: skip
    Client().post(link)
    found = MessageWishes.objects.of(patient.clinic).get()
    assert (found.none, found.kinds_off, found.channel) == (True, ["reminder_7"], "email")


def test_every_link_that_is_not_in_force_gets_the_same_answer(link: str, patient: Patient) -> None:
    number, _, signature = link.rstrip("/").rpartition("/")[2].partition(".")
    forged = [
        "x",
        f"{number}.",
        f"{int(number) + 1}.{signature}",
        f"{number}.{signature[:-1]}",
        "9" * 60 + ".x",
    ]

    def said(page: Any) -> tuple[int, str]:
        """The answer, without what is drawn anew for each page."""
        text = re.sub(r'(X-CSRFToken": |csrfmiddlewaretoken" value=)"[^"]*"', "", page.content.decode())
        return page.status_code, text.replace(page.request["PATH_INFO"], "")

    answers = {said(Client().get(f"/messages/stop/{each}/")) for each in forged}
    Patient.objects.of(patient.clinic).filter(pk=patient.pk).update(email="somebody@else.example")
    for page in (Client().get(link), Client().post(link)):
        answers.add(said(page))
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert not stopped(patient)


def test_link_opens_nothing_else(link: str) -> None:
    visitor = Client()
    visitor.post(link)
    assert visitor.get("/portal/").status_code == 302
    assert visitor.get("/messages/").status_code == 302
    assert "sessionid" not in visitor.cookies


def test_wrong_links_can_be_tried_only_so_often_and_a_right_one_always(link: str, patient: Patient) -> None:
    answers = [Client().get("/messages/stop/x/").status_code for _ in range(31)]
    assert answers == [404] * 30 + [429]
    assert Client().get(link).status_code == 200
    assert [Client().post(link).status_code for _ in range(40)] == [200] * 40
    assert stopped(patient)


def test_page_speaks_the_patients_language_unless_another_was_chosen(link: str, patient: Patient) -> None:
    Patient.objects.of(patient.clinic).filter(pk=patient.pk).update(language="es")
    visitor = Client()
    assert '<html lang="es">' in visitor.get(link).content.decode()
    visitor.cookies["language"] = "en"
    assert '<html lang="en">' in visitor.get(link).content.decode()


def test_nothing_is_mailed_after_the_stop_and_a_change_is_told_by_telephone(
    link: str, patient: Patient, smtp_sink: SmtpSink
) -> None:
    Client().post(link)
    factory.change_visit(Message.across_clinics.get().visit, "cancelled", at=timezone.now() - HOUR)
    for _ in range(2):
        actions.derive(now=timezone.now())
        tasks.send_due()
    assert len(smtp_sink.received) == 1
    (task,) = StaffTask.objects.of(patient.clinic)
    assert task.kind == "call_patient"
    assert "is cancelled" in task.reason
