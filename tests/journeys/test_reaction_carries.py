"""From a positive anti-HBc through prophylaxis to a first infusion with a reaction, and the second visit it changes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from evaluation.actions import open_evaluation
from evaluation.models import Result
from patients.models import Patient
from scheduling.models import Visit
from tests import factory
from tests.charting import chart, prepare
from tests.gates import open_gate
from tests.journeys.test_referral_to_reminder import answer, enter, fill_checklist
from treatment import actions, queries
from treatment.domain.chart import Kind

pytestmark = pytest.mark.django_db(transaction=True)
NOT_AGAIN = {"anti_hbc": "", "hbv_dna": "", "hbv_prophylaxis": "", "anti_hbs": "", "hepatology": ""}


@pytest.fixture
def clinic() -> Clinic:
    made = factory.make_clinic()
    factory.make_regimen(made)
    return made


@pytest.fixture
def staff(clinic: Clinic) -> dict[Role, Membership]:
    return {role: factory.make_member(clinic, role) for role in Role}


def referred(clinic: Clinic, staff: dict[Role, Membership]) -> Patient:
    """A man with rheumatoid arthritis whose evaluation has been opened; his payer agrees."""
    patient = factory.make_patient(clinic, sex="male", given_name="Ada", family_name="O'Neil")
    diagnosis, by = factory.make_diagnosis(patient), staff[Role.NURSE].user
    open_evaluation(clinic=clinic, patient=patient, diagnosis=diagnosis, by=by, now=timezone.now())
    Result.objects.create(
        clinic=clinic,
        patient=patient,
        kind="payer_authorisation",
        value="granted",
        observed_on=timezone.now().date(),
        valid_until=timezone.now().date() + timedelta(days=300),
    )
    return patient


def clear(page: Page, patient: Patient) -> None:
    """Answer the checklist with a positive anti-HBc, then what that opens, and sign."""
    page.goto(f"/patients/{patient.pk}/")
    page.get_by_role("link", name="Go on").click()
    fill_checklist(page)
    answer(page, "anti_hbc-anti_hbc", "positive")
    expect(page.locator("#verdict")).not_to_contain_text("Cleared")
    page.get_by_role("button", name="Save", exact=False).first.click()
    expect(page.locator("#verdict")).to_contain_text("HBV DNA")
    expect(page.locator("#verdict")).to_contain_text("rophylaxis")
    today = timezone.now().date().isoformat()
    for requirement, kind, value in (
        ("hbv_dna", "hbv_dna", "not_detected"),
        ("anti_hbs", "anti_hbs", "negative"),
        ("hbv_prophylaxis", "hbv_prophylaxis", "entecavir"),
        ("hbv_prophylaxis", "hepatology", "agreed"),
    ):
        answer(page, f"{requirement}-{kind}", value)
        page.locator(f'[name="{requirement}-on"]').fill(today)
    for kind in ("hbv_prophylaxis", "hepatology"):
        page.locator(f'[name="hbv_prophylaxis-{kind}-day"]').fill(today)
    expect(page.locator("#verdict")).to_contain_text("Cleared")
    page.get_by_role("button", name="Save", exact=False).first.click()
    page.get_by_role("link", name="Go to signing").click()
    page.locator('[name="regimen_version"]').first.check()
    page.get_by_label("Why the off-label use is chosen").fill("Agreed in the clinic's protocol.")
    page.get_by_label("I have weighed this").check()
    page.get_by_role("button", name="Sign as").click()
    page.goto(f"/patients/{patient.pk}/")
    page.get_by_role("link", name="Prescribe the course").click()
    page.get_by_role("button", name="Prescribe").click()


def book(page: Page, patient: Patient) -> tuple[Visit, Visit]:
    """Book the two induction infusions with one click."""
    page.goto(f"/schedule/courses/{patient.course_set.get().pk}/")
    page.get_by_role("link", name="Find times for the course").click()
    page.locator("button[name=offer]").first.click()
    expect(page.locator("#messages")).to_contain_text("ooked")
    first, second = Visit.objects.filter(patient=patient).order_by("starts_at")
    return queries.visit(patient.clinic, first.pk), queries.visit(patient.clinic, second.pk)


def come(visit: Visit, nurse: Any, at: datetime) -> None:
    """The patient sits in the chair, with what the day's gate asks for on record."""
    open_gate(visit.patient, at.astimezone(visit.clinic.zone).date(), **NOT_AGAIN)
    for step in (actions.arrive, actions.start):
        step(visit=queries.visit(visit.clinic, visit.pk), by=nurse, now=at)


def react(page: Page) -> None:
    """Grade 2: rigors; the drip is paused, and resumes at the rate that the page proposes."""
    form = page.locator("#act-reaction")
    form.locator("summary").first.click()
    for label in ("Grade 2", "Shivering or rigors", "Paused and treated"):
        form.get_by_label(label, exact=label != "Grade 2").check()
    page.locator("#send-reaction").click()
    expect(page.locator("#now .bed-figure").first).to_contain_text("Paused")
    expect(page.locator(".bed-proposal")).to_contain_text("Resume at no more than half the rate")
    page.locator("#resume").click()
    expect(page.locator("#now .bed-figure").first).to_contain_text("75")


def test_reaction_at_the_third_step_changes_the_second_visit(page, clinic, staff, live_server, axe):
    nurse = staff[Role.NURSE].user
    # Given a referred man whose anti-HBc is positive: prophylaxis is asked for, begun, and the prescriber signs
    patient = referred(clinic, staff)
    enter(page, staff[Role.PRESCRIBER], live_server)
    clear(page, patient)
    first, second = book(page, patient)
    usual = second.ends_at - second.starts_at
    # When the first infusion reaches its third step on the day, and the patient begins to shiver
    begins = first.starts_at
    with time_machine.travel(begins + timedelta(minutes=95)):
        come(first, nurse, begins)
        prepare(first, begins, nurse)
        for step in range(3):
            at = begins + timedelta(minutes=30 + 30 * step)
            chart(first, Kind.RATE, nurse, at, mg_h=str(50 * (step + 1)), reason="")
        enter(page, staff[Role.NURSE], live_server)
        page.goto(f"/visits/{first.pk}/bedside/")
        react(page)
        axe(page)
    # And the rest of the dose is given slowly, and the patient is observed and discharged
    with time_machine.travel(begins + timedelta(minutes=600)):
        how = {"complete": True, "dose_mg": "", "reason": ""}
        chart(first, Kind.STOP, nurse, begins + timedelta(minutes=500), now=timezone.now(), **how)
        enter(page, staff[Role.NURSE], live_server)
        page.goto(f"/visits/{first.pk}/bedside/")
        page.locator("#discharge").click()
        expect(page.locator("main")).to_contain_text("Grade 2: Shivering or rigors.")
        page.get_by_role("button", name="Discharge").click()
        expect(page.locator(f"#visit-{first.pk} .chip").first).to_have_text("Discharged")
        # Then the desk is told that the second visit, booked already, is too short, and moves it
        enter(page, staff[Role.RECEPTIONIST], live_server)
        page.goto("/worklist/")
        expect(page.locator("main")).to_contain_text("90 minutes too short")
        page.goto(f"/schedule/visits/{second.pk}/move/")
        page.locator("#id_reason").fill("It takes longer after the reaction.")
        page.locator("button[name=offer]").first.click()
        expect(page.locator("#messages")).to_contain_text("Moved")
    second = queries.visit(clinic, second.pk)
    assert second.ends_at - second.starts_at == usual + timedelta(minutes=90)
    # And the second infusion begins at the first one's rates, with what happened at the head of the page
    with time_machine.travel(second.starts_at):
        come(second, nurse, second.starts_at)
        enter(page, staff[Role.NURSE], live_server)
        page.goto(f"/visits/{second.pk}/bedside/")
        expect(page.locator("#reminded")).to_contain_text("Grade 2 reaction before")
        expect(page.locator("#reminded")).to_contain_text("Unverified")
        expect(page.locator("#plan")).to_contain_text("First infusion")
        axe(page)
