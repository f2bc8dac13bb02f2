"""Times on offer, typed times, what waits to be booked, and how many queries that takes."""

from datetime import date, time

import pytest

from clinics.domain.rights import Role
from scheduling import actions, queries
from tests.database.booking.arranged import (
    NOW,
    START,
    a_course,
    at,
    book,
    booked,
    codes,
    follow_up,
    nurses,
    pair,
    seat,
)
from tests.factory import (
    make_clinic,
    make_member,
    make_patient,
    make_visit,
)

pytestmark = pytest.mark.django_db


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
    with django_assert_num_queries(13):
        queries.pair_times(queries.read_plan(course), now=NOW)


def test_booking_a_pair_takes_few_queries(clinic, desk, course, django_assert_num_queries):
    course = queries.course(clinic, course.pk)
    where = pair(clinic)
    with django_assert_num_queries(28):
        actions.book_pair(course=course, by=desk, now=NOW, **where)


def test_whoever_comes_late_is_told_with_few_queries(clinic, desk, course, django_assert_num_queries):
    booked(course, desk)
    late = queries.course(clinic, a_course(clinic).pk)
    where = pair(clinic)
    with django_assert_num_queries(14):
        assert codes(actions.book_pair, course=late, by=desk, **where) == ("just_taken",)
