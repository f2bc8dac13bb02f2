"""Held windows: made, let go, turned into times, and the room that is kept for them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinics.models import AuditEntry, Closure
from scheduling import actions, queries
from scheduling.domain.booking import Seat, Window
from scheduling.domain.soft import Accepted
from scheduling.models import PlannedInfusion, ScheduleChange, Visit
from tests.database.booking.arranged import (
    NOW,
    a_course,
    at,
    book,
    booked,
    chairs,
    codes,
    nurses,
    refusal,
    seat,
)
from tests.factory import make_clinic, make_member, make_visit

pytestmark = pytest.mark.django_db
KEPT = frozenset({"kept_for_holds"})


@pytest.fixture
def small():
    """One chair and one nurse for eight hours: one long infusion a day."""
    return make_clinic(chairs=1, nurses=1, closes=time(16))


@pytest.fixture
def their_desk(small):
    return make_member(small).user


def held(clinic, first, last, minutes=255):
    """A window held in a course of its own, on days of March 2031."""
    course = a_course(clinic)
    row = course.planned_infusions.get(ordinal=3)
    PlannedInfusion.objects.filter(pk=row.pk).update(
        earliest_on=date(2031, 3, first),
        target_on=date(2031, 3, first),
        planned_on=date(2031, 3, first),
        latest_on=date(2031, 3, last),
        held_at=NOW,
        held_minutes=minutes,
    )
    row.refresh_from_db()
    return row


def test_what_follows_the_pair_is_held_with_its_minutes(clinic, desk, course):
    booked(course, desk)
    rows = actions.hold_course(course=course, by=desk, now=NOW)
    assert [(row.ordinal, row.held_at, row.held_minutes) for row in rows] == [(3, NOW, 285), (4, NOW, 285)]
    assert AuditEntry.objects.filter(verb="held windows").count() == 1
    change = ScheduleChange.objects.first()
    assert (change.verb, change.before["planned"]["3"]["held_at"]) == ("hold", None)


def test_holding_twice_is_holding_once(clinic, desk, course):
    booked(course, desk)
    actions.hold_course(course=course, by=desk, now=NOW)
    assert actions.hold_course(course=course, by=desk, now=NOW + timedelta(minutes=1)) == []
    assert {row.held_at for row in PlannedInfusion.objects.filter(held_at__isnull=False)} == {NOW}
    assert ScheduleChange.objects.filter(verb="hold").count() == 1


def test_without_a_clearance_nothing_is_held(clinic, desk, course):
    course.clearance.withdrawn_at = NOW
    course.clearance.save()
    assert codes(actions.hold_course, course=course, by=desk) == ("clearance_withdrawn",)


def test_a_window_that_is_let_go_holds_nothing(clinic, desk, course):
    booked(course, desk)
    actions.hold_course(course=course, by=desk, now=NOW)
    row = course.planned_infusions.get(ordinal=3)
    for _ in range(2):
        actions.release_infusion(planned=row, by=desk, now=NOW)
    row.refresh_from_db()
    assert (row.held_at, row.held_minutes, row.state) == (None, 0, "planned")
    assert AuditEntry.objects.filter(verb="released window").count() == 1
    assert ScheduleChange.objects.first().before["planned"]["3"]["held_minutes"] == 285


def test_a_held_window_becomes_a_time(clinic, desk, course):
    booked(course, desk)
    actions.hold_course(course=course, by=desk, now=NOW)
    row = course.planned_infusions.get(ordinal=3)
    when = Seat(datetime(2031, 9, 15, 8, tzinfo=UTC), chairs(clinic)[0], nurses(clinic)[0])
    actions.book_single(planned=row, seat=when, by=desk, now=NOW)
    row.refresh_from_db()
    assert (row.held_at, row.held_minutes) == (None, 0)
    assert ScheduleChange.objects.first().before["planned"]["3"]["held_minutes"] == 285


def test_a_window_held_without_room_keeps_the_reason(clinic, desk, course):
    booked(course, desk)
    Closure.objects.create(
        clinic=clinic, first_day=date(2031, 8, 1), last_day=date(2031, 12, 31), reason="building"
    )
    assert codes(actions.hold_course, course=course, by=desk) == ("no_room",)
    assert AuditEntry.objects.filter(verb="passed a soft rule").count() == 0
    passed = Accepted(frozenset({"no_room"}), " A hall is hired ")
    actions.hold_course(course=course, by=desk, now=NOW, accepted=passed)
    noted = AuditEntry.objects.get(verb="passed a soft rule")
    assert (noted.subject_id, noted.changes["broken"], noted.changes["reason"]) == (
        str(course.pk),
        ["no_room"],
        "A hall is hired",
    )


def test_stopping_the_course_frees_what_it_held(clinic, desk, course):
    booked(course, desk)
    actions.hold_course(course=course, by=desk, now=NOW)
    actions.stop_course(course=course, reason="moved away", by=desk, now=NOW)
    assert queries.held_windows(clinic, date(2031, 1, 1), date(2034, 1, 1)) == []


def test_the_last_day_of_a_held_window_is_not_sold(small, their_desk):
    held(small, 10, 10)
    wanted = book(a_course(small), at(10))
    found = refusal(actions.book_single, by=their_desk, **wanted)
    assert (found.codes, found.reasons[0].message) == (
        ("kept_for_holds",),
        "1 infusion is held for 10 Mar 2031 to 10 Mar 2031; 10 Mar 2031 is needed for it.",
    )
    assert found.alternatives
    visit = actions.book_single(by=their_desk, now=NOW, accepted=Accepted(KEPT, "Cannot wait"), **wanted)
    assert visit.breaches.get().codes == ["kept_for_holds"]


def test_a_day_is_sold_while_the_window_has_another(small, desk):
    held(small, 10, 11)
    assert actions.book_single(by=desk, now=NOW, **book(a_course(small), at(10))).status == "booked"
    late = a_course(small, start_on=date(2031, 3, 11))
    assert codes(actions.book_single, by=desk, **book(late, at(11))) == ("kept_for_holds",)


def test_windows_that_overlap_are_counted_together(small, desk):
    for first, last in ((10, 11), (11, 12), (10, 12)):
        held(small, first, last)
    for day in (10, 11, 12):
        course = a_course(small, start_on=date(2031, 3, day))
        assert codes(actions.book_single, by=desk, **book(course, at(day))) == ("kept_for_holds",)
    free = a_course(small, start_on=date(2031, 3, 13))
    assert actions.book_single(by=desk, now=NOW, **book(free, at(13))).status == "booked"


def test_a_short_visit_that_costs_no_window_is_booked(desk):
    clinic = make_clinic(chairs=2, nurses=2, closes=time(16))
    held(clinic, 10, 10)
    assert actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10))).status == "booked"
    second = book(a_course(clinic), at(10), chair=1, nurse=1)
    assert codes(actions.book_single, by=desk, **second) == ("kept_for_holds",)


def test_whoever_turns_the_held_window_itself_into_a_time_gets_the_last_day(small, desk):
    row = held(small, 10, 10)
    visit = actions.book_single(planned=row, seat=seat(small, at(10)), by=desk, now=NOW)
    assert visit.status == "booked"


def test_turning_a_window_into_a_time_leaves_another_windows_only_day_alone(small, desk):
    wide, _ = held(small, 10, 12), held(small, 11, 11)
    for day, expected in ((11, ("kept_for_holds",)), (12, ())):
        wanted = {"planned": wide, "seat": seat(small, at(day)), "by": desk}
        if expected:
            assert codes(actions.book_single, **wanted) == expected
        else:
            assert actions.book_single(now=NOW, **wanted).status == "booked"


def test_moving_within_a_scarce_day_costs_nothing(small, desk):
    first = a_course(small)
    visit = actions.book_single(by=desk, now=NOW, **book(first, at(10)))
    held(small, 10, 10)
    moved = actions.move_visit(
        visit=visit, seat=seat(small, at(10, 9, 30)), version=1, reason="later", by=desk, now=NOW
    )
    assert moved.starts_at == at(10, 9, 30)
    plan, row = queries.read_plan(first), first.planned_infusions.get(ordinal=1)
    times = queries.single_times(plan, row, now=NOW, without=[moved.pk], days=1)
    assert ({card.places[0].starts.date() for card in times.cards}, times.kept) == ({date(2031, 3, 10)}, ())


def test_days_that_held_windows_need_are_not_offered(small, desk):
    held(small, 10, 11), held(small, 10, 11)
    course = a_course(small)
    plan = queries.read_plan(course)
    times = queries.single_times(plan, course.planned_infusions.get(ordinal=1), now=NOW)
    assert min(card.places[0].starts.date() for card in times.cards) == date(2031, 3, 12)
    assert [day for day, _ in times.kept] == [date(2031, 3, 10), date(2031, 3, 11)]
    assert times.kept[0][1].startswith("2 infusions are held for 10 Mar 2031 to 11 Mar 2031;")


def test_a_held_infusion_is_offered_its_own_days(small, desk):
    row = held(small, 10, 11)
    times = queries.single_times(queries.read_plan(row.course), row, now=NOW)
    assert {card.places[0].starts.date() for card in times.cards} == {date(2031, 3, 10), date(2031, 3, 11)}


def test_a_window_without_room_is_held_only_with_a_reason(small, their_desk):
    course = a_course(small, maintenance=1)
    PlannedInfusion.objects.filter(course=course, ordinal=3).update(
        earliest_on=date(2031, 3, 12), latest_on=date(2031, 3, 13), planned_on=date(2031, 3, 12)
    )
    PlannedInfusion.objects.filter(course=course, ordinal__lt=3).update(state="cancelled")
    held(small, 12, 13), held(small, 12, 13)
    found = refusal(actions.hold_course, course=course, by=their_desk)
    assert (found.codes, found.reasons[0].message) == (
        ("no_room",),
        "Infusion 3 has no room for 12 Mar 2031 to 13 Mar 2031: all of it is booked or held.",
    )
    assert not PlannedInfusion.objects.filter(course=course, held_at__isnull=False).exists()
    assert (
        len(
            actions.hold_course(
                course=course, by=their_desk, now=NOW, accepted=Accepted(frozenset({"no_room"}), "Must")
            )
        )
        == 1
    )


@pytest.mark.parametrize(("taken", "word"), [(0, "tight"), (1, "tight"), (2, "none")])
def test_room_is_said_in_one_word(small, desk, taken, word):
    for day in range(taken):
        make_visit(
            a_course(small).patient,
            starts_at=at(12 + day, 8),
            ends_at=at(12 + day, 16),
            chair=small.chairs.get(),
        )
    window = Window(date(2031, 3, 12), date(2031, 3, 13))
    assert [room.word for room in queries.rooms_for(small, [(window, 255)], now=NOW)] == [word]


def test_a_window_on_closed_days_says_so(small):
    Closure.objects.create(
        clinic=small, first_day=date(2031, 3, 10), last_day=date(2031, 3, 14), reason="Works"
    )
    window = Window(date(2031, 3, 10), date(2031, 3, 16))
    room = queries.rooms_for(small, [(window, 255)], now=NOW)[0]
    assert (room.word, room.closed) == ("none", True)


def test_another_clinics_windows_keep_nothing_here(small, desk):
    held(make_clinic(chairs=1, nurses=1, closes=time(16)), 10, 10)
    assert actions.book_single(by=desk, now=NOW, **book(a_course(small), at(10))).status == "booked"


def test_a_clinic_without_holds_in_reach_pays_one_query(clinic, desk, django_assert_num_queries):
    booked(a_course(clinic), desk)
    held(clinic, 10, 10)
    PlannedInfusion.objects.filter(held_at__isnull=False).update(
        earliest_on=date(2031, 9, 10), latest_on=date(2031, 9, 20)
    )
    capacity = queries.read_days(clinic, [date(2031, 3, 10)], now=NOW)
    with django_assert_num_queries(1):
        assert queries.kept_days(clinic, capacity, now=NOW) == {}


def test_a_day_with_plenty_left_is_not_asked_about_any_further(desk, django_assert_num_queries):
    clinic = make_clinic(chairs=12, nurses=12)
    held(clinic, 10, 20)
    capacity = queries.read_days(clinic, [date(2031, 3, 10)], now=NOW)
    with django_assert_num_queries(1):
        assert queries.kept_days(clinic, capacity, now=NOW) == {}
    assert Visit.objects.count() == 0


def test_the_dead_need_no_room(small):
    row = held(small, 10, 10)
    assert [each.key for each in queries.held_near(small, [date(2031, 3, 10)])] == [row.pk]
    type(row.patient).objects.filter(pk=row.patient_id).update(deceased=True)
    assert queries.held_near(small, [date(2031, 3, 10)]) == []
