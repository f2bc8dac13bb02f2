"""The clinic's settings as plain values: hours, days, shifts with breaks, changes from a day on, capacity rules."""

from datetime import date, time, timedelta

import pytest

from clinics.domain.attention import BOUNDS, rule_problems
from clinics.domain.refusals import Refusal
from clinics.domain.roster import (
    Duty,
    Handing,
    change_from,
    duty_problems,
    in_order,
    minutes_worked,
    week_of,
)
from clinics.domain.spans import (
    FARTHEST_BACK_DAYS,
    FARTHEST_DAYS,
    Days,
    day_problem,
    fingerprint,
    hours_problems,
    overlap,
    span_problems,
)

TODAY = date(2031, 3, 10)  # a Monday
EIGHT, NOON, FOUR = time(8), time(12), time(16)


def codes(problems):
    return [(problem.code, problem.field) for problem in problems]


def day(number):
    return TODAY + timedelta(days=number)


# Days


@pytest.mark.parametrize(
    ("number", "back", "code"),
    [
        (-1, 0, "day_past"),
        (0, 0, None),
        (-30, 30, None),
        (-31, 30, "day_long_past"),
        (FARTHEST_DAYS, 0, None),
        (FARTHEST_DAYS + 1, 0, "day_far"),
    ],
)
def test_day_may_be_neither_past_nor_far_away(number, back, code):
    problem = day_problem(day(number), today=TODAY, back=back)
    assert (problem and problem.code) == code


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (0, 0, []),
        (0, None, []),
        (3, 1, [("ends_before_start", "last_day")]),
        (-5, 1, []),  # begun already
        (-5, -1, [("day_past", "last_day")]),
        (-FARTHEST_BACK_DAYS - 1, 1, [("day_long_past", "first_day")]),
        (0, FARTHEST_DAYS + 1, [("day_far", "last_day")]),
    ],
)
def test_span_says_what_is_wrong_with_it(first, last, found):
    span = Days(day(first), None if last is None else day(last))
    assert codes(span_problems(span, today=TODAY)) == found


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ((0, 3), (3, 5), True),
        ((0, 2), (3, 5), False),
        ((0, None), (3, 5), True),
        ((6, None), (3, 5), False),
        ((0, None), (9, None), True),
    ],
)
def test_spans_share_days_or_do_not_from_both_sides(one, other, share):
    a, b = (Days(day(first), None if last is None else day(last)) for first, last in (one, other))
    assert (a.touches(b), b.touches(a)) == (share, share)


def test_overlap_names_what_stands_in_the_way():
    refusal = overlap(Days(day(0), day(2)), [(Days(day(2), None), "“Repair”")])
    assert refusal == Refusal(
        "overlaps", "These days overlap with “Repair”, from 12 March 2031 until further notice.", "first_day"
    )


def test_fingerprint_tells_states_apart():
    assert fingerprint(1, "a") == fingerprint(1, "a")
    assert fingerprint(1, "a") != fingerprint(1, "b")


# Hours


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        ({0: (EIGHT, FOUR)}, []),
        ({0: (EIGHT, FOUR), 1: (None, None)}, []),
        ({0: (FOUR, EIGHT)}, [("closes_before_opens", "closes_0")]),
        ({0: (EIGHT, EIGHT)}, [("closes_before_opens", "closes_0")]),
        ({2: (EIGHT, None)}, [("half_hours", "closes_2")]),
        ({2: (None, FOUR)}, [("half_hours", "opens_2")]),
        ({4: (time(8, 2), FOUR)}, [("between_steps", "opens_4")]),
        ({4: (EIGHT, time(16, 0, 30))}, [("between_steps", "closes_4")]),
        ({0: (None, None)}, [("never_open", "")]),
        ({}, [("never_open", "")]),
    ],
)
def test_hours_say_what_is_wrong_beside_their_field(hours, found):
    assert codes(hours_problems(hours)) == found


# Shifts


def duty(starts=EIGHT, ends=FOUR, *breaks, weekday=0, days=None):
    return Duty(weekday, starts, ends, days or Days(TODAY, None), breaks)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (duty(), []),
        (duty(EIGHT, FOUR, (NOON, time(12, 30))), []),
        (duty(EIGHT, FOUR, (EIGHT, time(8, 30)), (time(15, 30), FOUR)), []),
        (duty(FOUR, EIGHT), [("ends_before_start", "ends")]),
        (duty(time(8, 1), FOUR), [("between_steps", "starts")]),
        (duty(EIGHT, FOUR, (time(7), time(9))), [("break_outside", "break_1")]),
        (
            duty(EIGHT, FOUR, (NOON, time(12, 30)), (time(15, 30), time(16, 5))),
            [("break_outside", "break_2")],
        ),
        (duty(EIGHT, FOUR, (time(13), NOON)), [("break_order", "break_1")]),
        (duty(EIGHT, FOUR, (NOON, time(12, 33))), [("between_steps", "break_1")]),
        (
            duty(EIGHT, FOUR, (NOON, time(13)), (time(12, 30), time(13, 30))),
            [("breaks_overlap", "break_2")],
        ),
        (duty(EIGHT, FOUR, (EIGHT, NOON), (NOON, FOUR)), [("no_work_left", "break_1")]),
    ],
)
def test_shift_says_what_is_wrong_beside_its_field(wanted, found):
    assert codes(duty_problems(wanted, [])) == found


@pytest.mark.parametrize(
    ("other", "clash"),
    [
        (duty(FOUR, time(18)), False),
        (duty(time(15, 55), time(18)), True),
        (duty(time(6), EIGHT), False),
        (duty(weekday=1), False),
        (duty(days=Days(day(-60), day(-1))), False),
        (duty(days=Days(day(-60), day(0))), True),
        (duty(days=Days(day(60), None)), True),
    ],
)
def test_shifts_of_one_nurse_clash_on_the_same_hours_and_days_only(other, clash):
    assert codes(duty_problems(duty(), [other])) == ([("shifts_overlap", "starts")] if clash else [])


def test_clash_names_the_shift_that_stands():
    standing = duty(time(6), time(9), days=Days(day(-7), day(7)))
    assert duty_problems(duty(), [standing])[0].message == (
        "This overlaps with the shift on Monday 06:00 to 09:00 that stands from 3 March 2031 to 17 March 2031."
    )


@pytest.mark.parametrize(
    ("from_day", "standing", "handing"),
    [
        (7, Days(day(-60), None), Handing(day(6), Days(day(7), None))),
        (7, Days(day(-60), day(20)), Handing(day(6), Days(day(7), day(20)))),
        (20, Days(day(-60), day(20)), Handing(day(19), Days(day(20), day(20)))),
        (7, Days(day(7), None), Handing(None, Days(day(7), None))),
        (0, Days(day(7), None), Handing(None, Days(day(7), None))),
    ],
)
def test_change_of_a_shift_ends_the_old_one_the_day_before(from_day, standing, handing):
    assert change_from(day(from_day), standing, today=TODAY) == handing


@pytest.mark.parametrize(
    ("from_day", "code"), [(-1, "day_past"), (21, "shift_over"), (FARTHEST_DAYS + 1, "day_far")]
)
def test_change_of_a_shift_from_an_impossible_day_is_refused(from_day, code):
    refusal = change_from(day(from_day), Days(day(-60), day(20)), today=TODAY)
    assert (refusal.code, refusal.field) == (code, "from_day")


def test_breaks_are_kept_in_order():
    assert in_order(duty(EIGHT, FOUR, (NOON, time(13)), (time(9), time(10)))).breaks == (
        (time(9), time(10)),
        (NOON, time(13)),
    )


def test_week_shows_shifts_leave_and_closed_days():
    monday, tuesday = duty(EIGHT, FOUR, (NOON, time(12, 30))), duty(weekday=1)
    early = duty(time(6), EIGHT, weekday=0)
    over = duty(weekday=3, days=Days(day(-60), day(2)))
    week = week_of(
        TODAY,
        [(1, monday), (2, tuesday), (3, early), (4, over)],
        leave=[(Days(day(1), day(1)), "")],
        closed={day(2): "Works"},
    )
    assert [(each.day, each.duties, each.away, each.closed) for each in week[:4]] == [
        (day(0), ((3, early), (1, monday)), "", ""),
        (day(1), ((2, tuesday),), "on leave", ""),
        (day(2), (), "", "Works"),
        (day(3), (), "", ""),
    ]
    assert minutes_worked(week) == 2 * 60 + 8 * 60 - 30


# Capacity rules

USUAL = {
    "slot_minutes": 15,
    "nurse_units": 4,
    "nurse_starts_per_slot": 1,
    "weight_set_up": 2,
    "weight_premedication": 1,
    "weight_titration": 2,
    "weight_steady": 1,
    "weight_observation": 1,
    "extra_first": 1,
    "extra_reaction": 1,
    "prep_per_hour": 0,
    "hold_beyond_days": 60,
    "waitlist_hold_minutes": 120,
    "learn_lengths_after": 5,
    "call_now_minutes": 15,
    "waitlist_notice_hours": 24,
}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"nurse_units": 2}, []),
        ({"slot_minutes": 7}, [("slot_length", "slot_minutes")]),
        ({"nurse_units": 1}, [("above_units", "weight_set_up"), ("above_units", "weight_titration")]),
        ({"weight_observation": 5}, [("above_units", "weight_observation")]),
        ({"extra_first": 5}, [("above_units", "extra_first")]),
        ({"weight_steady": 10}, [("out_of_bounds", "weight_steady")]),
        ({"nurse_units": 0}, [("out_of_bounds", "nurse_units")]),
        ({"hold_beyond_days": 731}, [("out_of_bounds", "hold_beyond_days")]),
    ],
)
def test_rules_say_what_is_wrong_beside_their_field(changed, found):
    assert codes(rule_problems(USUAL | changed)) == found


@pytest.mark.parametrize("name", BOUNDS)
def test_every_rule_has_bounds_that_hold(name):
    least, most = BOUNDS[name]
    for value in (least - 1, most + 1):
        assert ("out_of_bounds", name) in codes(rule_problems(USUAL | {name: value}))
