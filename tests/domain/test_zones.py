"""Days on which the clocks change, as the day's capacity counts them; every zone and change is in the journeys."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from scheduling.domain.capacity import DayCapacity, NurseRules, Phase

# Where the clock skips midnight, the day begins after the change and both its ends have one offset.
DAYS = [
    ("Europe/London", date(2026, 6, 1), 24, 7),
    ("Europe/London", date(2026, 3, 29), 23, 7),
    ("Europe/London", date(2026, 10, 25), 25, 8),
    ("Atlantic/Azores", date(2026, 3, 29), 23, 8),
    ("Atlantic/Azores", date(2026, 10, 25), 25, 9),
    ("America/Havana", date(2026, 3, 8), 23, 12),
    ("America/Santiago", date(2026, 9, 6), 23, 11),
    ("Asia/Beirut", date(2026, 3, 29), 23, 5),
    ("Africa/Cairo", date(2026, 4, 24), 23, 5),
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5, -3),
]


def capacity(zone, day):
    return DayCapacity(
        day=day,
        zone=ZoneInfo(zone),
        hours=(time(8), time(18)),
        chairs={1: "Chair 1"},
        shifts={1: ("A nurse", [(time(8), time(18))])},
        rules=NurseRules(),
    )


@pytest.mark.parametrize(("zone", "day", "hours", "eight"), DAYS)
def test_opening_time_is_the_same_on_the_wall_whatever_the_clocks_did(zone, day, hours, eight):
    found = capacity(zone, day)
    opens = found.at(time(8))
    assert (found.steps, found.at(time(8)).astimezone(ZoneInfo(zone)).time()) == (hours * 12, time(8))
    assert opens == datetime(day.year, day.month, day.day, 8, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert (opens - datetime(day.year, day.month, day.day, tzinfo=UTC)).total_seconds() == eight * 3600
    starts = found.open_starts((Phase("steady", 600),))
    assert starts == 1 << found.step_of(opens)
