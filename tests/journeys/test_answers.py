"""A patient on a phone confirms a visit; another can't come and takes a new time; the desk sees both."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from patients.models import PortalAccess
from scheduling.models import Visit
from tests.database.test_answers import maintenance
from tests.factory import make_clinic, make_member, make_user, sign_in
from tests.journeys.test_not_well import enter

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 3, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London


@pytest.fixture(autouse=True)
def on_that_monday() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


def visit_of_a_patient_with_a_phone(clinic: Any, phone: Page, live_server: Any) -> Visit:
    visit = maintenance(clinic)
    user = make_user(door="portal", email=visit.patient.email)
    PortalAccess.objects.create(
        clinic=clinic, patient=visit.patient, user=user, invited_at=NOW, confirmed_at=NOW
    )
    enter(phone, sign_in(Client(), user), live_server)
    return visit


def test_patient_confirms_and_the_day_shows_it(page: Page, phone: Page, live_server: Any, axe: Any) -> None:
    # Given a patient whose next infusion is booked
    clinic = make_clinic(chairs=2)
    visit = visit_of_a_patient_with_a_phone(clinic, phone, live_server)
    enter(page, sign_in(Client(), make_member(clinic, Role.RECEPTIONIST)), live_server)
    # When she says that she comes
    phone.goto("/portal/")
    axe(phone)
    phone.get_by_role("button", name="Yes, I will come").click()
    # Then her page and the clinic's day say so
    expect(phone.locator("#messages")).to_contain_text("Thank you. We expect you.")
    expect(phone.get_by_text("You said yes")).to_be_visible()
    axe(phone)
    day = visit.starts_at.astimezone(clinic.zone).date()
    page.goto(f"/?day={day}")
    expect(page.get_by_text("Confirmed by the patient").first).to_be_visible()
    axe(page)


def test_patient_cannot_come_and_takes_a_new_time(
    page: Page, phone: Page, live_server: Any, axe: Any
) -> None:
    # Given a clinic that decides each change, and a patient who cannot come
    clinic = make_clinic(chairs=2)
    visit = visit_of_a_patient_with_a_phone(clinic, phone, live_server)
    enter(page, sign_in(Client(), make_member(clinic, Role.RECEPTIONIST)), live_server)
    phone.goto("/portal/")
    phone.get_by_role("link", name="I can’t come").click()
    axe(phone)
    # When she sends the page without a reason, it says so; then she says why and chooses another time
    phone.get_by_role("button", name="Tell the clinic that I can’t come").click()
    expect(phone.locator(".error-summary")).to_contain_text("Choose an answer.")
    axe(phone)
    phone.get_by_label("I am away").check()
    phone.get_by_role("button", name="Tell the clinic that I can’t come").click()
    expect(phone.get_by_role("heading", name="Which time would suit you?")).to_be_visible()
    axe(phone)
    phone.locator("button[name=wanted_at]").first.click()
    expect(phone.locator("#messages")).to_contain_text(
        "We have your request. Your visit stays until we answer."
    )
    expect(phone.get_by_text("Waits for the clinic")).to_be_visible()
    axe(phone)
    # And the desk moves the visit there with one click, which her page shows
    page.goto("/worklist/")
    row = page.locator("#requests")
    expect(row).to_contain_text("Asks for another time")
    row.get_by_role("link", name="Answer").first.click()
    axe(page)
    page.get_by_role("button", name="Move to the time wanted").click()
    expect(page.locator("#messages")).to_contain_text("Done as the patient asked.")
    moved = Visit.objects.of(clinic).get(pk=visit.pk)
    assert moved.starts_at != visit.starts_at
    phone.goto("/portal/")
    when = moved.starts_at.astimezone(clinic.zone)
    expect(phone.locator(".next-visit-day").first).to_have_text(f"{when:%A}, {when.day} {when:%B %Y}")


def test_patient_moves_a_visit_at_once_where_the_clinic_lets_her(
    phone: Page, live_server: Any, axe: Any
) -> None:
    clinic = make_clinic(chairs=2, portal_moves="book")
    visit = visit_of_a_patient_with_a_phone(clinic, phone, live_server)
    phone.goto("/portal/another-time/?part=afternoon")
    axe(phone)
    phone.goto("/portal/another-time/")
    phone.locator("button[name=wanted_at]").first.click()
    expect(phone.locator("#messages")).to_contain_text("Done: your visit has moved to the time you chose.")
    assert Visit.objects.of(clinic).get(pk=visit.pk).starts_at != visit.starts_at
