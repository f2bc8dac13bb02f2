"""The infusion day on a tablet: from the chair to the discharge, through a cut network, and two nurses on one chart."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from scheduling.models import Visit
from tests.charting import SIGNS, chart, running, seated
from tests.factory import make_clinic, make_member, sign_in
from tests.journeys.conftest import _watched
from treatment import queries
from treatment.domain.chart import Kind
from treatment.models import ChartEntry

pytestmark = pytest.mark.django_db(transaction=True)
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London
CLIPPED = """[...document.querySelectorAll("main .card")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.id)"""
"""The cards whose right edge cuts off what they hold."""


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NINE) as travelling:
        yield travelling


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def nurse(clinic: Clinic) -> Membership:
    return make_member(clinic, Role.NURSE, name="Priya Nair")


@pytest.fixture
def tablet(
    browser: Browser, browser_context_args: dict[str, Any], live_server: Any
) -> Iterator[Callable[..., Page]]:
    """Tablets at the chair, 1024 × 768, each another colleague's, signed in apart."""
    opened = []

    def open_for(who: Membership, **more: Any) -> Page:
        size = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}
        context = browser.new_context(**{**browser_context_args, **size, **more})
        cookie = sign_in(Client(), who).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        opened.append((context, _watched(page)))
        return page

    yield open_for
    for context, _ in opened:
        context.close()
    assert [complaint for _, complaints in opened for complaint in complaints] == []


def bedside(page: Page, visit: Visit) -> Page:
    page.goto(f"/visits/{visit.pk}/bedside/")
    return page


def later(page: Page, visit: Visit, who: Membership, clock: Any, minutes: float) -> None:
    """So many minutes after nine, at the same bedside; who sat idle meanwhile has signed in again."""
    root = page.url.partition("/visits/")[0]
    page.goto("about:blank")
    clock.move_to(NINE + timedelta(minutes=minutes))
    cookie = sign_in(Client(), who).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": root}])
    bedside(page, visit)


def act(page: Page, kind: str) -> Any:
    """The form of a kind, unfolded."""
    form = page.locator(f"#act-{kind}")
    if form.get_attribute("open") is None:
        form.locator("summary").first.click()
    return form


def write(page: Page, kind: str) -> None:
    page.locator(f"#send-{kind}").click()


def kinds(visit: Visit) -> list[str]:
    return list(ChartEntry.objects.filter(visit=visit).order_by("id").values_list("kind", flat=True))


def test_infusion_day_goes_from_the_chair_to_the_discharge(tablet, clinic, nurse, clock, axe):
    # Given a patient in the chair
    visit = seated(clinic, NINE, nurse.user)
    page = bedside(tablet(nurse), visit)
    axe(page)
    # When the nurse confirms who it is, weighs, and starts premedication
    form = act(page, "identity")
    for name in ("Full name", "Birth date"):
        form.get_by_label(name).check()
    write(page, "identity")
    expect(page.locator("#now")).to_contain_text("Identity confirmed")
    act(page, "weight").get_by_label("Weight (kg)").fill("74.5")
    write(page, "weight")
    expect(page.locator("#now")).to_contain_text("Weight today: 74.5 kg")
    page.locator("#begin").click()
    expect(page.locator("#now-title")).to_have_text("Give the premedication")
    axe(page)
    # And gives each medicine, and records what hangs
    for place in (0, 1):
        page.locator(f"#give-{place}").click()
        expect(page.locator(f"#give-{place}")).to_have_count(0)
    page.locator("#which-2").fill("Chlorphenamine 10 mg IV")
    page.locator("#give-2").click()
    expect(page.locator("#now-title")).to_have_text("Premedication given")
    form = act(page, "product")
    for label, typed in (("Product", "Truxima"), ("Lot", "TX-4471"), ("Expiry", "2032-01-31")):
        form.get_by_label(label, exact=True).fill(typed)
    form.get_by_label("Volume in the bag (mL)").fill("500")
    write(page, "product")
    # Then the infusion waits for the premedication, and starts when its half hour is over
    page.locator("#start-infusion").click()
    expect(page.locator("#now .form-problem")).to_contain_text("The premedication needs until 09:3")
    later(page, visit, nurse, clock, 36)
    axe(page)
    page.locator("#start-infusion").click()
    expect(page.locator("#plan tr.is-current th")).to_have_text("50")
    axe(page)
    # When vital signs are typed, one of them impossible
    form = act(page, "vitals")
    for label, typed in (("Temperature", "36.9"), ("Pulse", "800")):
        form.get_by_label(label).fill(typed)
    write(page, "vitals")
    expect(form.locator(".invalid-feedback")).to_have_text("800 is not possible. Write 20 to 250 /min.")
    axe(page)
    form.get_by_label("Pulse").fill("118")
    write(page, "vitals")
    expect(page.locator("#signs")).to_contain_text("high")
    # And the rate is raised by the plan, step by step, and the bag is empty
    later(page, visit, nurse, clock, 67)
    page.locator("#next-rate").click()
    expect(page.locator("#plan tr.is-current th")).to_have_text("100")
    for step in range(2, 8):
        at = NINE + timedelta(minutes=37 + 30 * step)
        clock.move_to(at)
        chart(visit, Kind.RATE, nurse.user, at, mg_h=str(50 * (step + 1)), reason="")
    later(page, visit, nurse, clock, 310)
    page.locator("#complete").click()
    expect(page.locator("#now-title")).to_have_text("Observation")
    axe(page)
    # Then the patient is observed, and goes home with what was given
    later(page, visit, nurse, clock, 375)
    page.locator("#discharge").click()
    axe(page)
    page.get_by_role("button", name="Discharge").click()
    expect(page.locator(f"#visit-{visit.pk} .chip").first).to_have_text("Discharged")
    record = queries.visit(clinic, visit.pk).record
    assert (record.state, record.dose_mg, record.product) == ("done", 1000, "Truxima")


def test_network_cut_for_a_minute_loses_nothing_and_sends_nothing_twice(tablet, clinic, nurse, clock):
    # Given an infusion that runs
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = tablet(nurse)
    page.clock.install()
    bedside(page, visit)
    before = kinds(visit)
    # When the network is cut, and the nurse goes on: the next rate, vital signs, a note
    page.context.set_offline(True)
    page.locator("#next-rate").click()
    expect(page.locator("#queue .notice-title")).to_have_text("Not sent yet: 1 entry")
    form = act(page, "vitals")
    for name, value in SIGNS.items():
        form.locator(f"[name={name}]").fill(value)
    write(page, "vitals")
    act(page, "note").get_by_label("Note").fill("Asks for a blanket.")
    write(page, "note")
    # Then the page says honestly what is not sent, and asks in vain for a minute
    expect(page.locator("#queue .notice-title")).to_have_text("Not sent yet: 3 entries")
    expect(page.locator("#queue")).to_contain_text("Asks for a blanket.")
    for _ in range(20):
        page.clock.run_for(3_000)
    expect(page.locator("#queue .notice-title")).to_have_text("Not sent yet: 3 entries")
    assert kinds(visit) == before
    # When the network is back
    clock.move_to(NINE + timedelta(minutes=61))
    page.context.set_offline(False)
    page.clock.run_for(4_000)
    # Then everything is on the chart, once and in order, with the time at which it was pressed
    expect(page.locator("#queue .notice")).to_have_count(0)
    expect(page.locator("#written")).to_contain_text("Asks for a blanket.")
    assert kinds(visit) == [*before, "rate", "vitals", "note"]
    rate = ChartEntry.objects.filter(visit=visit, kind="rate").last()
    assert rate.recorded_at - rate.happened_at > timedelta(seconds=50)
    assert page.evaluate("localStorage.length") == 0


def test_answer_lost_on_the_way_is_sent_again_and_written_once(tablet, clinic, nurse, clock):
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = tablet(nurse)
    page.clock.install()
    bedside(page, visit)
    lost = []

    def lose_the_first(route: Any) -> None:
        route.fetch()
        lost.append(route)
        route.abort() if len(lost) == 1 else route.continue_()

    page.route("**/chart/rate/", lose_the_first)
    page.locator("#next-rate").click()
    expect(page.locator("#queue .notice-title")).to_have_text("Not sent yet: 1 entry")
    page.clock.run_for(4_000)
    expect(page.locator("#queue .notice")).to_have_count(0)
    assert (kinds(visit).count("rate"), len(lost)) == (2, 2)


def test_entry_refused_when_it_is_sent_late_is_shown_and_never_dropped(tablet, clinic, nurse, clock):
    # Given an entry typed while the network was away
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = tablet(nurse)
    page.clock.install()
    bedside(page, visit)
    page.context.set_offline(True)
    page.locator("#next-rate").click()
    expect(page.locator("#queue .notice-title")).to_have_text("Not sent yet: 1 entry")
    # When a colleague ends the infusion meanwhile, and the network comes back
    how = {"complete": False, "dose_mg": "", "reason": "Vein lost."}
    chart(visit, Kind.STOP, nurse.user, NINE + timedelta(minutes=50), **how)
    page.context.set_offline(False)
    page.clock.run_for(4_000)
    # Then the page says that it was not written, and why, until somebody has seen it
    expect(page.locator("#queue .notice-danger")).to_contain_text("The infusion ended at 09:50.")
    bedside(page, visit)
    expect(page.locator("#queue .notice-danger")).to_contain_text("Not written: Rate 100 mg/h")
    page.get_by_role("button", name="I have seen this").click()
    expect(page.locator("#queue .notice")).to_have_count(0)


def test_signing_out_and_another_persons_page_clear_what_the_device_keeps(tablet, clinic, nurse, clock):
    # Given an entry that cannot be sent
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = tablet(nurse)
    bedside(page, visit)
    page.route("**/chart/note/", lambda route: route.abort())
    kept = "localStorage.length"

    def keep_a_note() -> None:
        act(page, "note").get_by_label("Note").fill("Asks for a blanket.")
        write(page, "note")
        expect(page.locator("#queue .notice-title")).to_have_text("Not sent yet: 1 entry")

    keep_a_note()
    # When a colleague takes the tablet, the session of the first being over
    cookie = sign_in(Client(), make_member(clinic, Role.NURSE, name="Tom Reyes")).cookies["sessionid"].value
    root = page.url.partition("/visits/")[0]
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": root}])
    assert page.evaluate(kept) == 1
    page.goto("/")
    # Then nothing of it is left
    assert page.evaluate(kept) == 0
    # When the colleague signs out from any page, with an entry unsent
    bedside(page, visit)
    keep_a_note()
    page.goto("/")
    sign_out = page.get_by_role("button", name="Sign out")
    page.locator(".phone-menu > summary").click()
    sign_out.click()
    # Then the page asks once more, and the second click clears the device
    expect(page.locator("#problem")).to_contain_text("They are lost if you sign out now")
    assert page.evaluate(kept) == 1
    sign_out.click()
    page.wait_for_url("**/sign-in/**")
    assert page.evaluate(kept) == 0


def test_two_nurses_on_one_chart_see_each_others_entries(tablet, clinic, nurse, clock):
    # Given two tablets at one infusion
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    pages = []
    for who in (nurse, make_member(clinic, Role.NURSE, name="Tom Reyes")):
        page = tablet(who)
        page.clock.install()
        pages.append(bedside(page, visit))
    one, other = pages
    # When both take the planned step
    one.locator("#next-rate").click()
    expect(one.locator("#plan tr.is-current th")).to_have_text("100")
    other.locator("#next-rate").click()
    # Then it is taken once, an error for nobody
    expect(other.locator("#plan tr.is-current th")).to_have_text("100")
    expect(other.locator(".form-problem:not(:empty)")).to_have_count(0)
    assert kinds(visit).count("rate") == 2
    # And what one writes, the other sees
    act(other, "note").get_by_label("Note").fill("Asks for a blanket.")
    write(other, "note")
    expect(other.locator("#written")).to_contain_text("Asks for a blanket.")
    one.clock.run_for(11_000)
    expect(one.locator("#written")).to_contain_text("Tom Reyes")


def test_entry_is_seen_on_the_page_at_once(tablet, clinic, nurse, clock):
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = bedside(tablet(nurse), visit)
    page.locator("#next-rate").click()
    # The page asks by itself every ten seconds; what the nurse wrote does not wait for that.
    expect(page.locator("#plan tr.is-current th")).to_have_text("100", timeout=5_000)


def test_refusal_stays_until_the_nurse_goes_on(tablet, clinic, nurse, clock):
    # Given a severe reaction, after which the drug flows again only by a prescriber's order
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    severe = {"grade": 3, "symptoms": ["rash"], "text": "", "act": "pause", "mg_h": ""}
    chart(visit, Kind.REACTION, nurse.user, NINE + timedelta(minutes=60), **severe)
    page = tablet(nurse)
    page.clock.install()
    bedside(page, visit)
    page.locator("#resume").click()
    refused = page.locator("#now .form-problem:not(:empty)")
    expect(refused).to_contain_text("Write down the order and who gave it.")
    # Then the page says why, and goes on saying it while it keeps itself fresh
    chart(visit, Kind.NOTE, nurse.user, NINE + timedelta(minutes=60), text="Prescriber called.")
    page.clock.run_for(11_000)
    expect(page.locator("#written")).to_contain_text("Prescriber called.")
    expect(refused).to_contain_text("Write down the order and who gave it.")


def test_proposed_rates_follow_the_infusion_and_leave_what_is_typed(tablet, clinic, nurse, clock):
    # Given a page that was opened at 50 mg/h
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = tablet(nurse)
    page.clock.install()
    bedside(page, visit)
    slowed, following = (page.locator(f"#id_{kind}_mg_h") for kind in ("reaction", "rate"))
    assert (slowed.input_value(), following.input_value()) == ("25", "100")
    # When the next step is taken, the forms propose what follows from it
    page.locator("#next-rate").click()
    expect(slowed).to_have_value("50")
    expect(following).to_have_value("150")
    # And what is typed is left alone
    act(page, "reaction")
    slowed.fill("30")
    slowed.blur()
    clock.move_to(NINE + timedelta(minutes=62))
    chart(visit, Kind.RATE, nurse.user, NINE + timedelta(minutes=62), mg_h="150", reason="")
    page.clock.run_for(11_000)
    expect(following).to_have_value("200")
    expect(slowed).to_have_value("30")


def test_rates_are_shown_whole_on_a_tablet(tablet, clinic, nurse, clock):
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = bedside(tablet(nurse), visit)
    assert page.evaluate(CLIPPED) == []


def test_chart_is_kept_without_javascript(tablet, clinic, nurse, clock):
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    page = bedside(tablet(nurse, java_script_enabled=False), visit)
    page.locator("#next-rate").click()
    expect(page.locator("#plan tr.is-current th")).to_have_text("100")
    form = act(page, "vitals")
    form.get_by_label("Pulse").fill("800")
    write(page, "vitals")
    expect(page.locator("#act-vitals .invalid-feedback")).to_have_text(
        "800 is not possible. Write 20 to 250 /min."
    )
    assert kinds(visit).count("vitals") == 0


def test_bedside_fits_a_phone(phone, clinic, nurse, live_server, axe, clock):
    visit = running(clinic, NINE, nurse.user)
    clock.move_to(NINE + timedelta(minutes=60))
    cookie = sign_in(Client(), nurse).cookies["sessionid"].value
    phone.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    bedside(phone, visit)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert phone.evaluate(CLIPPED) == []
    act(phone, "reaction")
    axe(phone)
    small = """[...document.querySelectorAll("main button, main summary, main .tap, main .form-control, main a.btn")]
        .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 47.5).map((one) => one.outerHTML)"""
    assert phone.evaluate(small) == []
