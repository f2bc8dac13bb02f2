"""A patient with a fever tells the clinic on a phone; a nurse reads and answers; the patient sees the answer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from patients.models import PortalAccess
from tests.factory import make_clinic, make_member, make_patient, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London


@pytest.fixture(autouse=True)
def on_that_monday() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


def enter(page: Page, client: Client, live_server: Any) -> None:
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def test_fever_told_on_a_phone_is_read_and_answered(
    page: Page, phone: Page, live_server: Any, axe: Any
) -> None:
    # Given a patient with a way into the portal, and a nurse at work
    clinic = make_clinic(emergency_phone="999")
    ana = make_patient(clinic, given_name="Ana", family_name="Ortiz")
    user = make_user(door="portal", email=ana.email)
    PortalAccess.objects.create(clinic=clinic, patient=ana, user=user, invited_at=NOW, confirmed_at=NOW)
    enter(phone, sign_in(Client(), user), live_server)
    enter(page, sign_in(Client(), make_member(clinic, Role.NURSE, name="Nadia Nurse")), live_server)
    # When the patient sends the form empty, it says so and loses nothing; then she ticks the fever
    phone.goto("/portal/")
    phone.get_by_role("link", name="Not well?").click()
    axe(phone)
    phone.get_by_label("In your own words").fill("")
    phone.get_by_role("button", name="Send to the clinic").click()
    expect(phone.locator(".error-summary")).to_contain_text("Tick what you notice")
    axe(phone)
    phone.get_by_label("I have a fever, or I shiver").check()
    phone.get_by_label("Your temperature, if you measured it").fill("38,7")
    phone.get_by_role("button", name="Send to the clinic").click()
    # Then she is told at once to call
    expect(phone.locator("main [role=alert]")).to_contain_text("Call us now:")
    expect(phone.get_by_text("Not read yet").first).to_be_visible()
    axe(phone)
    # And the nurse sees it on the day's page, reads it, and answers
    page.goto("/")
    expect(page.locator("#day .notice-danger")).to_contain_text("says “call now” and nobody has read it")
    axe(page)
    page.locator("#day .notice-danger").get_by_role("link", name="Ana Ortiz").click()
    axe(page)
    page.get_by_role("button", name="I have read it").click()
    page.get_by_label("Seen here, or asked to come").check()
    page.get_by_label("Yes: the next infusion stays on hold until it is cleared").check()
    page.get_by_label("Answer to the patient").fill("Please come today at two for a blood test.")
    axe(page)
    page.get_by_role("button", name="Close with this answer").click()
    expect(page.locator("#messages")).to_contain_text("Closed. Ana Ortiz reads your answer")
    axe(page)
    # And she reads the answer
    phone.reload()
    expect(phone.get_by_role("heading", name="Our answer")).to_be_visible()
    expect(phone.get_by_text("Please come today at two for a blood test.")).to_be_visible()
    axe(phone)
