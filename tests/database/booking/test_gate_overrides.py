"""Opening the gate of one visit: by whom, for what, for how long; and taking it back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation.models import Result
from scheduling import actions, queries
from scheduling.models import GateOverride
from tests.charting import chart, seated
from tests.factory import change_visit, make_clinic, make_member
from tests.gates import ready_visit
from treatment import queries as day
from treatment.domain.chart import Kind

pytestmark = pytest.mark.django_db
DAY = date(2031, 3, 10)
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London
WHY = "The vasculitis is worse than the risk"


@pytest.fixture
def clinic():
    return make_clinic(chairs=2)


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, Role.PRESCRIBER).user


@pytest.fixture
def visit(clinic):
    return queries.visit(clinic, ready_visit(clinic, NINE, infection="present", neutrophils="1.2").pk)


def verdict(visit, today=DAY):
    return queries.gates(visit.clinic, [visit], today=today)[visit.pk]


def tokens(visit, *codes):
    return [verdict(visit).finding(code).token for code in codes]


def opened(visit, by, *codes, **changes):
    given = {"tokens": tokens(visit, *codes), "reason": WHY, "expires_on": DAY, "now": NINE}
    return actions.open_gate(visit=visit, by=by, **(given | changes))


def refused_with(visit, by, *codes, **changes):
    with pytest.raises(Refused) as refused:
        opened(visit, by, *codes, **changes)
    assert GateOverride.objects.count() == 0
    return refused.value.codes


def test_a_prescriber_opens_what_stands_in_the_way_and_it_is_kept_and_audited(visit, prescriber):
    override = opened(visit, prescriber, "infection_day", "blood_count")
    assert [each["code"] for each in override.requirements] == ["blood_count", "infection_day"]
    assert verdict(visit).permits
    row = AuditEntry.objects.get(verb="opened gate")
    assert (row.record_number, row.changes["requirements"], row.changes["reason"]) == (
        visit.patient.record_number,
        ["blood_count", "infection_day"],
        WHY,
    )


def test_premedication_begins_on_an_opened_gate_and_keeps_who_opened_it(clinic, prescriber):
    nurse = make_member(clinic, Role.NURSE).user
    visit = seated(clinic, NINE, nurse, infection="present", neutrophils="1.2")
    chart(visit, Kind.IDENTITY, nurse, NINE, confirmed=["name", "birth_date"])
    with pytest.raises(Refused) as refused:
        chart(visit, Kind.PREMEDICATION, nurse, NINE)
    assert set(refused.value.codes) == {"gate_infection_day", "gate_blood_count"}
    opened(queries.visit(clinic, visit.pk), prescriber, "infection_day", "blood_count")
    chart(visit, Kind.PREMEDICATION, nurse, NINE)
    gate = day.visit(clinic, visit.pk).record.gate
    kept = {each["code"]: each["opened_by"] for each in gate["findings"] if each["opened_by"]}
    assert kept == {"blood_count": str(prescriber), "infection_day": str(prescriber)}


def test_it_is_for_one_visit_alone(clinic, visit, prescriber):
    opened(visit, prescriber, "infection_day", "blood_count")
    other = ready_visit(clinic, NINE, chair=1, infection="present", neutrophils="1.2")
    assert [each.code for each in verdict(queries.visit(clinic, other.pk)).blocking] == [
        "blood_count",
        "infection_day",
    ]


def test_a_newer_result_is_judged_by_itself(visit, prescriber):
    opened(visit, prescriber, "infection_day", "blood_count")
    Result.objects.create(
        clinic=visit.clinic, patient=visit.patient, kind="neutrophils", value="0.4", observed_on=DAY
    )
    assert [each.code for each in verdict(visit).blocking] == ["blood_count"]


def test_a_moved_visit_keeps_it_only_through_its_last_day(clinic, visit, prescriber):
    override = opened(visit, prescriber, "blood_count", expires_on=DAY + timedelta(days=1))
    words = []
    for days in (1, 2):
        change_visit(visit, "moved", starts_at=NINE + timedelta(days=days))
        words.append(verdict(queries.visit(clinic, visit.pk)).finding("blood_count").word)
    assert (words, override.expires_on) == (["opened", "hold"], DAY + timedelta(days=1))


@pytest.mark.parametrize("role", [Role.NURSE, Role.MANAGER, Role.PHARMACIST, Role.RECEPTIONIST])
def test_only_a_prescriber_opens(clinic, visit, role):
    who = make_member(clinic, role).user
    assert refused_with(visit, who, "blood_count") == ("not_a_prescriber",)


def test_a_prescriber_of_another_clinic_opens_nothing(visit):
    stranger = make_member(make_clinic(slug="other"), Role.PRESCRIBER).user
    assert refused_with(visit, stranger, "blood_count") == ("not_a_prescriber",)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "  "}, "reason_missing"),
        ({"reason": "a\x00b"}, "text_unreadable"),
        ({"reason": "x" * 251}, "text_too_long"),
        ({"expires_on": DAY - timedelta(days=1)}, "expires_out_of_range"),
        ({"expires_on": DAY + timedelta(days=8)}, "expires_out_of_range"),
        ({"tokens": []}, "nothing_chosen"),
        ({"tokens": ["blood_count-0000000000000000"]}, "stale"),
    ],
)
def test_an_override_that_cannot_be_is_refused(visit, prescriber, changes, code):
    assert refused_with(visit, prescriber, "blood_count", **changes) == (code,)


def test_a_positive_hbsag_is_never_opened(clinic, prescriber):
    visit = queries.visit(clinic, ready_visit(clinic, NINE, hbsag="positive").pk)
    assert refused_with(visit, prescriber, "hbsag") == ("never_opened",)


def test_a_visit_that_is_over_has_no_gate_to_open(visit, prescriber):
    named = tokens(visit, "blood_count")
    change_visit(visit, "status", status="fulfilled")
    visit.refresh_from_db()
    assert refused_with(visit, prescriber, tokens=named) == ("nothing_to_open",)


def test_withdrawn_it_opens_nothing_and_its_record_stays(visit, prescriber):
    override = opened(visit, prescriber, "infection_day", "blood_count")
    actions.withdraw_override(override=override, reason="Fever since", by=prescriber, now=NINE)
    assert [each.code for each in verdict(visit).blocking] == ["blood_count", "infection_day"]
    assert [row.withdrawn_reason for row in queries.overrides_of(visit)] == ["Fever since"]
    with pytest.raises(Refused) as refused:
        actions.withdraw_override(override=override, reason="Again", by=prescriber, now=NINE)
    assert refused.value.codes == ("already_withdrawn",)


@pytest.mark.parametrize("broken", [{"reason": ""}, {"withdrawn_at": NINE}, {"withdrawn_reason": "no"}])
def test_the_database_keeps_an_override_whole(visit, prescriber, broken):
    override = opened(visit, prescriber, "blood_count")
    with pytest.raises(IntegrityError), transaction.atomic():
        GateOverride.objects.filter(pk=override.pk).update(**broken)


def test_what_was_opened_is_counted_by_requirement(visit, prescriber):
    first = opened(visit, prescriber, "infection_day", "blood_count")
    actions.withdraw_override(override=first, reason="Fever since", by=prescriber, now=NINE)
    opened(visit, prescriber, "blood_count")
    rows = queries.overrides_since(visit.clinic, NINE - timedelta(days=1))
    assert queries.opened_counts(rows) == [
        ("Blood count with differential", 2),
        ("Infection, asked for this infusion", 1),
    ]
