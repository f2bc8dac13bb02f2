"""The main job in the browser: a patient is referred, evaluated, cleared, planned, booked, written to, and looks."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from infusion.celery import app
from patients.models import Patient
from scheduling.models import Visit
from tests import factory, programs
from tests.evidence import GOOD
from tests.sink import Received, SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic() -> Clinic:
    made = factory.make_clinic(notice_delay_seconds=0)
    factory.make_regimen(made)
    return made


def enter(page: Page, who: Membership, live_server: Any) -> None:
    cookie = factory.sign_in(Client(), who).cookies["sessionid"].value
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def answer(page: Page, kind: str, value: str) -> None:
    """Give one answer on the checklist, whatever its control is."""
    field = page.locator(f'main [name="{kind}"]')
    if field.first.get_attribute("type") == "radio":
        chosen = page.locator(f'main [name="{kind}"][value="{value}"]').get_attribute("id")
        page.locator(f'label[for="{chosen}"]').click()
    elif field.first.evaluate("element => element.tagName") == "SELECT":
        field.first.select_option(value)
    else:
        field.first.fill(value)


def mail_to(sink: SmtpSink, address: str, subject: str) -> Received:
    """The first mail to an address whose subject begins so; waits for it."""

    def found() -> list[Received]:
        return [
            one
            for one in sink.received
            if address in one.to and str(one.message["Subject"]).startswith(subject)
        ]

    programs.until(lambda: bool(found()), what=f"a mail “{subject}”")
    return found()[0]


def test_patient_goes_from_referral_to_reminder(page, phone, clinic, live_server, axe, worker, smtp_sink):
    staff = {role: factory.make_member(clinic, role) for role in Role}
    # Given a receptionist who adds a referred patient
    enter(page, staff[Role.RECEPTIONIST], live_server)
    page.goto("/patients/add/")
    axe(page)
    for label, typed in (
        ("Given name", "Ada"), ("Family name", "O'Neil"), ("Birth date", "1975-12-10"),
        ("Record number", "DM-0042"), ("E-mail", "ada@example.org"),
    ):  # fmt: skip
        page.get_by_label(label).fill(typed)
    page.get_by_label("Sex recorded for care").select_option("male")
    page.locator('[name="condition"]').select_option("RA")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada O'Neil")
    page.get_by_role("button", name="Invite").click()
    axe(page)
    patient = Patient.objects.get()
    # And records the payer's authorisation
    page.goto(f"/evaluations/patients/{patient.pk}/results/add/?kind=payer_authorisation")
    answer(page, "value", "granted")
    axe(page)
    page.locator("main").get_by_role("button", name="Save").click()
    # When a prescriber confirms the diagnosis and opens the evaluation
    enter(page, staff[Role.PRESCRIBER], live_server)
    page.goto(f"/patients/{patient.pk}/")
    page.get_by_role("link", name="Decide").click()
    axe(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Evaluate").click()
    expect(page.locator("#verdict")).to_contain_text("Incomplete")
    axe(page)
    # And fills the checklist: the verdict follows while it is typed, before anything is saved
    fill_checklist(page)
    expect(page.locator("#verdict")).to_contain_text("Cleared")
    page.get_by_role("button", name="Save", exact=False).first.click()
    axe(page)
    page.get_by_role("link", name="Go to signing").click()
    page.locator('[name="regimen_version"]').first.check()
    page.get_by_label("Why the off-label use is chosen").fill("Agreed in the clinic's protocol.")
    axe(page)
    page.get_by_role("button", name="Sign as").click()
    # And prescribes the course
    page.goto(f"/patients/{patient.pk}/")
    page.get_by_role("link", name="Prescribe the course").click()
    axe(page)
    page.get_by_role("button", name="Prescribe").click()
    axe(page)
    # And the receptionist books both induction infusions and holds what follows with one click
    course = patient.course_set.get()
    enter(page, staff[Role.RECEPTIONIST], live_server)
    page.goto(f"/schedule/courses/{course.pk}/")
    page.get_by_role("link", name="Find times for the course").click()
    axe(page)
    page.locator("button[name=offer]").first.click()
    expect(page.locator(".messages, #messages").first).to_contain_text("ooked")
    first, second = Visit.objects.order_by("starts_at")
    zone = clinic.zone
    assert second.starts_at.astimezone(zone).date() - first.starts_at.astimezone(zone).date() == timedelta(
        days=14
    )
    # Then the worker writes to the patient: the invitation, and one mail for both visits
    app.send_task("infusion.reminders.tasks.sweep")
    mail_to(smtp_sink, "ada@example.org", "Your own pages")
    mail_to(smtp_sink, "ada@example.org", "Your appointments on")
    # And staff see what was sent and what will be
    page.goto(f"/reminders/patient/{patient.pk}/")
    expect(page.locator("main")).to_contain_text("Reminder, 2 days before")
    expect(page.locator("main")).to_contain_text("Sent")
    axe(page)
    # And the patient signs in by a typed code on a phone, and sees the next visit
    phone.goto("/portal/")
    axe(phone)
    phone.locator('[name="email"]').fill("ada@example.org")
    phone.locator("main button.btn-primary").click()
    sent = mail_to(smtp_sink, "ada@example.org", "Your sign-in code").message.get_content()
    code = re.search(r"^([A-Z0-9-]{6,})\s*$", sent, re.MULTILINE)
    assert code
    axe(phone)
    phone.locator('[name="code"]').fill(code[1])
    phone.locator("main button.btn-primary").first.click()
    axe(phone)
    for name, typed in (("day", "10"), ("month", "12"), ("year", "1975")):
        phone.locator(f'[name="{name}"]').fill(typed)
    phone.get_by_role("button", name="Continue").click()
    local = first.starts_at.astimezone(zone)
    expect(phone.locator(".next-visit-time")).to_contain_text(f"{local:%H:%M}")
    axe(phone)
    phone.get_by_role("link", name="My schedule").click()
    axe(phone)


WOMEN = ("pregnancy_test", "breastfeeding", "contraception")


def fill_checklist(page: Page) -> None:
    """Everything a man with rheumatoid arthritis who is fit for treatment shows."""
    today = timezone.now().date()
    for name in page.locator("main form [name]").evaluate_all(
        "all => [...new Set(all.map(one => one.name))]"
    ):
        requirement, _, kind = name.partition("-")
        if kind in WOMEN:  # folded away: they do not apply to him
            continue
        if kind in GOOD:
            answer(page, name, GOOD[kind].split(" ")[0])
        elif kind == "on" and not requirement.startswith(("pregnancy", "breastfeeding", "contraception")):
            page.locator(f'[name="{name}"]').fill(today.isoformat())
        elif kind == "until":
            page.locator(f'[name="{name}"]').fill((today + timedelta(days=300)).isoformat())
