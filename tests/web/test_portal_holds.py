"""The first page while something is in the way of the visit: it says so first, and offers only what is true."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from clinics.models import StaffTask
from infusion.portal import queries
from monitoring.actions import answer_health_check
from scheduling.actions import waiting
from tests import factory
from tests.web.test_portal import enter, in_days

pytestmark = pytest.mark.django_db
NO = {"fever": "no", "infection": "no", "antibiotics": "no", "vaccine": "no"}


@pytest.fixture
def clinic():
    return factory.make_clinic(portal_moves="book", portal_notice_hours=48)


@pytest.fixture
def ana(clinic):
    return factory.make_patient(clinic, given_name="Ana", email="ana@example.org", sex="male")


def told(visit, **answers):
    answer_health_check(
        visit=visit,
        answers=NO | answers,
        words="",
        key=uuid4(),
        by=factory.make_user("portal"),
        now=timezone.now(),
    )


def send(browser, name, **typed):
    form = browser.get(reverse(f"portal:{name}")).context["form"]
    hidden = {each.name: each.value() for each in form.hidden_fields()}
    return browser.post(reverse(f"portal:{name}"), {**hidden, **typed}, follow=True)


def confirm(browser, home):
    visit = home.context["visit"]
    typed = {"key": home.context["answer_key"], "visit": visit.pk, "version": visit.version}
    return browser.post(reverse("portal:confirm"), typed, follow=True).content.decode()


def test_hold_leads_the_first_page_and_nobody_is_expected(client, clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 2))
    browser = enter(client, ana)
    home = browser.get(reverse("portal:home"))
    before = (home.context["hold"], home.context["may_wait"])
    assert "We expect you" in confirm(browser, home)
    told(visit, infection="yes")
    home = browser.get(reverse("portal:home"))
    page = home.content.decode()
    rows = {words: state for state, words in home.context["holding"][0].rows}
    assert (before, home.context["hold"], home.context["may_wait"]) == (("", True), "on_hold", False)
    assert page.index("is on hold. A nurse calls you.") < page.index("Your next visit: infusion")
    assert ("We expect you" in page, ">Booked<" in page.split("Where")[0]) == (False, False)
    assert rows["You told us about an infection. A nurse will call you."] == "calls"
    assert rows["We will ask you about infections on the day."] == "day"
    schedule = browser.get(reverse("portal:schedule")).content.decode()
    assert ("<span>On hold</span>" in schedule, "<span>Booked</span>" in schedule) == (True, False)


def test_hold_takes_no_yes(client, clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 2))
    told(visit, fever="yes")
    browser = enter(client, ana)
    home = browser.get(reverse("portal:home"))
    assert "Yes, I will come" not in home.content.decode()
    assert "We expect you" not in confirm(browser, home)


def test_infusion_of_today_is_not_asked_to_be_earlier(clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 2))
    day_before, same_day = (in_days(clinic, days, hour=1) for days in (1, 2))
    assert [queries.may_come_earlier(visit, now) for now in (day_before, same_day)] == [True, False]


def test_who_cannot_come_soon_is_asked_to_call_and_leaves_the_list(client, clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 1))
    waiting.join(planned=visit.planned_infusion, by=factory.make_user("portal"), now=timezone.now())
    browser = enter(client, ana)
    page = browser.get(reverse("portal:cannot_come")).content.decode()
    answered = send(browser, "cannot_come", reason="travel")
    home = browser.get(reverse("portal:home"))
    assert page.index("Your visit is soon") < page.index("<legend>")
    assert "please call us as well" in answered.content.decode()
    assert (home.context["waits"], home.context["may_wait"]) == (None, False)


def test_call_is_announced_until_the_clinic_has_called(client, clinic, ana):
    factory.make_visit(ana, starts_at=in_days(clinic, 10), kind="follow_up")
    browser = enter(client, ana)
    send(browser, "cannot_come", reason="travel")
    assert browser.get(reverse("portal:home")).context["given_up"].reason == "travel"
    StaffTask.objects.of(clinic).update(closed_at=timezone.now())
    assert browser.get(reverse("portal:home")).context["given_up"] is None


@time_machine.travel(datetime(2031, 3, 3, 9, tzinfo=UTC), tick=False)  # a Monday
def test_later_times_are_a_link_away_and_so_are_the_first(client, clinic, ana):
    factory.make_visit(ana, starts_at=in_days(clinic, 3))
    browser, address = enter(client, ana), reverse("portal:other_time")
    first = browser.get(address, {"part": "morning"})
    last_day = first.context["days"][-1][0]
    later = browser.get(address, {"part": "morning", "after": last_day.isoformat()})
    assert f'href="?part=morning&amp;after={last_day}"' in first.content.decode()
    assert later.context["days"][0][0] > last_day
    assert f'href="{address}?part=morning"' in later.content.decode()
    assert browser.get(address, {"after": "2026-13-45"}).context["from_day"] is None
