"""The rarer turns of the ledger: a row taken up again, changes that tell nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from infusion.reminders import actions, queries
from infusion.reminders.models import Message
from infusion.reminders.post import Answer, Fate
from patients.models import Patient, PortalAccess
from scheduling.models import Visit
from tests import factory
from tests.ledger import book, deliver, in_days, ledger, now, ready, settle

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=5)


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


# --- changes that tell nothing ---------------------------------------------------------------------------------------
def looked_at() -> set[int]:
    return queries.patients_to_look_at(queries.every_clinics_rules(), now())


@pytest.fixture
def told(patient: Patient) -> Visit:
    """A visit of which the patient was told, and whose chair was changed since."""
    visit = book(patient)
    actions.derive(now=now())
    deliver()
    return factory.change_visit(visit, "moved", at=now() - MINUTES)


def test_change_that_tells_nothing_is_looked_at_once(told: Visit) -> None:
    assert looked_at() == {told.patient_id}
    assert actions.derive(now=now()) == 0
    assert (looked_at(), ledger()) == (set(), [("booked", "sent"), ("moved", "not_needed")])


def test_change_is_left_open_until_the_clinics_delay_has_passed(told: Visit) -> None:
    factory.change_visit(told, "moved", at=now())
    actions.derive(now=now())
    assert (looked_at(), ledger()) == ({told.patient_id}, [("booked", "sent")])


def test_booking_undone_before_it_was_told_is_looked_at_once(patient: Patient) -> None:
    visit = book(patient)
    factory.change_visit(visit, "cancelled", at=now() - MINUTES)
    actions.derive(now=now())
    assert (looked_at(), ledger()) == (set(), [("cancelled", "not_needed")])


def test_later_change_is_told_after_one_that_told_nothing(told: Visit) -> None:
    actions.derive(now=now())
    factory.change_visit(told, "moved", at=now() - MINUTES, starts_at=in_days(23, told.clinic))
    actions.derive(now=now())
    assert ledger()[2:] == [("moved", "planned")]


def test_notice_that_came_back_is_told_at_the_address_of_today(told: Visit, patient: Patient) -> None:
    """Though a change since told nothing, as the patient seemed to know."""
    actions.derive(now=now())
    Message.across_clinics.filter(state="sent").update(state="failed", handed_over_at=None)
    patient.email = "right@example.org"
    patient.save()
    actions.derive(now=now())
    assert ledger()[2:] == [("booked", "planned")]


def test_nothing_is_settled_while_a_notice_is_with_the_mail_server(patient: Patient) -> None:
    visit = book(patient)
    actions.derive(now=now())
    held = ready()
    factory.change_visit(visit, "moved", at=now() - MINUTES)
    actions.derive(now=now())
    assert ledger() == [("booked", "sending")]
    actions.finish(held, Answer(Fate.UNREACHED, "no route"), now=now())
    actions.derive(now=now())
    assert ledger()[1:] == [("booked", "planned")]


def test_notice_laid_aside_that_has_become_needless_is_settled(told: Visit, patient: Patient) -> None:
    """Moved, and moved back by hand before the mail left: what is laid aside is not looked at for a month."""
    actions.derive(now=now())
    Message.across_clinics.filter(state="not_needed").update(state="superseded")
    assert looked_at() == {patient.pk}
    actions.derive(now=now())
    assert (looked_at(), ledger()[1:]) == (set(), [("moved", "not_needed")])


def test_carers_invitation_that_came_back_is_not_looked_at_again(patient: Patient) -> None:
    carer = factory.make_user(door="portal", email="carer@example.net")
    PortalAccess.objects.create(
        clinic=patient.clinic, patient=patient, user=carer, is_carer=True, name="Cy", invited_at=now()
    )
    actions.derive(now=now())
    held = ready()
    actions.finish(held, Answer(Fate.REFUSED, "550 no"), now=now())
    assert (looked_at(), ledger()) == (set(), [("invited", "failed")])
