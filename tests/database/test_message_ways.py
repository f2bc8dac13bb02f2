"""By which ways messages go: mail, a text or a person, and not in quiet hours; and what is said before an infusion."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from clinics.models import StaffTask
from infusion.reminders import actions
from infusion.reminders.models import KindRule, Message
from patients.actions import set_message_wishes
from scheduling.models import HoldInstruction
from tests import factory
from tests.ledger import book, claim, deliver, ledger, now, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(settings, tmp_path):
    settings.SMS_BACKEND = "infusion.reminders.sms.FileCarrier"
    settings.SMS_FILE = tmp_path / "texts.jsonl"
    return settings.SMS_FILE


def patient_of(clinic, **fields):
    return factory.make_patient(clinic, **({"phone": "+447911123456"} | fields))


def wish(patient, **wanted):
    asked = {"none": False, "kinds_off": (), "channel": "", "language": "en"} | wanted
    set_message_wishes(patient=patient, by=None, now=now(), **asked)


def test_two_channels_are_two_rows_and_each_goes_out_once(texts):
    clinic = factory.make_clinic()
    KindRule.objects.create(clinic=clinic, kind="booked", channels=["email", "sms"])
    book(patient_of(clinic))
    assert actions.derive(now=now()) == 2
    for _ in range(2):
        message = claim()
        assert actions.send(message, message.fence) in ("sent", "waiting")
    assert actions.derive(now=now()) == 0
    (line,) = texts.read_text().splitlines()
    assert json.loads(line)["text"].endswith("Questions? Call +44 20 7946 0000.")


def test_a_wish_for_texts_without_a_service_goes_by_mail():
    patient = patient_of(factory.make_clinic())
    wish(patient, channel="sms")
    book(patient)
    actions.derive(now=now())
    assert Message.across_clinics.get().channel == "email"


def test_who_wants_nothing_is_told_of_a_change_by_one_call():
    patient = patient_of(factory.make_clinic())
    wish(patient, none=True)
    book(patient)
    assert actions.derive(now=now()) == 1
    assert settle() == "sent"
    assert actions.derive(now=now()) == 0
    assert StaffTask.objects.of(patient.clinic).filter(kind="call_patient").count() == 1


def test_a_kind_switched_off_keeps_its_place_and_is_not_sent():
    patient = patient_of(factory.make_clinic())
    wish(patient, kinds_off=["reminder_2"])
    book(patient, 1, ago=timedelta(days=60))
    actions.derive(now=now())
    assert ledger() == [("reminder_2", "unwanted")]
    assert actions.claim_one() is None


def test_a_notice_waits_for_the_end_of_the_quiet_hours():
    clinic = factory.make_clinic()
    local = timezone.now().astimezone(clinic.zone)
    clinic.quiet_from = (local - timedelta(hours=2)).time()
    clinic.quiet_until = (local + timedelta(hours=2)).time()
    clinic.save()
    book(patient_of(clinic))
    assert actions.derive(now=now()) == 0
    assert actions.derive(now=now() + timedelta(hours=2, minutes=1)) == 1


def test_what_is_missing_is_asked_for_in_plain_words():
    clinic = factory.make_clinic(messages=["gate_needs"])
    book(patient_of(clinic), 4, ago=timedelta(days=60))
    Message.across_clinics.all().delete()
    actions.derive(now=now())
    assert ("gate_needs_5", "planned") in ledger()
    Message.across_clinics.exclude(kind="gate_needs_5").update(state="expired")
    sent = deliver()
    assert sent.subject_line == "Something is still missing for your appointment"


@pytest.mark.parametrize("days", [1, 4])
def test_the_last_reminder_says_that_a_prescriber_left_word_and_never_of_what(days):
    visit = book(patient_of(factory.make_clinic()), days, ago=timedelta(days=60))
    HoldInstruction.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        course=visit.planned_infusion.course,
        medicine="Enalapril",
        words="Leave it out that morning.",
        key=uuid4(),
        entered_by=factory.make_user(),
        entered_at=now(),
    )
    actions.derive(now=now())
    Message.across_clinics.filter(kind="booked").update(state="expired")
    body = deliver().body
    assert ("Your prescriber has left word" in body, "Enalapril" in body) == (days == 1, False)
