"""Which messages a patient wants, and by which way."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry
from patients.actions import set_message_wishes
from patients.domain.messages import MAY_SWITCH_OFF
from patients.models import MessageWishes, Patient
from tests import factory

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient():
    return factory.make_patient(factory.make_clinic(chairs=0, nurses=0), phone="+447911123456")


def wish(patient: Patient, **wanted) -> MessageWishes:
    asked = {"none": False, "kinds_off": (), "channel": "", "language": "en"} | wanted
    return set_message_wishes(patient=patient, by=None, now=timezone.now(), **asked)


def test_wishes_are_kept_once_and_audited_with_what_changed(patient):
    wish(patient, kinds_off=["window_open", "arrange"], channel="sms")
    wish(patient, kinds_off=["arrange"], channel="sms")
    row = MessageWishes.objects.of(patient.clinic).get()
    assert (row.kinds_off, row.channel, row.none) == (["arrange"], "sms", False)
    rows = AuditEntry.objects.of(patient.clinic).filter(verb="changed message wishes").order_by("id")
    assert [entry.changes for entry in rows] == [
        {"kinds_off": [[], ["arrange", "window_open"]], "channel": ["", "sms"]},
        {"kinds_off": [["arrange", "window_open"], ["arrange"]]},
    ]


def test_the_same_wishes_again_change_nothing(patient):
    wish(patient, none=True)
    before = AuditEntry.objects.of(patient.clinic).count()
    wish(patient, none=True)
    assert AuditEntry.objects.of(patient.clinic).count() == before


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"kinds_off": ["moved"]}, "unknown_kind"),
        ({"kinds_off": ["nonsense"]}, "unknown_kind"),
        ({"channel": "pigeon"}, "unknown_channel"),
        ({"language": "tlh"}, "unknown_language"),
    ],
)
def test_what_is_not_on_the_list_is_refused(patient, wanted, code):
    with pytest.raises(Refused) as refused:
        wish(patient, **wanted)
    assert refused.value.codes == (code,)
    assert not MessageWishes.objects.of(patient.clinic).exists()


@pytest.mark.parametrize("phone", ["", "+442079460000"])
def test_texts_are_refused_without_a_number_that_takes_them(patient, phone):
    Patient.objects.of(patient.clinic).update(phone=phone)
    with pytest.raises(Refused) as refused:
        wish(patient, channel="sms")
    assert refused.value.codes == ("no_mobile",)


def test_every_kind_a_patient_may_switch_off_can_be(patient):
    assert wish(patient, kinds_off=MAY_SWITCH_OFF).kinds_off == sorted(MAY_SWITCH_OFF)
