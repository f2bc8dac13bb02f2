"""A clinic's own words: written, tried out on oneself, going out with the next message, and taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from clinics.models import AuditEntry
from infusion.reminders.actions import derive
from infusion.reminders.models import Message, Wording
from tests import factory
from tests.ledger import book, deliver, now

pytestmark = pytest.mark.django_db
ADDRESS = reverse("wording:change", args=["booked", "en"])


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def manager(clinic):
    return factory.make_member(clinic, "manager", name="Mara", email="mara@clinic.example").user


@pytest.fixture
def desk(client, manager):
    return factory.sign_in(client, manager)


def send(desk, button="save", **typed: Any):
    return desk.post(ADDRESS, {"seen": 0, "subject": "", "opening": "", "closing": "", button: "1"} | typed)


def said(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def deliver_booked(clinic) -> Message:
    book(factory.make_patient(clinic, given_name="Ada", family_name="Example"))
    derive(now=now())
    return deliver()


def test_a_mail_has_the_clinics_words_around_the_facts_and_the_change_is_audited(desk, clinic, manager):
    opening = "We look forward to seeing you, {name}.\nBring <b>water</b>."
    assert send(desk, subject="See you soon", opening=opening, closing="{clinic}: {phone}").status_code == 302
    message = deliver_booked(clinic)
    greeting, first, intro, *_facts, closing, foot = message.body.split("\n\n")
    assert (message.subject_line, greeting) == ("See you soon", "Dear Ada Example,")
    assert first == "We look forward to seeing you, Ada Example.\nBring <b>water</b>."
    assert intro == "Your appointment with us is booked:"
    assert closing == "Riverside Clinic: +44 20 7946 0000"
    assert foot == "Riverside Clinic\n+44 20 7946 0000\n"
    entry = AuditEntry.objects.of(clinic).get(verb="changed wording")
    assert (entry.actor, entry.changes["subject"]) == (manager, ["", "See you soon"])


def test_what_is_refused_stands_beside_its_field_and_nothing_typed_is_lost(desk, clinic):
    response = send(desk, subject="Your Lupus visit", opening="{drug}", closing="Kind regards")
    assert response.status_code == 422
    assert [*response.context["form"].errors] == ["subject", "opening"]
    assert response.context["form"]["closing"].value() == "Kind regards"
    assert not Wording.objects.of(clinic).exists()


def test_a_page_that_is_out_of_date_does_not_overwrite_a_colleague(desk, clinic):
    send(desk, opening="First")
    response = send(desk, opening="Second")
    assert response.context["form"].non_field_errors().as_data()[0].code == "stale"
    assert response.context["seen"] == 1
    assert send(desk, opening="Second", seen=1).status_code == 302
    assert [row.opening for row in Wording.objects.of(clinic)] == ["Second", "First"]


def test_the_same_click_twice_writes_one_version(desk, clinic):
    assert [send(desk, opening="Hello").status_code for _ in range(2)] == [302, 302]
    assert Wording.objects.of(clinic).count() == 1


def test_back_to_the_standard_text_keeps_what_held_before(desk, clinic):
    send(desk, subject="See you soon")
    assert desk.post(ADDRESS, {"seen": 1, "save": "1"}).status_code == 302
    assert [row.subject for row in Wording.objects.of(clinic)] == ["", "See you soon"]
    assert deliver_booked(clinic).subject_line.startswith("Your appointment on ")


def test_another_clinics_words_and_another_language_change_nothing(desk, clinic):
    desk.post(reverse("wording:change", args=["booked", "es"]), {"seen": 0, "subject": "Hola", "save": "1"})
    other = factory.make_clinic()
    Wording.objects.create(
        clinic=other, kind="booked", language="en", version=1, subject="Other",
        by=factory.make_user(), at=now(),
    )  # fmt: skip
    assert deliver_booked(clinic).subject_line.startswith("Your appointment on ")


def test_a_preview_saves_nothing(desk, clinic):
    response = send(desk, "preview", subject="See you, {name}")
    assert (response.status_code, response.context["sample"].subject) == (200, "See you, Alex Example")
    assert not Wording.objects.of(clinic).exists()


def test_every_message_has_a_preview_in_every_language(desk):
    page = desk.get(reverse("wording:list"))
    for kind, languages in page.context["rows"]:
        for language, _name, _own in languages:
            address = reverse("wording:change", args=[kind.code, language])
            assert "Alex Example" in desk.get(address).context["sample"].text


def test_a_test_goes_to_the_colleague_alone_and_is_in_no_ledger(desk, clinic, smtp_sink):
    assert said(send(desk, "test", subject="See you soon"))[-1] == (
        "A test went to mara@clinic.example. Nothing was saved."
    )
    (mail,) = smtp_sink.received
    assert (mail.to, mail.message["Subject"]) == (("mara@clinic.example",), "[Test] See you soon")
    assert [part.get_content_type() for part in mail.message.walk()].count("text/calendar") == 0
    assert (Message.across_clinics.count(), Wording.objects.of(clinic).count()) == (0, 0)
    assert AuditEntry.objects.of(clinic).filter(verb="sent test message").count() == 1


def test_the_eleventh_test_of_an_hour_is_not_sent(desk, smtp_sink):
    answers = [said(send(desk, "test", opening=f"{number}"))[-1] for number in range(11)]
    assert len(smtp_sink.received) == 10
    assert answers[-1].startswith("No more tests for now.")


def test_a_kind_or_language_that_has_no_words_is_not_found(desk):
    for kind, language in (("digest", "en"), ("overdue", "en"), ("booked", "tlh")):
        assert desk.get(reverse("wording:change", args=[kind, language])).status_code == 404
