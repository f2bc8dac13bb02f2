"""What goes out in the next day, before it stands in the ledger: every kind, and nothing that nobody wants."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from infusion.reminders.ledger.shown import coming
from patients.actions import set_message_wishes
from tests import factory
from tests.ledger import book, in_days, now

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=60)


@pytest.fixture
def clinic():
    return factory.make_clinic(messages=["gate_needs", "health_check", "lab_due", "window_open"])


@pytest.fixture
def midnight(clinic) -> datetime:
    return in_days(1, clinic, time(0))


def told(clinic, at: datetime) -> list[str]:
    return sorted(each.owed.kind for each in coming(clinic, now=at))


def told_of_a_blood_test(clinic, days: int) -> None:
    """A patient whose next maintenance infusion is planned in so many days."""
    today = now().astimezone(clinic.zone).date()
    course = factory.make_course(
        factory.make_patient(clinic), start_on=today - timedelta(days=150), maintenance=1
    )
    course.planned_infusions.filter(phase="induction").update(state="given")
    course.planned_infusions.filter(phase="maintenance").update(planned_on=today + timedelta(days=days))


def test_every_kind_of_the_next_day_is_shown_and_none_of_the_day_after(clinic, midnight):
    patients = [factory.make_patient(clinic) for _ in range(7)]
    for patient, days in zip(patients, (3, 4, 8, 15, 16), strict=False):
        book(patient, days, ago=LONG_AGO)
    for patient, days in zip(patients[5:], (42, 43), strict=True):
        factory.make_course(patient, start_on=midnight.date() + timedelta(days=days), maintenance=0)
    for days in (28 + 15, 28 + 16):
        told_of_a_blood_test(clinic, days)
    assert told(clinic, midnight) == [
        "gate_needs_14",
        "health_check",
        "lab_due",
        "reminder_2",
        "reminder_7",
        "window_open",
    ]


def test_change_that_waits_for_the_morning_is_shown(clinic):
    book(factory.make_patient(clinic), 90, ago=timedelta(minutes=1))
    assert told(clinic, now()) == ["booked"]


def test_what_a_patient_does_without_is_not_shown(clinic, midnight):
    visit = book(factory.make_patient(clinic), 8, ago=LONG_AGO)
    wishes = {"none": False, "kinds_off": ["reminder_7"], "channel": "", "language": "en"}
    set_message_wishes(patient=visit.patient, by=None, now=now(), **wishes)
    assert told(clinic, midnight) == []


def test_page_asks_as_often_for_many_as_for_one(clinic, midnight):
    counted = []
    for _ in range(2):
        book(factory.make_patient(clinic), 8, ago=LONG_AGO, kind="follow_up")
        with CaptureQueriesContext(connection) as asked:
            coming(clinic, now=midnight)
        counted.append(len(asked))
    assert counted[0] == counted[1]
