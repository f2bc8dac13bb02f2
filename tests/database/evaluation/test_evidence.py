"""Opening an evaluation and recording evidence: appended, corrected, never overwritten."""

from datetime import date, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry
from evaluation import actions, queries
from evaluation.domain.verdict import State
from evaluation.models import Evaluation, Result
from patients.models import Allergy, Vaccination
from tests.evaluating import NOW, answer, codes_of, fill, good_answers, record, sign, today
from tests.factory import make_clinic, make_diagnosis, make_patient

pytestmark = pytest.mark.django_db


def test_opening_lays_an_evaluation_and_audits_it(evaluation, patient, diagnosis):
    assert (evaluation.state, evaluation.diagnosis) == ("open", diagnosis)
    entry = AuditEntry.objects.of(patient.clinic).get(verb="opened evaluation")
    assert (entry.record_number, entry.changes) == (patient.record_number, {"condition": "RA"})


def test_a_second_open_evaluation_for_one_diagnosis_is_refused(evaluation, clinic, patient, diagnosis, nurse):
    with pytest.raises(Refused) as raised:
        actions.open_evaluation(clinic=clinic, patient=patient, diagnosis=diagnosis, by=nurse, now=NOW)
    assert codes_of(raised) == ("already_open",)
    assert Evaluation.objects.of(clinic).count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"state": "to_confirm"}, "not_confirmed"),
        ({"state": "comorbidity", "condition": ""}, "not_confirmed"),
    ],
)
def test_only_a_confirmed_diagnosis_is_evaluated(clinic, patient, nurse, fields, code):
    diagnosis = make_diagnosis(patient, fields.get("condition", "PV"), state=fields["state"])
    with pytest.raises(Refused) as raised:
        actions.open_evaluation(clinic=clinic, patient=patient, diagnosis=diagnosis, by=nurse, now=NOW)
    assert codes_of(raised) == (code,)


def test_the_dead_and_other_clinics_patients_are_not_evaluated(clinic, nurse):
    dead = make_patient(clinic, deceased=True)
    foreign = make_patient(make_clinic(chairs=0, nurses=0))
    for patient, code in ((dead, "deceased"), (foreign, "wrong_patient")):
        with pytest.raises(Refused) as raised:
            actions.open_evaluation(
                clinic=clinic, patient=patient, diagnosis=make_diagnosis(patient), by=nurse, now=NOW
            )
        assert codes_of(raised) == (code,)


def test_a_result_keeps_what_was_typed_beside_the_canonical_value(patient, nurse):
    row = record(patient, nurse, "igg", "850", "mg/dL", note="fasting")
    assert (row.value, row.unit, row.entered_value, row.entered_unit, row.note) == (
        "8.5",
        "g/L",
        "850",
        "mg/dL",
        "fasting",
    )
    shown = queries.shown(row)
    assert (shown.words, shown.entered, shown.good_until) == (
        "8.5 g/L",
        "850 mg/dL",
        today() + timedelta(days=90),
    )


@pytest.mark.parametrize(
    ("kind", "value", "unit", "days", "more", "code"),
    [
        ("igg", "NaN", "g/L", 0, {}, "number_unreadable"),
        ("igg", "-4", "g/L", 0, {}, "value_negative"),
        ("igg", "8", "g/L", 1, {}, "date_in_future"),
        ("igg", "8", "g/L", -40_000, {}, "date_before_birth"),
        ("igg", "8", "g/L", 0, {"note": "a\x00b"}, "text_unreadable"),
        ("igg", "8", "g/L", 0, {"note": "\ud800"}, "text_unreadable"),
        ("igg", "8", "g/L", 0, {"note": "x" * 501}, "text_too_long"),
        ("clearance", "signed", "", 0, {}, "kind_derived"),
        ("payer_authorisation", "granted", "", 0, {"valid_until": date(2020, 1, 1)}, "ends_before_it_begins"),
    ],
)
def test_a_result_that_cannot_be_is_refused_and_nothing_is_written(
    patient, nurse, kind, value, unit, days, more, code
):
    with pytest.raises(Refused) as raised:
        record(patient, nurse, kind, value, unit, today() + timedelta(days=days), **more)
    assert codes_of(raised) == (code,)
    assert Result.objects.of(patient.clinic).count() == 0


def test_a_correction_supersedes_and_keeps_the_old_value(patient, nurse):
    old = record(patient, nurse, "igg", "0.9", "g/L")
    new = record(patient, nurse, "igg", "9.0", "g/L", supersedes=old, correction_reason="point slipped")
    assert [row.pk for row in queries.standing_results(patient)] == [new.pk]
    assert [row.value for row in queries.results_of(patient)] == ["9", "0.9"]
    entry = AuditEntry.objects.of(patient.clinic).get(verb="corrected result")
    assert (entry.changes["value"], entry.changes["reason"]) == (["0.9", "9"], "point slipped")


def test_a_correction_needs_a_reason_and_happens_once(patient, nurse):
    old = record(patient, nurse, "igg", "0.9", "g/L")
    with pytest.raises(Refused) as raised:
        record(patient, nurse, "igg", "9", "g/L", supersedes=old)
    assert codes_of(raised) == ("correction_reason_missing",)
    record(patient, nurse, "igg", "9", "g/L", supersedes=old, correction_reason="slip")
    with pytest.raises(Refused) as raised:
        record(patient, nurse, "igg", "8", "g/L", supersedes=old, correction_reason="slip")
    assert codes_of(raised) == ("already_corrected",)


def test_a_correction_of_another_kind_or_patient_is_refused(patient, nurse):
    old = record(patient, nurse, "igg", "9", "g/L")
    other = make_patient(patient.clinic)
    for who, kind in ((patient, "iga"), (other, "igg")):
        with pytest.raises(Refused) as raised:
            record(who, nurse, kind, "2", "g/L", supersedes=old, correction_reason="slip")
        assert codes_of(raised) == ("wrong_result",)


def test_answers_are_saved_all_or_nothing(evaluation, nurse):
    answers = [answer("igg", "9", "g/L"), answer("hbsag", "negative", on=today() + timedelta(days=1))]
    with pytest.raises(Refused) as raised:
        actions.record_answers(
            patient=evaluation.patient, answers=answers, by=nurse, now=NOW, evaluation=evaluation
        )
    assert codes_of(raised) == ("date_in_future",)
    assert Result.objects.of(evaluation.clinic).count() == 0


def test_the_same_answers_again_write_nothing_and_leave_one_audit_row(evaluation, nurse):
    first = fill(evaluation, nurse)
    assert len(first) == len(good_answers())
    assert fill(evaluation, nurse) == []
    assert AuditEntry.objects.of(evaluation.clinic).filter(verb="recorded answers").count() == 1


def test_a_statement_answered_again_the_same_day_replaces_and_a_laboratory_result_stands_beside(
    evaluation, nurse
):
    save = lambda *answers: actions.record_answers(  # noqa: E731
        patient=evaluation.patient, answers=answers, by=nurse, now=NOW, evaluation=evaluation
    )
    save(answer("infection", "present"), answer("igg", "2", "g/L"))
    save(answer("infection", "none"), answer("igg", "9", "g/L"))
    standing = [(row.kind, row.value) for row in queries.standing_results(evaluation.patient)]
    assert sorted(standing) == [("igg", "2"), ("igg", "9"), ("infection", "none")]
    assert Result.objects.of(evaluation.clinic).filter(kind="infection").count() == 2


def test_nothing_is_added_to_a_signed_evaluation(evaluation, nurse, prescriber):
    fill(evaluation, nurse)
    sign(evaluation, prescriber)
    with pytest.raises(Refused) as raised:
        fill(evaluation, nurse, infection="present")
    assert codes_of(raised) == ("not_open",)


def test_allergies_and_vaccinations_on_record_are_evidence(evaluation, nurse):
    fill(evaluation, nurse)
    patient, clinic = evaluation.patient, evaluation.clinic
    allergy = Allergy.objects.create(
        clinic=clinic, patient=patient, substance="Rituximab (chimeric)", recorded_on=date(2019, 3, 1)
    )
    assert queries.verdict_of(evaluation, on=today()).state == State.REFUSED
    Allergy.objects.create(clinic=clinic, patient=patient, substance="Peanut")
    Allergy.objects.of(clinic).filter(pk=allergy.pk).delete()
    assert queries.verdict_of(evaluation, on=today()).state == State.CLEARED
    given = today() - timedelta(days=10)
    Vaccination.objects.create(clinic=clinic, patient=patient, text="Influenza, seasonal", given_on=given)
    assert queries.verdict_of(evaluation, on=today()).state == State.CLEARED_WITH_WARNINGS
    Vaccination.objects.create(clinic=clinic, patient=patient, text="MMR", given_on=given)
    verdict = queries.verdict_of(evaluation, on=today())
    assert (verdict.state, verdict.hold_until) == (State.HOLD, given + timedelta(days=28))
