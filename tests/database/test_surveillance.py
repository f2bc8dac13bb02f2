"""Laboratory checks on the record: derived from it, satisfied by a result recorded once, closed by a person."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinics.actions import close_task
from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from evaluation import actions as evaluation
from monitoring import actions, queries
from monitoring.domain.standing import Standing
from monitoring.tasks import plan_follow_ups
from patients.models import EarlierInfusion
from scheduling.models import PlannedInfusion
from tests.factory import (
    change_visit,
    make_clinic,
    make_course,
    make_diagnosis,
    make_follow_up,
    make_member,
    make_patient,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)
TODAY = date(2031, 3, 10)


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE).user


def infused(clinic, *days_ago, condition="RA", **fields):
    patient = make_patient(clinic, **fields)
    make_diagnosis(patient, condition)
    for days in days_ago:
        EarlierInfusion.objects.create(
            clinic=clinic, patient=patient, given_on=TODAY - timedelta(days=days), given_here=True
        )
    return patient


def record(patient, kind, value, days_ago, by, unit=""):
    return evaluation.record_result(
        clinic=patient.clinic,
        patient=patient,
        kind=kind,
        value=value,
        unit=unit,
        observed_on=TODAY - timedelta(days=days_ago),
        by=by,
        now=NOW,
    )


def open_checks(patient):
    return {row.check.rule.code: row.standing for row in queries.checks_of(patient, today=TODAY)}


def test_one_result_recorded_once_serves_the_check(clinic, nurse):
    patient = infused(clinic, 150)
    assert open_checks(patient)["blood_count"] is Standing.OVERDUE
    record(patient, "neutrophils", "3.1", 1, nurse, "10*9/L")
    assert open_checks(patient)["blood_count"] is Standing.COMING


def test_corrected_result_no_longer_serves(clinic, nurse):
    patient = infused(clinic, 150)
    row = record(patient, "neutrophils", "3.1", 1, nurse, "10*9/L")
    evaluation.record_result(
        clinic=clinic,
        patient=patient,
        kind="neutrophils",
        value="3.1",
        unit="10*9/L",
        observed_on=TODAY - timedelta(days=140),
        by=nurse,
        now=NOW,
        supersedes=row,
        correction_reason="Wrong day.",
    )
    assert open_checks(patient)["blood_count"] is Standing.OVERDUE


def test_infusions_of_courses_count_and_the_next_one_asks_for_immunoglobulins(clinic):
    course = make_course(make_patient(clinic), start_on=TODAY - timedelta(days=150))
    PlannedInfusion.objects.filter(course=course, ordinal__lte=2).update(
        state="given", given_on=TODAY - timedelta(days=150)
    )
    assert open_checks(course.patient) == {
        "blood_count": Standing.OVERDUE,
        "igg_before_course": Standing.DUE,
    }


def test_watch_goes_on_after_the_last_dose_until_a_person_closes_it(clinic, nurse):
    patient = infused(clinic, 900, condition="PV")
    record(patient, "anti_hbc", "positive", 950, nurse)
    assert {"hbv_watch", "igg_watch"} <= set(open_checks(patient))
    for rule in ("hbv_watch", "igg_watch"):
        actions.close_watch(patient=patient, rule=rule, reason="Seen by hepatology.", by=nurse, now=NOW)
    assert set(open_checks(patient)) == {"late_neutropenia", "hbv_prophylaxis_end"}
    assert [(row.title, row.step.reason) for row in queries.closed_watches(patient, today=TODAY)] == [
        ("Hepatitis B watch: HBV DNA", "Seen by hepatology."),
        ("Immunoglobulins after the last dose", "Seen by hepatology."),
    ]
    assert AuditEntry.objects.filter(verb="closed watch", record_number=patient.record_number).count() == 2


def test_closed_watch_opens_again_by_a_person_or_by_another_infusion(clinic, nurse):
    patient = infused(clinic, 300)
    for _ in range(2):
        actions.close_watch(patient=patient, rule="igg_watch", reason="Elsewhere.", by=nurse, now=NOW)
        actions.reopen_watch(patient=patient, rule="igg_watch", reason="Back with us.", by=nurse, now=NOW)
    actions.close_watch(patient=patient, rule="igg_watch", reason="Elsewhere.", by=nurse, now=NOW)
    assert "igg_watch" not in open_checks(patient)
    EarlierInfusion.objects.create(clinic=clinic, patient=patient, given_on=TODAY + timedelta(days=1))
    assert "igg_watch" in open_checks(patient)
    assert queries.closed_watches(patient, today=TODAY) == []


@pytest.mark.parametrize(
    ("rule", "reason", "code"),
    [
        ("igg_watch", " ", "reason_missing"),
        ("igg_watch", "a\x00", "reason_unreadable"),
        ("igg_watch", "a" * 251, "reason_too_long"),
        ("cd19", "Not needed.", "not_open"),
        ("no_such_rule", "Not needed.", "not_open"),
    ],
)
def test_watch_is_not_closed_without_a_reason_or_where_it_is_not_open(clinic, nurse, rule, reason, code):
    patient = infused(clinic, 300)
    with pytest.raises(Refused) as refused:
        actions.close_watch(patient=patient, rule=rule, reason=reason, by=nurse, now=NOW)
    assert refused.value.codes == (code,)


def test_watch_that_is_open_is_not_opened_again(clinic, nurse):
    with pytest.raises(Refused) as refused:
        actions.reopen_watch(
            patient=infused(clinic, 300), rule="igg_watch", reason="Why not.", by=nurse, now=NOW
        )
    assert refused.value.codes == ("not_closed",)


def test_overdue_check_becomes_one_task_that_goes_when_the_result_is_there(clinic, nurse):
    patient = infused(clinic, 150)
    assert [actions.task_overdue_checks(clinic=clinic, now=NOW) for _ in range(2)] == [1, 0]
    task = StaffTask.objects.get(kind="lab_check")
    assert (task.role, task.record_number, task.closed_at) == ("nurse", patient.record_number, None)
    record(patient, "neutrophils", "3.1", 1, nurse, "10*9/L")
    assert [actions.task_overdue_checks(clinic=clinic, now=NOW) for _ in range(2)] == [1, 0]
    task.refresh_from_db()
    assert (task.outcome, task.closed_by) == ("No longer overdue.", None)


def test_task_that_a_person_closed_is_not_opened_again(clinic, nurse):
    infused(clinic, 150)
    actions.task_overdue_checks(clinic=clinic, now=NOW)
    close_task(task=StaffTask.objects.get(), outcome="Blood is taken on Friday.", by=nurse, now=NOW)
    assert actions.task_overdue_checks(clinic=clinic, now=NOW) == 0


def test_job_looks_after_every_clinic():
    for _ in range(2):
        infused(make_clinic(), 2000)
    assert plan_follow_ups() > 0
    assert set(StaffTask.objects.values_list("kind", flat=True)) == {"lab_check"}


def book(patient, by, starts_at, rule="blood_count"):
    return actions.book_check(patient=patient, rule=rule, starts_at=starts_at, minutes=15, by=by, now=NOW)


def test_check_is_booked_as_a_visit_that_names_no_illness_and_only_the_result_satisfies_it(clinic, nurse):
    patient = infused(clinic, 150)
    visit = book(patient, nurse, datetime(2031, 3, 11, 10, tzinfo=UTC))
    assert (visit.kind, visit.title, visit.status) == ("follow_up", "Blood test", "booked")
    assert open_checks(patient)["blood_count"] is Standing.BOOKED
    assert book(patient, nurse, visit.starts_at) == visit
    with pytest.raises(Refused) as refused:
        book(patient, nurse, datetime(2031, 3, 12, 10, tzinfo=UTC))
    assert refused.value.codes == ("already_booked",)
    change_visit(visit, "status", status="fulfilled")
    assert open_checks(patient)["blood_count"] is Standing.OVERDUE


def test_cancelled_visit_leaves_the_check_to_be_booked_again(clinic, nurse):
    patient = infused(clinic, 150)
    change_visit(book(patient, nurse, datetime(2031, 3, 11, 10, tzinfo=UTC)), "cancelled")
    assert open_checks(patient)["blood_count"] is Standing.OVERDUE
    book(patient, nurse, datetime(2031, 3, 12, 10, tzinfo=UTC))
    assert open_checks(patient)["blood_count"] is Standing.BOOKED


@pytest.mark.parametrize(
    ("rule", "starts_at", "code"),
    [
        ("cd19", datetime(2031, 3, 11, 10, tzinfo=UTC), "not_open"),
        ("blood_count", datetime(2031, 3, 16, 10, tzinfo=UTC), "closed_day"),
        ("blood_count", datetime(2031, 7, 1, 10, tzinfo=UTC), "outside_window"),
    ],
)
def test_check_is_not_booked_where_it_is_not_open_or_not_then(clinic, nurse, rule, starts_at, code):
    with pytest.raises(Refused) as refused:
        book(infused(clinic, 150), nurse, starts_at, rule)
    assert refused.value.codes == (code,)


def test_the_dead_and_other_clinics_are_not_asked_for(clinic):
    infused(make_clinic(), 150)
    infused(clinic, 150, deceased=True)
    assert queries.checks(clinic, today=TODAY) == []


def test_one_list_holds_visits_and_checks_by_standing(clinic):
    patient = infused(clinic, 150)
    make_follow_up(patient, due_on=TODAY - timedelta(days=30))
    found = {
        what: {
            standing.value: [
                entry.visit.follow_up.kind if entry.visit else entry.check.check.rule.code for entry in rows
            ]
            for standing, rows in queries.entries(clinic, today=TODAY, what=what).items()
        }
        for what in ("", "visits", "checks", "igg_watch")
    }
    assert found == {
        "": {
            "overdue": ["blood_count", "week_4_bloods"],
            "due": [],
            "booked": [],
            "coming": ["igg_before_course"],
        },
        "visits": {"overdue": ["week_4_bloods"], "due": [], "booked": [], "coming": []},
        "checks": {"overdue": ["blood_count"], "due": [], "booked": [], "coming": ["igg_before_course"]},
        "igg_watch": {"overdue": [], "due": [], "booked": [], "coming": []},
    }
