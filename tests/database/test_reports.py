"""Patients' reports: kept as told, sorted, read, escalated when nobody reads them, closed with an answer."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command

from clinics.actions import close_task
from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry, OpeningHours, StaffTask
from evaluation import actions as evaluation
from evaluation.actions.rules import set_rule
from evaluation.domain.answers import Incoming
from evaluation.models import Result
from monitoring import actions, queries
from monitoring.actions import reports
from monitoring.models import ReportStep, SideEffectReport
from monitoring.tasks import escalate_reports
from tests.factory import make_clinic, make_member, make_patient, make_user
from tests.reporting import told

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
MINUTES = timedelta(minutes=1)


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def patient(clinic):
    return make_patient(clinic)


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE).user


def answer(report, by, now=NOW, **more):
    given = {"outcome": "advice", "answer": "Rest, and drink enough.", "cleared": True}
    return actions.answer_report(report=report, by=by, now=now, **(given | more))


def kinds(report):
    return list(ReportStep.objects.filter(report=report).values_list("kind", flat=True))


def test_report_is_kept_with_how_it_was_sorted_and_why(patient):
    report = told(patient, "fever", temperature=Decimal("38.4"), now=NOW)
    assert (report.urgency, report.is_emergency, report.is_infection) == ("call_now", False, True)
    assert [(row["code"], row["status"]) for row in report.reasons] == [("fever", "verified")]
    entry = AuditEntry.objects.get(verb="reported side effects")
    assert (entry.actor, entry.record_number) == (report.reported_by, patient.record_number)


def test_same_form_sent_twice_is_one_report(patient):
    key = uuid4()
    first = told(patient, "cough", key=key, now=NOW)
    again = told(patient, "cough", key=key, now=NOW + MINUTES)
    assert (first.pk, SideEffectReport.objects.count()) == (again.pk, 1)


@pytest.mark.parametrize(
    ("telling", "codes"),
    [
        ({}, ("nothing_told",)),
        ({"symptoms": {"plague"}}, ("symptom_unknown",)),
        ({"symptoms": {"cough"}, "since": date(2031, 3, 11)}, ("day_impossible",)),
        ({"symptoms": {"cough"}, "since": date(2021, 3, 11)}, ("day_impossible",)),
        ({"temperature": Decimal("58")}, ("temperature_impossible",)),
        ({"words": "a\x00b"}, ("words_unreadable",)),
        ({"words": "a" * 2001}, ("words_too_long",)),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(patient, telling, codes):
    given = {"symptoms": frozenset(), "since": None, "temperature": None, "words": ""}
    with pytest.raises(Refused) as refused:
        actions.report_side_effects(
            patient=patient, key=uuid4(), by=make_user("portal"), now=NOW, **(given | telling)
        )
    assert (refused.value.codes, SideEffectReport.objects.count()) == (codes, 0)


def test_stuck_key_is_stopped_and_another_day_is_free_again(patient):
    for number in range(20):
        told(patient, "tired", now=NOW + number * MINUTES)
    with pytest.raises(Refused) as refused:
        told(patient, "tired", now=NOW + 30 * MINUTES)
    assert refused.value.codes == ("too_many",)
    told(patient, "tired", now=NOW + timedelta(days=1, minutes=30))


def test_report_is_read_once(patient, nurse, clinic):
    report = told(patient, "cough", now=NOW)
    actions.read_report(report=report, by=nurse, now=NOW + MINUTES)
    with pytest.raises(Refused) as refused:
        actions.read_report(report=report, by=make_member(clinic, Role.NURSE).user, now=NOW + 2 * MINUTES)
    row = queries.row_of(queries.report(clinic, report.pk))
    assert (refused.value.codes, row.state, row.read.by, row.read.at) == (
        ("already_read",),
        "read",
        nurse,
        NOW + MINUTES,
    )


def test_closing_an_unread_report_reads_it_too(patient, nurse, clinic):
    report = answer(told(patient, "cough", now=NOW), nurse)
    assert kinds(report) == ["read", "closed"]
    assert queries.open_reports(clinic) == []
    with pytest.raises(Refused) as refused:
        answer(report, nurse)
    assert refused.value.codes == ("already_closed",)


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ({"outcome": ""}, ("outcome_missing",)),
        ({"answer": "  "}, ("answer_missing",)),
        ({"answer": "a\ud800"}, ("text_unreadable",)),
        ({"note": "a" * 501}, ("text_too_long",)),
        ({"cleared": None}, ("cleared_missing",)),
    ],
)
def test_answer_needs_outcome_words_and_for_an_infection_a_decision(patient, nurse, typed, codes):
    report = told(patient, "cough", now=NOW)
    with pytest.raises(Refused) as refused:
        answer(report, nurse, **typed)
    assert (refused.value.codes, kinds(report)) == (codes, [])


def test_open_reports_stand_by_urgency_then_by_waiting(clinic):
    people = [make_patient(clinic) for _ in range(4)]
    for number, (person, symptom) in enumerate(
        zip(people, ["tired", "cough", "fever", "yellow"], strict=True)
    ):
        told(person, symptom, now=NOW + number * MINUTES)
    assert [row.report.symptoms for row in queries.open_reports(clinic)] == [
        ["fever"],
        ["yellow"],
        ["cough"],
        ["tired"],
    ]


def test_unread_call_is_escalated_after_the_clinics_working_minutes_and_once(clinic, patient):
    told(patient, "fever", now=NOW)
    told(patient, "cough", now=NOW)
    assert actions.escalate(clinic=clinic, now=NOW + 15 * MINUTES - timedelta(seconds=1)) == 0
    assert actions.escalate(clinic=clinic, now=NOW + 15 * MINUTES) == 1
    assert actions.escalate(clinic=clinic, now=NOW + 60 * MINUTES) == 0
    tasks = StaffTask.objects.of(clinic).order_by("id")
    assert [(task.role, task.record_number, task.closed_at) for task in tasks] == [
        ("prescriber", patient.record_number, None),
        ("manager", patient.record_number, None),
    ]


def test_minutes_are_the_clinics_own(clinic, patient):
    clinic.call_now_minutes = 30
    clinic.save()
    told(patient, "fever", now=NOW)
    found = [actions.escalate(clinic=clinic, now=NOW + minutes * MINUTES) for minutes in (29, 30)]
    assert found == [0, 1]


def test_call_to_a_clinic_that_names_no_hours_is_escalated_at_once(clinic, patient):
    OpeningHours.objects.of(clinic).delete()
    told(patient, "fever", now=NOW)
    assert [actions.escalate(clinic=clinic, now=NOW) for _ in range(2)] == [1, 0]


def test_low_neutrophils_are_the_clinics_own(clinic, patient, nurse):
    count = {"kind": "neutrophils", "value": "1.7", "unit": "10*9/L", "observed_on": NOW.date().isoformat()}
    evaluation.import_results(clinic=clinic, patient=patient, rows=[Incoming(**count)], by=nurse, now=NOW)
    before = told(patient, "cough", now=NOW).urgency
    how = {"code": "neutrophils_hold", "value": Decimal("2"), "reason": "Our protocol"}
    set_rule(clinic=clinic, by=make_member(clinic, Role.PRESCRIBER).user, now=NOW, **how)
    assert (before, told(patient, "cough", now=NOW).urgency) == ("today", "call_now")


def test_call_of_the_night_is_escalated_in_the_morning(clinic, patient):
    friday_evening = datetime(2031, 3, 14, 21, tzinfo=UTC)
    told(patient, "fever", now=friday_evening)
    monday = datetime(2031, 3, 17, 8, tzinfo=UTC)
    found = [actions.escalate(clinic=clinic, now=monday + minutes * MINUTES) for minutes in (-60, 14, 15)]
    assert found == [0, 0, 1]


def test_read_or_closed_call_is_never_escalated(clinic, patient, nurse):
    actions.read_report(report=told(patient, "fever", now=NOW), by=nurse, now=NOW + MINUTES)
    answer(told(patient, "fever", now=NOW), nurse)
    assert actions.escalate(clinic=clinic, now=NOW + timedelta(days=3)) == 0


def test_call_that_is_read_while_the_job_looks_is_not_escalated(clinic, patient, nurse):
    report = told(patient, "fever", now=NOW)
    (seen,) = queries.to_escalate(clinic, now=NOW + 20 * MINUTES)
    actions.read_report(report=report, by=nurse, now=NOW + 20 * MINUTES)
    assert reports.escalate_one(seen.report, NOW + 20 * MINUTES) is False
    assert (kinds(report), StaffTask.objects.count()) == (["read"], 0)


def test_reading_closes_the_tasks_of_the_escalation_but_not_one_closed_before(clinic, patient, nurse):
    report = told(patient, "fever", now=NOW)
    later = NOW + 20 * MINUTES
    actions.escalate(clinic=clinic, now=later)
    manager = make_member(clinic, Role.MANAGER).user
    close_task(task=StaffTask.objects.get(role="manager"), outcome="I fetch a nurse.", by=manager, now=later)
    actions.read_report(report=report, by=nurse, now=later + MINUTES)
    assert list(StaffTask.objects.order_by("role").values_list("role", "outcome", "closed_by")) == [
        ("manager", "I fetch a nurse.", manager.pk),
        ("prescriber", "The report has been read.", nurse.pk),
    ]
    assert queries.unread_calls(clinic) == []


def test_job_and_command_escalate_in_every_clinic(clinic, patient):
    told(patient, "fever", now=NOW)
    told(make_patient(make_clinic()), "yellow", now=NOW)
    said = StringIO()
    with time_machine.travel(NOW + 20 * MINUTES, tick=False):
        assert escalate_reports() == 2
        call_command("escalate_reports", stdout=said)
    assert said.getvalue() == "escalated: 0\n"


def test_reports_of_another_clinic_are_not_there(clinic, patient):
    told(make_patient(make_clinic()), "fever", now=NOW)
    assert (queries.open_reports(clinic), queries.unread_calls(clinic)) == ([], [])


# What the gate learns of it


def at_the_gate(patient):
    rows = Result.objects.filter(patient=patient, kind="infection_report", superseded_by__isnull=True)
    return list(rows.order_by("id").values_list("value", flat=True))


def test_sign_of_infection_asks_at_the_gate_for_a_call_and_other_signs_do_not(patient):
    told(patient, "walking", "rash", words="Odd.", now=NOW)
    assert at_the_gate(patient) == []
    told(patient, "sore_throat", now=NOW)
    assert at_the_gate(patient) == ["open"]


@pytest.mark.parametrize(("cleared", "value"), [(True, "cleared"), (False, "not_cleared")])
def test_answer_tells_the_gate_whether_the_infection_stands_in_the_way(patient, nurse, cleared, value):
    answer(told(patient, "cough", now=NOW), nurse, cleared=cleared)
    assert at_the_gate(patient) == [value]


@pytest.mark.parametrize(
    ("cleared", "then"),
    [((True, True), ["cleared", "cleared"]), ((False, True), ["cleared", "not_cleared"])],
)
def test_each_report_of_an_infection_is_answered_for_itself_and_the_gate_waits_for_all(
    patient, nurse, cleared, then
):
    first, second = told(patient, "cough", now=NOW), told(patient, "fever", now=NOW)
    answer(first, nurse, cleared=cleared[0])
    assert "open" in at_the_gate(patient)
    answer(second, nurse, cleared=cleared[1])
    assert sorted(at_the_gate(patient)) == then


@pytest.mark.parametrize(("cleared", "value"), [(True, "cleared"), (False, "not_cleared")])
def test_report_is_answered_also_where_the_gate_was_told_before(patient, nurse, cleared, value):
    report = told(patient, "cough", now=NOW)
    evaluation.close_reported_infection(
        patient=patient, outcome="Called: a cold.", cleared=True, on=NOW.date(), by=nurse, now=NOW
    )
    answer(report, nurse, cleared=cleared)
    assert (at_the_gate(patient), kinds(report)) == ([value], ["read", "closed"])
