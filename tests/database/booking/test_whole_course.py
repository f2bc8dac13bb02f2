"""A whole course in one offer: the pair at its times, everything later held; everything or nothing."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.domain.soft import Accepted
from scheduling.models import Course, PlannedInfusion, RuleBreach, ScheduleChange, Visit
from tests.database.booking.arranged import NOW, a_course, at, booked, chairs, codes, nurses, refusal, seat
from tests.factory import make_clinic, make_member

pytestmark = pytest.mark.django_db
NO_ROOM = frozenset({"no_room"})


def best(course):
    return queries.course_times(queries.read_plan(course), now=NOW).cards[0]


def seats(card):
    return [place.seat for place in card.places]


def test_an_offer_has_the_pair_and_the_windows_of_all_that_follows(clinic, desk, course):
    card = best(course)
    assert [place.starts for place in card.places] == [at(10, 8), at(24, 8)]
    assert [
        (each.planned.ordinal, each.window.earliest, each.minutes, each.room.word) for each in card.later
    ] == [
        (3, date(2031, 9, 10), 285, "yes"),
        (4, date(2032, 3, 10), 285, "yes"),
        (5, date(2032, 9, 10), 285, "yes"),
        (6, date(2033, 3, 10), 285, "yes"),
    ][: len(card.later)]
    assert len(card.later) >= 2


def test_windows_count_from_the_day_that_is_offered(clinic, desk, course):
    asked = queries.Asked(start=date(2031, 3, 17))
    card = queries.course_times(queries.read_plan(course), now=NOW, asked=asked).cards[0]
    assert card.places[0].starts == at(17, 8)
    assert card.later[0].window.earliest == date(2031, 9, 17)
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 10)


def test_one_click_books_the_pair_and_holds_the_rest(clinic, desk, course):
    card = best(course)
    first, second = actions.book_course(course=course, seats=seats(card), by=desk, now=NOW)
    rows = list(PlannedInfusion.objects.filter(course=course, held_at__isnull=False).order_by("ordinal"))
    assert [(row.ordinal, row.earliest_on, row.held_minutes) for row in rows] == [
        (each.planned.ordinal, each.window.earliest, each.minutes) for each in card.later
    ]
    change = ScheduleChange.objects.get()
    assert (change.verb, change.batch) == ("book", first.versions.get().batch)
    assert change.batch == second.versions.get().batch
    assert change.before["planned"]["3"]["held_at"] is None
    assert change.summary.endswith(f"held {len(rows)} more")


def test_what_an_offer_shows_is_what_a_later_day_holds(clinic, desk):
    course = a_course(clinic, maintenance=4)
    asked = queries.Asked(start=date(2031, 3, 17))
    card = queries.course_times(queries.read_plan(course), now=NOW, asked=asked).cards[0]
    actions.book_course(course=course, seats=seats(card), by=desk, now=NOW)
    held = queries.held_windows(clinic, date(2031, 1, 1), date(2034, 1, 1))
    assert [(row.earliest, row.latest) for row in held] == [
        (each.window.earliest, each.window.latest) for each in card.later
    ]


def test_a_double_click_is_one_booking(clinic, desk, course):
    wanted = seats(best(course))
    one = actions.book_course(course=course, seats=wanted, by=desk, now=NOW)
    two = actions.book_course(course=course, seats=wanted, by=desk, now=NOW)
    assert [visit.pk for visit in one] == [visit.pk for visit in two]
    assert (Visit.objects.count(), ScheduleChange.objects.count()) == (2, 1)


def test_a_lost_chair_holds_nothing(clinic, desk, course):
    booked(a_course(clinic), desk)
    found = refusal(
        actions.book_course,
        course=course,
        seats=[seat(clinic, at(10)), seat(clinic, at(24), chair=1, nurse=1)],
        by=desk,
    )
    assert found.codes == ("just_taken",)
    assert len(found.alternatives) == 3
    assert not PlannedInfusion.objects.filter(held_at__isnull=False).exists()


@pytest.fixture
def full():
    """A clinic of one long infusion a day, with a maintenance window that others have filled."""
    clinic = make_clinic(chairs=1, nurses=1, closes=time(16))
    course = a_course(clinic)
    actions.book_course(course=course, seats=seats(best(course)), by=make_member(clinic).user, now=NOW)
    row = course.planned_infusions.get(ordinal=3)
    for _ in range(25):
        other = a_course(clinic)
        PlannedInfusion.objects.filter(course=other, ordinal=3).update(
            earliest_on=row.earliest_on,
            latest_on=row.latest_on + timedelta(days=2),
            held_at=NOW,
            held_minutes=285,
        )
    return clinic


def test_a_window_without_room_is_warned_of_and_undoes_the_pair(full):
    desk, course = make_member(full).user, a_course(full, start_on=date(2031, 3, 11))
    card = queries.course_times(queries.read_plan(course), now=NOW).cards[0]
    assert (card.later[0].room.word, card.without_room) == ("none", 1)
    wanted = {"course": course, "seats": seats(card), "by": desk}
    assert codes(actions.book_course, **wanted) == ("no_room",)
    assert not Visit.objects.filter(patient=course.patient).exists()
    first, _ = actions.book_course(now=NOW, accepted=Accepted(NO_ROOM, "Must begin"), **wanted)
    breach = RuleBreach.objects.get()
    assert (breach.visit, breach.reason) == (first, "Must begin")
    assert "Infusion 3 has no room" in breach.words[0]


def test_a_continued_course_books_its_next_infusion_and_holds_the_rest(clinic, desk, course):
    given = {1: date(2030, 9, 9), 2: date(2030, 9, 23)}
    for ordinal, day in given.items():
        PlannedInfusion.objects.filter(course=course, ordinal=ordinal).update(state="given", given_on=day)
    Course.objects.filter(pk=course.pk).update(start_on=given[1])
    course.refresh_from_db()
    actions.replan_course(course=course, by=desk, now=NOW)
    card = best(course)
    assert [place.planned.ordinal for place in card.places] == [3]
    assert [each.planned.ordinal for each in card.later][:2] == [4, 5]
    actions.book_course(course=course, seats=seats(card), by=desk, now=NOW, first=3)
    assert PlannedInfusion.objects.get(course=course, ordinal=4).held_at == NOW
    plan = queries.read_plan(course)
    assert queries.left_to_hold(plan, now=NOW) == []


def test_what_opens_soon_gets_a_time_and_not_a_window(desk):
    clinic = make_clinic(chairs=2, nurses=2, hold_beyond_days=300)
    card = best(a_course(clinic))
    assert [place.planned.ordinal for place in card.places] == [1, 2, 3]
    assert [each.planned.ordinal for each in card.later][:1] == [4]
    assert card.places[2].starts == datetime(2031, 9, 10, 7, tzinfo=UTC)


def test_seats_beyond_the_plan_are_refused(clinic, desk, course):
    PlannedInfusion.objects.filter(course=course, ordinal__gt=2).delete()
    wanted = [seat(clinic, at(day)) for day in (10, 24)]
    extra = Seat(datetime(2031, 9, 10, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    assert codes(actions.book_course, course=course, seats=[*wanted, extra], by=desk) == ("not_planned",)


def test_half_a_pair_is_not_booked_as_a_course(clinic, desk, course):
    actions.book_course(course=course, seats=[seat(clinic, at(10))], by=desk, now=NOW)
    assert Visit.objects.count() == 1


def test_an_offer_takes_a_fixed_number_of_queries(clinic, desk, course, django_assert_max_num_queries):
    course = queries.course(clinic, course.pk)
    plan = queries.read_plan(course)
    asked = queries.Asked(limits=queries.USUAL)
    with django_assert_max_num_queries(45):
        queries.course_times(plan, now=NOW, asked=asked)


def test_booking_a_course_takes_few_queries(clinic, desk, course, django_assert_max_num_queries):
    course, wanted = queries.course(clinic, course.pk), seats(best(course))
    with django_assert_max_num_queries(52):
        actions.book_course(course=course, seats=wanted, by=desk, now=NOW)
