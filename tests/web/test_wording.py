"""A clinic's own words: written, tried out on oneself, going out with the next message, and taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from clinics.models import AuditEntry
from infusion.reminders.actions import derive
from infusion.reminders.models import KindRule, Message, Wording
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
            shown = desk.get(reverse("wording:change", args=[kind.code, language])).context
            assert "Alex Example" in shown["sample"].text
            assert bool(shown["text"]) == ("sms" in kind.channels)


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


@pytest.fixture
def texts(settings, tmp_path):
    settings.SMS_BACKEND = "infusion.reminders.sms.FileCarrier"
    settings.SMS_FILE = tmp_path / "texts.jsonl"
    return settings.SMS_FILE


def test_a_text_message_has_the_clinics_words_around_the_facts(desk, clinic, texts):
    assert send(desk, text_opening="Hello {name},\nit is us.", text_closing="Bring water.").status_code == 302
    KindRule.objects.create(clinic=clinic, kind="booked", channels=["sms"])
    visit = book(factory.make_patient(clinic, given_name="Ada", family_name="Example", phone="+447911123456"))
    derive(now=now())
    starts = visit.starts_at.astimezone(clinic.zone)
    assert deliver().body == (
        f"Hello Ada Example, it is us. Your appointment is on {starts:%A} {starts.day} {starts:%B %Y} at 12:00. "
        "Bring water. Questions? Call +44 20 7946 0000."
    )


def test_what_makes_a_text_too_long_is_refused_beside_it_and_the_preview_counts_the_parts(desk, clinic):
    response = send(desk, text_opening="á" * 150)
    assert response.status_code == 422
    said = "With these words the text message goes in 4 parts. At most 3 may."
    assert response.context["form"].errors == {"text_opening": [said]}
    shown = send(desk, "preview", text_opening="á").context
    assert (shown["parts"], shown["widening"], shown["text"][:2]) == (2, "á", "á ")
    assert not Wording.objects.of(clinic).exists()


def test_a_test_text_goes_to_the_number_typed_and_is_audited(desk, clinic, texts):
    typed = {"text_closing": "See you.", "number": "+44 7911 123456"}
    assert said(send(desk, "test_text", **typed))[-1] == "A test went to +44 7911 123456. Nothing was saved."
    (line,) = map(json.loads, texts.read_text().splitlines())
    assert (line["to"], line["text"][:24]) == ("+447911123456", "[Test] Your appointment ")
    entry = AuditEntry.objects.of(clinic).get(verb="sent test message")
    assert entry.changes == {"message": "booked", "language": "en", "to": "+447911123456"}
    assert (Message.across_clinics.count(), Wording.objects.of(clinic).count()) == (0, 0)


@pytest.mark.parametrize("number", ["", "12", "+44 20 7946 0000", "nobody"])
def test_a_number_that_takes_no_texts_is_refused_beside_its_field(desk, texts, number):
    response = send(desk, "test_text", number=number, opening="Hello")
    assert [*response.context["form"].errors] == ["number"]
    assert response.context["form"]["opening"].value() == "Hello"
    assert not texts.exists()


def test_no_test_text_is_offered_or_sent_where_nobody_carries_it(desk, clinic):
    assert "number" not in desk.get(ADDRESS).context["form"].fields
    assert said(send(desk, "test_text", number="+447911123456")) == []
    assert not AuditEntry.objects.of(clinic).filter(verb="sent test message").exists()


def test_the_parts_are_counted_for_the_day_whose_name_is_the_dearest(desk):
    spanish = desk.get(reverse("wording:change", args=["booked", "es"])).context
    assert (spanish["worst"], desk.get(ADDRESS).context["worst"]) == (2, 1)
