"""A year of the calendar feed, read by three programs that are not the one that wrote it: the same instants in all.

vobject and ics are Python's; ical.js runs in the browser, as it does in mail programs.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import ics
import pytest
import time_machine
import vobject
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as some
from icalendar import Calendar
from playwright.sync_api import Browser

from infusion.interop.calendar import Appointment, feed
from tests import factory
from tests.programs import ROOT
from tests.web.test_portal import enter

pytestmark = pytest.mark.django_db
ICAL_JS = ROOT / "tests" / "vendor" / "ical.js" / "ical.es5.min.cjs"
FIRST = date(2027, 1, 11)
# uid → when it begins and ends, and whether it was cancelled
Read = dict[str, tuple[datetime, datetime, bool]]


def by_vobject(text: str) -> Read:
    return {
        each.uid.value: (each.dtstart.value, each.dtend.value, each.status.value == "CANCELLED")
        for each in vobject.readOne(text).vevent_list
    }


def by_ics(text: str) -> Read:
    return {
        each.uid: (each.begin.datetime, each.end.datetime, each.status == "CANCELLED")
        for each in ics.Calendar(text).events
    }


@pytest.fixture(scope="module")
def by_ical_js(browser: Browser):
    page = browser.new_page()
    page.add_script_tag(content=ICAL_JS.read_text())

    def read(text: str) -> Read:
        rows = page.evaluate(
            """(text) => new ICAL.Component(ICAL.parse(text)).getAllSubcomponents("vevent").map((found) => {
              const entry = new ICAL.Event(found);
              return [entry.uid, entry.startDate.toJSDate().toISOString(), entry.endDate.toJSDate().toISOString(),
                found.getFirstPropertyValue("status")];
            })""",
            text,
        )
        return {
            uid: (datetime.fromisoformat(starts), datetime.fromisoformat(ends), status == "CANCELLED")
            for uid, starts, ends, status in rows
        }

    yield read
    page.close()


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Kolkata"])
def test_three_programs_read_the_same_instants_over_a_year(client, by_ical_js, zone):
    clinic = factory.make_clinic(chairs=2, time_zone=zone)
    ana = factory.make_patient(clinic, email="ana@example.org")
    wanted = {}
    for week in range(0, 52, 2):
        at = datetime.combine(FIRST + timedelta(weeks=week), time(9), tzinfo=ZoneInfo(zone)).astimezone(UTC)
        visit = factory.make_visit(ana, kind="follow_up", starts_at=at)
        if week == 20:  # moved to the afternoon
            at += timedelta(hours=5)
            factory.change_visit(visit, "moved", starts_at=at, ends_at=at + timedelta(minutes=45))
        if week == 30:
            factory.change_visit(visit, "cancelled")
        visit.refresh_from_db()
        wanted[visit.starts_at] = (visit.ends_at, visit.status == "cancelled")
    with time_machine.travel(datetime(2027, 1, 4, 12, tzinfo=UTC), tick=False):
        # A visit cancelled long ago has gone from the feed: this one was cancelled on the day it is read.
        enter(client, ana)
        address = client.post(reverse("portal:calendar"), {"feed": "make"}, follow=True).context["address"]
        text = Client().get("/" + address.split("/", 3)[3]).content.decode()
    read = by_vobject(text)
    assert {starts: (ends, gone) for starts, ends, gone in read.values()} == wanted
    assert (by_ics(text), by_ical_js(text)) == (read, read)


@settings(max_examples=60, deadline=None)
@given(place=some.text(some.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=200))
def test_place_comes_back_as_it_was_written_whatever_is_in_it(place):
    place = " ".join(place.split())
    at = datetime(2031, 3, 30, 9, tzinfo=UTC)
    one = Appointment("a", 1, at, at + timedelta(hours=4), place, "desk@example.org", at)
    text = feed([(one, True)], title="Appointment", name="Appointments", words="Call us.")
    assert str(Calendar.from_ical(text).walk("VEVENT")[0]["location"]) == place
    assert vobject.readOne(text.decode()).vevent.location.value == place
    assert max(map(len, text.split(b"\r\n"))) <= 75
