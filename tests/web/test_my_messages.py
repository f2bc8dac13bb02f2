"""My messages: a patient chooses which of them to get, and sees what was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry
from infusion.reminders.domain.kinds import FOR_PATIENTS
from infusion.reminders.models import Message
from infusion.reminders.wishes.forms import OFFERED
from infusion.reminders.wishes.words import PLAIN
from patients.actions import set_message_wishes
from patients.models import MessageWishes
from tests import factory
from tests.web.test_portal import enter
from tests.wishing import stands, typed

pytestmark = pytest.mark.django_db
ADDRESS = reverse("portal:messages")


@pytest.fixture
def ana():
    return factory.make_patient(factory.make_clinic(chairs=0, nurses=0), email="ana@example.org")


@pytest.fixture
def own(client, ana):
    return enter(client, ana)


def sent(patient, kind="booked", **fields):
    at = timezone.now() - timedelta(hours=1)
    number = Message.across_clinics.count()
    given = {
        "recipient": patient.email,
        "state": "sent",
        "due_at": at,
        "expires_at": at,
        "next_attempt_at": at,
    }
    return Message.objects.create(
        clinic=patient.clinic, patient=patient, kind=kind, subject_kind="visit", subject_id=str(number),
        subject_version=1, message_id=f"<{number}@wishes>", **(given | fields),
    )  # fmt: skip


def test_a_patient_does_without_one_kind_and_chooses_a_language(own, ana):
    wanted = [code for code in OFFERED if code != "reminder_7"]
    page = own.get(ADDRESS)
    assert own.post(ADDRESS, typed(page, wanted=wanted, language="es", channel="email")).status_code == 302
    assert stands(ana) == (False, ["reminder_7"], "email", "es")
    entry = AuditEntry.objects.of(ana.clinic).get(verb="changed message wishes")
    assert entry.actor.email == "ana@example.org"


def test_a_page_that_is_out_of_date_does_not_bring_back_messages_that_were_stopped(own, ana):
    before = own.get(ADDRESS)
    set_message_wishes(
        patient=ana, none=True, kinds_off=(), channel="", language="en", by=None, now=timezone.now()
    )
    response = own.post(ADDRESS, typed(before, channel="email"))
    assert (response.status_code, stands(ana)[0]) == (422, True)
    assert own.post(ADDRESS, typed(response, none="")).status_code == 302
    assert stands(ana) == (False, [], "email", "en")


def test_nothing_unknown_is_taken_and_what_was_typed_stays(own, ana):
    page = own.get(ADDRESS)
    for changed, field in (
        ({"wanted": ["booked"]}, "wanted"),
        ({"channel": "sms"}, "channel"),
        ({"language": "tlh"}, "language"),
    ):
        response = own.post(ADDRESS, typed(page, none="on", **changed))
        assert (response.status_code, [*response.context["form"].errors]) == (422, [field])
        assert response.context["form"]["none"].value() is True
    assert not MessageWishes.objects.of(ana.clinic).exists()


def test_a_carer_changes_nothing(client, ana):
    own = enter(client, ana)
    ana.portalaccess_set.update(is_carer=True, accepted_at=timezone.now())
    assert own.get(ADDRESS).status_code == 403
    assert own.post(ADDRESS, {"language": "es", "none": "on"}).status_code == 403


def test_what_was_sent_to_me_is_listed_newest_first_and_nothing_else(own, ana):
    first = sent(ana, due_at=timezone.now() - timedelta(days=3))
    lost = sent(ana, "reminder_2", state="failed")
    sent(ana, state="superseded")
    sent(ana, "invited", recipient="carer@example.org")
    sent(factory.make_patient(ana.clinic))
    page = own.get(ADDRESS)
    assert page.context["rows"] == [("Second reminder of a visit", lost), ("Your visit is booked", first)]


def test_every_kind_for_patients_has_plain_words():
    assert sorted(PLAIN) == sorted(kind.code for kind in FOR_PATIENTS)


def test_a_number_at_the_end_of_a_sentence_has_its_full_stop_at_once():
    said = render_to_string("components/phone_link.html", {"phone": "+1 212 555 2368", "after": "."})
    assert said.strip() == '<a class="nowrap" href="tel:+12125552368">+1 212 555 2368</a>.'


def test_message_is_dated_by_when_it_left(own, ana):
    now = timezone.now()
    held = sent(ana, due_at=now - timedelta(days=3), sent_at=now - timedelta(hours=1))
    prompt = sent(ana, due_at=now - timedelta(days=2), sent_at=now - timedelta(days=2))
    rows = [row for _title, row in own.get(ADDRESS).context["rows"]]
    assert [(row.pk, row.left_at) for row in rows] == [(held.pk, held.sent_at), (prompt.pk, prompt.sent_at)]


def test_who_wants_no_messages_is_told_that_no_kind_comes(own, ana):
    said = [str(own.get(ADDRESS).context["form"]["wanted"].help_text)]
    own.post(ADDRESS, typed(own.get(ADDRESS), none="on"))
    said += [str(own.get(ADDRESS).context["form"]["wanted"].help_text)]
    assert said == [
        "We always tell you when a visit is booked, moved or cancelled.",
        "You want no messages now, so none of these comes. When a visit changes, we call you.",
    ]
