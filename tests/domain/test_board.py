"""The board: where visits stand, what is closed, and the line of the present."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from infusion.desk.domain.board import Board, Booked, Hour, Now, Place, Shut, lay_out

LONDON = ZoneInfo("Europe/London")
DAY = date(2026, 5, 4)
OPEN = (time(8), time(18))


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)


def booked(visit: int, chair: int, begins: datetime, minutes: int, stands: bool = True) -> Booked:
    return Booked(visit, chair, begins, begins + timedelta(minutes=minutes), stands)


def board(*visits: Booked, hours=OPEN, chairs=(11, 12), now=None, day=DAY) -> Board:
    now = now or at(12, day=date(2026, 1, 1))
    return lay_out(visits, day=day, zone=LONDON, hours=hours, chairs=chairs, now=now)


def test_visit_stands_in_its_chair_at_its_five_minute_step():
    laid = board(booked(1, 12, at(9), 375), booked(2, 11, at(8, 30), 60))
    assert laid.columns == (11, 12)
    assert laid.places == (Place(2, 1, 6, 12), Place(1, 2, 12, 75))


def test_axis_names_every_hour_from_opening_to_closing():
    laid = board()
    assert laid.hours[0] == Hour(0, "08:00")
    assert laid.hours[-1] == Hour(108, "17:00")
    assert laid.shut == ()


def test_axis_begins_with_the_hour_and_hatches_the_time_before_opening():
    laid = board(hours=(time(8, 30), time(17)))
    assert laid.hours[0] == Hour(0, "08:00")
    assert laid.shut == (Shut(0, 6),)


def test_visit_outside_the_hours_widens_the_board():
    laid = board(booked(1, 11, at(7, 15), 60), booked(2, 12, at(17), 90))
    assert laid.hours[0] == Hour(0, "07:00")
    assert laid.places == (Place(1, 1, 3, 12), Place(2, 2, 120, 18))
    assert laid.shut == (Shut(0, 12), Shut(132, 6))


def test_visit_that_does_not_begin_on_the_step_covers_every_step_it_touches():
    laid = board(booked(1, 11, at(9, 2), 6))
    assert laid.places == (Place(1, 1, 12, 2),)


def test_visit_in_a_chair_out_of_service_brings_its_column():
    assert board(booked(1, 99, at(9), 60)).columns == (11, 12, 99)


def test_visit_that_lost_its_time_to_another_is_left_to_the_list():
    gone = booked(1, 11, at(9), 60, stands=False)
    again = booked(2, 11, at(9), 60, stands=False)
    assert [place.visit for place in board(gone).places] == [1]
    assert [place.visit for place in board(gone, again).places] == [1]
    assert [place.visit for place in board(gone, booked(3, 11, at(9, 30), 60)).places] == [3]
    assert [place.visit for place in board(gone, booked(4, 11, at(10), 60)).places] == [1, 4]
    assert [place.visit for place in board(gone, booked(5, 12, at(9), 60)).places] == [1, 5]


def test_closed_day_is_hatched_throughout():
    laid = board(hours=None)
    assert laid.shut == (Shut(0, 120),)


def test_now_line_stands_only_in_its_own_day_and_hours():
    assert board(now=at(11, 7)).now == Now(37, "11:07")
    assert board(now=at(7, 59)).now is None
    assert board(now=at(18)).now is None
    assert board(now=at(11, day=date(2026, 5, 5))).now is None


def test_clinic_open_round_the_clock_is_cut_where_the_style_sheet_ends():
    laid = board(booked(1, 11, at(23), 30), hours=(time(0), time(23, 59)))
    assert len(laid.hours) == 18
    assert laid.places == (Place(1, 1, 215, 1),)


def test_day_of_twenty_five_hours_keeps_true_lengths():
    long_day = date(2026, 10, 25)
    laid = board(
        booked(1, 11, datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 60), hours=(time(0), time(4)), day=long_day
    )
    assert [hour.words for hour in laid.hours] == ["00:00", "01:00", "01:00", "02:00", "03:00"]
    assert laid.places == (Place(1, 1, 18, 12),)
