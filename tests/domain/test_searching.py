"""Free starts: every one of them and no other, on any day, for any visit."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from scheduling.domain.capacity import DayCapacity, Fit, NurseRules, Phase
from scheduling.domain.searching import free_starts, grid
from tests.domain.test_occupancy import PHASES, RULES, visits

LONDON = ZoneInfo("Europe/London")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = (Phase("steady", 60),)


def a_day(day=date(2026, 6, 1), rules=None, hours=(time(8), time(18)), **more):
    return DayCapacity(
        day=day,
        zone=LONDON,
        hours=hours,
        chairs={1: "Chair 1", 2: "Bed 2"},
        kinds={2: "bed"},
        shifts=more.pop("shifts", {10: ("Nurse 10", [(time(8), time(12)), (time(12, 30), time(18))])}),
        rules=rules or NurseRules(slot_minutes=30),
        **more,
    )


def brute(day, phases, now, place=""):
    """Every wall-clock time of the grid, every chair, every nurse: asked one by one."""
    found = {}
    for key, chair in day.chairs.items():
        if place and chair.kind != place:
            continue
        found[key] = []
        for at in grid(day.hours[0], day.hours[1], day.rules.slot_minutes):
            instant = day.at(at)
            if isinstance(instant, Refusal) or instant < now:
                continue
            if any(isinstance(day.fits(instant, phases, key, nurse), Fit) for nurse in day.nurses):
                found[key].append(f"{at:%H:%M}")
    return found


@settings(max_examples=120, deadline=None)
@given(
    rules=RULES,
    standing=st.lists(visits(), max_size=8),
    phases=PHASES,
    now=st.integers(-60, 700),
    place=st.sampled_from(["", "", "bed", "isolation"]),
    opens=st.integers(0, 30),
)
def test_free_starts_are_those_that_fit_one_by_one(rules, standing, phases, now, place, opens):
    shifts = {
        10: ("Nurse 10", [(time(8), time(12)), (time(12, 30), time(18))]),
        11: ("Nurse 11", [(time(9), time(16))]),
    }
    day = a_day(rules=rules, hours=(time(8, opens), time(18)), shifts=shifts)
    for visit in standing:
        day.add(visit)
    moment = day.begins + timedelta(hours=8, minutes=now)
    found = free_starts(day, phases, now=moment, place=place)
    expected = brute(day, phases, moment, place)
    assert {key: found.of_chair(key) for key in found.chairs} == expected
    counts = {}
    for starts in expected.values():
        for start in starts:
            counts[start] = counts.get(start, 0) + 1
    assert found.starts() == sorted(counts.items())


def test_free_starts_on_days_on_which_the_clocks_change():
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        capacity = a_day(day, hours=(time(0), time(6)), shifts={10: ("Nurse 10", [(time(0), time(6))])})
        found = free_starts(capacity, HOUR, now=LONG_AGO)
        assert {key: found.of_chair(key) for key in found.chairs} == brute(capacity, HOUR, LONG_AGO)
    # On the night the clocks go back, the hour that comes twice is no time anybody can name.
    assert found.of_chair(1) == [
        "00:00", "00:30", "02:00", "02:30", "03:00", "03:30", "04:00", "04:30", "05:00",
    ]  # fmt: skip


def test_a_closed_day_says_why():
    found = free_starts(a_day(hours=None, closed_because="Staff training"), HOUR, now=LONG_AGO)
    assert (found.closed, found.chairs, found.starts()) == ("Staff training", {}, [])


def test_a_visit_over_every_nurses_break_has_no_start():
    found = free_starts(a_day(), (Phase("steady", 5 * 60),), now=LONG_AGO)
    assert found.of_chair(1) == ["12:30", "13:00"]
    assert free_starts(a_day(), (Phase("steady", 6 * 60),), now=LONG_AGO).starts() == []


def test_the_grid_begins_on_a_whole_step():
    assert grid(time(8, 3), time(9), 15)[:3] == [time(8, 5), time(8, 20), time(8, 35)]
