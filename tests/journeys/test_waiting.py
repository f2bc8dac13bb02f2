"""A patient would come earlier: a time comes free, the desk offers it, and the patient takes it on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic
from patients.models import Patient, PortalAccess
from scheduling.actions import waiting
from scheduling.models import WaitlistOffer
from tests.database.waiting.arranged import NOW, a_freed_time, a_patient, at, visit_of, waits
from tests.factory import make_clinic, make_member, make_user, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def on_that_monday() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic(chairs=2, nurses=3)


def enter(page: Page, client: Client, live_server: Any) -> None:
    cookie = client.cookies["sessionid"].value
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def enter_portal(page: Page, patient: Patient, live_server: Any) -> None:
    user = make_user(door="portal", email=patient.email)
    PortalAccess.objects.create(
        clinic=patient.clinic, patient=patient, user=user, invited_at=NOW, confirmed_at=NOW
    )
    enter(page, sign_in(Client(), user), live_server)


def test_patient_takes_an_earlier_time_on_a_phone_and_whoever_is_slower_is_told(
    page: Page, phone: Page, clinic: Clinic, live_server: Any, axe: Any
) -> None:
    # Given two patients with a visit in two weeks, of whom one has said that she would come earlier
    ana = a_patient(clinic, 20, given_name="Ana", family_name="Ortiz")
    ben = a_patient(clinic, 21, given_name="Ben", family_name="Okafor")
    waits(ben)
    enter_portal(phone, ana, live_server)
    phone.goto("/portal/")
    axe(phone)
    phone.get_by_role("button", name="I would come earlier if a time comes free").click()
    expect(
        phone.get_by_text("You are on the list. We tell you when an earlier time comes free.")
    ).to_be_visible()
    # When somebody cancels, and the desk offers the time to both
    a_freed_time(clinic)
    enter(page, sign_in(Client(), make_member(clinic, Role.RECEPTIONIST, name="Dana Desk")), live_server)
    page.goto("/worklist/")
    page.get_by_role("link", name="Waiting list", exact=True).click()
    axe(page)
    page.get_by_role("link", name="Offer it").click()
    axe(page)
    page.get_by_role("button", name="Offer to those ticked").click()
    expect(page.locator("#messages")).to_contain_text("Offered to 2 patients.")
    axe(page)
    # Then it stands first on her page, and a second look shows old and new before she says yes
    phone.goto("/portal/")
    expect(phone.locator("main h2").first).to_have_text("An earlier time has come free")
    axe(phone)
    phone.get_by_role("link", name="Look at it and say yes").click()
    expect(phone.get_by_text("Tuesday, 11 March 2031")).to_be_visible()
    expect(phone.get_by_text("Thursday, 20 March 2031")).to_be_visible()
    axe(phone)
    phone.get_by_role("button", name="Yes, move my visit").click()
    expect(phone.locator(".next-visit-day")).to_have_text("Tuesday, 11 March 2031")
    assert (visit_of(ana).starts_at, visit_of(ben).version) == (at(11), 1)
    # And he, who says yes a moment later, is told that it has gone
    enter_portal(phone, ben, live_server)
    phone.goto(f"/portal/earlier/{WaitlistOffer.objects.get(patient=ben).pk}/")
    expect(phone.get_by_text("Somebody else took this time. Your visit stays as it is.")).to_be_visible()
    axe(phone)


def test_offer_is_answered_on_a_phone_without_javascript(
    browser: Any, browser_context_args: dict[str, Any], clinic: Clinic, live_server: Any
) -> None:
    ana = a_patient(clinic, 20)
    freed = a_freed_time(clinic)
    waiting.offer_time(clinic=clinic, freed=freed, entries=[waits(ana).pk], by=None, now=NOW)
    context = browser.new_context(
        **{**browser_context_args, "java_script_enabled": False, "viewport": {"width": 390, "height": 844}}
    )
    page = context.new_page()
    enter_portal(page, ana, live_server)
    page.goto("/portal/")
    page.get_by_role("link", name="Look at it and say yes").click()
    page.get_by_role("button", name="Yes, move my visit").click()
    expect(page.locator(".next-visit-day")).to_have_text("Tuesday, 11 March 2031")
    context.close()
