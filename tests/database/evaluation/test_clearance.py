"""Clearances signed on what stands, and the gate on the visit's own day."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from evaluation import actions, queries
from evaluation.domain.verdict import State
from evaluation.models import Clearance
from tests.evaluating import NOW, answer, codes_of, fill, record, sign, today
from tests.factory import make_clinic, make_member, make_patient, make_regimen

pytestmark = pytest.mark.django_db


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
    record(evaluation.patient, prescriber, "igg_decision", "watch")
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
        patient=evaluation.patient,
        answers=[answer("drug_received", "received"), answer("information", "both")],
        by=nurse,
        now=NOW,
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
        "liver_kidney": "lapses",
        "severely_immunocompromised": "lapses",
        "heart_failure": "lapses",
        "live_vaccine": "lapses",
        "clearance": "lapses",
    }


def test_many_gates_are_read_with_seven_queries(evaluation, clinic, nurse):
    people = [evaluation.patient, *(make_patient(clinic) for _ in range(5))]
    with CaptureQueriesContext(
        connection,
    ) as seen:
        charts = queries.charts(clinic, people)
        for person in people:
            queries.gate_for(clinic=clinic, patient=person, on=today(), chart=charts[person.pk])
    assert len(seen) == 7


def test_another_clinics_patient_has_no_chart_here(clinic):
    foreign = make_patient(make_clinic(chairs=0, nurses=0))
    assert queries.charts(clinic, [foreign]) == {}
