"""A session that ends while somebody writes: what was written waits for that person, and for nobody else."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients.models import PortalAccess
from tests import factory
from tests.web.test_portal import enter

pytestmark = pytest.mark.django_db
UNWELL, DOOR = reverse("portal:unwell"), reverse("account_request_login_code")
TYPED = {"symptoms": ["fever", "chills"], "temperature": "38.6", "unit": "C", "words": "Since last night"}


@pytest.fixture
def ana():
    return factory.make_patient(factory.make_clinic(), email="ana@example.org")


@pytest.fixture
def late(client, ana):
    """Ana's browser, sent to the door because she sent her form after the session had ended."""
    enter(client, ana).get(UNWELL)
    with time_machine.travel(timezone.now() + timedelta(minutes=21), tick=False):
        client.answer = client.post(UNWELL, TYPED)
    return client


def shown(page):
    form = page.context["form"]
    return {name: form[name].value() for name in TYPED}


def test_what_was_written_waits_for_who_wrote_it(late, ana):
    access = PortalAccess.objects.get(patient=ana)
    assert late.answer["Location"] == f"{DOOR}?next=%2Fportal%2Fnot-well%2F&unsent=kept"
    door = late.get(late.answer["Location"]).content.decode()
    assert ("What you wrote was not sent." in door, "Since last night" in door) == (True, False)
    factory.sign_in(late, access.user)
    page = late.get(UNWELL)
    assert (shown(page), "It has not been sent yet." in page.content.decode()) == (TYPED, True)
    late.post(UNWELL, {**TYPED, "key": page.context["form"]["key"].value()})
    assert shown(late.get(UNWELL))["words"] is None


def test_what_was_written_goes_to_nobody_else_and_to_no_other_patient(late, ana):
    access = PortalAccess.objects.get(patient=ana)
    other = factory.make_patient(ana.clinic, email="ben@example.org")
    kept = dict(late.session)["unsent"]
    factory.sign_in(late, access.user)
    second = PortalAccess.objects.create(
        clinic=ana.clinic,
        patient=other,
        user=access.user,
        invited_at=access.invited_at,
        confirmed_at=access.confirmed_at,
    )
    session = late.session
    session["portal_access_id"] = second.pk
    session.save()
    assert shown(late.get(UNWELL))["words"] is None
    stranger = enter(Client(), other)
    session = stranger.session
    session["unsent"] = kept
    session.save()
    assert shown(stranger.get(UNWELL))["words"] is None
    assert "unsent" not in stranger.session


def test_what_was_written_is_kept_an_hour(late, ana):
    with time_machine.travel(timezone.now() + timedelta(minutes=82), tick=False):
        factory.sign_in(late, PortalAccess.objects.get(patient=ana).user)
        assert shown(late.get(UNWELL))["words"] is None


def test_who_is_long_signed_out_is_told_to_write_again(client):
    answer = client.post(UNWELL, TYPED)
    assert answer["Location"] == f"{DOOR}?next=%2Fportal%2Fnot-well%2F&unsent=lost"
    assert "Please sign in again, and do it once more." in client.get(answer["Location"]).content.decode()
    assert "unsent" not in client.session
