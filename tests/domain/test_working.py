"""Minutes as a clinic works them: across nights, weekends, closures and the clock's changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinics.domain.calendar import OpenCalendar
from monitoring.domain.working import Reading, after_working, reading, worked

LONDON = ZoneInfo("Europe/London")
WEEKDAYS = OpenCalendar({day: (time(8), time(18)) for day in range(5)})
# Open around the clock's change of Sunday, 30 March 2031 (01:00 to 02:00) and of 26 October (02:00 to 01:00).
NIGHTS = OpenCalendar({day: (time(0), time(6)) for day in range(7)})
MINUTE = timedelta(minutes=1)


def at(day, hour, minute=0, month=3):
    return datetime(2031, month, day, hour, minute, tzinfo=LONDON).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "due"),
    [
        (at(10, 9), at(10, 9, 15)),
        (at(10, 7), at(10, 8, 15)),
        (at(10, 17, 50), at(11, 8, 5)),
        (at(10, 17, 45), at(10, 18)),
        (at(10, 18), at(11, 8, 15)),
        (at(14, 17, 55), at(17, 8, 10)),
        (at(15, 12), at(17, 8, 15)),
    ],
)
def test_fifteen_minutes_run_only_while_the_clinic_is_open(since, due):
    assert after_working(WEEKDAYS, LONDON, since, 15) == due


def test_closures_and_early_closing_stop_the_minutes():
    shut = OpenCalendar(
        WEEKDAYS.hours, closures={date(2031, 3, 11): "Works"}, shut_from={date(2031, 3, 10): time(12)}
    )
    assert after_working(shut, LONDON, at(10, 11, 50), 15) == at(12, 8, 5)


def test_lost_hour_of_spring_is_not_counted_and_the_doubled_hour_of_autumn_twice():
    assert worked(NIGHTS, LONDON, at(30, 0), at(30, 6)) == timedelta(hours=5)
    assert worked(NIGHTS, LONDON, at(26, 0, month=10), at(26, 6, month=10)) == timedelta(hours=7)
    assert after_working(NIGHTS, LONDON, at(30, 0, 50), 15) == at(30, 2, 5)


def test_clinic_that_never_opens_names_no_instant():
    shut = OpenCalendar({})
    assert after_working(shut, LONDON, at(10, 9), 15) is None
    assert reading(shut, LONDON, at(10, 9)) == Reading(False, None, None)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(10, 9), Reading(True, at(10, 18), None)),
        (at(10, 8), Reading(True, at(10, 18), None)),
        (at(10, 18), Reading(False, None, at(11, 8))),
        (at(10, 3), Reading(False, None, at(10, 8))),
        (at(14, 20), Reading(False, None, at(17, 8))),
    ],
)
def test_reports_are_read_while_the_clinic_is_open_and_from_its_next_opening_on(now, expected):
    assert reading(WEEKDAYS, LONDON, now) == expected


HOURS = st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda pair: pair[0] < pair[1])
CALENDARS = st.builds(
    OpenCalendar,
    st.dictionaries(st.integers(0, 6), HOURS.map(lambda pair: (time(pair[0]), time(pair[1]))), min_size=1),
    closures=st.dictionaries(st.dates(date(2031, 3, 20), date(2031, 4, 20)), st.just("shut"), max_size=8),
)


@given(
    calendar=CALENDARS,
    zone=st.sampled_from([LONDON, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Chatham")]),
    since=st.datetimes(datetime(2031, 3, 25), datetime(2031, 4, 10), timezones=st.just(UTC)),
    minutes=st.integers(1, 240),
)
def test_when_the_minutes_are_over_so_many_were_worked_and_not_a_moment_before(
    calendar, zone, since, minutes
):
    due = after_working(calendar, zone, since, minutes)
    assert due is not None
    assert worked(calendar, zone, since, due) == minutes * MINUTE
    assert worked(calendar, zone, since, due - timedelta(seconds=1)) < minutes * MINUTE
