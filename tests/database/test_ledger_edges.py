"""The rarer turns of the ledger: a row taken up again, changes that tell nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from infusion.reminders import actions
from infusion.reminders.models import Message
from patients.models import Patient
from tests import factory
from tests.ledger import ledger, now, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    return factory.make_patient(factory.make_clinic())


def test_row_taken_up_again_is_of_use_as_long_as_it_is_now(patient: Patient) -> None:
    follow_up = factory.make_follow_up(patient, due_on=now().date() + timedelta(days=10))
    actions.derive(now=now())
    row = Message.across_clinics.get()
    follow_up.state = "closed"
    follow_up.save()
    assert settle() == "superseded"
    follow_up.state, follow_up.latest_on = "due", follow_up.latest_on + timedelta(days=7)
    follow_up.save()
    actions.derive(now=now())
    assert ledger() == [("arrange", "planned")]
    zone = patient.clinic.zone
    ends = [one.expires_at.astimezone(zone).date() for one in (row, Message.across_clinics.get())]
    assert ends[1] - ends[0] == timedelta(days=7)
