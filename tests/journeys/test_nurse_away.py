"""A nurse is away on a day of forty visits: whom it touches, a plan beside what stands, and everybody moved."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from clinics.domain.rights import Role
from clinics.models import Absence, Clinic, Membership
from scheduling.models import Replan, Visit
from tests.disrupted import DAY, NOW, a_clinic, at, booked, due, full_day
from tests.factory import make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_the_morning(settings: Any) -> Iterator[None]:
    # A worker would live in another year; tests/database/replanning asks a real one.
    settings.BROKER_URL = ""
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return a_clinic()


@pytest.fixture
def charge_nurse(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.NURSE, name="Nora Quist")


def signed_in(page: Page, who: Membership, live_server: Any) -> Page:
    cookie = sign_in(Client(), who).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


def away(clinic: Clinic) -> Membership:
    return clinic.memberships.filter(role="nurse").order_by("pk")[0]


def test_nurse_is_away_on_a_day_of_forty_visits(page, phone, clinic, charge_nurse, live_server, axe):
    # Given a full day, and a nurse who rings in at half past six
    full_day(clinic)
    theirs = set(Visit.objects.filter(nurse=away(clinic)).values_list("pk", flat=True))
    signed_in(page, charge_nurse, live_server).goto("/")
    axe(page)
    page.get_by_role("link", name="Something has happened").click()
    expect(page.get_by_label("Which chair")).to_be_hidden()
    axe(page)
    # When the charge nurse says so
    page.get_by_label("Which nurse").select_option("Priya Nair")
    page.get_by_role("button", name="Show whom it touches").click()
    # Then those it touches are listed, second induction infusions first
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(len(theirs))
    expect(rows.first).to_contain_text("Second induction infusion")
    axe(page)
    signed_in(phone, charge_nurse, live_server).goto(page.url)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    axe(phone)
    # When a plan is proposed
    page.get_by_label("Reason").fill("Unwell this morning")
    page.get_by_role("button", name="Propose a plan").click()
    expect(page.locator("#moves")).to_be_visible(timeout=60_000)
    # Then it stands beside what is booked, on both boards and in the table
    expect(page.locator(".small-board").first).to_contain_text("As booked")
    expect(page.locator(".plan-table tbody tr")).to_have_count(len(theirs))
    assert set(Visit.objects.values_list("version", flat=True)) == {1}
    axe(page)
    phone.goto(page.url)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    axe(phone)
    # When all of it is accepted
    page.get_by_role("button", name="Apply what is ticked").click()
    # Then everybody is moved, the absence is on record, and the page says whom to call
    expect(page.locator("#messages")).to_contain_text("re-planned. Each patient gets one notice.")
    axe(page)
    assert set(Visit.objects.filter(version=2).values_list("pk", flat=True)) == theirs
    assert not Visit.objects.filter(nurse=away(clinic), starts_at__date=DAY).exists()
    assert Absence.objects.get().member == away(clinic)
    # And the day's board shows who has them now
    page.get_by_role("link", name="The day's board").click()
    expect(page.locator("#board")).to_be_visible()
    expect(page.locator("#board")).not_to_contain_text("Priya Nair")
    axe(page)


def test_ticks_are_set_and_taken_together(page, clinic, charge_nurse, live_server):
    for place in range(3):
        booked(due(clinic, 3, mg=500), 3, at(8), chair=place, nurse=0 if place == 0 else place)
    booked(due(clinic, 3, mg=500), 3, at(12), chair=3)
    signed_in(page, charge_nurse, live_server).goto(
        f"/re-planning/?cause=nurse&nurse={away(clinic).pk}&first_day=2031-03-10"
    )
    page.get_by_role("button", name="Propose a plan").click()
    ticks = page.locator(".plan-table input[name=keys]")
    expect(ticks).to_have_count(2)
    page.get_by_label("All", exact=True).uncheck()
    assert [tick.is_checked() for tick in ticks.all()] == [False, False]
    ticks.first.check()
    page.get_by_role("button", name="Apply what is ticked").click()
    expect(page.locator("#messages")).to_contain_text("1 visit re-planned.")
    assert sorted(Visit.objects.values_list("version", flat=True)) == [1, 1, 1, 2]


def test_plan_is_made_and_applied_without_javascript(
    browser: Browser, browser_context_args, clinic, charge_nurse, live_server
):
    booked(due(clinic, 3, mg=500), 3, at(8))
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = signed_in(context.new_page(), charge_nurse, live_server)
    page.goto("/re-planning/")
    page.get_by_label("Which nurse").select_option("Priya Nair")
    page.get_by_role("button", name="Show whom it touches").click()
    page.get_by_role("button", name="Propose a plan").click()
    page.get_by_role("button", name="Apply what is ticked").click()
    expect(page.locator("main")).to_contain_text("1 visit re-planned.")
    context.close()


def test_page_follows_the_search_and_stops_it(page, clinic, charge_nurse, live_server, axe):
    replan = Replan.objects.create(
        clinic=clinic, kind="day", first_day=DAY, last_day=DAY, created_at=NOW, state="solving",
        params={"minutes": 60, "days": 0, "others": False, "early": False},
        progress={"began": NOW.isoformat(), "limit": 30, "objective": 40, "bound": 30, "seconds": 1.5},
    )  # fmt: skip
    signed_in(page, charge_nurse, live_server).goto(f"/re-planning/{replan.pk}/")
    expect(page.locator("#progress")).to_contain_text("25 %")
    axe(page)
    Replan.objects.update(progress={**replan.progress, "bound": 38})
    expect(page.locator("#progress")).to_contain_text("5 %")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#progress")).to_contain_text("Stopping…")
    Replan.objects.update(state="stopped")
    expect(page.locator("#progress")).to_contain_text("Stopped before a plan was found.")
