"""Recording disease scores: calculated, kept with what was entered, corrected without losing anything."""

from datetime import timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry
from evaluation import queries, score_queries
from evaluation.actions.scores import record_score
from evaluation.models import Result, ScoreEntry
from tests.evaluating import NOW, codes_of, kept, record, today
from tests.factory import make_clinic, make_patient

pytestmark = pytest.mark.django_db

RA = {"tender": "10", "swollen": "8", "esr": "30", "general_health": "50"}
ANAEMIA = {
    "haemoglobin": "94 g/L", "normal_from": "120 g/L", "baseline": "74 g/L", "ldh": "300", "ldh_limit": "250",
    "haemolysis": "yes", "transfused": "no",
}  # fmt: skip


def score(patient, nurse, code="das28_esr", on=None, **changes):
    entered = {"das28_esr": RA, "aiha_response": ANAEMIA}.get(code, {})
    more = {
        name: changes.pop(name) for name in ("supersedes", "correction_reason", "note") if name in changes
    }
    return record_score(
        clinic=patient.clinic,
        patient=patient,
        score=code,
        given=entered | changes,
        observed_on=on or today(),
        by=nurse,
        now=NOW,
        **more,
    )


def test_a_score_is_a_result_that_keeps_what_it_was_calculated_from(patient, nurse):
    entry = score(patient, nurse, note="knee injected")
    assert (entry.result.kind, entry.result.value, entry.result.note) == (
        "das28_esr",
        "5.64",
        "knee injected",
    )
    assert (entry.score, entry.components, entry.rules_version) == ("das28_esr", RA, 1)
    assert entry.lines[0] == ("Tender joints", "10 of 28")
    audit = AuditEntry.objects.of(patient.clinic).get(verb="calculated score")
    assert (audit.record_number, audit.changes) == (
        patient.record_number,
        {"score": "das28_esr", "entered": RA},
    )


def test_a_score_counts_for_the_clearance_like_a_typed_one(evaluation, nurse):
    severity = lambda: queries.verdict_of(evaluation, on=today()).finding("severity").word  # noqa: E731
    assert severity() == "missing"
    score(evaluation.patient, nurse)
    assert severity() == "met"


def test_nothing_is_written_where_an_entry_cannot_be(patient, nurse):
    with pytest.raises(Refused) as raised:
        score(patient, nurse, tender="40", esr="")
    assert [(each.code, each.field) for each in raised.value.reasons] == [
        ("number_impossible", "tender"),
        ("component_missing", "esr"),
    ]
    with pytest.raises(Refused) as raised:
        score(patient, nurse, on=today() + timedelta(days=1))
    assert codes_of(raised) == ("date_in_future",)
    assert (Result.objects.of(patient.clinic).count(), ScoreEntry.objects.of(patient.clinic).count()) == (
        0,
        0,
    )


def test_another_clinics_patient_is_not_scored(nurse, clinic):
    foreign = make_patient(make_clinic(chairs=0, nurses=0))
    with pytest.raises(Refused) as raised:
        record_score(
            clinic=clinic,
            patient=foreign,
            score="das28_esr",
            given=RA,
            observed_on=today(),
            by=nurse,
            now=NOW,
        )
    assert codes_of(raised) == ("wrong_patient",)


def test_the_same_entries_of_one_day_are_written_once(patient, nurse):
    first = score(patient, nurse)
    assert score(patient, nurse).pk == first.pk
    assert score(patient, nurse, tender="9").pk != first.pk
    assert sorted(kept(patient)) == [("das28_esr", "5.55"), ("das28_esr", "5.64")]


def test_a_correction_calculates_anew_and_keeps_the_old_entries(patient, nurse):
    old = score(patient, nurse)
    new = score(patient, nurse, tender="1", supersedes=old.result, correction_reason="read the wrong line")
    assert kept(patient) == [("das28_esr", new.result.value)]
    assert (new.result.supersedes, new.result.correction_reason) == (old.result, "read the wrong line")
    old.refresh_from_db()
    assert old.components["tender"] == "10"
    with pytest.raises(Refused) as raised:
        score(patient, nurse, supersedes=new.result)
    assert codes_of(raised) == ("correction_reason_missing",)


def test_a_typed_result_is_not_corrected_by_calculation(patient, nurse):
    typed = record(patient, nurse, "das28_esr", "4.2")
    with pytest.raises(Refused) as raised:
        score(patient, nurse, supersedes=typed, correction_reason="slip")
    assert codes_of(raised) == ("not_a_score",)


def test_laboratory_values_entered_on_the_way_stand_as_results_of_their_own(patient, nurse):
    score(patient, nurse, "aiha_response")
    assert kept(patient) == [("aiha_response", "partial"), ("haemoglobin", "9.4"), ("ldh_ratio", "1.2")]


def test_a_value_the_laboratory_sent_already_is_not_written_twice(patient, nurse):
    sent = record(patient, nurse, "haemoglobin", "9.4", "g/dL")
    entry = score(patient, nurse, "aiha_response")
    assert [row.kind for row in entry.also.all()] == ["ldh_ratio"]
    score(
        patient,
        nurse,
        "aiha_response",
        haemoglobin="91 g/L",
        supersedes=entry.result,
        correction_reason="misread",
    )
    assert sorted(kept(patient)) == [
        ("aiha_response", "none"),
        ("haemoglobin", "9.1"),
        ("haemoglobin", "9.4"),
        ("ldh_ratio", "1.2"),
    ]
    assert not Result.objects.of(patient.clinic).filter(supersedes=sent).exists()


def test_a_correction_corrects_what_it_had_written_along(patient, nurse):
    old = score(patient, nurse, "aiha_response")
    new = score(
        patient, nurse, "aiha_response", haemoglobin="126 g/L", haemolysis="no", supersedes=old.result,
        correction_reason="another patient's sheet",
    )  # fmt: skip
    assert kept(patient) == [("aiha_response", "complete"), ("haemoglobin", "12.6"), ("ldh_ratio", "1.2")]
    assert sorted(row.kind for row in new.also.all()) == ["haemoglobin", "ldh_ratio"]
    score(
        patient, nurse, "aiha_response", haemoglobin="131 g/L", haemolysis="no", supersedes=new.result,
        correction_reason="still not right",
    )  # fmt: skip
    assert kept(patient)[1] == ("haemoglobin", "13.1")


def test_values_over_time_leave_out_what_was_corrected(patient, nurse):
    record(patient, nurse, "steroid_dose", "16", "mg methylprednisolone", on=today() - timedelta(days=60))
    old = score(patient, nurse, on=today() - timedelta(days=30))
    score(
        patient,
        nurse,
        on=today() - timedelta(days=30),
        esr="31",
        supersedes=old.result,
        correction_reason="slip",
    )
    score(patient, nurse, tender="0", swollen="0")
    found = score_queries.over_time(patient, ["das28_esr", "steroid_dose"])
    assert [row.text for row in found["das28_esr"]] == ["5.67", "3.08"]
    assert [row.words for row in found["steroid_dose"]] == ["20 mg/day prednisolone"]
    before = score_queries.last_before(patient, "das28_esr", today() - timedelta(days=1))
    assert before.text == "5.67"
    since = score_queries.compared("das28_esr", before, found["das28_esr"][1].number, against="baseline")
    assert since.size == "2.59"
