"""What other rooms tell the gate: told once, told again, told differently."""

from datetime import timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry
from evaluation import actions, queries
from evaluation.models import Result
from tests.evaluating import NOW, codes_of, kept, record, today

pytestmark = pytest.mark.django_db


def react(patient, by, grade=3, **changes):
    given = {"on": today(), "words": "Flushed and breathless", "source_id": "reaction:1", "now": NOW}
    return actions.note_reaction(patient=patient, grade=grade, by=by, **(given | changes))


def report(patient, by, **changes):
    given = {"on": today(), "words": "A cold since Monday", "source_id": "report:1", "now": NOW}
    return actions.note_reported_infection(patient=patient, by=by, **(given | changes))


def call(patient, by, cleared=True, **changes):
    given = {"outcome": "It was hay fever", "on": today(), "now": NOW}
    return actions.close_reported_infection(patient=patient, cleared=cleared, by=by, **(given | changes))


def decide(patient, by, decision="stop", **changes):
    given = {"on": today(), "reason": "No benefit", "source_id": "follow_up:1", "now": NOW}
    return actions.note_continuation(patient=patient, decision=decision, by=by, **(given | changes))


def test_a_reaction_told_twice_is_one_row_and_one_line_in_the_audit(patient, nurse):
    first = react(patient, nurse)
    assert react(patient, nurse) == first
    assert kept(patient) == [("infusion_reaction", "grade_3")]
    assert [row.verb for row in AuditEntry.objects.filter(verb="noted reaction")] == ["noted reaction"]


def test_a_corrected_reaction_supersedes_what_was_told(patient, nurse):
    first = react(patient, nurse)
    second = react(patient, nurse, grade=2)
    assert (second.supersedes, kept(patient)) == (first, [("infusion_reaction", "grade_2")])
    react(patient, nurse, grade=0)
    assert kept(patient) == [("infusion_reaction", "none")]


def test_two_reactions_stand_side_by_side(patient, nurse):
    react(patient, nurse)
    react(patient, nurse, grade=1, source_id="reaction:2")
    assert sorted(kept(patient)) == [("infusion_reaction", "grade_1"), ("infusion_reaction", "grade_3")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grade": 5}, "grade_impossible"),
        ({"source_id": " "}, "source_id_missing"),
        ({"on": today() + timedelta(days=1)}, "date_in_future"),
        ({"words": "x" * 501}, "text_too_long"),
    ],
)
def test_a_reaction_that_cannot_be_is_refused(patient, nurse, changes, code):
    with pytest.raises(Refused) as refused:
        react(patient, nurse, **changes)
    assert (codes_of(refused), Result.objects.count()) == ((code,), 0)


def test_a_nurses_call_closes_every_report_and_the_same_report_does_not_open_it_again(patient, nurse):
    report(patient, nurse)
    report(patient, nurse, source_id="report:2", on=today() - timedelta(days=3))
    assert [row.value for row in call(patient, nurse)] == ["cleared", "cleared"]
    report(patient, nurse)
    assert kept(patient) == [("infection_report", "cleared")] * 2


def test_a_report_told_differently_after_the_call_opens_it_again(patient, nurse):
    report(patient, nurse)
    call(patient, nurse)
    report(patient, nurse, words="Now with fever")
    assert kept(patient) == [("infection_report", "open")]


def test_an_infection_that_is_not_cleared_waits_for_the_next_call(patient, nurse):
    report(patient, nurse)
    call(patient, nurse, cleared=False)
    assert kept(patient) == [("infection_report", "not_cleared")]
    call(patient, nurse)
    assert kept(patient) == [("infection_report", "cleared")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"outcome": ""}, "outcome_missing"), ({"on": today() - timedelta(days=1)}, "call_before_report")],
)
def test_a_call_that_cannot_be_is_refused(patient, nurse, changes, code):
    report(patient, nurse)
    with pytest.raises(Refused) as refused:
        call(patient, nurse, **changes)
    assert (codes_of(refused), kept(patient)) == ((code,), [("infection_report", "open")])


def test_a_call_without_a_report_is_refused(patient, nurse):
    with pytest.raises(Refused) as refused:
        call(patient, nurse)
    assert codes_of(refused) == ("nothing_reported",)


def test_a_decision_taken_anew_supersedes_the_earlier_one(patient, nurse):
    decide(patient, nurse)
    decide(patient, nurse, decision="extend")
    assert kept(patient) == [("continuation", "extend")]
    with pytest.raises(Refused) as refused:
        decide(patient, nurse, decision="pause")
    assert codes_of(refused) == ("decision_unknown",)


def test_what_was_noted_reaches_the_gate(clinic, patient, nurse):
    react(patient, nurse)
    report(patient, nurse)
    decide(patient, nurse)
    verdict = queries.gate_for(clinic=clinic, patient=patient, on=today())
    standing = {
        code: verdict.finding(code).word for code in ("reaction_review", "nurse_call", "continuation")
    }
    assert standing == {"reaction_review": "missing", "nurse_call": "unknown", "continuation": "refused"}


def test_only_a_prescriber_records_a_prescribers_decision(patient, nurse, prescriber):
    with pytest.raises(Refused) as refused:
        record(patient, nurse, "reaction_review", "treat")
    assert codes_of(refused) == ("not_a_prescriber",)
    record(patient, prescriber, "reaction_review", "treat")
    assert kept(patient) == [("reaction_review", "treat")]


@pytest.mark.parametrize("kind", ["infusion_reaction", "infection_report", "continuation"])
def test_what_follows_from_another_record_is_not_typed_in(patient, prescriber, kind):
    with pytest.raises(Refused) as refused:
        record(
            patient,
            prescriber,
            kind,
            {"infusion_reaction": "grade_1", "infection_report": "open"}.get(kind, "stop"),
        )
    assert codes_of(refused) == ("kind_derived",)
