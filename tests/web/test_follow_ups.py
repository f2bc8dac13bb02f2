"""Follow-ups on the screen: the list, booking, closing, and the patient page's part."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils.html import escape

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation.domain.requirements import DEFAULTS
from monitoring.domain.follow_up import FOLLOW_UP_RULES
from monitoring.domain.surveillance import CHECKS, INFORMATION
from monitoring.domain.triage import SIDE_EFFECTS
from patients.models import EarlierInfusion
from tests.factory import make_clinic, make_diagnosis, make_follow_up, make_member, make_patient, sign_in

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
DAY = date(2031, 3, 10)


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return make_clinic(chairs=3)


@pytest.fixture
def desk(client, clinic):
    return sign_in(client, make_member(clinic, Role.NURSE))


def test_follow_ups_are_listed_and_booked_from_a_free_time(client, clinic):
    sign_in(client, make_member(clinic, Role.RECEPTIONIST))
    follow_up = make_follow_up(make_patient(clinic), due_on=date(2031, 3, 18))
    assert client.get(reverse("monitoring:list")).context["total"] == 1
    page = client.get(reverse("monitoring:book", args=[follow_up.pk]), {"day": "2031-03-18", "time": "09:00"})
    assert page.context["times"][0] == datetime(2031, 3, 18, 8, tzinfo=UTC)
    response = client.post(
        reverse("monitoring:book", args=[follow_up.pk]),
        {"day": "2031-03-18", "time": "09:00", "minutes": "30"},
    )
    assert response.url == reverse("patients:detail", args=[follow_up.patient_id])
    follow_up.refresh_from_db()
    assert follow_up.visit.starts_at == datetime(2031, 3, 18, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": "2031-03-18", "time": "04:00"}, "time"),
        ({"day": "2031-02-31", "time": "09:00"}, "day"),
        ({"day": "2031-03-16", "time": "09:00"}, "day"),
        ({"day": "2031-03-30", "time": "01:30"}, "time"),
        ({"day": "2031-03-18", "time": "25:00"}, "time"),
        ({"day": "9999-12-31", "time": "23:59"}, "day"),
        ({"day": "2031-03-18", "time": "09:00", "minutes": "7000"}, "minutes"),
        ({"day": "2031-03-18", "time": "09:00", "nurse": "999999"}, "nurse"),
    ],
)
def test_follow_up_at_an_impossible_time_is_refused_beside_the_field(desk, clinic, typed, field):
    follow_up = make_follow_up(make_patient(clinic), due_on=date(2031, 3, 18))
    response = desk.post(reverse("monitoring:book", args=[follow_up.pk]), {"minutes": "30"} | typed)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_follow_up_is_closed_with_words(desk, clinic):
    follow_up = make_follow_up(make_patient(clinic), due_on=DAY)
    where = reverse("monitoring:close", args=[follow_up.pk])
    assert desk.post(where, {"outcome": " "}).status_code == 422
    assert desk.post(where, {"outcome": "Bloods at the family doctor."}).status_code == 302
    follow_up.refresh_from_db()
    assert (follow_up.state, follow_up.outcome) == ("closed", "Bloods at the family doctor.")


def test_panel_is_a_part_of_the_patients_page_and_a_page_of_its_own(desk, clinic):
    follow_up = make_follow_up(make_patient(clinic), due_on=DAY)
    where = reverse("monitoring:panel", args=[follow_up.patient_id])
    page, part = desk.get(where), desk.get(where, headers={"HX-Request": "true"})
    assert (page.content.decode().count("<html"), part.content.decode().count("<html")) == (1, 0)
    assert AuditEntry.objects.of(clinic).filter(verb="viewed patient").count() == 2


@pytest.mark.parametrize("name", ["book", "close"])
def test_follow_up_of_another_clinic_is_not_there(desk, name):
    foreign = make_follow_up(make_patient(make_clinic()), due_on=DAY)
    assert desk.get(reverse(f"monitoring:{name}", args=[foreign.pk])).status_code == 404


def infused(clinic, condition="RA"):
    patient = make_patient(clinic)
    make_diagnosis(patient, condition)
    EarlierInfusion.objects.create(
        clinic=clinic, patient=patient, given_on=date(2030, 10, 1), given_here=True
    )
    return patient


def test_list_is_narrowed_to_visits_checks_or_one_rule(desk, clinic):
    make_follow_up(infused(clinic), due_on=DAY)
    where = reverse("monitoring:list")
    totals = {
        what: desk.get(where, {"what": what}).context["total"]
        for what in ("", "visits", "checks", "blood_count")
    }
    assert totals == {"": 3, "visits": 1, "checks": 2, "blood_count": 1}
    assert desk.get(where, {"what": "nonsense\x00"}).context["total"] == 3


def test_list_costs_the_same_however_much_follows(desk, clinic):
    def queries_for(many):
        while EarlierInfusion.objects.count() < many:
            make_follow_up(infused(clinic, "MS"), due_on=DAY)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(reverse("monitoring:list")).status_code == 200
        return len(asked)

    desk.get(reverse("monitoring:list"))
    assert queries_for(2) == queries_for(12)


def test_result_is_recorded_from_the_list_in_one_click_and_the_check_moves_on(desk, clinic):
    patient = infused(clinic)
    page = desk.get(reverse("monitoring:list"), {"what": "blood_count"}).content.decode()
    address = f"{reverse('evaluation:record', args=[patient.pk])}?kind=neutrophils&next={reverse('monitoring:list')}"
    assert address.replace("&", "&amp;") in page
    response = desk.post(address, {"value": "3.2", "value-unit": "10*9/L", "observed_on": "2031-03-09"})
    assert response.url == reverse("monitoring:list")
    (row,) = desk.get(reverse("monitoring:list"), {"what": "blood_count"}).context["groups"][3][2]
    assert row.check.standing == "coming"


def test_check_is_closed_with_a_reason_and_opened_again(desk, clinic):
    patient = infused(clinic)
    close = reverse("monitoring:close_watch", args=[patient.pk, "igg_watch"])
    again = reverse("monitoring:reopen_watch", args=[patient.pk, "igg_watch"])
    panel = reverse("monitoring:panel", args=[patient.pk])
    assert (desk.get(close).status_code, desk.post(close, {"reason": " "}).status_code) == (200, 422)
    desk.post(close, {"reason": "Seen elsewhere."})
    assert [each.step.reason for each in desk.get(panel).context["closed"]] == ["Seen elsewhere."]
    assert desk.post(close, {"reason": "Twice."}).status_code == 422
    desk.post(again, {"reason": "Back."})
    assert desk.get(panel).context["closed"] == []
    assert desk.get(reverse("monitoring:close_watch", args=[patient.pk, "no-such"])).status_code == 404


@pytest.mark.parametrize("name", ["list", "reports"])
def test_list_of_what_patients_have_is_seen_in_the_audit_trail(desk, clinic, name):
    desk.get(reverse(f"monitoring:{name}"))
    (seen,) = AuditEntry.objects.of(clinic).filter(verb="viewed").values_list("changes__page", flat=True)
    assert seen == {"list": "follow-ups", "reports": "side effect reports"}[name]


def test_rules_stand_with_their_sources_and_marks(desk):
    page = desk.get(reverse("monitoring:rules")).content.decode()
    rows = [*FOLLOW_UP_RULES, *CHECKS, *INFORMATION, *SIDE_EFFECTS.rules, *SIDE_EFFECTS.settings]
    rows.append(DEFAULTS.thresholds.neutrophils_hold)
    assert [row for row in rows if escape(row.source) not in page] == []
    assert page.count("Unverified") == sum(not row.verified for row in rows)


@pytest.mark.parametrize(
    ("decision", "leads_to"),
    [("continue", "patients:detail"), ("extend", "series:decide"), ("stop", "scheduling:stop")],
)
def test_decision_leads_to_what_follows_from_it(client, clinic, decision, leads_to):
    sign_in(client, make_member(clinic, Role.PRESCRIBER))
    row = make_follow_up(make_patient(clinic), due_on=DAY, kind="week_24_decision")
    where = reverse("monitoring:decide", args=[row.pk])
    assert client.get(where).status_code == 200
    refused = client.post(where, {"decision": decision})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["reason"])
    response = client.post(where, {"decision": decision, "reason": "As agreed."})
    assert resolve(response.url).view_name == leads_to
    assert client.get(response.url).status_code == 200


def test_check_is_booked_from_a_free_time(desk, clinic):
    patient = infused(clinic)
    where = reverse("monitoring:book_check", args=[patient.pk, "blood_count"])
    first = desk.get(where).context["times"][0].astimezone(clinic.zone)
    typed = {"day": f"{first:%Y-%m-%d}", "time": f"{first:%H:%M}", "minutes": "30"}
    assert desk.post(where, typed | {"time": "03:00"}).status_code == 422
    assert desk.post(where, typed).url == reverse("patients:detail", args=[patient.pk])
    (row,) = desk.get(reverse("monitoring:list"), {"what": "blood_count"}).context["groups"][2][2]
    assert (row.check.visit.starts_at, row.check.words.words) == (first, "Booked")
    assert desk.get(reverse("monitoring:book_check", args=[patient.pk, "cd19"])).status_code == 404
