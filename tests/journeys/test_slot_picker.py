"""A time typed by hand in the browser: free starts beside the fields, by keyboard, and the page without scripts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from clinics.domain.rights import Role
from clinics.models import Chair, Clinic, Closure, Membership
from scheduling.models import Course, Visit
from tests.database.booking.arranged import a_course
from tests.factory import make_clinic, make_member, make_patient, make_visit, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 3, 7, 0, tzinfo=UTC)  # a Monday, 07:00 in London


@pytest.fixture(autouse=True)
def on_the_day() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic(chairs=1, nurses=1)


@pytest.fixture
def desk(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.RECEPTIONIST, name="Lena Hoffmann")


@pytest.fixture
def course(clinic: Clinic) -> Course:
    return a_course(clinic)


def open_times(page: Page, desk: Membership, course: Course, live_server: Any) -> None:
    cookie = sign_in(Client(), desk).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page.goto(f"/schedule/infusions/{course.planned_infusions.get(ordinal=1).pk}/times/")


def test_free_starts_of_a_day_are_chosen_by_keyboard(page, desk, clinic, course, live_server, axe):
    # Given a chair that is taken on Tuesday morning
    make_visit(make_patient(clinic), starts_at=datetime(2031, 3, 11, 8, tzinfo=UTC), phases=[["steady", 120]])
    open_times(page, desk, course, live_server)
    # When the day is chosen, then what is free is said and shown
    page.locator("#typed_day").fill("2031-03-11")
    page.locator("#typed_day").blur()
    free = page.get_by_role("group", name="Free on Tuesday 11 March")
    expect(page.get_by_role("status").filter(has_text="free starts on Tuesday")).to_be_visible()
    expect(free.get_by_role("radio")).to_have_count(8)
    axe(page)
    # And the arrows choose among them
    free.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#typed_time")).to_have_value("10:00")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#typed_time")).to_have_value("10:15")
    page.get_by_role("button", name="Book").last.click()
    expect(page).to_have_url(f"{live_server.url}/schedule/courses/{course.pk}/")
    assert Visit.objects.get(patient=course.patient).starts_at == datetime(2031, 3, 11, 10, 15, tzinfo=UTC)


def test_a_closed_day_and_a_full_one_are_said(page, desk, clinic, course, live_server, axe):
    Closure.objects.create(
        clinic=clinic,
        first_day=NOW.date().replace(day=12),
        last_day=NOW.date().replace(day=12),
        reason="Stocktaking",
    )
    open_times(page, desk, course, live_server)
    page.locator("#typed_day").fill("2031-03-12")
    page.locator("#typed_day").blur()
    expect(page.get_by_text("Closed on Wednesday 12 March: Stocktaking.")).to_be_visible()
    Chair.objects.of(clinic).update(in_service=False)
    page.locator("#typed_day").fill("2031-03-13")
    page.locator("#typed_day").blur()
    expect(page.get_by_text("Nothing is free on Thursday")).to_be_visible()
    axe(page)


def test_the_page_works_without_scripts(
    browser: Browser, desk: Membership, clinic: Clinic, course: Course, live_server: Any
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    open_times(page, desk, course, live_server)
    page.locator("#typed_day").fill("2031-03-11")
    page.locator("#typed_time").fill("10:10")
    page.get_by_role("button", name="Book").last.click()
    expect(page).to_have_url(f"{live_server.url}/schedule/courses/{course.pk}/")
    assert Visit.objects.get(patient=course.patient).starts_at == datetime(2031, 3, 11, 10, 10, tzinfo=UTC)
    context.close()
