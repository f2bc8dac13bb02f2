"""Wall-clock times against instants, checked at the clinic's clock changes."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from clinics.domain.calendar import OpenCalendar, day_bounds, local_instant

LONDON = ZoneInfo("Europe/London")


def test_local_instant_keeps_wall_clock_across_the_change():
    assert local_instant(date(2027, 3, 27), time(9), LONDON) == datetime(2027, 3, 27, 9, tzinfo=UTC)
    assert local_instant(date(2027, 3, 28), time(9), LONDON) == datetime(2027, 3, 28, 8, tzinfo=UTC)


def test_local_instant_refuses_a_time_the_clock_skips():
    assert local_instant(date(2027, 3, 28), time(1, 30), LONDON).code == "nonexistent_time"


def test_local_instant_refuses_a_time_that_happens_twice():
    assert local_instant(date(2026, 10, 25), time(1, 30), LONDON).code == "ambiguous_time"


def test_day_bounds_are_25_hours_apart_when_clocks_go_back():
    begin, end = day_bounds(date(2026, 10, 25), LONDON)
    assert (end - begin).total_seconds() == 25 * 3600


def test_open_calendar_names_why_it_is_shut():
    shut = OpenCalendar({0: (time(8), time(18))}, {date(2026, 12, 28): "Stocktaking"})
    assert shut.closed_because(date(2026, 12, 28)) == "Stocktaking"
    assert shut.closed_because(date(2026, 12, 27)) == "closed on Sundays"
    assert shut.open_hours(date(2026, 12, 21)) == (time(8), time(18))
