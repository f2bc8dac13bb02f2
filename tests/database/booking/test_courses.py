"""Courses: prescribed, continued, planned anew after each dose, stopped."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from evaluation.models import Clearance
from patients.models import EarlierInfusion
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.models import Course, Visit, VisitVersion
from tests.database.booking.arranged import NOW, START, at, book, booked, chairs, codes, nurses, prescription
from tests.factory import (
    change_visit,
    make_clearance,
    make_clinic,
    make_diagnosis,
    make_patient,
    make_regimen,
)

pytestmark = pytest.mark.django_db


def test_a_course_is_planned_to_its_horizon(clinic):
    course = actions.prescribe_course(now=NOW, **prescription(make_patient(clinic)))
    rows = [
        (row.ordinal, row.phase, row.dose_mg, row.target_on, row.planned_on)
        for row in queries.planned_of(course)
    ]
    assert rows == [
        (1, "induction", 1000, date(2031, 3, 10), date(2031, 3, 10)),
        (2, "induction", 1000, date(2031, 3, 24), date(2031, 3, 24)),
        (3, "maintenance", 1000, date(2031, 9, 10), date(2031, 9, 10)),
        (4, "maintenance", 1000, date(2032, 3, 10), date(2032, 3, 10)),
        (5, "maintenance", 1000, date(2032, 9, 10), date(2032, 9, 10)),
        (6, "maintenance", 1000, date(2033, 3, 10), date(2033, 3, 10)),
    ]


def test_a_second_active_course_is_refused(clinic):
    patient = make_patient(clinic)
    actions.prescribe_course(now=NOW, **prescription(patient))
    second = make_clearance(
        patient,
        make_diagnosis(patient, "SLE"),
        regimen_version=make_regimen(clinic),
        valid_from=date(2031, 1, 1),
        valid_until=date(2031, 12, 31),
    )
    assert codes(actions.prescribe_course, **prescription(patient, clearance=second)) == ("course_active",)


def test_the_database_refuses_a_second_active_course_too(clinic, course):
    again = {field.attname: getattr(course, field.attname) for field in Course._meta.concrete_fields}
    del again["id"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Course.objects.create(**again)
    assert Course.objects.create(**{**again, "state": "stopped"}).pk != course.pk


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"start_on": date(2031, 3, 2)}, "start_in_past"),
        ({"start_on": date(2032, 1, 1)}, "clearance_expired"),
    ],
)
def test_a_course_begins_between_today_and_the_clearances_end(clinic, more, code):
    assert codes(actions.prescribe_course, **prescription(make_patient(clinic), **more)) == (code,)


def test_a_course_is_refused_to_the_dead_the_young_and_for_another_regimen(clinic):
    dead = prescription(make_patient(clinic, deceased=True))
    assert codes(actions.prescribe_course, **dead) == ("deceased",)
    young = prescription(make_patient(clinic, birth_date=date(2013, 3, 11)))
    assert codes(actions.prescribe_course, **young) == ("under_age",)
    other = make_regimen(make_clinic())
    assert codes(actions.prescribe_course, **prescription(make_patient(clinic), regimen_version=other)) == (
        "other_regimen",
    )
    theirs = make_clearance(make_patient(clinic), valid_from=date(2031, 1, 1), valid_until=date(2031, 12, 31))
    assert codes(actions.prescribe_course, **prescription(make_patient(clinic), clearance=theirs)) == (
        "other_patient",
    )
    withdrawn = prescription(make_patient(clinic))
    withdrawn["clearance"].withdrawn_at = NOW
    assert codes(actions.prescribe_course, **withdrawn) == ("clearance_withdrawn",)


def test_a_regimen_not_approved_is_not_prescribed(clinic):
    arguments = prescription(make_patient(clinic))
    arguments["regimen_version"].approvals.all().delete()
    assert codes(actions.prescribe_course, **arguments) == ("regimen_not_approved",)


def test_a_course_in_treatment_continues_from_its_earlier_infusions(clinic):
    patient = make_patient(clinic)
    for day in (date(2030, 1, 31), date(2030, 2, 14), date(2030, 8, 2)):
        EarlierInfusion.objects.create(clinic=clinic, patient=patient, given_on=day)
    arguments = prescription(patient)
    del arguments["start_on"]
    course = actions.continue_course(now=NOW, **arguments)
    assert course.start_on == date(2030, 1, 31)
    rows = [(row.ordinal, row.state, row.given_on or row.target_on) for row in queries.planned_of(course)]
    assert rows[:5] == [
        (1, "given", date(2030, 1, 31)),
        (2, "given", date(2030, 2, 14)),
        (3, "given", date(2030, 8, 2)),
        (4, "planned", date(2031, 1, 31)),
        (5, "planned", date(2031, 7, 31)),
    ]
    assert rows[-1][2] <= date(2032, 8, 2)
    assert queries.history(patient).given == (date(2030, 1, 31), date(2030, 2, 14), date(2030, 8, 2))


def test_there_must_be_something_to_continue_from(clinic):
    patient = make_patient(clinic)
    EarlierInfusion.objects.create(clinic=clinic, patient=patient, given_on=date(2020, 1, 31))
    arguments = prescription(patient)
    del arguments["start_on"]
    nothing = codes(actions.continue_course, since=date(2021, 1, 1), **arguments)
    assert nothing == ("nothing_to_continue",)


def test_a_dose_given_late_moves_the_anchor_and_extends_the_horizon(clinic, desk):
    course = actions.prescribe_course(now=NOW, **prescription(make_patient(clinic)))
    first = course.planned_infusions.get(ordinal=1)
    actions.mark_given(planned=first, on=date(2031, 3, 12), by=desk, now=NOW)
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 12)
    assert course.planned_infusions.get(ordinal=3).target_on == date(2031, 9, 12)
    later = datetime(2031, 9, 15, 12, tzinfo=UTC)
    actions.mark_given(
        planned=course.planned_infusions.get(ordinal=2), on=date(2031, 3, 26), by=desk, now=later
    )
    actions.mark_given(
        planned=course.planned_infusions.get(ordinal=3), on=date(2031, 9, 15), by=desk, now=later
    )
    assert [row.target_on for row in queries.planned_of(course)][-2:] == [
        date(2033, 3, 12),
        date(2033, 9, 12),
    ]


def test_what_a_later_dose_passes_over_is_asked_for_no_more(clinic, desk):
    course = actions.prescribe_course(now=NOW, **prescription(make_patient(clinic)))
    for ordinal, day in ((1, date(2031, 3, 10)), (3, date(2031, 9, 10))):
        actions.mark_given(planned=course.planned_infusions.get(ordinal=ordinal), on=day, by=desk, now=NOW)
    assert course.planned_infusions.get(ordinal=2).state == "cancelled"
    actions.mark_not_given(planned=course.planned_infusions.get(ordinal=3), by=desk, now=NOW)
    assert [row.state for row in queries.planned_of(course)][:3] == ["given", "planned", "planned"]


def test_stopping_a_course_cancels_what_is_booked_in_one_batch(clinic, desk, course):
    booked(course, desk)
    actions.stop_course(course=course, reason="pregnant", by=desk, now=NOW)
    course.refresh_from_db()
    assert (course.state, course.ended_reason, course.ended_at) == ("stopped", "pregnant", NOW)
    assert {row.state for row in queries.planned_of(course)} == {"cancelled"}
    assert {visit.status for visit in Visit.objects.all()} == {"cancelled"}
    assert len({row.batch for row in VisitVersion.objects.filter(change="cancelled")}) == 1
    assert codes(actions.stop_course, course=course, reason="", by=desk) == ("reason_missing",)


def test_a_course_is_not_stopped_while_its_patient_is_here(clinic, desk, course):
    first, _ = booked(course, desk)
    change_visit(first, "status", status="arrived")
    assert codes(actions.stop_course, course=course, reason="pregnant", by=desk) == ("patient_here",)


def test_the_start_is_changed_until_it_is_booked(clinic, desk, course):
    actions.change_start(course=course, start_on=date(2031, 4, 1), by=desk, now=NOW)
    assert [row.target_on for row in queries.planned_of(course)][:3] == [
        date(2031, 4, 1),
        date(2031, 4, 15),
        date(2031, 10, 1),
    ]
    past = codes(actions.change_start, course=course, start_on=date(2031, 3, 1), by=desk)
    assert past == ("start_in_past",)
    after = codes(actions.change_start, course=course, start_on=date(2032, 3, 1), by=desk)
    assert after == ("clearance_expired",)
    actions.book_single(
        planned=course.planned_infusions.get(ordinal=1),
        seat=Seat(datetime(2031, 4, 1, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0]),
        by=desk,
        now=NOW,
    )
    assert codes(actions.change_start, course=course, start_on=START, by=desk) == ("already_booked",)


def test_a_new_clearance_carries_the_course_on(clinic, desk, course):
    Clearance.objects.filter(pk=course.clearance_id).update(valid_until=date(2031, 3, 2))
    course.refresh_from_db()
    fields = {"regimen_version": course.regimen_version, "signed_at": NOW + timedelta(days=1)}
    newer = make_clearance(
        course.patient,
        course.diagnosis,
        valid_from=date(2031, 3, 1),
        valid_until=date(2032, 3, 1),
        **fields,
    )
    assert queries.newer_clearance(course, today=date(2031, 3, 3)) == newer
    actions.renew_clearance(course=course, clearance=newer, by=desk, now=NOW)
    assert actions.book_single(by=desk, now=NOW, **book(course, at(10))).status == "booked"
    stranger = make_clearance(make_patient(clinic), valid_from=date(2031, 3, 1), valid_until=date(2032, 3, 1))
    assert codes(actions.renew_clearance, course=course, clearance=stranger, by=desk) == ("other_regimen",)


def test_severe_reaction_to_an_infusion_given_here_slows_the_next_one(desk, course):
    first, second = course.planned_infusions.order_by("ordinal")[:2]
    fast = queries.read_plan(course).phases(second, second.planned_on)
    actions.mark_given(planned=first, on=first.planned_on, by=desk, now=NOW)
    actions.mark_not_given(planned=first, by=desk, now=NOW)
    actions.mark_given(planned=first, on=first.planned_on, by=desk, now=NOW, reaction_grade=3)
    slow = queries.read_plan(course).phases(second, second.planned_on)
    assert sum(phase.minutes for phase in slow) > sum(phase.minutes for phase in fast)
