"""The clinic's whole ledger: what stands in it, how it is narrowed down and paged, and what reading it costs."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinics.actions import open_task
from clinics.domain.rights import Role
from clinics.domain.spans import in_words
from clinics.models import AuditEntry, Clinic
from infusion.reminders import actions
from infusion.reminders.models import Message
from patients.actions import note_address_problem
from patients.models import Patient
from tests import factory
from tests.ledger import book, deliver, in_days

pytestmark = pytest.mark.django_db
ADDRESS = "/messages/"
numbers = count(1)


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic()


@pytest.fixture
def desk(clinic: Clinic, client: Client) -> Client:
    return factory.sign_in(client, factory.make_member(clinic, Role.RECEPTIONIST))


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return factory.make_patient(clinic, given_name="Ada", family_name="Example")


@pytest.mark.parametrize(("hours", "offered"), [(1, True), (-1, False)])
def test_what_is_too_late_is_not_offered_to_go_again_and_says_why(
    desk: Client, patient: Patient, hours: int, offered: bool
) -> None:
    until = (timezone.now() + timedelta(hours=hours)).replace(second=0, microsecond=0)
    late = message(patient, expires_at=until)
    again = f"/messages/{late.pk}/again/"
    pages = (ADDRESS, f"/reminders/message/{late.pk}/", f"/reminders/patient/{patient.pk}/")
    assert [again in desk.get(page).content.decode() for page in pages] == [offered] * 3
    local = until.astimezone(patient.clinic.zone)
    too_late = f"It is too late: it was of use until {in_words(local.date())}, {local:%H:%M}."
    assert (too_late in desk.get(again).content.decode()) is not offered


def message(patient: Patient, **fields: Any) -> Message:
    """One row of the ledger, due an hour ago unless told otherwise."""
    at = fields.pop("at", timezone.now() - timedelta(hours=1))
    number = next(numbers)
    values = {
        "subject_kind": "visit",
        "subject_id": str(number),
        "subject_version": 1,
        "kind": "booked",
        "recipient": patient.email,
        "due_at": at,
        "expires_at": at + timedelta(days=3),
        "next_attempt_at": at,
        "state": "sent",
        "sent_at": at,
        "message_id": f"<{number}@test>",
        **fields,
    }
    return Message.objects.create(clinic=patient.clinic, patient=patient, **values)


def seen(desk: Client, query: str = "") -> list[Message]:
    page = desk.get(ADDRESS + query)
    assert page.status_code == 200
    return [row.message for row in page.context["page"].rows]


def test_ledger_shows_every_message_newest_first(desk: Client, patient: Patient) -> None:
    older = message(patient, at=timezone.now() - timedelta(days=9))
    newer = message(factory.make_patient(patient.clinic))
    message(factory.make_patient(factory.make_clinic(slug="other")))
    assert seen(desk) == [newer, older]


def test_day_order_and_column_are_those_on_which_a_message_was_due(desk: Client, patient: Patient) -> None:
    at = timezone.now() - timedelta(days=3)
    late = message(patient, state="sent", at=at, sent_at=at + timedelta(days=2))
    soon = message(patient, state="sent", at=at + timedelta(days=1), sent_at=at + timedelta(days=1))
    assert (seen(desk), seen(desk, f"?day={at.astimezone(patient.clinic.zone).date()}")) == (
        [soon, late],
        [late],
    )
    left = (at + timedelta(days=2)).astimezone(patient.clinic.zone)
    due = f"{at.astimezone(patient.clinic.zone):%H:%M}"
    assert (
        f'{due}<div class="row-note">left {left:%a} {left.day} {left:%b}'
        in desk.get(ADDRESS).content.decode()
    )


def test_ledger_without_messages_says_so(desk: Client) -> None:
    page = desk.get(ADDRESS).content.decode()
    assert "No messages yet" in page
    assert "No message matches" in desk.get(ADDRESS + "?state=failed").content.decode()


@pytest.mark.parametrize("query", ["state=failed", "kind=moved", "channel=task", "q=lovelace", "day={day}"])
def test_ledger_is_narrowed_down(desk: Client, patient: Patient, query: str) -> None:
    message(patient)
    at = datetime.now(patient.clinic.zone) - timedelta(days=3)
    lovelace = factory.make_patient(patient.clinic, family_name="Lovelace")
    wanted = message(lovelace, state="failed", kind="moved", channel="task", at=at)
    assert seen(desk, "?" + query.format(day=at.date())) == [wanted]


def test_ledger_passes_over_what_nobody_offered(desk: Client, patient: Patient) -> None:
    row = message(patient)
    assert seen(desk, "?state=x&kind=' or 1=1&channel=%00&day=31-31&before=zz&week=maybe&q=%00") == [row]
    assert [seen(desk, f"?day={day}") for day in ("9999-12-31", "0001-01-01")] == [[row], [row]]
    assert seen(desk, "?before=99999999999999999999999") == [row]


def test_ledger_counts_the_states_of_the_last_seven_days(desk: Client, patient: Patient) -> None:
    for state in ("sent", "sent", "failed"):
        message(patient, state=state)
    message(patient, at=timezone.now() - timedelta(days=8))
    message(patient, state="planned", at=timezone.now() + timedelta(days=1))
    page = desk.get(ADDRESS)
    assert page.context["counts"] == [("sent", 2), ("failed", 1)]
    assert len(seen(desk, "?state=sent")) == 3
    assert len(seen(desk, "?state=sent&week=1")) == 2


def test_ledger_is_read_in_pages_that_lose_nothing(desk: Client, patient: Patient) -> None:
    at = timezone.now() - timedelta(hours=2)
    rows = [message(patient, at=at) for _ in range(120)]
    found: list[Message] = []
    address: str = "?state=sent"
    while address:
        page = desk.get(ADDRESS + address)
        found += [row.message for row in page.context["page"].rows]
        older = page.context["page"].older
        address = f"?state=sent&before={older}" if older else ""
    assert found == rows[::-1]


def test_failed_message_leads_to_its_call_and_its_letter(desk: Client, patient: Patient) -> None:
    row = message(patient, state="failed", body="Dear Ada", why="550 no such mailbox")
    task = open_task(
        clinic=patient.clinic,
        kind="call_patient",
        role=Role.RECEPTIONIST,
        due_on=timezone.now().date(),
        reason="Call.",
        cause=f"message:{row.pk}",
    )
    page = desk.get(ADDRESS).content.decode()
    assert f'href="/clinic/tasks/{task.pk}/"' in page
    assert f'href="/reminders/message/{row.pk}/letter/"' in page
    assert "550 no such mailbox" in page


def test_ledger_costs_the_same_however_long_it_is(
    desk: Client, patient: Patient, django_assert_max_num_queries: Any
) -> None:
    asked = []
    desk.get(ADDRESS)
    for many in (2, 20):
        for _ in range(many):
            message(factory.make_patient(patient.clinic), state="failed", body="…")
        with django_assert_max_num_queries(30) as queries:
            desk.get(ADDRESS + "?q=e")
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_reading_the_ledger_is_in_the_audit_trail(desk: Client, clinic: Clinic) -> None:
    desk.get(ADDRESS + "?q=Ada")
    entry = AuditEntry.objects.of(clinic).first()
    assert (entry.verb, entry.changes) == ("viewed", {"page": "messages", "words": "Ada"})


def test_message_is_sent_again_with_a_reason(desk: Client, clinic: Clinic) -> None:
    patient = factory.make_patient(clinic, email="ada@example.org")
    book(patient)
    actions.derive(now=timezone.now())
    first = deliver()
    address = f"/messages/{first.pk}/again/"
    assert f'href="{address}"' in desk.get(ADDRESS).content.decode()
    assert desk.get(address).status_code == 200
    page = desk.post(address, {"reason": "", "copy": 1})
    assert page.status_code == 422
    assert "Say in a few words why it goes out again." in page.content.decode()
    for _ in range(2):  # a double click
        answer = desk.post(address, {"reason": "She never saw it", "copy": 1})
        row = Message.objects.of(clinic).get(copy=1)
        assert answer["Location"] == f"/reminders/message/{row.pk}/"
    assert "She never saw it" in desk.get(ADDRESS).content.decode()
    assert "It is on its way already." in desk.get(address).content.decode()


def test_in_quiet_hours_the_page_says_when_a_message_leaves(desk: Client, clinic: Clinic) -> None:
    book(factory.make_patient(clinic))
    actions.derive(now=timezone.now())
    address = f"/messages/{deliver().pk}/again/"
    assert desk.get(address).context["leaves"] == "within a minute"
    local = timezone.now().astimezone(clinic.zone)
    clinic.quiet_from, clinic.quiet_until = ((local + timedelta(hours=n)).time() for n in (-1, 3))
    clinic.save()
    when = f"at {clinic.quiet_until:%H:%M}, when the quiet hours end"
    assert desk.get(address).context["leaves"] == when
    answer = desk.post(address, {"reason": "She never saw it", "copy": 1}, follow=True)
    assert f"It goes out again {when}." in answer.content.decode()


def test_what_cannot_be_sent_again_says_why(desk: Client, patient: Patient) -> None:
    row = message(patient, state="expired")
    page = desk.get(f"/messages/{row.pk}/again/").content.decode()
    assert "It cannot be sent again: too late to be of use." in page
    assert desk.post(f"/messages/{row.pk}/again/", {"reason": "x", "copy": "1"}).status_code == 422
    assert desk.post(f"/messages/{row.pk}/again/", {"reason": "x", "copy": "zz"}).status_code == 422
    assert AuditEntry.objects.of(patient.clinic).filter(verb="viewed message").count() == 3


def test_marked_address_is_shown_and_said_to_work(desk: Client, patient: Patient) -> None:
    message(patient)
    note_address_problem(patient=patient, address=patient.email, reason="550 no", now=timezone.now())
    assert "Mail comes back" in desk.get(ADDRESS).content.decode()
    assert "Mail comes back" in desk.get(f"/patients/{patient.pk}/").content.decode()
    answer = desk.post(f"/patients/{patient.pk}/address-works/", follow=True)
    assert f"Mail goes to {patient.email} again." in answer.content.decode()
    assert "Mail comes back" not in desk.get(ADDRESS).content.decode()


def test_colleague_chooses_the_morning_mail(desk: Client, clinic: Clinic) -> None:
    assert " checked" not in desk.get("/clinic/my-settings/").content.decode()
    desk.post("/clinic/my-settings/", {"digest": "on"})
    assert " checked" in desk.get("/clinic/my-settings/").content.decode()
    desk.post("/clinic/my-settings/", {})
    assert " checked" not in desk.get("/clinic/my-settings/").content.decode()


def test_what_goes_out_next_is_shown_before_it_is_written(desk: Client, clinic: Clinic) -> None:
    patient, later = factory.make_patient(clinic), factory.make_patient(clinic)
    # At midnight one reminder falls due in nine hours, the other a day after that.
    for who, days in ((patient, 3), (later, 9)):
        book(who, days, ago=timedelta(days=40), kind="follow_up")
    at = in_days(1, clinic, time(0))
    with time_machine.travel(at, tick=False):
        factory.sign_in(desk, factory.make_member(clinic))
        page = desk.get(ADDRESS + "?state=planned")
    assert [(each.patient, each.owed.kind) for each in page.context["coming"]] == [(patient, "reminder_2")]
    assert page.context["page"].rows == ()
    assert desk.get(ADDRESS).context["coming"] is None
