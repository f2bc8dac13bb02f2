"""Week 24: a prescriber decides, the follow-up is done with it, and the gate is told."""

from datetime import UTC, date, datetime

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation.models import Result
from monitoring import actions
from tests.factory import make_clinic, make_follow_up, make_member, make_patient, make_visit

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)
WEEK_24 = {"kind": "week_24_decision", "title": "Decision on further treatment, week 24"}


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, Role.PRESCRIBER).user


@pytest.fixture
def follow_up(clinic):
    return make_follow_up(make_patient(clinic), due_on=date(2031, 3, 12), **WEEK_24)


def decide(follow_up, by, decision="continue", reason="DAS28 fell by 1.9."):
    return actions.decide(follow_up=follow_up, decision=decision, reason=reason, by=by, now=NOW)


def told(patient):
    rows = Result.objects.filter(patient=patient, kind="continuation", superseded_by__isnull=True)
    return list(rows.values_list("value", "note"))


@pytest.mark.parametrize("decision", ["continue", "extend", "stop"])
def test_decision_is_kept_and_the_gate_is_told(follow_up, prescriber, decision):
    row = decide(follow_up, prescriber, decision)
    assert (row.decision, row.decision_reason, row.decided_by, row.state) == (
        decision,
        "DAS28 fell by 1.9.",
        prescriber,
        "done",
    )
    assert told(row.patient) == [(decision, "DAS28 fell by 1.9.")]
    assert AuditEntry.objects.filter(verb="decided on further treatment").count() == 1


def test_decision_made_anew_takes_the_place_of_the_first(follow_up, prescriber):
    decide(follow_up, prescriber, "stop", "No response.")
    row = decide(follow_up, prescriber, "continue", "Late response after all.")
    assert told(row.patient) == [("continue", "Late response after all.")]


def test_booked_follow_up_waits_for_its_visit(follow_up, prescriber):
    follow_up.visit = make_visit(follow_up.patient, kind="follow_up", title=follow_up.title)
    follow_up.save()
    assert decide(follow_up, prescriber).state == "due"


@pytest.mark.parametrize(
    ("decision", "reason", "code"),
    [
        ("", "Well.", "decision_missing"),
        ("perhaps", "Well.", "decision_missing"),
        ("stop", " ", "reason_missing"),
        ("stop", "a\ud800", "reason_unreadable"),
        ("stop", "a" * 251, "reason_too_long"),
    ],
)
def test_decision_needs_a_word_and_a_reason(follow_up, prescriber, decision, reason, code):
    with pytest.raises(Refused) as refused:
        decide(follow_up, prescriber, decision, reason)
    assert (refused.value.codes, told(follow_up.patient)) == ((code,), [])


def test_nothing_is_decided_at_other_follow_ups(clinic, prescriber):
    bloods = make_follow_up(make_patient(clinic), due_on=date(2031, 3, 12))
    with pytest.raises(Refused) as refused:
        decide(bloods, prescriber)
    assert refused.value.codes == ("not_a_decision",)
