"""Every reason against a booking, by its code."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinics.models import Absence, Closure, Shift
from evaluation.models import Clearance
from patients.models import EarlierInfusion
from scheduling import actions
from scheduling.domain.booking import Seat
from scheduling.models import PlannedInfusion
from tests.database.booking.arranged import (
    NOW,
    START,
    a_course,
    at,
    book,
    chairs,
    codes,
    nurses,
    pair,
    refusal,
)
from tests.factory import (
    make_clinic,
    make_patient,
    make_visit,
)

pytestmark = pytest.mark.django_db


def test_the_dead_are_not_booked(clinic, desk, course):
    course.patient.deceased = True
    course.patient.save()
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == ("deceased",)


def test_under_18_on_the_day_is_refused(clinic, desk):
    young = a_course(clinic, patient=make_patient(clinic, birth_date=date(2013, 3, 11)))
    assert codes(actions.book_single, by=desk, **book(young, at(10))) == ("under_age",)
    assert actions.book_single(by=desk, now=NOW, **book(young, at(11))).status == "booked"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"withdrawn_at": NOW}, "clearance_withdrawn"),
        ({"valid_until": date(2031, 3, 2)}, "clearance_expired"),
        ({"valid_from": date(2031, 3, 4)}, "clearance_not_yet"),
    ],
)
def test_without_a_standing_clearance_nothing_is_booked(clinic, desk, course, change, code):
    Clearance.objects.filter(pk=course.clearance_id).update(**change)
    course.refresh_from_db()
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == (code,)


def test_a_clearance_stands_on_its_first_and_last_day(clinic, desk, course):
    today = date(2031, 3, 3)
    Clearance.objects.filter(pk=course.clearance_id).update(valid_from=today, valid_until=today)
    course.refresh_from_db()
    assert actions.book_single(by=desk, now=NOW, **book(course, at(10))).status == "booked"


def test_an_ended_course_is_not_booked(clinic, desk, course):
    actions.stop_course(course=course, reason="moved away", by=desk, now=NOW)
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == ("course_not_active", "not_planned")


def test_the_past_is_refused(clinic, desk, course):
    late = datetime(2031, 3, 10, 9, 1, tzinfo=UTC)
    assert codes(actions.book_single, by=desk, now=late, **book(course, at(10))) == ("in_the_past",)


def test_seconds_are_refused(clinic, desk, course):
    odd = at(10) + timedelta(seconds=1)
    assert codes(actions.book_single, by=desk, **book(course, odd)) == ("not_whole_minutes",)


@pytest.mark.parametrize("starts", [at(10, 7), at(10, 12), at(10, 23)])
def test_outside_the_opening_hours_is_refused(clinic, desk, course, starts):
    found = codes(actions.book_single, by=desk, **book(course, starts))
    assert (found[0], found[-1]) == ("outside_hours", "nurse_off_duty")


def test_a_closed_day_is_refused_with_its_reason(clinic, desk, course):
    Closure.objects.create(clinic=clinic, first_day=START, last_day=date(2031, 3, 11), reason="Water pipes")
    found = refusal(actions.book_single, by=desk, **book(course, at(10)))
    assert (found.codes, found.reasons[0].message) == (
        ("closed_day",),
        "The clinic is closed on Monday 10 March 2031: Water pipes.",
    )
    assert codes(actions.book_single, by=desk, **book(course, at(15))) == ("closed_day",)


def test_beyond_the_nurses_attention_is_refused(desk):
    clinic = make_clinic(chairs=4, nurses=1, nurse_starts_per_slot=4)
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    crowded = a_course(clinic)
    found = refusal(actions.book_single, by=desk, **book(crowded, at(10), chair=2))
    assert found.codes == ("nurse_full",)
    assert len(found.alternatives) == 3


def test_a_nurse_starts_one_patient_a_slot(desk, clinic):
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    assert codes(actions.book_single, by=desk, **book(a_course(clinic), at(10, 9, 5), chair=1)) == (
        "nurse_starting",
        "nurse_full",
    )


def test_an_absent_nurse_is_refused(clinic, desk, course):
    Absence.objects.create(clinic=clinic, member_id=nurses(clinic)[0], first_day=START, last_day=START)
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == ("nurse_off_duty",)
    assert actions.book_single(by=desk, now=NOW, **book(course, at(10), nurse=1)).status == "booked"


def test_a_shift_that_ended_is_no_duty(clinic, desk, course):
    Shift.objects.filter(member_id=nurses(clinic)[0]).update(valid_until=date(2031, 3, 9))
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == ("nurse_off_duty",)


def test_a_chair_of_another_clinic_or_out_of_service_is_refused(clinic, desk, course):
    elsewhere = make_clinic(chairs=1, nurses=1)
    planned = course.planned_infusions.get(ordinal=1)
    wrong = Seat(at(10), chairs(elsewhere)[0], nurses(clinic)[0])
    assert codes(actions.book_single, planned=planned, seat=wrong, by=desk) == ("no_such_chair",)
    wrong = Seat(at(10), chairs(clinic)[0], nurses(elsewhere)[0])
    assert codes(actions.book_single, planned=planned, seat=wrong, by=desk) == ("nurse_off_duty",)
    clinic.chairs.update(in_service=False)
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == ("no_such_chair",)


def test_someone_else_was_quicker(clinic, desk, course):
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10, 9)))
    found = refusal(actions.book_single, by=desk, **book(course, at(10, 10), nurse=1))
    assert found.codes == ("just_taken",)
    assert found.reasons[0].message == "Someone just took this time: Chair 1, 10 Mar 2031 at 10:00."
    best = found.alternatives[0].places[0]
    assert (best.starts, best.chair_name) == (at(10, 10), "Chair 2")


def test_a_lost_pair_is_answered_with_other_pairs(clinic, desk, course):
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    found = refusal(actions.book_pair, course=course, by=desk, **pair(clinic))
    assert [len(card.places) for card in found.alternatives] == [2, 2, 2]


def test_a_patient_with_another_visit_at_that_time_is_refused(clinic, desk, course):
    make_visit(course.patient, kind="follow_up", starts_at=at(10, 10))
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == ("patient_busy",)


def test_the_first_infusion_may_begin_up_to_28_days_late(clinic, desk, course):
    planned = course.planned_infusions.get(ordinal=1)
    late = Seat(datetime(2031, 4, 8, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    assert codes(actions.book_single, planned=planned, seat=late, by=desk) == ("outside_window",)
    late = Seat(datetime(2031, 4, 7, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    assert actions.book_single(planned=planned, seat=late, by=desk, now=NOW).status == "booked"
    course.refresh_from_db()
    assert course.start_on == date(2031, 4, 7)


def test_maintenance_outside_its_window_is_refused(clinic, desk, course):
    planned = course.planned_infusions.get(ordinal=3)
    early = Seat(datetime(2031, 9, 9, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    assert codes(actions.book_single, planned=planned, seat=early, by=desk) == ("outside_window",)
    fine = Seat(datetime(2031, 9, 10, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    assert actions.book_single(planned=planned, seat=fine, by=desk, now=NOW).status == "booked"


def test_the_minimum_interval_counts_infusions_elsewhere(clinic, desk, course):
    planned = course.planned_infusions.get(ordinal=3)
    EarlierInfusion.objects.create(clinic=clinic, patient=course.patient, given_on=date(2031, 5, 22))
    near = Seat(datetime(2031, 9, 10, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    assert codes(actions.book_single, planned=planned, seat=near, by=desk) == ("interval_too_short",)
    enough = Seat(datetime(2031, 9, 11, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    assert actions.book_single(planned=planned, seat=enough, by=desk, now=NOW).status == "booked"


def test_an_infusion_given_or_cancelled_is_not_booked(clinic, desk, course):
    PlannedInfusion.objects.filter(course=course, ordinal=1).update(state="given", given_on=START)
    assert codes(actions.book_single, by=desk, **book(course, at(10))) == ("not_planned",)
    assert codes(actions.book_pair, course=course, by=desk, **pair(clinic)) == ("no_pair",)
