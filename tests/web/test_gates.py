"""The screens of the gate: which visits will fail it, one visit's sheet, opening it, calls and orders."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from evaluation.actions import note_reported_infection
from scheduling import queries
from scheduling.models import GateOverride
from tests import factory
from tests.evaluating import kept
from tests.gates import ready_visit

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def clinic():
    return factory.make_clinic(chairs=6, nurses=6)


@pytest.fixture
def nurse(clinic):
    return factory.make_member(clinic, Role.NURSE)


@pytest.fixture
def prescriber(clinic):
    return factory.make_member(clinic, Role.PRESCRIBER)


def nine(days):
    """Nine in the morning, UTC, of a day to come."""
    return (NOW + timedelta(days=days)).replace(hour=9, minute=0, second=0, microsecond=0)


def a_visit(clinic, days, chair=0, **answers):
    return queries.visit(clinic, ready_visit(clinic, nine(days), chair=chair, gate=False, **answers).pk)


def signed_in(client, member):
    return factory.sign_in(client, member)


def named(page):
    return [(str(row.visit.patient), row.days_left) for row in page.context["rows"]]


def test_visits_are_listed_by_how_near_they_are(client, clinic, nurse):
    visits = [a_visit(clinic, days, chair) for chair, days in enumerate((2, 10, 20, 40))]
    desk, address = signed_in(client, nurse), reverse("gates:ahead")
    found = {days: len(desk.get(f"{address}?days={days}").context["rows"]) for days in (3, 14, 28)}
    assert found == {3: 1, 14: 2, 28: 3}
    assert named(desk.get(address)) == [
        (str(visit.patient), days) for visit, days in zip(visits, (2, 10, 20), strict=False)
    ]


def test_visits_are_narrowed_to_who_must_act(client, clinic, nurse):
    a_visit(clinic, 2)
    desk, address = signed_in(client, nurse), reverse("gates:ahead")
    rows = desk.get(f"{address}?who=prescriber").context["rows"]
    assert [set(row.actors) for row in rows] == [{"nurse", "prescriber", "front desk"}]
    assert desk.get(f"{address}?who=nobody&days=9").context["days"] == 28


def test_nothing_is_said_where_nothing_is_missing(client, nurse):
    page = signed_in(client, nurse).get(reverse("gates:ahead"))
    assert page.context["rows"] == []
    assert "Nothing is missing for the next 28 days" in page.text


def test_the_list_costs_the_same_however_many_fail(client, clinic, nurse, django_assert_max_num_queries):
    desk, address, seen = signed_in(client, nurse), reverse("gates:ahead"), []
    desk.get(address)
    for chair in range(6):
        a_visit(clinic, 2, chair)
        if chair in (1, 5):
            with django_assert_max_num_queries(40) as asked:
                page = desk.get(address)
            assert len(page.context["rows"]) == chair + 1
            seen.append(len(asked))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(("what", "kind"), [("order", "gate_order"), ("call", "gate_call")])
def test_one_click_asks_for_an_order_or_a_call_and_a_second_changes_nothing(
    client, clinic, nurse, what, kind
):
    visit = a_visit(clinic, 2)
    desk, address = signed_in(client, nurse), reverse("gates:ask", args=[visit.pk])
    for _ in range(2):
        answer = desk.post(address, {"what": what, "back": "ahead"})
        assert (answer.status_code, answer.url) == (302, reverse("gates:ahead"))
    task = StaffTask.objects.get(kind=kind)
    assert (task.role, task.record_number) == ("nurse", visit.patient.record_number)
    row = desk.get(reverse("gates:ahead")).context["rows"][0]
    assert (row.is_ordered, row.is_called) == (what == "order", what == "call")


def test_a_nurse_records_what_is_missing_from_the_row(client, clinic, nurse):
    a_visit(clinic, 2)
    row = signed_in(client, nurse).get(reverse("gates:ahead")).context["rows"][0]
    links = {need.finding.code: [each.label for each in need.records] for need in row.needs}
    assert links["igg"] == ["Immunoglobulin G (IgG)"]
    assert links["blood_count"] == ["Neutrophils", "White cells", "Haemoglobin", "Platelets"]


def opening(visit, **changes):
    today = NOW.astimezone(visit.clinic.zone).date()
    verdict = queries.gates(visit.clinic, [visit], today=today)[visit.pk]
    form = {
        "tokens": [verdict.finding("igg").token],
        "reason": "IgG is on its way",
        "expires_on": visit.starts_at.astimezone(visit.clinic.zone).date().isoformat(),
    }
    return form | changes


def test_a_prescriber_opens_the_gate_from_its_sheet_and_everybody_sees_it(client, clinic, prescriber, nurse):
    visit = a_visit(clinic, 2)
    desk = signed_in(client, prescriber)
    answer = desk.post(reverse("gates:open", args=[visit.pk]), opening(visit))
    assert (answer.status_code, answer.url) == (302, reverse("gates:sheet", args=[visit.pk]))
    words = f"Opened by {prescriber.user} until"
    on = visit.starts_at.astimezone(clinic.zone).date().isoformat()
    pages = [
        reverse("gates:sheet", args=[visit.pk]),
        reverse("scheduling:visit", args=[visit.pk]),
        f"{reverse('desk:day_sheet')}?day={on}",
        f"{reverse('desk:today')}?day={on}",
    ]
    assert [words in signed_in(client, nurse).get(page).text for page in pages] == [True] * 4
    count = client.get(reverse("gates:opened"))
    assert (count.context["total"], count.context["counts"]) == (1, [("Immunoglobulin G (IgG)", 1)])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tokens": []}, "tokens"),
        ({"tokens": ["igg-0"]}, "tokens"),
        ({"reason": ""}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"expires_on": "31.12.2031"}, "expires_on"),
        ({"expires_on": "2001-01-01"}, "expires_on"),
    ],
)
def test_a_bad_override_is_reported_beside_its_field_and_nothing_is_lost(
    client, clinic, prescriber, changes, field
):
    visit = a_visit(clinic, 2)
    page = signed_in(client, prescriber).post(
        reverse("gates:open", args=[visit.pk]), opening(visit, **changes)
    )
    form = page.context["form"]
    assert (page.status_code, list(form.errors), GateOverride.objects.count()) == (422, [field], 0)
    assert form["reason"].value() == opening(visit, **changes)["reason"]


def test_what_is_never_opened_is_not_offered(client, clinic, prescriber):
    visit = a_visit(clinic, 2)
    page = signed_in(client, prescriber).get(reverse("gates:sheet", args=[visit.pk]))
    offered = {token.rpartition("-")[0] for token, _ in page.context["form"].fields["tokens"].choices}
    never = {finding.code for finding in page.context["sheet"].never}
    assert never == {"hbsag", "anti_hbc", "hypersensitivity", "pml_history"}
    assert offered & never == set()


def test_an_override_is_withdrawn_with_a_reason(client, clinic, prescriber):
    visit = a_visit(clinic, 2)
    desk = signed_in(client, prescriber)
    desk.post(reverse("gates:open", args=[visit.pk]), opening(visit))
    address = reverse("gates:withdraw", args=[GateOverride.objects.get().pk])
    assert desk.post(address, {"reason": ""}).status_code == 422
    assert desk.post(address, {"reason": "IgG came: 2 g/L"}).status_code == 302
    assert desk.post(address, {"reason": "again"}).status_code == 422
    assert GateOverride.objects.get().withdrawn_reason == "IgG came: 2 g/L"


def test_a_nurse_closes_a_reported_infection_on_the_sheet(client, clinic, nurse):
    visit = a_visit(clinic, 2)
    note_reported_infection(
        patient=visit.patient, on=NOW.date(), words="A cold", source_id="r:1", by=None, now=NOW
    )
    desk = signed_in(client, nurse)
    assert desk.get(reverse("gates:sheet", args=[visit.pk])).context["sheet"].reported
    address = reverse("gates:called", args=[visit.pk])
    assert desk.post(address, {"outcome": "", "cleared": ""}).status_code == 422
    assert desk.post(address, {"outcome": "Hay fever", "cleared": "yes"}).status_code == 302
    assert kept(visit.patient) == [("infection_report", "cleared")]
    assert not desk.get(reverse("gates:sheet", args=[visit.pk])).context["sheet"].reported


def test_a_visit_that_is_over_keeps_its_sheet_without_a_gate(client, clinic, nurse):
    visit = a_visit(clinic, 2)
    factory.change_visit(visit, "cancelled")
    page = signed_in(client, nurse).get(reverse("gates:sheet", args=[visit.pk]))
    assert (page.status_code, page.context["sheet"]) == (200, None)


def test_seeing_a_gate_is_in_the_audit_trail(client, clinic, nurse):
    visit = a_visit(clinic, 2)
    desk = signed_in(client, nurse)
    desk.get(reverse("gates:sheet", args=[visit.pk]))
    desk.get(reverse("gates:ahead"))
    desk.get(reverse("gates:opened"))
    pages = AuditEntry.objects.filter(verb__startswith="viewed").values_list("changes__page", flat=True)
    assert sorted(pages) == ["gate of a visit", "overrides of the gate", "visits that will fail their gate"]


def test_the_requirements_in_force_are_listed_with_source_and_mark(client, nurse):
    page = signed_in(client, nurse).get(reverse("evaluation:requirements"))
    rows = {row.requirement.code: row for _, rows in page.context["sections"] for row in rows}
    assert (rows["blood_count"].holds, rows["blood_count"].blocks) == (
        "14 days, counted to the start of the course, or a later infusion's own day",
        "Signing, and so booking; Starting premedication",
    )
    assert (rows["hbv_dna"].asked, rows["hbv_prophylaxis"].recorded_by) == (
        "Opened by: Hepatitis B: HBsAg, Hepatitis B: total anti-HBc",
        "Prescriber",
    )
    final = {code: rows[code].final for code in ("hbsag", "anti_hbc", "consent", "igg")}
    assert final == {
        "hbsag": "No override opens it",
        "anti_hbc": "No override opens it, except where it is positive",
        "consent": "No override opens it where it is declined",
        "igg": "",
    }


def test_a_prescriber_sets_a_number_and_a_bad_one_is_reported_beside_its_field(client, prescriber):
    desk, address = signed_in(client, prescriber), reverse("evaluation:rule", args=["neutrophils_hold"])
    for typed in (
        {"value": "x", "reason": "r"},
        {"value": "-1", "reason": "r"},
        {"value": "400", "reason": "r"},
    ):
        page = desk.post(address, typed)
        assert (page.status_code, list(page.context["form"].errors)) == (422, ["value"])
    assert desk.post(address, {"value": "1.2", "reason": "Our limit"}).status_code == 302
    page = desk.get(reverse("evaluation:requirements")).text
    assert f"({prescriber.user}): Our limit" in page
    assert desk.get(reverse("evaluation:rule", args=["minimum_age_years"])).status_code == 404
