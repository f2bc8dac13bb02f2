"""Two days before an infusion a patient tells of a cold on a phone; a nurse calls and clears it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from patients.models import PortalAccess
from tests.factory import make_clinic, make_member, make_patient, make_user, make_visit, sign_in
from tests.journeys.test_not_well import enter

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London


@pytest.fixture(autouse=True)
def on_that_monday() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


def test_a_cold_told_on_a_phone_holds_the_infusion_until_a_nurse_has_called(
    page: Page, phone: Page, live_server: Any, axe: Any
) -> None:
    # Given a patient whose infusion is on Wednesday, and a nurse at work
    clinic = make_clinic(emergency_phone="999")
    ana = make_patient(clinic, given_name="Ana", family_name="Ortiz", sex="male")
    visit = make_visit(ana, starts_at=datetime(2031, 3, 12, 9, tzinfo=UTC))
    user = make_user(door="portal", email=ana.email)
    PortalAccess.objects.create(clinic=clinic, patient=ana, user=user, invited_at=NOW, confirmed_at=NOW)
    enter(phone, sign_in(Client(), user), live_server)
    enter(page, sign_in(Client(), make_member(clinic, Role.NURSE, name="Nadia Nurse")), live_server)
    # When the patient leaves a question out, nothing that was chosen is lost
    phone.goto("/portal/")
    phone.get_by_role("link", name="Start the health check").click()
    axe(phone)
    for name in ("fever", "antibiotics", "vaccine"):
        phone.locator(f"[name={name}][value=no]").check()
    phone.get_by_role("button", name="Send to the clinic").click()
    expect(phone.locator(".error-summary")).to_contain_text("Choose an answer")
    axe(phone)
    phone.get_by_role("group", name="Do you have an infection now?").get_by_label("Yes").check()
    phone.get_by_role("button", name="Send to the clinic").click()
    # Then the infusion is on hold, and the page says what happens now
    expect(phone.locator("main .notice-danger")).to_contain_text(
        "Your infusion is on hold. A nurse calls you."
    )
    axe(phone)
    # And the nurse finds it at the gate, and clears it with what the call found
    page.goto(reverse("gates:sheet", args=[visit.pk]))
    expect(page.locator("[aria-labelledby=health-check-title]")).to_contain_text("A nurse has to call.")
    axe(page)
    page.get_by_label("What the call found").fill("A runny nose for a day in February; well since.")
    page.get_by_label("Yes, there is no infection now").check()
    page.get_by_role("button", name="Record the call").click()
    expect(page.locator("[aria-labelledby=health-check-title]")).to_contain_text("A nurse has called.")
    # And the patient sees that
    phone.reload()
    expect(phone.get_by_text("Thank you. A nurse has looked at your answers.")).to_be_visible()
    axe(phone)
