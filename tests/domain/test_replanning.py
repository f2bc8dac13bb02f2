from datetime import UTC, date, datetime, time, timedelta

import pytest

from scheduling.domain.baseline import greedy
from scheduling.domain.capacity import NurseRules, Occupied, Phase
from scheduling.domain.replanning import Allowed, Answer, Link, ToPlace, Weights, cost, day_of, ended_by
from scheduling.domain.verifying import verify
from tests.domain.planning import (
    DAY,
    EAGER,
    LONG,
    NINE,
    RULES,
    SHORT,
    answer_of,
    capacity,
    place,
    question,
    random_question,
    visit,
)

LONGER = (*SHORT, Phase("observation", 15))
AT_NINE = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)  # 09:00 in London


def codes(problem, *places, **more):
    return [refusal.code for refusal in verify(problem, answer_of(problem, *places, **more))]


# --- the question ---------------------------------------------------------------------------------------------


def test_a_day_carries_what_stays_in_it():
    room = capacity(chairs=1, nurses=1, rules=NurseRules(units=3, slot_minutes=30, prep_per_hour=2))
    room.add(Occupied(AT_NINE, AT_NINE + timedelta(minutes=30), 1, 11, SHORT))
    day = day_of(room)
    nine = NINE // 5
    assert day.chairs[0].taken == 0b111111 << nine
    assert [spare >> nine & 0b1111111 for spare in day.nurses[0].spare] == [
        0b1111111,
        0b1111111,
        0b1111000,
        0b1000000,
    ]
    assert day.nurses[0].started == ((NINE // 30, 1),)
    assert [(hour.left, hour.steps.bit_count()) for hour in day.preparations] == [(1, 12), (2, 12)]
    assert day.ticks == (NINE, NINE + 30, NINE + 60, NINE + 90)


def test_a_closed_day_offers_nothing():
    day = day_of(capacity(closed=True))
    assert (day.open, day.ticks, greedy(question(visit(1), days=[day])).left) == (0, (), (1,))


def test_the_wall_clock_stays_the_same_when_the_clocks_change():
    sunday, monday = date(2026, 3, 29), date(2026, 3, 30)
    days = [day_of(capacity(day=one)) for one in (sunday, monday)]
    assert [(day.ticks[0], day.skew) for day in days] == [(NINE - 60, 60), (NINE, 0)]
    moved = visit(1, now=place(1, 0, day=monday), allowed=(Allowed(sunday, 0, 24 * 60),))
    problem = question(moved, days=days)
    assert cost(problem, [place(1, -60, day=sunday)], []) == 40


def test_a_displacement_is_weighed_by_harm():
    moved = visit(1, now=place(1, 0), harm=5)
    problem = question(moved, weights=Weights(per_step=2, other_nurse=7))
    assert cost(problem, [place(1, 30, nurse=12)], []) == 6 * 2 * 5 + 7
    assert cost(problem, [], [1]) == 5 * 20_000


def test_a_crowded_day_costs_more_with_each_share_it_passes():
    problem = question(visit(1, LONG), visit(2, LONG), visit(3, LONG), weights=Weights(crowded=1))
    places = [place(1, 0), place(2, 60), place(3, 0, chair=2, nurse=12)]
    assert cost(problem, places, []) == (36 - 28) + (36 - 36)


# --- the checker ----------------------------------------------------------------------------------------------


def test_a_plan_that_keeps_every_rule_is_not_refused():
    problem = question(visit(1), visit(2))
    assert codes(problem, place(1, 0), place(2, 30)) == []


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ([place(1, 0), place(2, 15, nurse=12)], "chair_taken"),
        ([place(1, 0), place(2, 0, chair=2)], "nurse_starting"),
        ([place(1, 0, chair=3), place(2, 30)], "no_such_chair"),
        ([place(1, 0, nurse=13), place(2, 30)], "nurse_off_duty"),
        ([place(1, 105), place(2, 0)], "outside_hours"),
        ([place(1, -5), place(2, 30)], "outside_tolerance"),
        ([place(1, 0), place(1, 60), place(2, 30)], "visit_miscounted"),
        ([place(1, 0), place(2, 30), place(9, 60)], "unknown_visit"),
        ([place(1, 0, handovers=((NINE + 30, 12),)), place(2, 30)], "handover_wrong"),
        ([place(1, 0, day=date(2026, 6, 2)), place(2, 30)], "closed_day"),
    ],
)
def test_a_planted_fault_is_found(places, code):
    problem = question(visit(1), visit(2))
    left = tuple(sorted({1, 2} - {one.key for one in places}))
    answer = answer_of(problem)
    answer = type(answer)(tuple(places), left, "feasible", None, None, 0.0, "baseline")
    assert code in [refusal.code for refusal in verify(problem, answer)]


def test_more_attention_than_a_nurse_has_is_found():
    problem = question(visit(1, EAGER), visit(2, LONG))
    assert codes(problem, place(1, 0), place(2, 30, chair=2)) == ["nurse_full"]
    assert codes(problem, place(1, 0), place(2, 30, chair=2, nurse=12)) == []


def test_a_wrong_kind_of_chair_is_found():
    day = day_of(capacity(kinds={2: "bed"}))
    problem = question(visit(1, kinds=frozenset({"bed"})), days=[day])
    assert codes(problem, place(1, 0, chair=1)) == ["wrong_kind"]
    assert codes(problem, place(1, 0, chair=2)) == []


def test_too_many_preparations_in_an_hour_are_found():
    rules = NurseRules(units=3, slot_minutes=30, prep_per_hour=1)
    problem = question(visit(1), visit(2), days=[day_of(capacity(rules=rules))], rules=rules)
    assert codes(problem, place(1, 0), place(2, 30)) == ["prep_full"]
    assert codes(problem, place(1, 0), place(2, 60)) == []


def test_a_pair_out_of_its_distance_is_found():
    days = [day_of(capacity(day=DAY + timedelta(days=n))) for n in range(3)]
    anywhen = tuple(one for day in days for one in (Allowed(day.day, NINE, NINE + 120),))
    problem = question(
        visit(1, allowed=anywhen), visit(2, allowed=anywhen), days=days, links=(Link(1, 2, 1, 1),)
    )
    assert codes(problem, place(1, 0), place(2, 0, day=days[2].day)) == ["apart_wrong"]
    assert codes(problem, place(1, 0), place(2, 0, day=days[1].day)) == []


def test_a_handover_over_a_break_is_counted_with_the_colleague():
    shifts = {
        11: ("Nurse 11", [(time(9), time(9, 30)), (time(10), time(11))]),
        12: ("Nurse 12", [(time(9), time(11))]),
    }
    problem = question(visit(1, LONG), days=[day_of(capacity(shifts=shifts))])
    covered = ((NINE + 30, 12), (NINE + 60, 11))
    assert codes(problem, place(1, 15, handovers=covered)) == []
    assert codes(problem, place(1, 15)) == ["nurse_off_duty"]


def test_a_wrong_cost_or_bound_is_found():
    problem = question(visit(1, now=place(1, 0)))
    assert codes(problem, place(1, 30), objective=5) == ["objective_wrong"]
    assert codes(problem, place(1, 30), bound=7) == ["bound_wrong"]


# --- the plain answer -----------------------------------------------------------------------------------------


def test_the_plain_answer_leaves_everybody_where_nothing_is_wrong():
    problem = question(visit(1, now=place(1, 0)), visit(2, now=place(2, 30)))
    answer = greedy(problem)
    assert (answer.placed, answer.objective, answer.chair_changes) == ((place(1, 0), place(2, 30)), 0, 0)


def test_the_plain_answer_helps_the_most_harmed_first():
    room = day_of(capacity(chairs=1, nurses=1, hours=(time(9), time(9, 45))))
    problem = question(visit(1, LONGER, now=place(1, 0)), visit(2, now=place(2, 0), harm=2), days=[room])
    assert (greedy(problem).placed, greedy(problem).left) == ((place(2, 0),), (1,))


@pytest.mark.parametrize("seed", range(40))
def test_the_plain_answer_keeps_every_rule(seed):
    problem = random_question(seed)
    assert verify(problem, greedy(problem)) == ()


def test_a_visit_keeps_the_odd_minute_it_has():
    odd = visit(1, now=place(1, 7))
    assert greedy(question(odd)).placed == (place(1, 7),)


def test_the_plain_answer_hands_over_where_no_nurse_is_there_throughout():
    shifts = {
        11: ("Nurse 11", [(time(9), time(9, 30)), (time(9, 45), time(10))]),
        12: ("Nurse 12", [(time(9, 30), time(10))]),
    }
    room = day_of(capacity(shifts=shifts, hours=(time(9), time(10))))
    long = ToPlace(1, (Phase("set_up", 15), Phase("steady", 45)), (Allowed(DAY, NINE, NINE),))
    problem = question(long, days=[room])
    assert greedy(problem).placed == (place(1, 0, handovers=((NINE + 30, 12), (NINE + 45, 11))),)
    assert verify(problem, greedy(problem)) == ()
    assert greedy(question(long, days=[room], handovers=False)).left == (1,)
    assert RULES.units == 3


# --- the ending -----------------------------------------------------------------------------------------------


def ended(ending, status="feasible"):
    return Answer((), (), status, 10, None, 1.0, ending)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (None, ended("deterministic_limit"), "deterministic_limit"),
        (ended("proof", "optimal"), ended("deterministic_limit"), "deterministic_limit"),
        (ended("proof", "optimal"), ended("wall_clock"), "wall_clock"),
        (ended("wall_clock"), ended("deterministic_limit"), "wall_clock"),
        (ended("wall_clock"), ended("proof", "optimal"), "proof"),
        (ended("wall_clock"), ended("stopped"), "stopped"),
        (ended("stopped"), ended("deterministic_limit"), "stopped"),
    ],
)
def test_a_search_of_two_parts_says_so_where_the_clock_ended_the_first(first, second, expected):
    assert ended_by(first, second) == expected
