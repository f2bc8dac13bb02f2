"""What of a course is still to be given, and on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from regimens.defaults import default_regimens
from regimens.domain.dates import Phase, add_months
from scheduling.domain.course import (
    DoseConcern,
    GivenDose,
    check_interval,
    given_concerns,
    horizon_until,
    plan_course,
)

STANDARD = default_regimens()["STANDARD"]
START = date(2026, 3, 10)
REANCHOR = "Held back by the minimum interval: the prescriber decides whether to re-anchor the course."


def plan(start=START, *, closures=None, until=None, **more):
    closures = closures or {}
    doses = plan_course(
        STANDARD, start=start, until=until or horizon_until(start, None), closed=closures.get, **more
    )
    assert not isinstance(doses, Refusal)
    return doses


def weekdays_only(day):
    return "closed on weekends" if day.weekday() > 4 else None


def test_new_course_has_the_pair_and_four_maintenance_doses_in_24_months():
    doses = plan()
    assert [(one.n, one.phase, one.target, one.planned_on) for one in doses] == [
        (1, Phase.INDUCTION, date(2026, 3, 10), date(2026, 3, 10)),
        (2, Phase.INDUCTION, date(2026, 3, 24), date(2026, 3, 24)),
        (3, Phase.MAINTENANCE, date(2026, 9, 10), date(2026, 9, 10)),
        (4, Phase.MAINTENANCE, date(2027, 3, 10), date(2027, 3, 10)),
        (5, Phase.MAINTENANCE, date(2027, 9, 10), date(2027, 9, 10)),
        (6, Phase.MAINTENANCE, date(2028, 3, 10), date(2028, 3, 10)),
    ]
    assert {(one.moved_reason, one.concern) for one in doses} == {("", "")}
    assert (doses[1].earliest, doses[1].latest) == (date(2026, 3, 23), date(2026, 3, 27))
    assert (doses[2].earliest, doses[2].latest) == (date(2026, 9, 10), date(2026, 10, 8))


LATE_IN_THE_MONTH = [
    day for n in range(7_670) if (day := date(2024, 1, 1) + timedelta(days=n)).day > 28
]  # every 29th to 31st for 21 years


@examples(st.sampled_from(LATE_IN_THE_MONTH))
def test_course_drops_no_dose_whatever_the_day_of_the_month(start):
    doses = plan(start, until=add_months(start, 120))
    assert [one.target for one in doses[2:]] == [add_months(start, 6 * n) for n in range(1, 21)]


def test_horizon_rolls_with_the_last_infusion_given():
    assert horizon_until(START, None) == date(2028, 3, 10)
    assert horizon_until(START, date(2026, 9, 14)) == date(2028, 9, 14)
    assert horizon_until(date(9999, 1, 1), None) == date.max


def test_closed_day_moves_the_dose_later_with_its_reason():
    doses = plan(date(2026, 6, 25), closures={date(2026, 12, 25): "Christmas Day"})
    assert (doses[2].target, doses[2].planned_on) == (date(2026, 12, 25), date(2026, 12, 26))
    assert doses[2].moved_reason == "moved from 25 Dec 2026: Christmas Day"
    assert doses[2].concern == ""


def test_move_of_one_dose_leaves_the_later_ones_on_the_series():
    doses = plan(date(2026, 6, 25), closures={date(2026, 12, 25): "Christmas Day"})
    assert doses[3].target == date(2027, 6, 25)


def test_induction_dose_goes_earlier_only_when_nothing_later_is_open():
    shut = {START + timedelta(days=14 + step): "strike" for step in range(4)}
    second = plan(closures=shut)[1]
    assert (second.planned_on, second.moved_reason) == (date(2026, 3, 23), "moved from 24 Mar 2026: strike")


def test_window_without_an_open_day_is_a_concern():
    shut = {START + timedelta(days=14 + step): "strike" for step in range(-1, 4)}
    second = plan(closures=shut)[1]
    assert second.planned_on is None
    assert second.concern == "No open day from 23 Mar 2026 to 27 Mar 2026: the prescriber decides."


def test_maintenance_never_goes_earlier_than_its_target():
    shut = {date(2026, 9, 10) + timedelta(days=step): "rebuilding" for step in range(29)}
    assert plan(closures=shut)[2].planned_on is None


def test_first_dose_moved_off_a_closed_day_moves_the_anchor():
    doses = plan(closures={START: "training day"})
    assert [one.target for one in doses[:3]] == [START, date(2026, 3, 25), date(2026, 9, 11)]
    assert doses[0].planned_on == date(2026, 3, 11)


@examples(st.dates(date(2024, 1, 1), date(2044, 12, 31)))
def test_planned_days_are_open_and_inside_their_windows(start):
    doses = plan_course(STANDARD, start=start, until=add_months(start, 60), closed=weekdays_only)
    assert not isinstance(doses, Refusal)
    for one in doses:
        assert one.planned_on is not None
        assert one.planned_on.weekday() < 5
        assert one.earliest <= one.planned_on <= one.latest
        assert bool(one.moved_reason) == (one.planned_on != one.target)


def test_first_infusion_as_given_is_the_anchor():
    doses = plan(given=[GivenDose(1, date(2026, 3, 12))])
    assert [(one.n, one.target) for one in doses[:3]] == [
        (2, date(2026, 3, 26)),
        (3, date(2026, 9, 12)),
        (4, date(2027, 3, 12)),
    ]


def test_late_second_dose_does_not_move_the_maintenance():
    doses = plan(given=[GivenDose(1, START), GivenDose(2, date(2026, 4, 20))])
    assert [(one.n, one.target) for one in doses[:2]] == [(3, date(2026, 9, 10)), (4, date(2027, 3, 10))]


def test_course_continues_from_infusions_given_before():
    given = [GivenDose(1, date(2024, 8, 31)), GivenDose(2, date(2024, 9, 14)), GivenDose(5, date(2026, 3, 2))]
    doses = plan(date(2024, 8, 31), given=given, until=date(2027, 8, 31))
    assert [(one.n, one.target) for one in doses] == [
        (6, date(2026, 8, 31)),
        (7, date(2027, 2, 28)),
        (8, date(2027, 8, 31)),
    ]


def test_maintenance_waits_112_days_after_an_infusion_given_elsewhere():
    elsewhere = date(2026, 7, 1)
    given = [GivenDose(1, START), GivenDose(2, date(2026, 3, 24))]
    third = plan(given=given, history=[elsewhere])[0]
    floor = elsewhere + timedelta(days=112)
    assert (third.n, third.target, third.earliest, third.latest) == (
        3,
        floor,
        floor,
        floor + timedelta(days=28),
    )
    assert third.moved_reason == "moved from 10 Sep 2026: at least 112 days after the infusion of 1 Jul 2026"
    assert third.concern == REANCHOR


def test_dose_after_one_held_back_keeps_both_series_and_interval():
    given = [GivenDose(1, START), GivenDose(2, date(2026, 3, 24))]
    doses = plan(given=given, history=[date(2026, 8, 20)])
    assert doses[0].target == date(2026, 12, 10)
    assert (doses[1].target, doses[1].concern) == (date(2027, 4, 1), REANCHOR)
    assert (doses[2].target, doses[2].concern) == (date(2027, 9, 10), "")


def test_first_dose_waits_112_days_after_an_earlier_course():
    doses = plan(history=[date(2026, 1, 1)])
    floor = date(2026, 1, 1) + timedelta(days=112)
    assert (doses[0].target, doses[0].earliest, doses[0].concern) == (floor, floor, REANCHOR)
    assert doses[1].target == floor + timedelta(days=14)


def test_first_dose_is_not_planned_before_the_floor_inside_its_window():
    earlier = START - timedelta(days=112)
    shut = {START + timedelta(days=step): "strike" for step in range(4)}
    first = plan(history=[earlier], closures=shut)[0]
    assert (first.earliest, first.planned_on) == (START, None)


def test_second_induction_dose_ignores_infusions_before_the_course():
    second = plan(given=[GivenDose(1, START)], history=[START - timedelta(days=30)])[0]
    assert (second.n, second.target, second.concern) == (2, date(2026, 3, 24), "")


def test_second_induction_dose_waits_after_an_infusion_elsewhere_since_the_first():
    second = plan(given=[GivenDose(1, START)], history=[START + timedelta(days=7)])[0]
    assert (second.target, second.concern) == (START + timedelta(days=119), REANCHOR)


def test_given_dose_repeated_in_the_history_counts_once():
    given = [GivenDose(1, START)]
    assert plan(given=given, history=[START]) == plan(given=given)


@examples(
    st.dates(date(2025, 1, 1), date(2030, 1, 1)),
    st.lists(st.integers(-400, 400), max_size=6),
    st.integers(0, 300),
)
def test_no_dose_outside_induction_is_nearer_than_112_days(start, ago, last):
    history = [start + timedelta(days=step) for step in ago if step < last]
    given = [GivenDose(1, start), GivenDose(2, start + timedelta(days=14))]
    doses = plan(start, given=given, history=history, until=add_months(start, 36))
    before = max([*history, start + timedelta(days=14)])
    for one in doses:
        assert one.planned_on is not None
        assert (one.planned_on - before).days >= 112
        before = one.planned_on


def test_with_today_an_overdue_dose_is_planned_from_today():
    given = [GivenDose(1, START), GivenDose(2, date(2026, 3, 24))]
    third = plan(given=given, today=date(2026, 9, 20))[0]
    assert (third.planned_on, third.moved_reason) == (
        date(2026, 9, 20),
        "moved from 10 Sep 2026: the day has passed",
    )


def test_with_today_a_missed_window_goes_to_the_prescriber():
    second = plan(given=[GivenDose(1, START)], today=date(2026, 3, 28))[0]
    assert (second.n, second.planned_on) == (2, None)
    assert second.concern == "Not given by 27 Mar 2026, the end of its window: the prescriber decides."


def test_with_today_a_closed_last_day_of_the_window_is_not_yet_a_missed_one():
    last = date(2026, 3, 27)
    second = plan(given=[GivenDose(1, START)], today=last, closures={last: "strike"})[0]
    assert second.planned_on is None
    assert second.concern == "No open day from 23 Mar 2026 to 27 Mar 2026: the prescriber decides."


def test_second_dose_given_outside_its_window_goes_to_the_prescriber():
    late = date(2026, 4, 2)
    assert given_concerns(STANDARD, [GivenDose(1, START), GivenDose(2, late)]) == (
        DoseConcern(
            2,
            late,
            "Infusion 2 was given on 2 Apr 2026, outside its window (23 Mar 2026 to 27 Mar 2026): "
            "the prescriber decides.",
        ),
    )


@pytest.mark.parametrize("on", [date(2026, 3, 23), date(2026, 3, 27)])
def test_second_dose_given_inside_its_window_is_no_concern(on):
    given = [GivenDose(1, START), GivenDose(2, on), GivenDose(3, date(2027, 1, 1))]
    assert given_concerns(STANDARD, given) == ()


def test_given_doses_without_a_first_raise_no_concern():
    assert given_concerns(STANDARD, [GivenDose(2, START)]) == ()


def test_regimen_without_maintenance_plans_its_induction_only():
    doses = plan_course(
        replace(STANDARD, maintenance=None), start=START, until=date.max, closed=lambda day: None
    )
    assert not isinstance(doses, Refusal)
    assert [one.n for one in doses] == [1, 2]


def test_long_closure_reason_fits_its_field():
    doses = plan(closures={START: "x" * 400})
    assert (len(doses[0].moved_reason), doses[0].moved_reason[-1]) == (250, "…")


@pytest.mark.parametrize("start", [date(9999, 6, 1), date(1, 1, 1)])
def test_course_outside_the_calendar_is_refused(start):
    refusal = plan_course(STANDARD, start=start, until=horizon_until(start, None), closed=lambda day: None)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "date_out_of_range"


def test_course_of_centuries_is_refused():
    refusal = plan_course(STANDARD, start=START, until=date(2900, 1, 1), closed=lambda day: None)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "too_many_doses"


@pytest.mark.parametrize(
    ("days", "code"), [(111, "interval_too_short"), (112, None), (-111, "interval_too_short")]
)
def test_interval_is_judged_on_both_sides(days, code):
    refusal = check_interval(START, others=[START + timedelta(days=days)], induction_pair=False, min_days=112)
    assert (refusal.code if refusal else None) == code


def test_interval_names_the_nearest_infusion():
    others = [START - timedelta(days=100), START - timedelta(days=1)]
    assert check_interval(START, others=others, induction_pair=False, min_days=112) == Refusal(
        "interval_too_short",
        "10 Mar 2026 is 1 day from the infusion of 9 Mar 2026; at least 112 days are needed.",
        "date",
    )


def test_interval_inside_an_induction_pair_is_free_except_on_the_same_day():
    fortnight = [START - timedelta(days=14)]
    assert check_interval(START, others=fortnight, induction_pair=True, min_days=112) is None
    assert check_interval(START, others=[START], induction_pair=True, min_days=112) == Refusal(
        "infusion_same_day", "There is already an infusion on 10 Mar 2026.", "date"
    )


def test_interval_without_other_infusions_is_free():
    assert check_interval(START, others=[], induction_pair=False, min_days=112) is None
