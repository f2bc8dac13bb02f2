"""A manager sets the clinic up in the browser: every page reads, what a change breaks is seen before it is saved."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from clinics.models import Absence, Clinic, Closure, Membership, Shift, ShiftBreak
from tests.factory import make_clinic, make_member, make_patient, make_visit, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
NINE = datetime(2031, 3, 17, 9, tzinfo=UTC)
DRIP = [["set_up", 30, "usual"], ["steady", 60, "usual"]]


@pytest.fixture(autouse=True)
def on_the_day() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def manager(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.MANAGER, name="Mara Olsen")


def signed_in(page: Page, who: Membership, live_server: Any) -> Page:
    cookie = sign_in(Client(), who).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


def nurse_of(clinic: Clinic) -> Membership:
    return clinic.memberships.filter(role="nurse").order_by("pk")[0]


def every_page(clinic: Clinic) -> list[str]:
    nurse = nurse_of(clinic)
    return [
        "/settings/",
        "/settings/holidays/?country=DE&region=BY",
        "/settings/chairs/",
        f"/settings/chairs/{clinic.chairs.all()[0].pk}/",
        "/settings/nurses/",
        f"/settings/nurses/{nurse.pk}/",
        f"/settings/shifts/{nurse.shifts.all()[0].pk}/",
        "/settings/capacity/",
        "/no-longer-fit/",
    ]


def test_closing_a_day_shows_its_visits_and_leads_to_moving_them(page, clinic, manager, live_server, axe):
    # Given a visit next Monday
    visit = make_visit(make_patient(clinic), starts_at=NINE, phases=DRIP)
    # When the manager closes that day from the settings
    signed_in(page, manager, live_server).goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
    page.get_by_label("First day").fill("2031-03-17")
    page.get_by_label("Why").fill("Works in the cellar")
    page.get_by_role("button", name="Close on these days").click()
    # Then the visit is named with the reason, and nothing is saved
    expect(page.locator("main")).to_contain_text("1 booked visit would no longer fit")
    expect(page.locator(f"#visit-{visit.pk}")).to_contain_text("The clinic is closed on Monday 17 March 2031")
    axe(page)
    assert Closure.objects.of(clinic).count() == 0
    # When they go back, the words are still there; when they save anyway, the worklist has the visit
    page.get_by_role("button", name="Go back").click()
    expect(page.get_by_label("Why")).to_have_value("Works in the cellar")
    page.get_by_role("button", name="Close on these days").click()
    page.get_by_role("button", name="Save anyway").click()
    page.get_by_role("link", name="Look at them").click()
    expect(page.locator(f"#visit-{visit.pk}")).to_contain_text(str(visit.patient))
    axe(page)


def test_holidays_change_in_place_with_the_country(page, clinic, manager, live_server):
    signed_in(page, manager, live_server).goto("/settings/holidays/")
    page.get_by_label("Country").select_option("DE")
    page.get_by_label("Region").select_option("BY")
    expect(page.locator("#holidays")).to_contain_text("Germany, Bayern")
    page.get_by_role("button", name="Close on these holidays").click()
    expect(page.locator("#messages")).to_contain_text("The public holidays are saved.")
    clinic.refresh_from_db()
    assert (clinic.country, clinic.region) == ("DE", "BY")


def test_every_page_reads_wide_and_on_a_phone(page, phone, clinic, manager, live_server, axe):
    # Given a clinic with a bit of everything, and long names
    nurse, chair = nurse_of(clinic), clinic.chairs.all()[0]
    nurse.user.name = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"
    nurse.user.save()
    chair.name = "Armchair by the window in the garden room"[:40]
    chair.save()
    make_visit(make_patient(clinic), starts_at=NINE, phases=DRIP)
    Closure.objects.create(clinic=clinic, first_day=NINE.date(), last_day=NINE.date(), reason="W" * 90)
    Absence.objects.create(clinic=clinic, member=nurse, first_day=NOW.date(), last_day=NOW.date())
    tuesday = Shift.objects.of(clinic).get(member=nurse, weekday=1)
    for begins in (10, 12, 15):
        ShiftBreak.objects.create(
            clinic=clinic,
            shift=tuesday,
            starts=NOW.time().replace(begins, 0),
            ends=NOW.time().replace(begins, 30),
        )
    chair.outages.create(clinic=clinic, first_day=NOW.date(), reason="Broken")
    # Then every page reads, has no fault of accessibility, and does not run out of a phone
    for where in every_page(clinic):
        for window in (page, phone):
            signed_in(window, manager, live_server).goto(where)
            expect(window.locator("h1")).to_be_visible()
            axe(window)
        assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_errors_stand_beside_their_fields_and_are_read_first(page, clinic, manager, live_server, axe):
    signed_in(page, manager, live_server).goto("/settings/capacity/")
    page.get_by_label("Titration").fill("9")
    page.get_by_role("button", name="Save the rules").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#id_weight_titration_error")).to_have_text(
        "One nurse has 4 units; a phase cannot ask for more."
    )
    axe(page)
    page.goto("/settings/")
    page.get_by_label("Monday: opens").fill("19:00")
    page.get_by_role("button", name="Save the hours").click()
    expect(page.locator("#id_closes_0_error")).to_have_text(
        "On Monday the clinic would close before it opens."
    )
    axe(page)
