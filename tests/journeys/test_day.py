"""A nurse's day in the browser: one click a step, a board that refreshes itself, and no JavaScript needed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from scheduling.models import Visit
from tests.factory import make_clinic, make_member, sign_in
from tests.gates import ready_visit
from treatment import actions, queries

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London


@pytest.fixture(autouse=True)
def on_the_day() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def nurse(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.NURSE, name="Priya Nair")


def signed_in(page: Page, who: Membership, live_server: Any) -> Page:
    cookie = sign_in(Client(), who).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


def card(page: Page, visit: Visit) -> Any:
    return page.locator(f"#visit-{visit.pk}")


def test_patient_goes_from_the_door_to_done_with_one_click_each(page, clinic, nurse, live_server, axe):
    # Given a first infusion booked for nine, with everything its gate asks for
    visit = ready_visit(clinic, NOW.replace(minute=0))
    signed_in(page, nurse, live_server).goto("/")
    axe(page)
    # When the nurse presses each step
    for button, words in (("Arrived", "Arrived"), ("In chair", "In chair"), ("Done", "Discharged")):
        card(page, visit).get_by_role("button", name=f"{button}: {visit.patient}").click()
        expect(card(page, visit).locator(".chip").first).to_have_text(words)
    # Then what follows is said, the record is complete, and the step can still be taken back
    expect(page.locator("#messages")).to_contain_text("Next infusion: 23 Mar 2031 to 27 Mar 2031.")
    assert queries.visit(clinic, visit.pk).record.state == "done"
    card(page, visit).get_by_role("button", name="Undo: Discharged").click()
    expect(card(page, visit).locator(".chip").first).to_have_text("In chair")
    axe(page)


def test_closed_gate_refuses_with_its_reasons_and_keeps_the_keyboard_there(
    page, clinic, nurse, live_server, axe
):
    # Given a patient in the chair whose drug has not been received
    visit = ready_visit(clinic, NOW.replace(minute=0), drug_received="")
    for step in (actions.arrive, actions.start):
        step(visit=queries.visit(clinic, visit.pk), by=nurse.user, now=NOW)
    signed_in(page, nurse, live_server).goto("/")
    # When the reasons are opened from the badge, and the infusion is noted as done all the same
    card(page, visit).get_by_role("button", name="Gate closed: 1 open").click()
    expect(page.locator(f"#why-{visit.pk}")).to_contain_text("Drug received: Not on record yet.")
    axe(page)
    page.keyboard.press("Escape")
    card(page, visit).get_by_role("button", name="Done").click()
    # Then it is refused in words, which are read first
    expect(page.locator("#refusal")).to_be_focused()
    expect(page.locator("#refusal")).to_contain_text("Drug received: Not on record yet.")
    assert queries.visit(clinic, visit.pk).record.state == "in_chair"


def test_board_shows_what_another_desk_did_and_leaves_the_keyboard_alone(page, clinic, nurse, live_server):
    # Given two visits on the screen, the keyboard on one of them
    page.clock.install()
    first = ready_visit(clinic, NOW.replace(minute=0))
    second = ready_visit(clinic, NOW.replace(minute=0), chair=1)
    signed_in(page, nurse, live_server).goto("/")
    button = card(page, second).get_by_role("button", name=f"Arrived: {second.patient}")
    button.focus()
    # When another desk notes an arrival, and half a minute passes
    actions.arrive(visit=queries.visit(clinic, first.pk), by=nurse.user, now=NOW)
    page.clock.fast_forward(31_000)
    # Then the board shows it, and the keyboard is where it was
    expect(card(page, first).locator(".chip").first).to_have_text("Arrived")
    expect(button).to_be_focused()


def test_open_reasons_are_not_swept_away_by_the_refresh(page, clinic, nurse, live_server):
    page.clock.install()
    visit = ready_visit(clinic, NOW.replace(minute=0))
    signed_in(page, nurse, live_server).goto("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    card(page, visit).get_by_role("button", name="May start").click()
    page.clock.fast_forward(31_000)
    expect(page.locator(f"#why-{visit.pk}")).to_be_visible()
    page.keyboard.press("Escape")
    with page.expect_response("**/board/**"):
        page.clock.fast_forward(31_000)
    assert len([url for url in asked if "/board/" in url]) == 1


def test_day_works_without_javascript(browser: Browser, browser_context_args, clinic, nurse, live_server):
    visit = ready_visit(clinic, NOW.replace(minute=0))
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = signed_in(context.new_page(), nurse, live_server)
    page.goto("/?view=list")
    for button, words in (("Arrived", "Arrived"), ("In chair", "In chair"), ("Done", "Discharged")):
        card(page, visit).get_by_role("button", name=f"{button}: {visit.patient}").click()
        expect(card(page, visit).locator(".chip").first).to_have_text(words)
    expect(page).to_have_url(f"{live_server.url}/?day=2031-03-10&view=list#visit-{visit.pk}")
    context.close()


def test_day_reads_on_a_phone(phone, clinic, nurse, live_server, axe):
    visit = ready_visit(clinic, NOW.replace(minute=0), drug_received="")
    visit.patient.family_name = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"
    visit.patient.save()
    for where in (
        "/",
        "/?view=list",
        "/worklist/?for=all",
        "/search/?q=feather",
        "/day-sheet/",
        "/follow-ups/",
    ):
        signed_in(phone, nurse, live_server).goto(where)
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        axe(phone)
