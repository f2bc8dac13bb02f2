"""Reports on the screen: a patient tells, sees what to do and what became of it; those who answer read and close."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry, Closure
from monitoring.actions import escalate, read_report
from monitoring.models import SideEffectReport
from patients.models import PortalAccess
from tests.factory import make_clinic, make_member, make_patient, make_user, sign_in
from tests.reporting import told

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
NIGHT = datetime(2031, 3, 14, 22, tzinfo=UTC)  # Friday


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


@pytest.fixture
def clinic():
    return make_clinic(emergency_phone="999")


@pytest.fixture
def ana(clinic):
    return make_patient(clinic, given_name="Ana")


@pytest.fixture
def nurse(client, clinic):
    return sign_in(client, make_member(clinic, Role.NURSE))


def portal(*patients):
    """The pages of one person who looks after these patients; the first is chosen."""
    user = make_user(door="portal")
    accesses = [
        PortalAccess.objects.create(
            clinic=patient.clinic, patient=patient, user=user, invited_at=NOW, confirmed_at=NOW
        )
        for patient in patients
    ]
    client = sign_in(Client(), user)
    session = client.session
    session["portal_access_id"] = accesses[0].pk
    session.save()
    return client


def send(browser, **typed):
    given = {"key": str(uuid4()), "unit": "C"}
    return browser.post(reverse("portal:unwell"), given | typed)


def words(response):
    return " ".join(response.content.decode().split())


def test_page_before_the_form_says_when_reports_are_read_and_the_emergency_number(ana, on_the_day):
    browser = portal(ana)
    page = words(browser.get(reverse("portal:unwell")))
    assert "We are open now, until 18:00." in page
    assert 'href="tel:999"' in page
    on_the_day.move_to(NIGHT)
    page = words(portal(ana).get(reverse("portal:unwell")))
    assert "We are closed. Nobody reads this before Monday, 17 March at 08:00." in page


def test_closed_day_is_not_promised(clinic, ana, on_the_day):
    Closure.objects.create(clinic=clinic, first_day="2031-03-17", last_day="2031-03-17", reason="Works")
    on_the_day.move_to(NIGHT)
    page = words(portal(ana).get(reverse("portal:unwell")))
    assert "Nobody reads this before Tuesday, 18 March at 08:00." in page


def test_fever_is_told_and_the_page_says_call_now(ana):
    browser = portal(ana)
    response = send(
        browser, symptoms=["fever"], since="2031-03-09", temperature="38,6", words="I shiver at night."
    )
    report = SideEffectReport.objects.get()
    assert response.url == reverse("portal:report", args=[report.pk])
    assert (report.urgency, report.temperature, str(report.since), report.words) == (
        "call_now",
        Decimal("38.6"),
        "2031-03-09",
        "I shiver at night.",
    )
    page = browser.get(response.url)
    assert "Call us now:" in words(page)
    assert "Call the emergency number now" not in words(page)
    assert page.context["row"].state == "waiting"


def test_danger_shows_the_emergency_number_at_once(ana):
    browser = portal(ana)
    page = words(browser.get(send(browser, symptoms=["breathless"]).url))
    assert "Call the emergency number now" in page


def test_call_now_at_night_sends_nobody_to_an_empty_desk(ana, on_the_day):
    on_the_day.move_to(NIGHT)
    browser = portal(ana)
    page = words(browser.get(send(browser, symptoms=["fever"]).url))
    assert "Call an out-of-hours doctor now, or go to an emergency department" in page
    assert "Call us now:" not in page


@pytest.mark.parametrize(
    ("typed", "unit", "kept"), [("101.3", "F", "38.5"), ("98.6", "F", "37.0"), ("38.25", "C", "38.2")]
)
def test_temperature_is_kept_in_celsius(ana, typed, unit, kept):
    send(portal(ana), temperature=typed, unit=unit)
    assert SideEffectReport.objects.get().temperature == Decimal(kept)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "symptoms"),
        ({"symptoms": ["plague"]}, "symptoms"),
        ({"symptoms": ["cough"], "since": "2031-03-11"}, "since"),
        ({"symptoms": ["cough"], "since": "2031-02-31"}, "since"),
        ({"symptoms": ["cough"], "since": "1931-03-10"}, "since"),
        ({"symptoms": ["cough"], "temperature": "hot"}, "temperature"),
        ({"symptoms": ["cough"], "temperature": "NaN"}, "temperature"),
        ({"symptoms": ["cough"], "temperature": "101"}, "temperature"),
        ({"symptoms": ["cough"], "temperature": "9e999999", "unit": "F"}, "temperature"),
        ({"symptoms": ["cough"], "unit": "K"}, "unit"),
        ({"words": "a" * 2001}, "words"),
        ({"words": "a\x01b"}, "words"),
        ({"symptoms": ["cough"], "key": "x"}, "key"),
    ],
)
def test_what_cannot_be_is_refused_beside_the_field_and_nothing_is_lost(ana, typed, field):
    response = send(portal(ana), **typed)
    form = response.context["form"]
    assert (response.status_code, list(form.errors), SideEffectReport.objects.count()) == (422, [field], 0)
    ticked = {code for _, boxes in form.groups for code, _, on in boxes if on}
    assert ticked == set(typed.get("symptoms", ())) - {"plague"}


def test_double_click_is_one_report(ana):
    browser, key = portal(ana), str(uuid4())
    first, again = (send(browser, key=key, symptoms=["cough"]).url for _ in range(2))
    assert (first, SideEffectReport.objects.count()) == (again, 1)


def test_patient_sees_when_it_was_received_read_and_answered(nurse, ana):
    browser = portal(ana)
    where = send(browser, symptoms=["cough"]).url
    assert "Not read yet" in words(browser.get(where))
    pk = SideEffectReport.objects.get().pk
    nurse.post(reverse("monitoring:read", args=[pk]))
    assert "Read by the clinic" in words(browser.get(where))
    nurse.post(
        reverse("monitoring:answer", args=[pk]),
        {"outcome": "advice", "cleared": "yes", "answer": "Rest and drink.", "note": "Sounds well."},
    )
    page = words(browser.get(where))
    assert "Rest and drink." in page
    assert "Sounds well." not in page


def test_another_patients_report_is_not_there(clinic, ana):
    theirs = [
        told(make_patient(clinic), "fever", now=NOW),
        told(make_patient(make_clinic()), "fever", now=NOW),
    ]
    browser = portal(ana)
    assert [browser.get(reverse("portal:report", args=[row.pk])).status_code for row in theirs] == [404, 404]
    assert browser.get(reverse("portal:unwell")).context["reports"] == []


def test_carer_tells_and_sees_for_the_patient_chosen_and_for_nobody_else(clinic, ana):
    ben = make_patient(clinic, given_name="Ben")
    other = told(ben, "fever", now=NOW)
    carer = portal(ana, ben)
    send(carer, symptoms=["cough"])
    assert SideEffectReport.objects.latest("pk").patient == ana
    assert carer.get(reverse("portal:report", args=[other.pk])).status_code == 404


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.PHARMACIST, Role.MANAGER])
def test_who_does_not_answer_sees_no_report_anywhere(client, clinic, ana, role):
    told(ana, "fever", now=NOW)
    desk = sign_in(client, make_member(clinic, role))
    assert "reports" not in {
        s.code for s in desk.get(reverse("desk:worklist"), {"for": "all"}).context["sections"]
    }
    assert desk.get(reverse("desk:today")).context["unread"] == []
    assert desk.get(reverse("monitoring:panel", args=[ana.pk])).context["reports"] == []


def test_unread_call_stands_on_the_day_and_in_the_worklist_until_it_is_read(nurse, clinic, ana):
    report = told(ana, "fever", now=NOW - timedelta(minutes=20))
    escalate(clinic=clinic, now=NOW)
    day = nurse.get(reverse("desk:today"))
    assert [row.report for row in day.context["unread"]] == [report]
    assert "Escalated" in words(day)
    board = nurse.get(reverse("desk:board"), headers={"HX-Request": "true"})
    assert [row.report for row in board.context["unread"]] == [report]
    section = nurse.get(reverse("desk:worklist")).context["sections"][0]
    assert (section.code, [row.press for row in section.rows]) == ("reports", ["Call now"])
    read_report(report=report, by=make_member(clinic, Role.NURSE).user, now=NOW)
    assert nurse.get(reverse("desk:today")).context["unread"] == []


def test_report_page_shows_rules_with_their_sources_and_the_unverified_mark(nurse, ana):
    report = told(ana, "fever", "rash", now=NOW)
    page = words(nurse.get(reverse("monitoring:report", args=[report.pk])))
    assert ("Same-day call (S5)" in page, page.count("Unverified")) == (True, 1)
    assert AuditEntry.objects.filter(verb="viewed patient", record_number=ana.record_number).count() == 1


def test_reading_twice_says_so_and_changes_nothing(nurse, ana):
    report = told(ana, "cough", now=NOW)
    where = reverse("monitoring:read", args=[report.pk])
    nurse.post(where)
    page = nurse.post(where, follow=True)
    assert "A colleague has read this report meanwhile." in words(page)


def test_answer_without_words_is_refused_beside_the_field_and_keeps_what_was_typed(nurse, ana):
    report = told(ana, "cough", now=NOW)
    where = reverse("monitoring:answer", args=[report.pk])
    response = nurse.post(where, {"outcome": "seen", "note": "Seen in room 2."})
    assert (response.status_code, sorted(response.context["form"].errors)) == (422, ["answer", "cleared"])
    assert "Seen in room 2." in words(response)
    assert nurse.get(where).url == reverse("monitoring:report", args=[report.pk])


def test_reports_cost_the_same_however_many_wait(nurse, clinic):
    def queries_for(many):
        while SideEffectReport.objects.count() < many:
            told(make_patient(clinic), "fever", now=NOW)
        with CaptureQueriesContext(connection) as asked:
            page = nurse.get(reverse("monitoring:reports"))
        assert len(page.context["rows"]) == many
        return len(asked)

    nurse.get(reverse("monitoring:reports"))
    assert queries_for(2) == queries_for(12)
