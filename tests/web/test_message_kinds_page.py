"""A clinic settles its kinds of messages on one page, and the sweep obeys."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.models import AuditEntry
from infusion.reminders.actions import derive
from infusion.reminders.models import KindRule
from infusion.reminders.queries import rules_of
from tests import factory
from tests.ledger import book, ledger, now

pytestmark = pytest.mark.django_db
ADDRESS = reverse("kinds:list")


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def desk(client, clinic):
    return factory.sign_in(client, factory.make_member(clinic, "manager"))


def shown(desk) -> dict[str, Any]:
    """What the page would send if nobody touched it."""
    page = desk.get(ADDRESS)
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields} | {"seen": page.context["mark"]}
    return {name: value for name, value in values.items() if value not in (False, None)}


def send(desk, page: dict[str, Any] | None = None, without: tuple[str, ...] = (), **typed: Any):
    sent = (shown(desk) if page is None else page) | typed
    return desk.post(ADDRESS, {name: value for name, value in sent.items() if name not in without})


def rules(clinic) -> list[tuple]:
    fields = ("kind", "is_on", "days_before", "at", "channels")
    rows = KindRule.objects.of(clinic).exclude(kind__in=factory.FURTHER_MESSAGES)
    return [*rows.values_list(*fields)]


def near_visit(clinic, days: int) -> list[tuple[str, str]]:
    book(factory.make_patient(clinic), days, ago=timedelta(days=60))
    derive(now=now())
    return [row for row in ledger() if row[0] != "digest"]


def test_a_page_nobody_touched_writes_nothing(desk, clinic):
    assert send(desk).status_code == 302
    assert rules(clinic) == []
    assert not AuditEntry.objects.of(clinic).filter(verb="changed kinds of messages").exists()


def test_a_kind_switched_off_sends_nothing_and_the_change_is_audited(desk, clinic):
    assert send(desk, without=("reminder_7_on", "reminder_2_on")).status_code == 302
    assert rules(clinic) == [
        ("reminder_7", False, 7, time(9), ["email"]),
        ("reminder_2", False, 2, time(9), ["email"]),
    ]
    assert near_visit(clinic, 1) == []
    entry = AuditEntry.objects.of(clinic).get(verb="changed kinds of messages")
    assert entry.changes == {"reminder_7_on": ["True", "False"], "reminder_2_on": ["True", "False"]}


def test_another_day_moves_the_reminder(desk, clinic):
    assert send(desk, reminder_7_days=30, reminder_7_at="00:00").status_code == 302
    assert near_visit(clinic, 29) == [("reminder_30", "planned")]


def test_a_clinics_several_reminders_of_a_kind_stay_until_one_day_is_given(desk, clinic):
    clinic.reminder_days = [21, 7, 2]
    clinic.save()
    assert send(desk, reminder_7_at="10:30").status_code == 302
    assert rules(clinic) == [("reminder_7", True, None, time(10, 30), ["email"])]
    send(desk, reminder_7_days=14)
    assert rules(clinic) == [("reminder_7", True, 14, time(10, 30), ["email"])]


def test_quiet_hours_are_saved(desk, clinic):
    assert send(desk, quiet_from="21:00", quiet_until="07:30").status_code == 302
    clinic.refresh_from_db()
    assert (clinic.quiet_from, clinic.quiet_until) == (time(21), time(7, 30))


def test_a_text_is_offered_where_somebody_carries_it(desk, clinic, settings):
    assert "booked_ways" not in desk.get(ADDRESS).context["form"].fields
    settings.SMS_BACKEND = "infusion.reminders.sms.FileCarrier"
    assert send(desk, booked_ways=["email", "sms"]).status_code == 302
    assert rules(clinic) == [("booked", True, None, None, ["email", "sms"])]
    response = send(desk, without=("booked_ways",))
    assert [*response.context["form"].errors] == ["booked_ways"]


def test_a_page_that_is_out_of_date_does_not_overwrite_a_colleague(desk, clinic):
    page = shown(desk)
    send(desk, page, reminder_7_days=10)
    response = send(desk, page, reminder_7_days=20)
    assert response.status_code == 422
    assert response.context["form"].non_field_errors().as_data()[0].code == "stale"
    assert rules(clinic)[0][2] == 10
    assert send(desk, page, reminder_7_days=20, seen=response.context["mark"]).status_code == 302
    assert rules(clinic)[0][2] == 20


def test_the_same_click_twice_is_one_change(desk, clinic):
    page = shown(desk)
    assert [send(desk, page, reminder_7_days=10).status_code for _ in range(2)] == [302, 302]
    assert AuditEntry.objects.of(clinic).filter(verb="changed kinds of messages").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reminder_7_days", "3"),
        ("reminder_7_days", "99999999999999999999"),
        ("reminder_2_days", "-1"),
        ("reminder_2_days", ""),
        ("arrange_days", "91"),
        ("arrange_days", "soon"),
        ("reminder_2_at", "25:00"),
        ("reminder_2_at", ""),
        ("quiet_from", ""),
        ("quiet_until", "noon"),
    ],
)
def test_what_cannot_be_stands_beside_its_field_and_nothing_typed_is_lost(desk, clinic, field, value):
    response = send(desk, **{field: value, "window_open_days": 50})
    form = response.context["form"]
    assert (response.status_code, [*form.errors], form[field].value()) == (422, [field], value)
    assert form["window_open_days"].value() == "50"
    assert rules(clinic) == []


def test_a_change_of_a_visit_is_always_told(desk, clinic):
    page = desk.get(ADDRESS)
    rows = {row.kind.code: row for row in page.context["form"].rows}
    assert [code for code, row in rows.items() if row.on is None] == [
        "booked",
        "moved",
        "cancelled",
        "request_refused",
        "invited",
    ]
    assert send(desk, booked_on="").status_code == 302
    assert rules(clinic) == []


def test_days_of_a_follow_up_hold_for_the_message_and_for_the_worklist(desk, clinic):
    assert send(desk, arrange_days=20).status_code == 302
    clinic.refresh_from_db()
    assert (clinic.arrange_days_before, shown(desk)["arrange_days"]) == (20, 20)
    assert rules_of(clinic).arrange_days == 20


def test_the_page_asks_for_no_more_with_more_rules(desk, clinic):
    with CaptureQueriesContext(
        connection,
    ) as before:
        desk.get(ADDRESS)
    send(desk, reminder_7_days=10, reminder_2_days=1, arrange_days=20, window_open_days=50)
    desk.get(ADDRESS)
    with CaptureQueriesContext(connection) as after:
        desk.get(ADDRESS)
    assert len(after) <= len(before)


def test_only_who_manages_the_clinic_comes_in(client, clinic):
    desk = factory.sign_in(client, factory.make_member(clinic, "receptionist"))
    assert [desk.get(ADDRESS).status_code, desk.post(ADDRESS).status_code] == [403, 403]
