"""A nurse scores a patient, and the score stands on the picture of the response beside the infusions."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from patients.models import EarlierInfusion, Patient
from tests.evaluating import record, today
from tests.factory import make_clinic, make_diagnosis, make_member, make_patient, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic(chairs=1, nurses=0, time_zone="UTC")


@pytest.fixture
def nurse(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.NURSE, name="Nadia Okonkwo")


@pytest.fixture
def edith(clinic: Clinic, nurse: Membership) -> Patient:
    """Half a year in treatment: two infusions, a score from before them, a tapered steroid dose, a relapse."""
    found = make_patient(clinic, given_name="Edith", family_name="Marlowe")
    make_diagnosis(found, "RA")
    for days in (160, 146):
        EarlierInfusion.objects.create(
            clinic=clinic, patient=found, given_on=ago(days), dose_mg=Decimal(1000)
        )
    record(found, nurse.user, "das28_esr", "6.9", on=ago(170))
    for days, dose in ((170, "15"), (100, "5")):
        record(found, nurse.user, "steroid_dose", dose, "mg/d", on=ago(days))
    record(found, nurse.user, "relapse", "minor", on=ago(50))
    return found


def ago(days: int) -> date:
    return today() - timedelta(days=days)


def signed_in(page: Page, who: Membership, live_server: Any) -> Page:
    cookie = sign_in(Client(), who).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


def does_not_scroll_sideways(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_nurse_scores_and_sees_it_on_the_picture(
    page: Page, nurse: Membership, edith: Patient, live_server: Any, axe: Any
) -> None:
    # Given the patient's page, from which a score is one step away
    signed_in(page, nurse, live_server).goto(f"/patients/{edith.pk}/")
    page.get_by_role("link", name="Disease score", exact=True).click()
    axe(page)
    page.get_by_role("link", name="DAS28-ESR", exact=True).click()
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("Still open: Tender joints, Swollen joints, ESR, General health")
    axe(page)
    # When she types what she counted, the score follows
    for name, number in (("Tender", "10"), ("Swollen", "8"), ("ESR", "30"), ("General health", "50")):
        page.get_by_role("textbox", name=name).press_sequentially(number)
    expect(outcome).to_contain_text("5.64 points")
    expect(outcome).to_contain_text("High activity")
    expect(outcome).to_contain_text("fallen by 1.26")
    axe(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("DAS28-ESR is on record: 5.64 points.")
    axe(page)
    # Then it stands on the picture, and what NICE asks for is pointed out
    page.goto(f"/patients/{edith.pk}/")
    page.get_by_role("link", name="Picture and table").click()
    expect(page.locator(".response-narrow")).to_be_hidden()
    picture = page.get_by_role("img", name="DAS28-ESR, steroid dose, relapses and infusions over time")
    expect(picture).to_be_visible()
    expect(page.locator(".response-wide .r-value").last).to_have_text("5.64")
    expect(page.get_by_text("NICE asks for a fall of at least 1.2")).to_be_visible()
    axe(page)


def test_picture_and_form_serve_on_a_phone(
    phone: Page, nurse: Membership, edith: Patient, live_server: Any, axe: Any
) -> None:
    signed_in(phone, nurse, live_server).goto(f"/reports/patients/{edith.pk}/response/")
    expect(phone.locator(".response-narrow")).to_be_visible()
    expect(phone.locator(".response-wide")).to_be_hidden()
    does_not_scroll_sideways(phone)
    axe(phone)
    phone.goto(f"/evaluations/patients/{edith.pk}/scores/sledai_2k/")
    phone.get_by_label("Arthritis").check()
    phone.get_by_label("Rash").check()
    expect(phone.locator("#outcome")).to_contain_text("6 points")
    does_not_scroll_sideways(phone)
    axe(phone)


def test_score_is_saved_without_javascript(
    browser: Any, browser_context_args: dict[str, Any], nurse: Membership, edith: Patient, live_server: Any
) -> None:
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    page = signed_in(context.new_page(), nurse, live_server)
    page.goto(f"/evaluations/patients/{edith.pk}/scores/das28_esr/")
    for name, number in (("Tender", "10"), ("Swollen", "8"), ("ESR", "300"), ("General health", "50")):
        page.get_by_role("textbox", name=name).fill(number)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This lies between 1 and 160.").first).to_be_visible()
    page.get_by_role("textbox", name="ESR").fill("30")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("DAS28-ESR is on record: 5.64 points.")
    context.close()
