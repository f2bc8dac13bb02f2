"""A course with decisions about single doses: deferred, left out, or the last of the series."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from regimens.defaults import default_regimens
from regimens.domain.dates import add_months
from regimens.domain.definition import InductionDose
from scheduling.domain.course import GivenDose, horizon_until, plan_course
from scheduling.domain.series import (
    CEASE,
    DEFER,
    OMIT,
    Decision,
    Outlook,
    ceases_at,
    deferral_refusal,
    is_omitted,
    outside,
    shift_by,
    short_intervals,
)

REGIMENS = default_regimens()
STANDARD = REGIMENS["STANDARD"]
START = date(2026, 3, 10)
YEARS_OF_LATE_DAYS = [
    day for n in range(7_670) if (day := date(2024, 1, 1) + timedelta(days=n)).day > 28
]  # every 29th to 31st for 21 years, leap days among them


def plan(*decisions, start=START, regimen=STANDARD, **more):
    doses = plan_course(
        regimen,
        start=start,
        until=more.pop("until", None) or horizon_until(start, None),
        closed=more.pop("closed", lambda day: None),
        decisions=decisions,
        **more,
    )
    assert not isinstance(doses, Refusal)
    return doses


def targets(*decisions, **more):
    return {dose.n: dose.target for dose in plan(*decisions, **more)}


def weekdays_only(day):
    return "closed on weekends" if day.weekday() > 4 else None


def test_a_deferred_dose_moves_alone_with_its_window():
    before, after = plan(), plan(Decision(3, DEFER, 21))
    assert [dose.n for dose in before if dose not in after] == [3]
    assert (after[2].target, after[2].earliest, after[2].latest) == (
        date(2026, 10, 1),
        date(2026, 10, 1),
        date(2026, 10, 29),
    )
    assert after[2].moved_reason == "deferred by 21 days from 10 Sep 2026"


def test_a_carried_deferral_moves_all_that_follow_by_the_same_days():
    assert targets(Decision(4, DEFER, 14, carries=True)) == {
        1: date(2026, 3, 10),
        2: date(2026, 3, 24),
        3: date(2026, 9, 10),
        4: date(2027, 3, 24),
        5: date(2027, 9, 24),
        6: date(2028, 3, 24),
    }


def test_carried_days_are_added_to_the_clamped_months_and_never_chained():
    # 31 August, plus six months, is 28 February; a week is added to that, and to every date after it.
    found = targets(Decision(3, DEFER, 7, carries=True), start=date(2026, 8, 31))
    assert [found[n] for n in (3, 4, 5, 6)] == [
        date(2027, 3, 7),
        date(2027, 9, 7),
        date(2028, 3, 7),
        date(2028, 9, 7),
    ]


def test_two_deferrals_of_one_dose_add_up():
    twice = targets(Decision(3, DEFER, 7), Decision(3, DEFER, 7, carries=True))
    assert (twice[3], twice[4]) == (date(2026, 9, 24), date(2027, 3, 17))


def test_an_omitted_dose_leaves_the_others_where_they_are():
    before, after = targets(), targets(Decision(4, OMIT))
    assert after == {n: on for n, on in before.items() if n != 4}


def test_a_ceased_series_ends_before_its_dose():
    assert list(targets(Decision(4, CEASE))) == [1, 2, 3]
    assert list(targets(Decision(4, CEASE), Decision(5, OMIT), Decision(3, DEFER, 7))) == [1, 2, 3]


def test_a_dose_brought_forward_stops_at_the_minimum_interval():
    doses = plan(Decision(3, DEFER, -120))
    assert doses[2].target == doses[1].target + timedelta(days=112)
    assert doses[2].concern.startswith("Held back by the minimum interval")


def test_a_long_deferral_pushes_the_next_dose_only_as_far_as_the_interval_asks():
    found = targets(Decision(3, DEFER, 150))
    assert (found[3], found[4], found[5]) == (date(2027, 2, 7), date(2027, 5, 30), date(2027, 9, 19))


def test_inside_an_induction_a_deferral_takes_the_later_doses_along():
    dose = STANDARD.induction[0].dose
    weekly = replace(STANDARD, induction=tuple(InductionDose(7 * week, dose) for week in range(4)))
    before, after = targets(regimen=weekly), targets(Decision(2, DEFER, 7), regimen=weekly)
    moved = {n: (after[n] - before[n]).days for n in before}
    assert moved == {1: 0, 2: 7, 3: 7, 4: 7, 5: 0, 6: 0, 7: 0, 8: 0}


def test_an_induction_dose_is_never_brought_onto_the_one_before():
    assert targets(Decision(2, DEFER, -14))[2] == START + timedelta(days=1)


def test_a_decision_about_the_first_dose_moves_the_anchor_once():
    before, after = targets(), targets(Decision(1, DEFER, 7, carries=True))
    assert {n: (after[n] - before[n]).days for n in before} == dict.fromkeys(before, 7)


def test_a_closed_first_day_loses_no_dose_at_the_horizon():
    # Sunday 1 March: the course begins on the Monday, and its last dose is a day past 24 months from the Sunday.
    found = targets(start=date(2026, 3, 1), closed=weekdays_only)
    assert (len(found), found[6]) == (6, date(2028, 3, 2))


def test_a_deferral_carries_on_from_a_dose_that_was_given():
    given = [GivenDose(1, START), GivenDose(2, date(2026, 3, 24)), GivenDose(3, date(2026, 9, 29))]
    found = targets(Decision(3, DEFER, 14, carries=True), given=given, until=date(2028, 9, 29))
    assert found[4] == date(2027, 3, 24)


def test_a_deferral_loses_no_dose_at_the_horizon():
    assert list(targets(Decision(6, DEFER, 200), Decision(2, DEFER, 100, carries=True))) == [1, 2, 3, 4, 5, 6]


DEFERRALS = st.builds(
    Decision,
    n=st.integers(2, 7),
    kind=st.just(DEFER),
    days=st.integers(-200, 365),
    carries=st.booleans(),
)
DECISIONS = st.lists(
    st.one_of(
        DEFERRALS,
        st.builds(Decision, n=st.integers(2, 7), kind=st.just(OMIT)),
        st.builds(Decision, n=st.integers(3, 8), kind=st.just(CEASE)),
    ),
    max_size=5,
)
STARTS = st.one_of(st.sampled_from(YEARS_OF_LATE_DAYS), st.dates(date(2024, 1, 1), date(2044, 12, 31)))
CODES = st.sampled_from(sorted(REGIMENS))


@settings(max_examples=150)
@examples(STARTS, DECISIONS, CODES, st.booleans())
def test_no_decision_loses_a_dose_or_gives_it_twice(start, decisions, code, open_on_weekends):
    closed = (lambda day: None) if open_on_weekends else weekdays_only
    more = {"start": start, "regimen": REGIMENS[code], "closed": closed}
    before = [dose.n for dose in plan(**more)]
    after = [dose.n for dose in plan(*decisions, **more)]
    end = ceases_at(decisions)
    assert after == [n for n in before if not is_omitted(decisions, n) and (end is None or n < end)]


@settings(max_examples=150)
@examples(STARTS, DECISIONS, CODES, st.booleans())
def test_no_decision_breaks_the_minimum_interval(start, decisions, code, open_on_weekends):
    regimen = REGIMENS[code]
    closed = (lambda day: None) if open_on_weekends else weekdays_only
    doses = plan(*decisions, start=start, regimen=regimen, closed=closed)
    for first, second in pairwise(doses):
        before, on = first.planned_on or first.target, second.planned_on or second.target
        together = first.opens == second.opens
        least = 1 if together else regimen.min_interval_days
        assert (on - before).days >= least, (second.n, before, on)
        assert together or (second.earliest - before).days >= least


@settings(max_examples=120)
@examples(STARTS, DECISIONS, st.randoms(use_true_random=False))
def test_decisions_commute(start, decisions, random):
    mixed = list(decisions)
    random.shuffle(mixed)
    assert plan(*decisions, start=start) == plan(*mixed, start=start)


@settings(max_examples=120)
@examples(STARTS, DECISIONS, DEFERRALS)
def test_taking_a_decision_back_is_as_if_it_was_never_taken(start, decisions, one):
    assert plan(*decisions, start=start) == plan(
        *[each for each in (*decisions, one) if each is not one], start=start
    )
    there_and_back = (one, Decision(one.n, DEFER, -one.days, one.carries))
    assert [dose.target for dose in plan(*decisions, *there_and_back, start=start)] == [
        dose.target for dose in plan(*decisions, start=start)
    ]


@pytest.mark.parametrize("carried", [0, 1, 29])
def test_every_late_day_of_a_month_keeps_its_series(carried):
    for start in YEARS_OF_LATE_DAYS:
        decisions = [Decision(3, DEFER, carried, carries=True)] if carried else []
        found = targets(*decisions, start=start, until=add_months(start, 60))
        assert [found[n] for n in range(3, 13)] == [
            add_months(start, 6 * step) + timedelta(days=carried) for step in range(1, 11)
        ]


def test_days_carry_only_forward():
    decisions = [Decision(4, DEFER, 10, carries=True), Decision(5, DEFER, 3), Decision(1, DEFER, 99)]
    found = [shift_by(decisions, n, after=min(1, n - 1), opens=1 if n < 3 else n).days for n in range(1, 8)]
    assert found == [99, 0, 0, 10, 13, 10, 10]


@pytest.mark.parametrize(("days", "code"), [(0, "no_days"), (366, "too_many_days"), (-366, "too_many_days")])
def test_a_deferral_is_of_a_day_to_a_year(days, code):
    assert deferral_refusal(days).code == code


@pytest.mark.parametrize("days", [1, -1, 365, -365])
def test_a_deferral_within_a_year_is_taken(days):
    assert deferral_refusal(days) is None


def test_an_outlook_says_how_far_it_stands_outside_its_window():
    window = {"earliest": date(2026, 9, 10), "latest": date(2026, 10, 8)}
    days = [date(2026, 9, 8), date(2026, 9, 10), date(2026, 10, 8), date(2026, 10, 9), None]
    assert [outside(Outlook(3, day, **window)) for day in days] == [-2, 0, 0, 1, 0]


def test_short_intervals_are_found_on_either_side():
    def look(n, on):
        return Outlook(n, on, on, on)

    pair = [look(1, date(2026, 3, 10)), look(2, date(2026, 3, 24))]
    assert short_intervals(pair, inductions=2, min_days=112) == {}
    third = look(3, date(2026, 6, 1))
    assert short_intervals([*pair, third], inductions=2, min_days=112) == {3: 69}
    elsewhere = short_intervals(
        pair, inductions=2, min_days=112, others=[date(2026, 1, 10), date(2026, 5, 1)]
    )
    assert elsewhere == {1: 59, 2: 38}
