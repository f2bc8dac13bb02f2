"""The bedside in the browser's eyes: the page of each stage, plain forms, the page's queue, and corrections."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from patients.models import Allergy
from tests.charting import PRODUCT, SIGNS, chart, ended, premedicated, running, seated
from tests.factory import make_clinic, make_member, make_patient, make_visit, sign_in
from tests.gates import ready_visit
from treatment import actions, queries
from treatment.domain.chart import Kind
from treatment.models import ChartEntry

pytestmark = pytest.mark.django_db
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London


def at(minutes):
    return NINE + timedelta(minutes=minutes)


@pytest.fixture
def clock():
    with time_machine.travel(at(65), tick=False) as travelling:
        yield travelling


@pytest.fixture
def clinic(clock):
    return make_clinic(chairs=3)


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE, name="Priya Nair")


@pytest.fixture
def tablet(client, nurse):
    return sign_in(client, nurse)


def page(client, visit):
    return client.get(reverse("bedside:page", args=[visit.pk]))


def send(client, visit, kind, *, key="a-key-of-the-page", queued=True, **fields):
    headers = {"Accept": "application/json"} if queued else {"Accept": "text/html"}
    where = reverse("bedside:add", args=[visit.pk, kind])
    return client.post(where, {"key": key} | fields, headers=headers)


def answer(response):
    return response.status_code, json.loads(response.content)


@pytest.mark.parametrize("make", [seated, premedicated, running, ended], ids=lambda make: make.__name__)
def test_bedside_shows_every_stage(tablet, clinic, nurse, clock, make):
    visit = make(clinic, NINE, nurse.user)
    clock.move_to(at(280))
    shown = page(tablet, visit)
    assert shown.status_code == 200
    assert [each.word for each in shown.context["stages"]].count("current") == 1
    assert AuditEntry.objects.of(clinic).filter(verb="viewed patient", changes__page="bedside").count() == 1


def test_bedside_before_the_arrival_and_after_the_discharge_offers_no_step(tablet, clinic, nurse, clock):
    booked = ready_visit(clinic, NINE, chair=1)
    assert page(tablet, booked).context["kinds"] == []
    visit = ended(clinic, NINE, nurse.user)
    actions.finish(visit=visit, by=nurse.user, now=at(400))
    clock.move_to(at(401))
    shown = page(sign_in(Client(), nurse), visit)
    assert [each.form.kind for each in shown.context["kinds"]] == ["note", "vitals", "reaction"]


def test_bedside_of_a_follow_up_is_not_there(tablet, clinic):
    follow_up = make_visit(make_patient(clinic), kind="follow_up", starts_at=NINE)
    assert page(tablet, follow_up).status_code == 404


def test_bedside_says_what_runs_and_what_is_next(tablet, clinic, nurse):
    shown = page(tablet, running(clinic, NINE, nurse.user)).context
    # 35 minutes at 50 mg/h: the next step is five minutes late.
    assert shown["figures"] == {
        "dose": "1000",
        "given": "29.2",
        "rate": "50",
        "rate_ml": "25",
        "given_ml": "14.6",
        "whole_ml": "500",
        "strength": "2",
        "next": "100",
        "next_ml": "50",
    }
    assert (shown["next_in"], shown["shown"].vitals_due.why) == (0, "by the clock")


def test_closed_gate_is_said_with_its_reasons_and_premedication_refused(tablet, clinic, nurse):
    visit = seated(clinic, NINE, nurse.user, drug_received="")
    chart(visit, Kind.IDENTITY, nurse.user, NINE, confirmed=["name", "birth_date"])
    shown = page(tablet, visit)
    assert [each.code for each in shown.context["shown"].verdict.blocking] == ["drug_received"]
    refused = answer(send(tablet, visit, "premedication"))
    assert refused == (422, {"errors": {"__all__": ["Drug received: Not on record yet."]}})
    plain = send(tablet, visit, "premedication", queued=False)
    assert plain.status_code == 422
    assert plain.context["forms"]["premedication"].non_field_errors() == ["Drug received: Not on record yet."]


def test_allergies_stand_at_the_top(tablet, clinic, nurse):
    visit = seated(clinic, NINE, nurse.user)
    Allergy.objects.create(clinic=clinic, patient=visit.patient, substance="Penicillin")
    assert page(tablet, visit).context["shown"].allergies == ("Penicillin",)


def test_entry_of_the_queue_is_written_once_and_says_so(tablet, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    assert [answer(send(tablet, visit, "vitals", **SIGNS)) for _ in range(2)] == [
        (200, {"state": "written"}),
        (200, {"state": "known"}),
    ]
    row = ChartEntry.objects.get(visit=visit, kind="vitals")
    assert (row.payload, row.by, row.happened_at) == (SIGNS, nurse.user, at(65))


def test_entry_carries_the_tablets_time_and_a_typed_time_goes_first(tablet, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    send(tablet, visit, "note", key="note-0001", text="Slept.", at=at(50).isoformat())
    send(tablet, visit, "note", key="note-0002", text="Woke.", at=at(64).isoformat(), time="09:40")
    rows = ChartEntry.objects.filter(visit=visit, kind="note").order_by("id")
    assert [(row.happened_at, row.recorded_at) for row in rows] == [(at(50), at(65)), (at(40), at(65))]


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        ("vitals", {"pulse": "800"}, ["pulse"]),
        ("vitals", {"pulse": "eighty", "temperature": "NaN"}, ["pulse", "temperature"]),
        ("vitals", {}, ["temperature"]),
        ("weight", {"kg": "4000"}, ["kg"]),
        ("rate", {"mg_h": "99999"}, ["mg_h"]),
        ("rate", {"mg_h": "200"}, ["reason"]),
        ("rate", {"mg_h": "-1"}, ["mg_h"]),
        ("stop", {"complete": "no"}, ["reason"]),
        ("product", PRODUCT | {"volume_ml": "100", "expires_on": "2031-01-01"}, ["expires_on", "volume_ml"]),
        ("reaction", {"grade": "5", "act": "pause"}, ["grade"]),
        ("reaction", {"grade": "2", "act": "pause"}, ["symptoms"]),
        ("note", {"text": "a\x1bb"}, ["text"]),
        ("note", {"text": "x", "time": "25:00"}, ["time"]),
        ("note", {"text": "x", "time": "23:00"}, ["time"]),
        ("note", {"text": "x", "at": "yesterday"}, ["at"]),
        ("identity", {"confirmed": ["name"]}, ["confirmed"]),
        ("identity", {"confirmed": ["shoe_size"]}, ["confirmed"]),
    ],
)
def test_impossible_value_is_refused_beside_its_field_and_nothing_is_lost(
    tablet, clinic, nurse, kind, fields, wrong
):
    visit = running(clinic, NINE, nurse.user)
    before = ChartEntry.objects.filter(visit=visit).count()
    status, said = answer(send(tablet, visit, kind, **fields))
    assert (status, sorted(said["errors"])) == (422, wrong)
    plain = send(tablet, visit, kind, queued=False, **fields)
    typed = plain.context["typed"]
    assert (plain.status_code, sorted(typed.errors)) == (422, wrong)
    assert {name: typed.data.get(name) for name in fields} == {
        name: value[-1] if isinstance(value, list) else value for name, value in fields.items()
    }
    assert ChartEntry.objects.filter(visit=visit).count() == before


def test_kind_that_nobody_types_is_not_there(tablet, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    assert [send(tablet, visit, kind).status_code for kind in ("discharge", "weather")] == [404, 404]


def test_plain_form_writes_and_returns_to_the_page(tablet, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    response = send(tablet, visit, "rate", queued=False, mg_h="100")
    assert (response.status_code, response.url) == (302, reverse("bedside:page", args=[visit.pk]))
    assert page(tablet, visit).context["figures"]["rate"] == "100"


def test_page_that_has_seen_everything_is_told_nothing(tablet, clinic, nurse):
    visit = seated(clinic, NINE, nurse.user)
    chart(visit, Kind.WEIGHT, nurse.user, NINE, kg="74")
    where, seen = reverse("bedside:live", args=[visit.pk]), queries.sequence(visit)
    assert tablet.get(where, {"seen": seen, "stage": "in_chair"}).status_code == 204
    stale = tablet.get(where, {"seen": seen - 1, "stage": "in_chair"})
    moved_on = tablet.get(where, {"seen": seen, "stage": "arrived"})
    assert [response.content.decode().count('id="acts"') for response in (stale, moved_on)] == [0, 1]
    assert stale.content.decode().lstrip().startswith('<section class="card bed-now" id="now"')


def test_refreshing_bedside_keeps_nobody_signed_in(tablet, clinic, nurse, clock):
    visit = running(clinic, NINE, nurse.user)
    page(tablet, visit)
    clock.move_to(at(65 + 16))
    response = tablet.get(reverse("bedside:live", args=[visit.pk]), headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (401, reverse("account_login"))


def test_correction_asks_for_a_reason_and_keeps_what_was_written(tablet, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    row = ChartEntry.objects.get(visit=visit, kind="rate")
    where = reverse("bedside:correct", args=[visit.pk, row.pk])
    begun = tablet.get(where).context["form"]
    assert (begun.initial["mg_h"], f"{begun.initial['time']:%H:%M}") == ("50", "09:30")
    typed = {"key": "correct-0001", "mg_h": "40", "time": "09:32"}
    assert sorted(tablet.post(where, typed).context["form"].errors) == ["correction_reason"]
    assert tablet.post(where, typed | {"correction_reason": "Read again."}).status_code == 302
    line = next(line for line in queries.chart_of(visit).lines if line.entry.kind == Kind.RATE)
    assert (line.entry.payload, line.entry.happened_at) == ({"mg_h": "40", "reason": ""}, at(32))
    assert [each.payload["mg_h"] for each in line.replaced] == ["50"]


def test_entry_that_never_happened_needs_the_reason_alone(tablet, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    row = ChartEntry.objects.get(visit=visit, kind="rate")
    typed = {"key": "correct-0001", "never_happened": "on", "correction_reason": "Wrong patient."}
    assert tablet.post(reverse("bedside:correct", args=[visit.pk, row.pk]), typed).status_code == 302
    assert page(tablet, visit).context["stage"].code == "premedicating"


def test_premedication_that_began_at_another_time_is_corrected_and_stands(tablet, clinic, nurse):
    visit = premedicated(clinic, NINE, nurse.user)
    row = ChartEntry.objects.get(visit=visit, kind="premedication")
    typed = {"key": "correct-0001", "time": "09:02", "correction_reason": "Typed late."}
    assert tablet.post(reverse("bedside:correct", args=[visit.pk, row.pk]), typed).status_code == 302
    (begun,) = queries.chart_of(visit).of(Kind.PREMEDICATION)
    assert (begun.happened_at, page(tablet, visit).context["stage"].code) == (at(2), "premedicating")


def test_looking_at_an_entry_to_correct_it_is_in_the_audit_trail(tablet, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    row = ChartEntry.objects.get(visit=visit, kind="rate")
    tablet.get(reverse("bedside:correct", args=[visit.pk, row.pk]))
    seen = AuditEntry.objects.filter(verb="viewed patient", record_number=visit.patient.record_number)
    assert [each.changes["page"] for each in seen] == ["correcting a chart entry"]


@pytest.mark.parametrize("odd", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "yesterday"])
def test_tablets_time_that_cannot_be_is_refused(tablet, clinic, nurse, odd):
    visit = seated(clinic, NINE, nurse.user)
    response = send(tablet, visit, "note", text="x", at=odd)
    assert (response.status_code, sorted(json.loads(response.content)["errors"])) == (422, ["at"])


def test_entry_of_another_visit_is_not_there(tablet, clinic, nurse):
    one, other = seated(clinic, NINE, nurse.user), seated(clinic, NINE, nurse.user, chair=1)
    row = chart(other, Kind.WEIGHT, nurse.user, NINE, kg="74").entry
    assert tablet.get(reverse("bedside:correct", args=[one.pk, row.pk])).status_code == 404


def test_discharge_shows_what_the_chart_says_and_asks_why_it_is_early(tablet, clinic, nurse, clock):
    visit = ended(clinic, NINE, nurse.user)
    clock.move_to(at(300))
    where = reverse("treatment:finish", args=[visit.pk])
    assert tablet.get(where).context["closing"].dose_mg == 1000
    refused = tablet.post(where, {"early_reason": ""})
    assert (refused.status_code, sorted(refused.context["form"].errors)) == (422, ["early_reason"])
    assert tablet.post(where, {"early_reason": "Wants to go home."}).status_code == 302
    assert queries.visit(clinic, visit.pk).record.state == "done"


def test_colleague_who_does_not_treat_reads_the_chart_and_writes_nothing(client, clinic, nurse):
    visit = running(clinic, NINE, nurse.user)
    sign_in(client, make_member(clinic, Role.PHARMACIST))
    assert b"data-entry" not in page(client, visit).content
    assert send(client, visit, "pause").status_code == 403
