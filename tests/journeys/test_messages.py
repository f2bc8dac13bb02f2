"""The clinic's messages in the browser: a failed one and its call, one sent again, and a patient who wants no more."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from infusion.reminders import actions
from infusion.reminders.actions.stopping import stop_address
from infusion.reminders.domain.bounces import Delivery, Outcome, Report
from patients.models import MessageWishes
from tests import factory
from tests.ledger import book, deliver

pytestmark = pytest.mark.django_db(transaction=True)


def test_messages_are_looked_through_called_about_and_stopped(
    page: Page, phone: Page, live_server: Any, axe: Callable[[Page], None]
) -> None:
    # Given a mail that came back, and one that arrived
    clinic = factory.make_clinic()
    for name, days in (("Ada", 20), ("Bea", 21)):
        book(factory.make_patient(clinic, given_name=name), days)
    actions.derive(now=timezone.now())
    first, second = deliver(), deliver()
    refused = Delivery(frozenset({first.recipient}), Outcome.REFUSED, "550 5.1.1 nobody here")
    actions.note_report(report=Report(first.message_id, (refused,)), now=timezone.now())
    # When the desk looks through what failed
    cookie = factory.sign_in(Client(), factory.make_member(clinic, Role.RECEPTIONIST)).cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
    page.goto("/messages/")
    axe(page)
    page.get_by_role("link", name="Failed 1").click()
    expect(page.locator(".ledger-table tbody tr")).to_have_count(1)
    # Then the call is one click away
    page.get_by_role("link", name="Call task").click()
    expect(page.locator("main")).to_contain_text("Ask for a mail address that works.")
    # And what arrived can go out again with a reason, not without one
    page.goto(f"/messages/{second.pk}/again/")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Say in a few words why it goes out again.")).to_be_visible()
    axe(page)
    page.get_by_label("Why it goes out again").fill("She could not find it")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("main")).to_contain_text("She could not find it")
    axe(page)
    # And on her phone the patient stops all messages from the mail, signed in nowhere
    phone.goto(urlsplit(stop_address(second)).path)
    axe(phone)
    phone.get_by_role("button", name="Stop all messages").click()
    expect(phone.get_by_role("heading", name="You get no more messages")).to_be_visible()
    axe(phone)
    assert MessageWishes.objects.of(clinic).get().patient == second.patient
