"""A gate that is shut, seen ahead, opened by a prescriber under their name, and shown to everybody as that."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from tests.factory import make_clinic, make_member, sign_in
from tests.gates import ready_visit

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London


@pytest.fixture(autouse=True)
def on_the_day() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


def signed_in(page: Page, who: Membership, live_server: Any) -> Page:
    cookie = sign_in(Client(), who).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


def test_a_prescriber_opens_what_the_list_of_failing_visits_shows(page, phone, clinic, live_server, axe):
    # Given an infusion this morning whose neutrophils are low
    visit = ready_visit(clinic, NOW.replace(hour=10, minute=0), neutrophils="1.3")
    prescriber = make_member(clinic, Role.PRESCRIBER, name="Ada Byron")
    signed_in(page, prescriber, live_server).goto("/gates/?days=3&who=prescriber")
    expect(page.locator("main")).to_contain_text("Neutrophils are 1.3 ×10⁹/L, below 1.5 ×10⁹/L.")
    axe(page)
    # When a prescriber goes to the sheet and opens it, first without and then with a reason
    page.get_by_role("link", name=str(visit.patient), exact=True).click()
    page.get_by_role("checkbox", name="Blood count with differential").check()
    page.get_by_role("button", name="Open the gate").click()
    expect(page.locator("#open-title")).to_be_visible()
    axe(page)
    page.get_by_label("Why this patient may be infused all the same").fill("Stable for a year")
    page.get_by_role("button", name="Open the gate").click()
    expect(page.locator("#messages, .messages").first).to_contain_text("Opened for")
    axe(page)
    # Then a nurse sees on the phone who opened it and why, and nothing fails any more
    nurse = make_member(clinic, Role.NURSE, name="Priya Nair")
    signed_in(phone, nurse, live_server).goto(f"/gates/visits/{visit.pk}/")
    expect(phone.locator("main")).to_contain_text("Opened by Ada Byron until 10 March 2031 because: Stable")
    axe(phone)
    phone.goto("/gates/")
    expect(phone.locator("main")).to_contain_text("Nothing is missing for the next 28 days")
    axe(phone)
    phone.goto("/evaluations/requirements/")
    axe(phone)
