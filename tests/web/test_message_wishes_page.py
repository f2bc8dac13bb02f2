"""Which messages a patient wants, as told to staff."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry
from infusion.reminders.wishes.forms import OFFERED
from patients.actions import set_message_wishes
from patients.models import MessageWishes
from tests import factory
from tests.wishing import stands, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return factory.make_patient(factory.make_clinic(chairs=0, nurses=0), email="ana@example.org")


@pytest.fixture
def desk(ana):
    return factory.sign_in(Client(), factory.make_member(ana.clinic, "receptionist"))


@pytest.fixture
def address(ana):
    return reverse("reminders:wishes", args=[ana.pk])


def test_one_kind_is_done_without_in_another_language(desk, ana, address):
    wanted = [code for code in OFFERED if code != "reminder_7"]
    page = desk.get(address)
    assert desk.post(address, typed(page, wanted=wanted, language="es", channel="email")).status_code == 302
    assert stands(ana) == (False, ["reminder_7"], "email", "es")
    entry = AuditEntry.objects.of(ana.clinic).get(verb="changed message wishes")
    assert entry.actor.door == "staff"


def test_no_messages_at_all_is_kept(desk, ana, address):
    assert desk.post(address, typed(desk.get(address), none="on")).status_code == 302
    assert stands(ana) == (True, [], "", "en")


def test_a_page_that_is_out_of_date_does_not_bring_back_messages_that_were_stopped(desk, ana, address):
    before = desk.get(address)
    set_message_wishes(
        patient=ana, none=True, kinds_off=(), channel="", language="en", by=None, now=timezone.now()
    )
    response = desk.post(address, typed(before, channel="email"))
    assert (response.status_code, stands(ana)[0]) == (422, True)
    seen = AuditEntry.objects.of(ana.clinic).filter(changes={"page": "message wishes"})
    assert seen.count() == 2
    assert desk.post(address, typed(response, none="")).status_code == 302
    assert stands(ana) == (False, [], "email", "en")


def test_nothing_unknown_is_taken_and_what_was_typed_stays(desk, ana, address):
    page = desk.get(address)
    for changed, field in (
        ({"wanted": ["booked"]}, "wanted"),
        ({"channel": "sms"}, "channel"),
        ({"language": "tlh"}, "language"),
    ):
        response = desk.post(address, typed(page, none="on", **changed))
        assert (response.status_code, [*response.context["form"].errors]) == (422, [field])
        assert response.context["form"]["none"].value() is True
    assert not MessageWishes.objects.of(ana.clinic).exists()


def test_texts_are_offered_only_where_somebody_carries_them(desk, ana, address, settings):
    settings.SMS_BACKEND = "infusion.reminders.sms.FileCarrier"
    ana.phone = "+442079460123"
    ana.save()
    response = desk.post(address, typed(desk.get(address), channel="sms"))
    assert [*response.context["form"].errors] == ["channel"]
    ana.phone = "+447911123456"
    ana.save()
    assert desk.post(address, typed(desk.get(address), channel="sms")).status_code == 302
    assert stands(ana)[2] == "sms"


def test_the_page_speaks_of_the_patient_to_a_colleague(desk, address):
    form = desk.get(address).context["form"]
    said = [form[name].help_text for name in ("wanted", "none")]
    said += [str(word) for name in ("language", "channel", "none") for word in (form[name].label,)]
    said += [words for _code, words in form.fields["wanted"].choices]
    assert [words for words in said if "you" in words.lower().split()] == []
    assert (
        form["wanted"].help_text == "The patient is always told when a visit is booked, moved or cancelled."
    )
