"""Evaluations in the database: evidence is appended, clearances are signed on what stands, imports come twice."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation import actions, queries
from evaluation.domain.answers import Answer, Incoming
from evaluation.domain.requirements import DEFAULTS, Purpose
from evaluation.domain.values import parse_value
from evaluation.domain.verdict import State
from evaluation.models import Clearance, Evaluation, Result
from patients.models import Allergy, Vaccination
from tests.domain.test_verdict import GOOD
from tests.factory import make_clinic, make_diagnosis, make_member, make_patient, make_regimen

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def clinic():
    return make_clinic(chairs=1, nurses=0, time_zone="UTC")


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE).user


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, Role.PRESCRIBER).user


@pytest.fixture
def patient(clinic):
    return make_patient(clinic, sex="male")


@pytest.fixture
def diagnosis(patient):
    return make_diagnosis(patient, "RA")


@pytest.fixture
def evaluation(clinic, patient, diagnosis, nurse):
    return actions.open_evaluation(clinic=clinic, patient=patient, diagnosis=diagnosis, by=nurse, now=NOW)


def today() -> date:
    return NOW.date()


def answer(kind: str, text: str, unit: str = "", on: date | None = None, **more) -> Answer:
    value = parse_value(kind, text, unit)
    return Answer(value, on or today(), **more)


def good_answers(**changes: str | None) -> list[Answer]:
    """Everything a man with rheumatoid arthritis must answer, with some answers changed or left out."""
    kinds = {k for each in DEFAULTS.serving(Purpose.CLEARANCE) for k in each.kinds_for("RA")} - {"cdai"}
    values = {kind: GOOD[kind] for kind in kinds} | changes
    canonical = {"neutrophils": "10*9/L", "white_cells": "10*9/L", "platelets": "10*9/L"}
    canonical |= {"haemoglobin": "g/dL", "igg": "g/L"}
    return [answer(kind, text, canonical.get(kind, "")) for kind, text in values.items() if text is not None]


def fill(evaluation, nurse, **changes):
    return actions.record_answers(
        patient=evaluation.patient,
        answers=good_answers(**changes),
        by=nurse,
        now=NOW,
        evaluation=evaluation,
    )


def sign(evaluation, prescriber, **changes):
    given = {
        "evaluation": evaluation,
        "regimen_version": changes.pop("regimen_version", None) or make_regimen(evaluation.clinic),
        "valid_until": today() + timedelta(days=180),
        "by": prescriber,
        "now": NOW,
    }
    return actions.sign(**(given | changes))


def codes_of(raised) -> tuple[str, ...]:
    return raised.value.codes


# Opening


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


# Evidence


def record(patient, nurse, kind, value, unit="", on=None, **more):
    return actions.record_result(
        clinic=patient.clinic,
        patient=patient,
        kind=kind,
        value=value,
        unit=unit,
        observed_on=on or today(),
        by=nurse,
        now=NOW,
        **more,
    )


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
    assert queries.verdict_of(evaluation, on=today()).state == State.CLEARED
    Vaccination.objects.create(clinic=clinic, patient=patient, text="MMR", given_on=given)
    verdict = queries.verdict_of(evaluation, on=today())
    assert (verdict.state, verdict.hold_until) == (State.HOLD, given + timedelta(days=28))


# Signing


def test_signing_keeps_the_verdict_and_names_regimen_and_end(evaluation, nurse, prescriber):
    fill(evaluation, nurse)
    clearance = sign(evaluation, prescriber)
    evaluation.refresh_from_db()
    assert evaluation.state == "signed"
    assert (clearance.verdict["state"], clearance.verdict["acknowledged"]) == ("cleared", [])
    assert (clearance.valid_from, clearance.signed_by) == (today(), prescriber)
    igg = next(each for each in clearance.verdict["findings"] if each["code"] == "igg")
    assert [each["value"] for each in igg["evidence"]] == ["9.1"]
    assert queries.standing_clearance(evaluation.patient, today()) == clearance
    assert queries.standing_clearance(evaluation.patient, today() + timedelta(days=180)) == clearance
    assert queries.standing_clearance(evaluation.patient, today() + timedelta(days=181)) is None
    assert queries.standing_clearance(evaluation.patient, today(), condition="PV") is None


def test_only_a_prescriber_of_the_clinic_signs(evaluation, nurse):
    fill(evaluation, nurse)
    foreign = make_member(make_clinic(chairs=0, nurses=0), Role.PRESCRIBER).user
    for who in (nurse, foreign):
        with pytest.raises(Refused) as raised:
            sign(evaluation, who)
        assert codes_of(raised) == ("not_a_prescriber",)
    assert Clearance.objects.of(evaluation.clinic).count() == 0


@pytest.mark.parametrize("changes", [{"consent": None}, {"infection": "present"}, {"hbsag": "positive"}])
def test_what_is_not_cleared_cannot_be_signed(evaluation, nurse, prescriber, changes):
    fill(evaluation, nurse, **changes)
    with pytest.raises(Refused) as raised:
        sign(evaluation, prescriber)
    assert codes_of(raised) == ("not_cleared",)


def test_warnings_must_be_acknowledged_one_by_one(evaluation, nurse, prescriber):
    fill(evaluation, nurse, igg="4.5", co_medication="concerns")
    for acknowledged, code in (
        ((), ("warning_not_acknowledged",) * 2),
        (("igg",), ("warning_not_acknowledged",)),
    ):
        with pytest.raises(Refused) as raised:
            sign(evaluation, prescriber, acknowledged=acknowledged)
        assert codes_of(raised) == code
    clearance = sign(evaluation, prescriber, acknowledged=("igg", "co_medication"))
    assert clearance.verdict["acknowledged"] == ["igg", "co_medication"]


@pytest.mark.parametrize("days", [-1, 366])
def test_a_clearance_stands_no_longer_than_the_clinics_setting(evaluation, nurse, prescriber, days):
    fill(evaluation, nurse)
    with pytest.raises(Refused) as raised:
        sign(evaluation, prescriber, valid_until=today() + timedelta(days=days))
    assert codes_of(raised) == ("valid_until_out_of_range",)


def test_an_unapproved_or_foreign_regimen_cannot_be_signed(evaluation, nurse, prescriber):
    fill(evaluation, nurse)
    draft = make_regimen(evaluation.clinic, approved=False)
    foreign = make_regimen(make_clinic(chairs=0, nurses=0))
    for version in (draft, foreign):
        with pytest.raises(Refused) as raised:
            sign(evaluation, prescriber, regimen_version=version)
        assert codes_of(raised) == ("regimen_not_approved",)


def test_an_evaluation_is_signed_once(evaluation, nurse, prescriber):
    fill(evaluation, nurse)
    sign(evaluation, prescriber)
    with pytest.raises(Refused) as raised:
        sign(evaluation, prescriber)
    assert codes_of(raised) == ("not_open",)


def test_withdrawing_needs_a_reason_and_ends_the_clearance(evaluation, nurse, prescriber):
    fill(evaluation, nurse)
    clearance = sign(evaluation, prescriber)
    with pytest.raises(Refused) as raised:
        actions.withdraw_clearance(clearance=clearance, reason=" ", by=prescriber, now=NOW)
    assert codes_of(raised) == ("reason_missing",)
    with pytest.raises(Refused) as raised:
        actions.withdraw_clearance(clearance=clearance, reason="ill", by=nurse, now=NOW)
    assert codes_of(raised) == ("not_a_prescriber",)
    actions.withdraw_clearance(clearance=clearance, reason="PML suspected", by=prescriber, now=NOW)
    assert queries.standing_clearance(evaluation.patient, today()) is None
    with pytest.raises(Refused) as raised:
        actions.withdraw_clearance(clearance=clearance, reason="again", by=prescriber, now=NOW)
    assert codes_of(raised) == ("already_withdrawn",)


def test_closing_frees_the_diagnosis_for_a_new_evaluation(evaluation, clinic, patient, diagnosis, nurse):
    actions.close_evaluation(evaluation=evaluation, reason="moved away", by=nurse, now=NOW)
    again = actions.open_evaluation(clinic=clinic, patient=patient, diagnosis=diagnosis, by=nurse, now=NOW)
    assert again.pk != evaluation.pk
    with pytest.raises(Refused) as raised:
        actions.close_evaluation(evaluation=evaluation, reason="moved away", by=nurse, now=NOW)
    assert codes_of(raised) == ("not_open",)


# The gate


def gate(evaluation, on=None, **more):
    return queries.gate_for(
        clinic=evaluation.clinic, patient=evaluation.patient, on=on or today(), today=today(), **more
    )


def test_the_gate_opens_on_a_signed_clearance_with_what_the_day_asks(evaluation, nurse, prescriber):
    fill(evaluation, nurse)
    assert {each.code for each in gate(evaluation).blocking} == {"clearance", "drug_received"}
    clearance = sign(evaluation, prescriber)
    assert {each.code for each in gate(evaluation).blocking} == {"drug_received"}
    actions.record_answers(
        patient=evaluation.patient, answers=[answer("drug_received", "received")], by=nurse, now=NOW
    )
    assert gate(evaluation).state == State.CLEARED
    actions.withdraw_clearance(clearance=clearance, reason="ill", by=prescriber, now=NOW)
    assert (gate(evaluation).state, [f.code for f in gate(evaluation).blocking]) == (
        State.HOLD,
        ["clearance"],
    )


def test_the_gate_is_judged_on_the_visits_own_day(evaluation, nurse, prescriber):
    fill(evaluation, nurse)
    sign(evaluation, prescriber)
    start = today() + timedelta(days=10)
    day_15 = start + timedelta(days=14)
    later = today() + timedelta(days=190)
    words = {
        on: {f.code: f.word for f in gate(evaluation, on=on, course_start=start).blocking}
        for on in (start, day_15, later)
    }
    of_the_day = {"infection_day": "lapses", "drug_received": "missing"}
    assert words[start] == of_the_day
    assert words[day_15] == of_the_day
    assert words[later] == of_the_day | {
        "blood_count": "lapses",
        "igg": "lapses",
        "severely_immunocompromised": "lapses",
        "heart_failure": "lapses",
        "live_vaccine": "lapses",
        "clearance": "lapses",
    }


def test_many_gates_are_read_with_four_queries(evaluation, clinic, nurse):
    people = [evaluation.patient, *(make_patient(clinic) for _ in range(5))]
    with CaptureQueriesContext(
        connection,
    ) as seen:
        charts = queries.charts(clinic, people)
        for person in people:
            queries.gate_for(clinic=clinic, patient=person, on=today(), chart=charts[person.pk])
    assert len(seen) == 4


def test_another_clinics_patient_has_no_chart_here(clinic):
    foreign = make_patient(make_clinic(chairs=0, nurses=0))
    assert queries.charts(clinic, [foreign]) == {}


# Imports


COUNT = Incoming(value="4.1", unit="10*3/uL", observed_on="2026-03-01", loinc="751-8", source_id="obs-1")


def take_in(patient, *rows):
    outcome = actions.import_results(clinic=patient.clinic, patient=patient, rows=rows, by=None, now=NOW)
    fates = (outcome.added, outcome.unchanged, outcome.amended, outcome.ignored)
    return fates, [(place, refusal.code) for place, refusal in outcome.refused]


def test_an_import_comes_in_once_however_often_it_is_sent(patient):
    rows = [
        COUNT,
        Incoming(value="13.1", unit="g/dL", observed_on="2026-03-01", loinc="718-7"),
        Incoming(value="Negative", unit="", observed_on="2026-03-01", kind="hbsag"),
        Incoming(value="170", unit="cm", observed_on="2026-03-01", loinc="8302-2"),
        Incoming(value="60", unit="%", observed_on="2026-03-01", kind="neutrophils"),
        Incoming(value="9", unit="g/L", observed_on="2026-02-31", kind="igg"),
        Incoming(value="9", unit="g/L", observed_on="2999-01-01", kind="igg"),
        Incoming(value="9", unit="g/L", observed_on="2026-03-01", kind="igg", source_id="a\x00"),
    ]
    bad = [(4, "unit_unknown"), (5, "date_impossible"), (6, "date_in_future"), (7, "text_unreadable")]
    assert take_in(patient, *rows) == ((3, 0, 0, 1), bad)
    assert take_in(patient, *rows) == ((0, 3, 0, 1), bad)
    assert AuditEntry.objects.of(patient.clinic).filter(verb="imported results").count() == 1


def test_a_row_repeated_within_one_import_comes_in_once(patient):
    assert take_in(patient, COUNT, COUNT) == ((1, 1, 0, 0), [])


def test_a_new_value_from_a_known_source_amends_and_keeps_the_old(patient):
    take_in(patient, COUNT)
    assert take_in(patient, replace(COUNT, value="1.1")) == ((0, 0, 1, 0), [])
    assert [row.value for row in queries.standing_results(patient)] == ["1.1"]
    assert [row.value for row in queries.results_of(patient)] == ["1.1", "4.1"]
    assert take_in(patient, COUNT) == ((0, 1, 0, 0), [])


def test_a_persons_correction_stands_against_the_source_it_corrects(patient, nurse):
    take_in(patient, COUNT)
    old = queries.standing_results(patient)[0]
    record(
        patient, nurse, "neutrophils", "1.4", "10*9/L", on=old.observed_on, supersedes=old,
        correction_reason="read off the paper report",
    )  # fmt: skip
    assert take_in(patient, COUNT) == ((0, 1, 0, 0), [])
    assert take_in(patient, replace(COUNT, value="4.2")) == ((0, 1, 0, 0), [])
    assert [row.value for row in queries.standing_results(patient)] == ["1.4"]


def test_both_usual_units_come_in_as_one_and_the_same_value(patient):
    first = Incoming(value="85", unit="umol/L", observed_on="2026-03-01", kind="creatinine")
    same = Incoming(value="0.96154", unit="mg/dL", observed_on="2026-03-02", kind="creatinine")
    take_in(patient, first, same)
    assert [(row.value, row.unit) for row in queries.results_of(patient)] == [
        ("85.000136", "umol/L"),
        ("85", "umol/L"),
    ]
