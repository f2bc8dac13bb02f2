"""Booking, moving and cancelling through the actions: what is written, and every refusal by its code."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import Absence, AuditEntry, Closure, Shift
from evaluation.models import Clearance
from patients.models import EarlierInfusion
from scheduling import actions, queries
from scheduling.domain.booking import Seat, Window
from scheduling.models import Course, PlannedInfusion, Visit, VisitVersion
from tests.factory import (
    change_visit,
    make_clearance,
    make_clinic,
    make_course,
    make_diagnosis,
    make_member,
    make_patient,
    make_regimen,
    make_visit,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 3, 7, 0, tzinfo=UTC)  # a Monday, 07:00 in London
START = date(2031, 3, 10)


def at(day, hour=9, minute=0):
    return datetime(2031, 3, day, hour, minute, tzinfo=UTC)


def a_course(clinic, *, patient=None, start_on=START, maintenance=2, **fields):
    patient = patient or make_patient(clinic)
    make_diagnosis(patient)
    clearance = make_clearance(
        patient,
        regimen_version=make_regimen(clinic),
        signed_at=NOW,
        valid_from=date(2031, 1, 1),
        valid_until=date(2031, 12, 31),
        **fields.pop("clearance", {}),
    )
    return make_course(patient, start_on=start_on, maintenance=maintenance, clearance=clearance, **fields)


@pytest.fixture
def clinic():
    return make_clinic(chairs=2, nurses=2)


@pytest.fixture
def desk(clinic):
    return make_member(clinic, Role.RECEPTIONIST).user


@pytest.fixture
def course(clinic):
    return a_course(clinic)


def chairs(clinic):
    return [chair.pk for chair in clinic.chairs.order_by("pk")]


def nurses(clinic):
    return [member.pk for member in clinic.memberships.filter(role="nurse").order_by("pk")]


def seat(clinic, starts, chair=0, nurse=0):
    return Seat(starts, chairs(clinic)[chair], nurses(clinic)[nurse])


def pair(clinic, day=10, hour=9, other_day=None, other_hour=None, **where):
    return {
        "first": seat(clinic, at(day, hour), **where),
        "second": seat(clinic, at(other_day or day + 14, other_hour or hour), **where),
    }


def booked(course, by, **more):
    return actions.book_pair(course=course, by=by, now=NOW, **pair(course.clinic, **more))


def refusal(action, **arguments):
    with pytest.raises(Refused) as refused:
        action(**{"now": NOW, **arguments})
    return refused.value


def codes(action, **arguments):
    return refusal(action, **arguments).codes


# --- the pair -------------------------------------------------------------------------------------------


def test_a_pair_is_booked_with_its_versions_and_audit(clinic, desk, course):
    first, second = booked(course, desk)
    assert (first.starts_at, first.ends_at) == (at(10), at(10) + timedelta(minutes=375))
    assert (second.starts_at, second.ends_at) == (at(24), at(24) + timedelta(minutes=285))
    assert [visit.planned_infusion.ordinal for visit in (first, second)] == [1, 2]
    assert [visit.status for visit in (first, second)] == ["booked", "booked"]
    versions = list(VisitVersion.objects.order_by("visit_id"))
    assert [(row.change, row.version, row.chair_name, row.by, row.at) for row in versions] == [
        ("booked", 1, "Chair 1", desk, NOW),
        ("booked", 1, "Chair 1", desk, NOW),
    ]
    assert versions[0].batch == versions[1].batch
    trail = AuditEntry.objects.of(clinic).filter(verb="booked visit")
    assert [(row.actor, row.record_number) for row in trail] == [(desk, course.patient.record_number)] * 2


def test_the_phases_of_a_visit_are_computed_and_stored(clinic, desk, course):
    first, second = booked(course, desk)
    assert first.phases == [
        ["set_up", 30],
        ["premedication", 30],
        ["titration", 210],
        ["steady", 45],
        ["observation", 60],
    ]
    assert second.phases == [
        ["set_up", 30],
        ["premedication", 30],
        ["titration", 90],
        ["steady", 105],
        ["observation", 30],
    ]


def test_a_patient_treated_before_gets_the_shorter_first_visit(clinic, desk):
    patient = make_patient(clinic)
    EarlierInfusion.objects.create(clinic=clinic, patient=patient, given_on=date(2030, 9, 1))
    first, _ = booked(a_course(clinic, patient=patient), desk)
    assert first.ends_at - first.starts_at == timedelta(minutes=285)


def test_after_a_serious_reaction_both_visits_are_as_long_as_a_first_one(clinic, desk):
    patient = make_patient(clinic)
    EarlierInfusion.objects.create(
        clinic=clinic, patient=patient, given_on=date(2030, 9, 1), reaction_grade=3
    )
    visits = booked(a_course(clinic, patient=patient), desk)
    assert [visit.ends_at - visit.starts_at for visit in visits] == [timedelta(minutes=375)] * 2


def test_booking_another_first_day_moves_the_course_with_it(clinic, desk, course):
    booked(course, desk, day=12)
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 12)
    rows = course.planned_infusions.order_by("ordinal")
    assert [row.target_on for row in rows][:4] == [
        date(2031, 3, 12),
        date(2031, 3, 26),
        date(2031, 9, 12),
        date(2032, 3, 12),
    ]
    assert AuditEntry.objects.filter(verb="moved course start").count() == 1


def test_neither_is_booked_where_one_cannot_be(clinic, desk, course):
    other = a_course(clinic)
    actions.book_single(
        planned=other.planned_infusions.get(ordinal=1), seat=seat(clinic, at(10), 0, 1), by=desk, now=NOW
    )
    assert codes(actions.book_pair, course=course, by=desk, **pair(clinic)) == ("just_taken",)
    assert Visit.objects.filter(patient=course.patient).count() == 0
    assert VisitVersion.objects.filter(patient=course.patient).count() == 0


def test_the_same_click_twice_is_one_booking(clinic, desk, course):
    once, again = booked(course, desk), booked(course, desk)
    assert once == again
    assert (Visit.objects.count(), VisitVersion.objects.count()) == (2, 2)


def test_a_colleague_booking_the_same_time_is_told_that_it_stands(clinic, desk, course):
    booked(course, desk)
    other = make_member(clinic, Role.NURSE).user
    assert codes(actions.book_pair, course=course, by=other, **pair(clinic)) == ("already_booked",) * 2


def test_a_pair_booked_already_is_refused_at_another_time(clinic, desk, course):
    booked(course, desk)
    found = refusal(actions.book_pair, course=course, by=desk, **pair(clinic, hour=10))
    assert found.codes == ("already_booked", "already_booked")
    assert found.reasons[0].message == "Infusion 1 is booked already, on 10 Mar 2031."


def test_day_15_may_stand_elsewhere_in_its_window(clinic, desk, course):
    _, second = booked(course, desk, other_day=27)
    assert second.starts_at == at(27)


@pytest.mark.parametrize("other_day", [21, 28])
def test_day_15_outside_its_window_is_refused(clinic, desk, course, other_day):
    window = codes(actions.book_pair, course=course, by=desk, **pair(clinic, other_day=other_day))
    assert window == ("outside_window",)


# --- refusals -------------------------------------------------------------------------------------------


def book(course, starts, **where):
    return {
        "planned": course.planned_infusions.get(ordinal=1),
        "seat": seat(course.clinic, starts, **where),
    }


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
    assert codes(actions.book_single, by=desk, **book(course, starts)) == ("outside_hours",)


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
    for chair in (0, 1):
        actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10), chair=chair))
    crowded = a_course(clinic)
    found = refusal(actions.book_single, by=desk, **book(crowded, at(10), chair=2))
    assert found.codes == ("nurse_full",)
    assert len(found.alternatives) == 3


def test_a_nurse_starts_one_patient_a_slot(desk, clinic):
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    assert codes(actions.book_single, by=desk, **book(a_course(clinic), at(10, 9, 5), chair=1)) == (
        "nurse_starting",
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


# --- moving ---------------------------------------------------------------------------------------------


def move(visit, starts, version=1, reason="asked for a later hour", **where):
    return {
        "visit": visit,
        "seat": seat(visit.clinic, starts, **where),
        "version": version,
        "reason": reason,
    }


def test_a_visit_is_moved_with_its_reason(clinic, desk, course):
    _, second = booked(course, desk)
    moved = actions.move_visit(by=desk, now=NOW, **move(second, at(25, 11), chair=1))
    assert (moved.starts_at, moved.ends_at, moved.version) == (
        at(25, 11),
        at(25, 11) + timedelta(minutes=285),
        2,
    )
    row = VisitVersion.objects.get(visit=second, version=2)
    assert (row.change, row.reason, row.chair_name, row.by) == (
        "moved",
        "asked for a later hour",
        "Chair 2",
        desk,
    )


def test_a_visit_may_move_over_its_own_time(clinic, desk, course):
    _, second = booked(course, desk)
    assert actions.move_visit(by=desk, now=NOW, **move(second, at(24, 9, 30))).version == 2


def test_moving_without_a_reason_is_refused(clinic, desk, course):
    _, second = booked(course, desk)
    assert codes(actions.move_visit, by=desk, **move(second, at(25), reason="  ")) == ("reason_missing",)


def test_a_stale_page_moves_nothing(clinic, desk, course):
    _, second = booked(course, desk)
    actions.move_visit(by=desk, now=NOW, **move(second, at(25)))
    assert codes(actions.move_visit, by=desk, **move(second, at(24), version=1)) == ("stale",)
    assert codes(actions.move_visit, by=desk, **move(second, at(24), version=7)) == ("stale",)


def test_the_same_move_twice_is_one_move(clinic, desk, course):
    _, second = booked(course, desk)
    once = actions.move_visit(by=desk, now=NOW, **move(second, at(25)))
    assert actions.move_visit(by=desk, now=NOW, **move(second, at(25))) == once
    assert VisitVersion.objects.filter(visit=second).count() == 2


def test_moving_day_1_carries_the_course_but_not_past_day_15(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.move_visit(by=desk, now=NOW, **move(first, at(11)))
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 11)
    assert course.planned_infusions.get(ordinal=3).target_on == date(2031, 9, 11)
    found = refusal(actions.move_visit, by=desk, **move(first, at(12), version=2))
    assert (found.codes, found.reasons[0].message) == (
        ("pair_apart",),
        "Infusion 2 stands on 24 Mar 2031: that would be 12 days after the first one. Move both together.",
    )


def test_a_pair_is_moved_together_in_one_batch(clinic, desk, course):
    booked(course, desk)
    moved = actions.move_pair(
        course=course, versions=(1, 1), reason="on holiday", by=desk, now=NOW, **pair(clinic, day=17)
    )
    assert [visit.starts_at for visit in moved] == [at(17), datetime(2031, 3, 31, 9, tzinfo=UTC)]
    rows = VisitVersion.objects.filter(change="moved")
    assert len({row.batch for row in rows}) == 1
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 17)


def test_a_pair_moves_both_or_neither(clinic, desk, course):
    visits = booked(course, desk)
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(17)))
    found = codes(
        actions.move_pair,
        course=course,
        versions=(1, 1),
        reason="on holiday",
        by=desk,
        **pair(clinic, day=17),
    )
    assert found == ("just_taken",)
    assert [Visit.objects.get(pk=visit.pk).starts_at for visit in visits] == [at(10), at(24)]


@pytest.mark.parametrize("status", ["arrived", "fulfilled"])
def test_a_visit_under_way_is_not_moved(clinic, desk, course, status):
    _, second = booked(course, desk)
    change_visit(second, "status", status=status)
    assert codes(actions.move_visit, by=desk, **move(second, at(25), version=2)) == ("not_movable",)


def test_a_cancelled_visit_is_not_moved(clinic, desk, course):
    _, second = booked(course, desk)
    actions.cancel_visit(visit=second, reason="ill", by=desk, now=NOW)
    assert codes(actions.move_visit, by=desk, **move(second, at(25), version=2)) == ("stale",)


# --- cancelling and status ------------------------------------------------------------------------------


def test_a_cancelled_visit_frees_its_chair_and_its_infusion(clinic, desk, course):
    first, second = booked(course, desk)
    actions.cancel_visit(visit=first, reason="wants to think", by=desk, now=NOW, version=1, also=[second])
    assert [Visit.objects.get(pk=visit.pk).status for visit in (first, second)] == ["cancelled"] * 2
    rows = VisitVersion.objects.filter(change="cancelled")
    assert {(row.reason, row.by) for row in rows} == {("wants to think", desk)}
    assert len({row.batch for row in rows}) == 1
    assert len(booked(course, desk)) == 2


def test_cancelling_asks_for_a_reason_and_the_present_version(clinic, desk, course):
    first, _ = booked(course, desk)
    assert codes(actions.cancel_visit, visit=first, reason=" ", by=desk) == ("reason_missing",)
    assert codes(actions.cancel_visit, visit=first, reason="ill", by=desk, version=9) == ("stale",)


def test_cancelling_twice_is_cancelling_once(clinic, desk, course):
    first, _ = booked(course, desk)
    for _ in range(2):
        actions.cancel_visit(visit=first, reason="ill", by=desk, now=NOW, version=1)
    assert VisitVersion.objects.filter(visit=first).count() == 2


def test_a_visit_that_is_done_is_not_cancelled(clinic, desk, course):
    first, _ = booked(course, desk)
    change_visit(first, "status", status="fulfilled")
    assert codes(actions.cancel_visit, visit=first, reason="ill", by=desk) == ("status_not_allowed",)


def test_status_moves_by_the_table_and_back_by_one_step(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.set_status(visit=first, status="arrived", by=desk, now=NOW)
    assert codes(actions.set_status, visit=first, status="noshow", by=desk) == ("status_not_allowed",)
    actions.set_status(visit=first, status="booked", by=desk, now=NOW, undo=True, reason="wrong row")
    actions.set_status(visit=first, status="noshow", by=desk, now=NOW)
    assert [(row.version, row.status) for row in queries.versions_of(first)] == [
        (1, "booked"),
        (2, "arrived"),
        (3, "booked"),
        (4, "noshow"),
    ]


def test_a_time_given_up_and_taken_since_does_not_come_back(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.set_status(visit=first, status="noshow", by=desk, now=NOW)
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    back = {"visit": first, "status": "booked", "by": desk, "undo": True}
    assert codes(actions.set_status, **back) == ("just_taken",)


# --- follow-ups -----------------------------------------------------------------------------------------


def follow_up(patient, starts, **more):
    return {"patient": patient, "title": "Week 4 bloods", "starts_at": starts, "minutes": 30, **more}


def test_a_follow_up_is_booked_without_a_chair(clinic, desk, course):
    doctor = make_member(clinic, Role.PRESCRIBER)
    visit = actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    assert (visit.kind, visit.chair, visit.nurse, visit.title, visit.phases) == (
        "follow_up",
        None,
        doctor,
        "Week 4 bloods",
        [["consultation", 30]],
    )
    again = actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    assert again == visit
    assert VisitVersion.objects.count() == 1


def test_a_clinician_sees_one_patient_at_a_time(clinic, desk, course):
    doctor = make_member(clinic, Role.PRESCRIBER)
    actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    other = make_patient(clinic)
    busy = follow_up(other, at(12, 10, 15), nurse=doctor)
    assert codes(actions.book_follow_up, by=desk, **busy) == ("clinician_busy",)
    free = follow_up(other, at(12, 10, 30), nurse=doctor)
    assert actions.book_follow_up(by=desk, now=NOW, **free).status == "booked"


def test_a_nurse_watching_a_patient_takes_no_follow_up(clinic, desk, course):
    booked(course, desk)
    nurse = clinic.memberships.get(pk=nurses(clinic)[0])
    busy = follow_up(make_patient(clinic), at(10, 10), nurse=nurse)
    assert codes(actions.book_follow_up, by=desk, **busy) == ("nurse_full",)


@pytest.mark.parametrize(
    ("starts", "more", "code"),
    [
        (datetime(2031, 3, 1, 10, tzinfo=UTC), {}, "in_the_past"),
        (at(15, 10), {}, "closed_day"),
        (at(12, 19), {}, "outside_hours"),
        (at(12, 10), {"minutes": 0}, "impossible_length"),
        (at(12, 10), {"minutes": 100_000}, "impossible_length"),
        (at(12, 10), {"window": Window(date(2031, 3, 13), date(2031, 3, 20))}, "outside_window"),
    ],
)
def test_a_follow_up_at_an_impossible_time_is_refused(clinic, desk, starts, more, code):
    patient = make_patient(clinic)
    assert codes(actions.book_follow_up, by=desk, **follow_up(patient, starts, **more)) == (code,)


def test_a_follow_up_is_moved_with_a_reason_and_version(clinic, desk, course):
    doctor = make_member(clinic, Role.PRESCRIBER)
    visit = actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    Absence.objects.create(
        clinic=clinic, member=doctor, first_day=date(2031, 3, 13), last_day=date(2031, 3, 13)
    )
    to = {"visit": visit, "version": 1, "reason": "later", "by": desk}
    assert codes(actions.move_follow_up, starts_at=at(13, 10), **to) == ("clinician_away",)
    assert codes(actions.move_follow_up, starts_at=at(14, 10), **{**to, "version": 3}) == ("stale",)
    moved = actions.move_follow_up(starts_at=at(12, 10, 15), now=NOW, **to)
    assert (moved.starts_at, moved.ends_at, moved.version) == (at(12, 10, 15), at(12, 10, 45), 2)


# --- courses --------------------------------------------------------------------------------------------


def prescription(patient, **more):
    clearance = more.pop("clearance", None) or make_clearance(
        patient,
        make_diagnosis(patient),
        regimen_version=make_regimen(patient.clinic),
        valid_from=date(2031, 1, 1),
        valid_until=date(2031, 12, 31),
    )
    return {
        "clinic": patient.clinic,
        "patient": patient,
        "clearance": clearance,
        "regimen_version": clearance.regimen_version,
        "start_on": START,
        "by": clearance.signed_by,
        **more,
    }


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


def test_the_database_refuses_a_second_active_course_too(clinic, monkeypatch):
    patient = make_patient(clinic)
    arguments = prescription(patient)
    actions.prescribe_course(now=NOW, **arguments)
    found = iter([None, Course.objects.get()])
    monkeypatch.setattr("scheduling.actions.courses.active_course", lambda patient: next(found))
    assert codes(actions.prescribe_course, **arguments) == ("course_active",)
    assert Course.objects.count() == 1


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


# --- reading --------------------------------------------------------------------------------------------


def test_offers_for_the_pair_are_ranked_and_bookable(clinic, desk, course):
    times = queries.pair_times(queries.read_plan(course), now=NOW)
    best = times.cards[0]
    assert [place.starts for place in best.places] == [at(10, 8), at(24, 8)]
    first, second = actions.book_pair(
        course=course, first=best.places[0].seat, second=best.places[1].seat, by=desk, now=NOW
    )
    assert [visit.ends_at for visit in (first, second)] == [place.ends for place in best.places]


def test_offers_keep_clear_of_the_patients_other_visits(clinic, course):
    make_visit(course.patient, kind="follow_up", starts_at=at(10, 8), ends_at=at(10, 12))
    plan = queries.read_plan(course)
    asked = queries.Asked(start=START, limits=queries.WHOLE_DAY)
    days = [card.places[0].starts for card in queries.pair_times(plan, now=NOW, asked=asked, days=1).cards]
    assert days == []


def test_maintenance_is_offered_at_the_usual_time_with_the_usual_nurse(clinic, desk, course):
    booked(course, desk, hour=10, nurse=1)
    plan = queries.read_plan(course)
    planned = course.planned_infusions.get(ordinal=3)
    best = queries.single_times(plan, planned, now=NOW).cards[0]
    local = best.places[0].starts.astimezone(clinic.zone)
    assert (local.date(), local.time(), best.places[0].nurse) == (
        date(2031, 9, 10),
        time(10),
        nurses(clinic)[1],
    )
    assert best.reasons[1:] == ("Usual time of day", f"Same nurse: {best.places[0].nurse_name}")


def test_a_typed_time_finds_its_chair_and_nurse(clinic, desk, course):
    plan, planned = queries.read_plan(course), course.planned_infusions.get(ordinal=1)
    assert queries.seat_at(plan, planned, at(10), now=NOW) == seat(clinic, at(10))
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    assert queries.seat_at(plan, planned, at(10), now=NOW) == seat(clinic, at(10), 1, 1)
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10), chair=1, nurse=1))
    assert queries.seat_at(plan, planned, at(10), now=NOW).code == "nothing_free"
    assert queries.seat_at(plan, planned, at(10, 13), now=NOW).code == "outside_hours"
    assert queries.seat_at(plan, planned, at(16, 9), now=NOW).code == "closed_day"


def test_follow_up_times_leave_out_what_is_taken(clinic, desk, course):
    doctor = make_member(clinic, Role.PRESCRIBER)
    actions.book_follow_up(by=desk, now=NOW, **follow_up(make_patient(clinic), at(12, 8), nurse=doctor))
    times = queries.follow_up_times(
        clinic,
        course.patient,
        member=doctor,
        earliest=date(2031, 3, 12),
        latest=date(2031, 3, 12),
        minutes=30,
        now=NOW,
    )
    assert [start for start, _ in times][:2] == [at(12, 8, 30), at(12, 8, 45)]


def test_what_waits_to_be_booked_is_listed(clinic, desk, course):
    today = date(2031, 3, 3)
    assert [row.ordinal for row in queries.to_book(clinic, today=today)] == [1, 2]
    booked(course, desk)
    assert queries.to_book(clinic, today=today) == []
    assert [row.ordinal for row in queries.to_book(clinic, today=date(2031, 8, 1))] == [3]
    assert queries.to_book(make_clinic(), today=today) == []


def test_a_pair_page_reads_few_queries(clinic, desk, course, django_assert_num_queries):
    for _ in range(5):
        a_course(clinic)
    course = queries.course(clinic, course.pk)
    with django_assert_num_queries(10):
        queries.pair_times(queries.read_plan(course), now=NOW)


def test_booking_a_pair_takes_few_queries(clinic, desk, course, django_assert_num_queries):
    course = queries.course(clinic, course.pk)
    where = pair(clinic)
    with django_assert_num_queries(23):
        actions.book_pair(course=course, by=desk, now=NOW, **where)


def test_whoever_comes_late_is_told_with_few_queries(clinic, desk, course, django_assert_num_queries):
    booked(course, desk)
    late = queries.course(clinic, a_course(clinic).pk)
    where = pair(clinic)
    with django_assert_num_queries(11):
        assert codes(actions.book_pair, course=late, by=desk, **where) == ("just_taken",)
