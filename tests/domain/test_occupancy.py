"""A day's counts against slow models: minute by minute, visit by visit, and there and back again."""

from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.domain.capacity import (
    CONSULTATION,
    FIRST,
    PHASE_WEIGHTS,
    REACTION,
    USUAL,
    DayCapacity,
    NurseRules,
    Occupied,
    Phase,
    total_minutes,
)
from scheduling.domain.filling import fill
from scheduling.domain.occupancy import above, lower_by, nothing, raise_by, used

LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
DAY = date(2026, 6, 1)
EIGHT = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
STEPS = 288

PHASES = st.lists(
    st.builds(
        Phase,
        st.sampled_from([*PHASE_WEIGHTS, CONSULTATION]),
        st.integers(1, 90),
        st.sampled_from([USUAL, FIRST, REACTION]),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@st.composite
def visits(draw, off_grid=True):
    starts = EIGHT + timedelta(
        minutes=draw(st.integers(0, 599)) if off_grid else 5 * draw(st.integers(0, 119))
    )
    phases = draw(PHASES)
    length = total_minutes(phases)
    nurse = draw(st.sampled_from([None, 10, 11, 12]))
    handovers = ()
    if nurse and length > 1 and draw(st.booleans()):
        handovers = (
            (starts + timedelta(minutes=draw(st.integers(1, length - 1))), draw(st.sampled_from([10, 11]))),
        )
    return Occupied(
        starts,
        starts + timedelta(minutes=length),
        draw(st.sampled_from([None, 1, 2, 3])),
        nurse,
        phases,
        draw(st.booleans()),
        handovers,
        draw(st.booleans()),
    )


RULES = st.builds(
    NurseRules,
    units=st.integers(1, 9),
    starts_per_slot=st.integers(1, 2),
    slot_minutes=st.sampled_from([5, 10, 15, 30]),
    prep_per_hour=st.integers(0, 3),
)


def a_day(rules=None, zone=LONDON, day=DAY):
    return DayCapacity(
        day=day,
        zone=zone,
        hours=(time(8), time(18)),
        chairs={1: "Chair 1", 2: "Chair 2"},
        shifts={10: ("Nurse 10", [(time(8), time(18))]), 11: ("Nurse 11", [(time(8), time(16))])},
        rules=rules or NurseRules(),
    )


def state(day):
    """Everything a day counts."""
    return (
        {key: (chair.sat, chair.kept) for key, chair in day.chairs.items()},
        {key: (nurse.counts, nurse.started, nurse.used) for key, nurse in day.nurses.items()},
        day.prepared,
    )


def counted(planes):
    return [sum((plane >> step & 1) << bit for bit, plane in enumerate(planes)) for step in range(STEPS)]


def steps_of(begin, end):
    """The steps that two minutes of the day touch, the second not included."""
    return range(begin // 5, -(-end // 5))


def minute_of(instant):
    return (instant - (EIGHT - timedelta(hours=8))) // timedelta(minutes=1)


def naive_attention(rules, standing, nurse):
    """Units a nurse gives in each step: every visit minute by minute, the greatest weight of a step counting."""
    total = [0] * STEPS
    for visit in standing:
        weights, minute = [], minute_of(visit.starts)
        for phase in visit.phases:
            weights += [(minute + n, rules.weight_of(phase)) for n in range(phase.minutes)]
            minute += phase.minutes
        needed = [0] * STEPS
        for at, weight in weights:
            if at // 5 < STEPS:
                needed[at // 5] = max(needed[at // 5], weight)
        begin, who = minute_of(visit.starts), visit.nurse
        for instant, to in (*visit.handovers, (visit.ends, None)):
            until = minute_of(instant)
            if who == nurse:
                for step in steps_of(begin, until):
                    if step < STEPS:
                        total[step] += needed[step]
            begin, who = until, to
    return total


@settings(max_examples=100, deadline=None)
@given(rules=RULES, standing=st.lists(visits(), max_size=12))
def test_a_day_counts_what_a_walk_through_its_minutes_counts(rules, standing):
    day = a_day(rules)
    for visit in standing:
        day.add(visit)
    for key, nurse in day.nurses.items():
        assert counted(nurse.counts) == naive_attention(rules, standing, key)
        began = [0] * STEPS
        for visit in standing:
            if visit.nurse == key and visit.starts_patient:
                slot = minute_of(visit.starts) // rules.slot_minutes * rules.slot_minutes
                began[slot // 5] += 1
        assert counted(nurse.started) == began
    for key, chair in day.chairs.items():
        sat = [0] * STEPS
        for visit in standing:
            if visit.chair == key and not visit.kept:
                for step in steps_of(minute_of(visit.starts), minute_of(visit.ends)):
                    sat[step] += step < STEPS
        assert counted(chair.sat) == sat


@settings(max_examples=100, deadline=None)
@given(
    rules=RULES,
    standing=st.lists(visits(), max_size=8),
    more=st.lists(visits(), min_size=1, max_size=8),
    order=st.randoms(),
)
def test_removing_is_the_exact_inverse_of_adding(rules, standing, more, order):
    day = a_day(rules)
    for visit in standing:
        day.add(visit)
    before = deepcopy(state(day))
    for visit in more:
        day.add(visit)
    order.shuffle(more)
    for visit in more:
        day.remove(visit)
    assert state(day) == before


@settings(max_examples=120, deadline=None)
@given(rules=RULES, standing=st.lists(visits(), max_size=12))
def test_filling_many_visits_at_once_is_adding_each_alone(rules, standing):
    alone, together = a_day(rules), a_day(rules)
    standing = [visit for visit in standing if not visit.kept]
    for visit in standing:
        alone.add(visit)
    known = {str(number): visit for number, visit in enumerate(standing)}
    rows = [(text, visit.chair, visit.nurse) for text, visit in known.items()]
    fill([together], rows, lambda text: (known[text], False))
    assert state(together) == state(alone)


def test_filling_counts_visits_on_top_of_each_other():
    alone, together = a_day(), a_day()
    phases = (Phase("set_up", 30), Phase("titration", 60, FIRST), Phase("steady", 60))
    visit = Occupied(EIGHT, EIGHT + timedelta(minutes=150), 1, 10, phases)
    for _ in range(5):
        alone.add(visit)
    fill([together], [("all", 1, 10)] * 5, lambda text: (visit, False))
    assert state(together) == state(alone)
    assert counted(together.nurses[10].counts)[96:99] == [10, 10, 10]


def test_filling_leaves_out_other_days_and_blocks_what_must_stay_free():
    day = a_day()
    visit = Occupied(EIGHT, EIGHT + timedelta(minutes=60), None, None, (Phase("steady", 60),))
    tomorrow = Occupied(
        EIGHT + timedelta(days=1), EIGHT + timedelta(days=1, hours=1), None, None, visit.phases
    )
    known = {"own": (visit, True), "tomorrow": (tomorrow, True)}
    fill([day], [("own", 1, 10), ("tomorrow", 1, 10)], known.__getitem__)
    eight_to_nine = ((1 << 12) - 1) << 96
    assert (day.elsewhere, used(day.chairs[1].sat)) == (eight_to_nine, eight_to_nine)


def test_what_was_never_counted_cannot_be_taken_away():
    planes = nothing()
    raise_by(planes, 0b11)
    with pytest.raises(ValueError, match="only what was counted can be taken away"):
        lower_by(planes, 0b100)


@settings(max_examples=120)
@given(
    amounts=st.lists(st.tuples(st.integers(1, 2**40 - 1), st.integers(0, 4)), max_size=40),
    most=st.integers(-2, 70),
)
def test_counts_have_no_upper_end(amounts, most):
    planes = nothing()
    for steps, bit in amounts:
        raise_by(planes, steps, bit)
    totals = [sum((steps >> step & 1) << bit for steps, bit in amounts) for step in range(40)]
    assert [
        sum((plane >> step & 1) << bit for bit, plane in enumerate(planes)) for step in range(40)
    ] == totals
    assert above(planes, most, 2**40 - 1) == sum(
        1 << step for step, total in enumerate(totals) if total > most
    )


@pytest.mark.parametrize(
    ("zone", "day", "walls"),
    [
        # The clocks go back from 02:00 to 01:30: half the hour from one comes twice.
        (LORD_HOWE, date(2026, 4, 5), {0: 12, 1: 12, 2: 12}),
        (LONDON, date(2026, 10, 25), {0: 12, 1: 12, 2: 12}),
        (LONDON, date(2026, 3, 29), {0: 12, 2: 12}),
    ],
)
def test_the_pharmacys_hours_are_those_of_the_clock(zone, day, walls):
    capacity = a_day(NurseRules(prep_per_hour=1), zone, day)
    for hour, length in walls.items():
        first = next(step for step in range(capacity.steps) if capacity._wall(step).hour == hour)
        assert capacity._hour(first) == (first, first + length)
    # Every step lies in the hour that names it, and hours follow each other without a gap.
    hours = sorted({capacity._hour(step) for step in range(capacity.steps)})
    assert [first for first, _ in hours] == [0, *(last for _, last in hours[:-1])]
    assert hours[-1][1] == capacity.steps
