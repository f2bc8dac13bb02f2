"""Room beside held windows, against every way of serving them tried by hand."""

from datetime import date, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.capacity import DayCapacity, Fit, NurseRules, Occupied, Phase
from scheduling.domain.holds import (
    HeldWindow,
    Room,
    fitting,
    fitting_each,
    lost,
    rooms,
    served,
    shape_of,
)

FIRST = date(2031, 3, 3)


def day(n):
    return FIRST + timedelta(days=n)


def held(*spans):
    return [HeldWindow(key, day(first), day(last), 240) for key, (first, last) in enumerate(spans)]


def most_served(capacity, windows):
    """The size of the best matching, by trying every day for every window."""
    spans = tuple((window.earliest, window.latest) for window in windows)

    @cache
    def best(number, left):
        if number == len(spans):
            return 0
        first, last = spans[number]
        found = best(number + 1, left)
        for place, (when, fit) in enumerate(left):
            if fit and first <= when <= last:
                rest = (*left[:place], (when, fit - 1), *left[place + 1 :])
                found = max(found, 1 + best(number + 1, rest))
        return found

    return best(0, tuple(sorted(capacity.items())))


def tried_out(capacity, windows):
    """For each day, how much can be taken from it while as many windows as before are served."""
    before = most_served(capacity, windows)
    found = {}
    for when, fit in capacity.items():
        taken = 0
        while taken < fit and most_served({**capacity, when: fit - taken - 1}, windows) == before:
            taken += 1
        found[when] = taken
    return found


DAYS = 6
capacities = st.dictionaries(st.integers(0, DAYS - 1).map(day), st.integers(0, 3), min_size=1)
spans = st.tuples(st.integers(0, DAYS - 1), st.integers(0, 3)).map(lambda each: (each[0], each[0] + each[1]))
windows = st.lists(spans, max_size=5).map(lambda found: held(*found))


@given(capacities, windows)
def test_as_many_windows_are_served_as_can_be(capacity, found):
    kept = served(capacity, found)
    assert len(kept) == most_served(capacity, found)
    assert len(served(capacity, kept)) == len(kept)


@given(capacities, windows)
def test_room_is_what_can_be_taken_without_losing_a_window(capacity, found):
    kept = served(capacity, found)
    assert rooms(capacity, found) == tried_out(capacity, kept)


@given(capacities, windows)
def test_room_taken_never_loses_a_window_even_where_not_all_can_be_served(capacity, found):
    before = most_served(capacity, found)
    for when, room in rooms(capacity, found).items():
        assert most_served({**capacity, when: capacity[when] - room}, found) == before


@given(capacities, windows, spans)
def test_room_for_further_windows_is_how_many_more_can_be_served(capacity, found, span):
    kept = list(served(capacity, found))
    more = 0
    while most_served(capacity, [*kept, *held(*[span] * (more + 1))]) == len(kept) + more + 1:
        more += 1
    assert Room(capacity, kept).inside(day(span[0]), day(span[1])) == more


@given(capacities, windows, st.integers(0, DAYS - 1), st.data())
def test_what_a_visit_costs_is_what_can_no_longer_be_served(capacity, found, n, data):
    on = day(n)
    fit = capacity.get(on, 0)
    after = {**capacity, on: max(fit - data.draw(st.integers(0, 2)), 0)}
    assert lost(capacity, after, found) == most_served(capacity, found) - most_served(after, found)


def test_whoever_turns_a_held_window_into_a_time_costs_nothing_where_it_was_the_last_room():
    two = held((0, 2), (0, 2))
    capacity, after = {day(1): 1}, {day(1): 0}
    assert lost(capacity, after, two, own={0}) == 0
    assert lost(capacity, after, two) == 1


def test_a_window_turned_into_a_time_on_the_only_day_of_another_costs_that_one():
    wide, narrow = held((0, 4), (2, 2))
    capacity = {day(n): 1 for n in range(5)}
    assert lost(capacity, {**capacity, day(2): 0}, [wide, narrow], own={wide.key}) == 1
    assert lost(capacity, {**capacity, day(3): 0}, [wide, narrow], own={wide.key}) == 0


def test_days_without_windows_are_free_to_the_last_place():
    assert rooms({day(0): 2, day(9): 3}, held((5, 8))) == {day(0): 2, day(9): 3}


def test_a_span_is_full_though_no_day_of_it_is():
    capacity = {day(n): 1 for n in range(3)}
    assert rooms(capacity, held((0, 1), (1, 2), (0, 2))) == {day(n): 0 for n in range(3)}
    assert rooms(capacity, held((0, 1), (0, 2))) == {day(n): 1 for n in range(3)}


def test_the_shape_of_a_held_visit_lasts_as_long_as_its_window_is_held_for():
    assert [sum(phase.minutes for phase in shape_of(minutes)) for minutes in (20, 90, 91, 255)] == [
        20,
        90,
        91,
        255,
    ]


def a_day(chairs=2, nurses=1, on=FIRST, **rules):
    return DayCapacity(
        day=on,
        zone=ZoneInfo("Europe/London"),
        hours=(time(8), time(18)),
        chairs={key: f"Chair {key}" for key in range(1, chairs + 1)},
        shifts={key: (f"Nurse {key}", [(time(8), time(18))]) for key in range(11, 11 + nurses)},
        rules=NurseRules(**rules),
    )


def laid_by_search(day, phases, most):
    """The most visits of one shape that fit a day, by trying every start, chair and nurse."""
    best = 0
    for step in range(0, day.steps, day.width):
        for chair in day.chairs:
            for nurse in day.nurses:
                starts = day.instant_of(step)
                if isinstance(day.fits(starts, phases, chair, nurse), Fit):
                    ends = starts + timedelta(minutes=sum(phase.minutes for phase in phases))
                    visit = Occupied(starts, ends, chair, nurse, tuple(phases))
                    day.add(visit)
                    best = max(best, 1 + laid_by_search(day, phases, most - 1) if most > 1 else 1)
                    day.remove(visit)
                    if best >= most:
                        return best
    return best


@pytest.mark.parametrize(
    ("chairs", "nurses", "minutes", "rules", "expected"),
    [
        (1, 1, 285, {}, 2),
        (2, 1, 285, {}, 4),
        (3, 1, 285, {}, 4),
        (3, 2, 285, {}, 6),
        (2, 2, 285, {"prep_per_hour": 1}, 3),
        (2, 2, 570, {"prep_per_hour": 1}, 1),
        (2, 1, 285, {"units": 2}, 2),
        (1, 1, 601, {}, 0),
    ],
)
def test_so_many_visits_of_a_shape_fit_a_day(chairs, nurses, minutes, rules, expected):
    assert fitting(a_day(chairs, nurses, **rules), shape_of(minutes), 20) == expected


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 2)), max_size=3), st.integers(120, 300))
def test_what_is_said_to_fit_does_fit_and_the_day_is_left_as_it_was(visits, minutes):
    day, phases = a_day(slot_minutes=30), shape_of(minutes - minutes % 5)
    for hour, chair in visits:
        starts = day.begins + timedelta(hours=8 + hour)
        day.add(Occupied(starts, starts + timedelta(hours=1), chair, 11, (Phase("steady", 60),)))
    before = [chair.taken for chair in day.chairs.values()], [nurse.used for nurse in day.nurses.values()]
    count = fitting(day, phases, 3)
    after = [chair.taken for chair in day.chairs.values()], [nurse.used for nurse in day.nurses.values()]
    assert before == after
    assert count <= laid_by_search(day, phases, 3)


def test_days_alike_are_counted_as_one_by_one():
    days = {day(n): a_day(chairs=2, nurses=1, on=day(n)) for n in range(4)}
    starts = days[day(2)].begins + timedelta(hours=9)
    visit = Occupied(starts, starts + timedelta(hours=5), 1, 11, shape_of(300))
    days[day(2)].add(visit)
    most = {each: n + 1 for n, each in enumerate(days)}
    counted = fitting_each(days, shape_of(285), most)
    assert counted == {each: fitting(days[each], shape_of(285), most[each]) for each in days}
