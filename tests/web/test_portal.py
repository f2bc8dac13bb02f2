"""The patient's own pages: what stands there, and whose."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry
from infusion.portal import answers
from infusion.portal.domain.education import PAGES, VERSION
from patients.models import PortalAccess
from tests import factory
from tests.gates import open_gate

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def ana(clinic):
    return factory.make_patient(clinic, given_name="Ana", email="ana@example.org")


def enter(client, patient, *, confirmed=True):
    user = factory.make_user(door="portal", email=patient.email)
    now = timezone.now()
    PortalAccess.objects.create(
        clinic=patient.clinic,
        patient=patient,
        user=user,
        invited_at=now,
        confirmed_at=now if confirmed else None,
    )
    return factory.sign_in(client, user)


def in_days(clinic, days, hour=9):
    day = timezone.now().astimezone(clinic.zone).date() + timedelta(days=days)
    return datetime.combine(day, time(hour), tzinfo=clinic.zone).astimezone(UTC)


def test_home_shows_the_next_visit_in_the_clinics_time(client, clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 10))
    page = enter(client, ana).get(reverse("portal:home"))
    assert page.context["visit"] == visit
    assert '<p class="next-visit-time">09:00 to about 15:15</p>' in page.content.decode()


def test_free_times_are_not_looked_for_without_end(client, clinic, ana, monkeypatch):
    monkeypatch.setattr(answers, "SEARCHES", 2)
    factory.make_visit(ana, starts_at=in_days(clinic, 10))
    pages = [enter(client, ana).get(reverse("portal:other_time"))]
    pages += [client.get(reverse("portal:other_time")) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200, 429]
    assert (pages[2]["Retry-After"], pages[2].context["wait"]) == ("600", "10 minutes")


@pytest.mark.parametrize(
    ("address", "status"), [("/no-such-page/", 404), ("/patients/", 403), ("/portal/x/", 404)]
)
def test_page_that_says_no_leads_a_patient_back_to_their_own(client, ana, address, status):
    page = enter(client, ana).get(address)
    ways = re.findall(r'class="(?:brand|btn btn-primary)" href="([^"]+)"', page.content.decode())
    assert (page.status_code, ways) == (status, [reverse("portal:home")] * 2)


def test_home_without_a_visit_says_so(client, ana):
    page = enter(client, ana).get(reverse("portal:home"))
    assert (page.context["visit"], page.context["due"]) == (None, [])


def test_what_is_planned_and_not_booked_is_due_around_its_day(client, clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 10))
    due = enter(client, ana).get(reverse("portal:home")).context["due"]
    course = visit.planned_infusion.course
    assert [row.about for row in due] == [
        row.planned_on
        for row in course.planned_infusions.order_by("ordinal")
        if row != visit.planned_infusion
    ]


def test_cancelled_visit_is_not_shown(client, clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 10))
    factory.change_visit(visit, "cancelled")
    assert enter(client, ana).get(reverse("portal:home")).context["visit"] is None


def test_what_is_still_needed_stands_in_plain_words(client, clinic, ana):
    factory.make_visit(ana, starts_at=in_days(clinic, 10))
    holding = enter(client, ana).get(reverse("portal:home")).context["holding"]
    said = {words: state for state, words in holding[0].rows}
    assert (len(holding), said["Your hepatitis B test is missing."]) == (1, "missing")
    assert said["The medicine for your infusion is not here yet."] == "later"
    assert not any("HBsAg" in words for words in said)


def test_what_has_run_out_by_a_later_infusion_is_told_from_what_is_missing(client, clinic, ana):
    factory.make_visit(ana, starts_at=in_days(clinic, 3))
    later = factory.make_visit(ana, starts_at=in_days(clinic, 180))
    open_gate(ana, timezone.now().date(), drug_received="", igg="2")
    holding = enter(client, ana).get(reverse("portal:home")).context["holding"]
    said = {words: state for state, words in holding[1].rows}
    assert (len(holding), holding[1].visit) == (2, later)
    assert said["Your antibody level is too low. Your infusion waits until it has risen."] == "waits"
    assert said["The medicine for your infusion is not here yet."] == "later"


def test_another_patients_visit_is_not_shown(client, clinic, ana):
    factory.make_visit(factory.make_patient(clinic, email="b@example.org"), starts_at=in_days(clinic, 10))
    page = enter(client, ana).get(reverse("portal:schedule"))
    assert (list(page.context["upcoming"]), list(page.context["past"])) == ([], [])


def test_portal_view_of_the_record_is_in_the_audit_trail(client, ana):
    enter(client, ana).get(reverse("portal:home"))
    entry = AuditEntry.objects.order_by("-id").first()
    assert (entry.actor_name, entry.verb, entry.record_number) == (
        ana.email,
        "viewed patient",
        ana.record_number,
    )


def test_unproved_address_sees_no_page(client, ana):
    browser = enter(client, ana, confirmed=False)
    for name in ("home", "schedule", "education"):
        assert browser.get(reverse(f"portal:{name}"))["Location"] == reverse("portal:who")


def test_portal_of_the_dead_is_closed(client, ana):
    browser = enter(client, ana)
    ana.deceased = True
    ana.save()
    assert browser.get(reverse("portal:home")).status_code == 403


@pytest.mark.parametrize(
    "typed", [{}, {"day": "31", "month": "2", "year": "1980"}, {"day": "x", "month": "\x00", "year": "-1"}]
)
def test_odd_birth_dates_are_refused_beside_the_field(client, ana, typed):
    response = enter(client, ana, confirmed=False).post(reverse("portal:who"), typed)
    assert (response.status_code, bool(response.context["form"].errors)) == (422, True)
    assert PortalAccess.objects.get().failed_confirmations == 0


def test_education_waits_for_the_clinics_approval(client, clinic, ana):
    browser = enter(client, ana)
    assert browser.get(reverse("portal:education_page", args=[PAGES[0].slug])).status_code == 404
    clinic.education_approved_version = VERSION
    clinic.save()
    for page in PAGES:
        assert browser.get(reverse("portal:education_page", args=[page.slug])).status_code == 200


def test_manager_approves_the_pages(client, clinic):
    factory.sign_in(client, factory.make_member(clinic, "manager"))
    client.post(reverse("portal:review"))
    clinic.refresh_from_db()
    assert clinic.education_approved_version == VERSION


def test_patient_cannot_approve_the_pages(client, ana):
    assert enter(client, ana).post(reverse("portal:review")).status_code == 403


def test_personal_pages_are_not_stored(client, ana):
    response = enter(client, ana).get(reverse("portal:home"))
    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "same-origin")


def test_idle_portal_session_ends(client, ana, settings):
    browser = enter(client, ana)
    browser.get(reverse("portal:home"))
    session = browser.session
    session["seen_at"] = timezone.now().timestamp() - settings.PORTAL_IDLE_SECONDS - 1
    session.save()
    response = browser.get(reverse("portal:home"))
    assert response["Location"].startswith(reverse("account_request_login_code"))


def test_patient_signs_out_to_the_patients_own_door(client, ana):
    enter(client, ana)
    assert client.post(reverse("account_logout"))["Location"] == reverse("account_request_login_code")
