"""Moving the first infusion of a booked course: everything it takes along is shown, confirmed once, and told once."""

from datetime import UTC, datetime, time, timedelta
from time import monotonic as time_now
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from infusion.celery import app
from infusion.reminders import actions as reminders
from infusion.reminders.models import Message
from scheduling import actions
from scheduling.domain.booking import Seat
from scheduling.models import Course, ScheduleChange, Visit
from tests import factory, programs
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "ada@example.org"


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic(chairs=2, nurses=2, notice_delay_seconds=2)


@pytest.fixture
def course(clinic: Clinic) -> Course:
    """The pair booked yesterday, its later infusions held as windows."""
    today = timezone.now().astimezone(clinic.zone).date()
    monday = today + timedelta(days=28 - today.weekday())
    patient = factory.make_patient(clinic, given_name="Ada", family_name="O'Neil", email=ADDRESS)
    clearance = factory.make_clearance(patient, valid_from=today - timedelta(days=7))
    course = factory.make_course(patient, start_on=monday, clearance=clearance)
    chair = clinic.chairs.order_by("pk")[0].pk
    nurse = clinic.memberships.filter(role=Role.NURSE).order_by("pk")[0].pk
    first, second = (
        Seat(datetime.combine(day, time(9), tzinfo=clinic.zone).astimezone(UTC), chair, nurse)
        for day in (monday, monday + timedelta(days=14))
    )
    yesterday = timezone.now() - timedelta(days=1)
    actions.book_pair(course=course, first=first, second=second, by=None, now=yesterday)
    actions.replan_course(course=course, by=None, now=yesterday)
    later = course.planned_infusions.filter(ordinal__gt=2)
    later.update(held_at=yesterday, held_minutes=285)
    return course


def enter(page: Page, who: Membership, live_server: Any) -> None:
    cookie = factory.sign_in(Client(), who).cookies["sessionid"].value
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def subjects(sink: SmtpSink) -> list[str]:
    return [str(one.message["Subject"]) for one in sink.received if ADDRESS in one.to]


def swept_until(sink: SmtpSink, count: int) -> None:
    """Let the real worker sweep, once a second as no beat is so fast, until the patient has had so many mails."""
    asked = 0.0

    def enough() -> bool:
        nonlocal asked
        if time_now() - asked >= 1:
            asked = time_now()
            app.send_task("infusion.reminders.tasks.sweep")
        return len(subjects(sink)) >= count

    programs.until(enough, what=f"{count} mails")


def test_moving_dose_1_is_previewed_confirmed_and_told_once(
    page, clinic, course, live_server, axe, worker, smtp_sink
):
    # Given a patient who was told of both visits
    swept_until(smtp_sink, 1)
    desk = factory.make_member(clinic, Role.RECEPTIONIST)
    enter(page, desk, live_server)
    first, second = Visit.objects.order_by("starts_at")
    week = timedelta(days=7)
    day = first.starts_at.astimezone(clinic.zone).date() + week
    # When the desk asks to move the first one, and what follows
    page.goto(f"/schedule/visits/{first.pk}/")
    page.get_by_role("link", name="Move").click()
    axe(page)
    other = page.locator("section", has=page.get_by_role("heading", name="Another time"))
    other.get_by_text("Type a day and a time").click()
    other.get_by_label("Day").fill(day.isoformat())
    other.get_by_label("Time").fill("09:00")
    other.get_by_label("Why is it moved?").fill("She is away that week")
    other.get_by_role("button", name="This and what follows").click()
    # Then every later date stands beside the present one, and nothing has changed
    expect(page.get_by_role("heading", level=1)).to_have_text("Move infusion 1: what changes")
    axe(page)
    rows = page.locator(".series-table tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.nth(0)).to_contain_text(f"{day.day} {day:%b %Y}")
    expect(rows.nth(1)).to_contain_text(f"{(day + 2 * week).day} {day + 2 * week:%b %Y}")
    expect(rows.nth(2)).to_contain_text("window held")
    held = course.planned_infusions.get(ordinal=3)
    assert Visit.objects.filter(version=1).count() == 2
    # And it is confirmed with one button
    expect(page.get_by_label("Why?")).to_have_value("She is away that week")
    page.get_by_role("button", name="Move all of it").click()
    expect(page.get_by_text("Moved. The patient is told in one notice.")).to_be_visible()
    axe(page)
    moved = list(Visit.objects.order_by("starts_at"))
    assert [visit.starts_at.astimezone(clinic.zone).date() for visit in moved] == [day, day + 2 * week]
    was, held = held.target_on, course.planned_infusions.get(ordinal=3)
    assert held.target_on > was
    assert held.held_at is not None
    assert ScheduleChange.objects.filter(verb="move").count() == 1
    # And exactly one mail tells the patient, whatever more is swept
    swept_until(smtp_sink, 2)
    told = Message.objects.filter(subject_kind="patient").order_by("id")
    programs.until(
        lambda: list(told.values_list("kind", "state")) == [("booked", "sent"), ("moved", "sent")],
        what="both notices marked as sent",
    )
    assert reminders.derive(now=timezone.now()) == 0
    assert len(subjects(smtp_sink)) == 2
    newest = [one for one in smtp_sink.received if ADDRESS in one.to][-1].message
    words = newest.get_body(("plain",)).get_content()
    for visit in moved:
        local = visit.starts_at.astimezone(clinic.zone)
        assert f"{local.day} {local:%B %Y}" in words
    assert second.pk in [pk for pk, _ in Message.objects.get(kind="moved").covers]
