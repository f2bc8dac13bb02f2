"""Rate steps: exact, and the lengths the product information gives."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regimens.defaults import default_regimens, rate_profiles
from regimens.domain.definition import RateProfile
from regimens.domain.rates import profile_for, profile_refusals, rate_plan

STANDARD = default_regimens()["STANDARD"]
FIRST, LATER = STANDARD.first_profile, STANDARD.subsequent_profile
TODAY = date(2026, 11, 2)

doses = st.decimals(Decimal("0.001"), Decimal(5000), places=3)
profiles = st.builds(
    lambda start, step, every, extra: RateProfile("x", "x", start, step, every, start + extra, "", ()),
    st.integers(1, 300),
    st.integers(1, 200),
    st.integers(1, 60),
    st.integers(0, 500),
)


@pytest.mark.parametrize(
    ("profile", "dose", "minutes"),
    [(FIRST, 1000, 255), (LATER, 1000, 195), (FIRST, 500, 175), (LATER, 500, 120)],
)
def test_usual_doses_take_the_known_minutes(profile, dose, minutes):
    assert rate_plan(profile, dose).total_minutes == minutes


def test_first_infusion_of_1000_mg_rises_by_50_every_half_hour_and_stays_at_400():
    plan = rate_plan(FIRST, 1000)
    assert [(step.rate_mg_h, step.start_minute, step.minutes, step.dose_mg) for step in plan.steps] == [
        (50, 0, 30, 25),
        (100, 30, 30, 50),
        (150, 60, 30, 75),
        (200, 90, 30, 100),
        (250, 120, 30, 125),
        (300, 150, 30, 150),
        (350, 180, 30, 175),
        (400, 210, 45, 300),
    ]
    assert (plan.titration_minutes, plan.steady_minutes) == (210, 45)


def test_odd_dose_keeps_its_exact_fraction():
    assert rate_plan(LATER, Decimal("437.5")).total_minutes == Fraction(885, 8)
    assert rate_plan(FIRST, Decimal(620)).total_minutes == 180 + Fraction(95 * 60, 350)


def test_dose_that_ends_within_the_first_step_has_one_step():
    plan = rate_plan(FIRST, 10)
    assert [(step.n, step.minutes, step.dose_mg) for step in plan.steps] == [(1, 12, 10)]
    assert (plan.titration_minutes, plan.steady_minutes) == (0, 12)


@pytest.mark.parametrize("dose", [0, -1, Decimal("-0.001")])
def test_dose_must_be_above_zero(dose):
    with pytest.raises(ValueError, match="above zero"):
        rate_plan(FIRST, dose)


@given(profiles, doses)
def test_steps_sum_to_the_dose_without_a_gap(profile, dose):
    plan = rate_plan(profile, dose)
    assert sum(step.dose_mg for step in plan.steps) == Fraction(dose)
    assert sum(step.minutes for step in plan.steps) == plan.total_minutes
    assert [step.n for step in plan.steps] == list(range(1, len(plan.steps) + 1))
    at = Fraction(0)
    for step in plan.steps:
        assert step.start_minute == at
        assert step.minutes > 0
        assert step.dose_mg == step.rate_mg_h * step.minutes / 60
        at += step.minutes


@given(profiles, doses)
def test_rate_only_rises_and_never_passes_its_highest(profile, dose):
    rates = [step.rate_mg_h for step in rate_plan(profile, dose).steps]
    assert rates[0] == profile.start_mg_h
    assert all(earlier < later for earlier, later in pairwise(rates))
    assert rates[-1] <= profile.max_mg_h


@given(doses)
def test_later_infusions_are_never_slower_than_the_first(dose):
    assert rate_plan(LATER, dose).total_minutes < rate_plan(FIRST, dose).total_minutes


@given(doses, st.decimals(Decimal("0.001"), Decimal(500), places=3))
def test_more_medicine_takes_longer(dose, more):
    assert rate_plan(FIRST, dose).total_minutes < rate_plan(FIRST, dose + more).total_minutes


def chosen(*, before=3, days_ago=182, serious=False, last=...):
    last_on = TODAY - timedelta(days=days_ago) if last is ... else last
    return profile_for(
        STANDARD, infusions_before=before, last_infusion_on=last_on, on=TODAY, serious_reaction=serious
    ).code


def test_first_infusion_ever_takes_the_first_profile():
    assert chosen(before=0, last=None) == "first_standard"


def test_later_infusion_takes_the_later_profile():
    assert chosen() == "subsequent_standard"
    assert chosen(before=1, days_ago=14) == "subsequent_standard"


@pytest.mark.parametrize(("days_ago", "code"), [(363, "subsequent_standard"), (364, "first_standard")])
def test_52_weeks_without_an_infusion_begin_again(days_ago, code):
    assert chosen(days_ago=days_ago) == code


def test_serious_reaction_takes_the_first_profile():
    assert chosen(serious=True) == "first_standard"


def test_unknown_date_of_the_last_infusion_takes_the_first_profile():
    assert chosen(before=2, last=None) == "first_standard"


PROFILES = rate_profiles()
RA_120, LYMPHOMA = PROFILES["eu_ra_120"], PROFILES["us_nhl_90"]


def test_ra_120_reaches_its_dose_before_its_last_segment_ends():
    plan = rate_plan(RA_120, 1000)
    assert [(step.rate_mg_h, step.start_minute, step.minutes, step.dose_mg) for step in plan.steps] == [
        (250, 0, 30, 125),
        (600, 30, Fraction(175, 2), 875),
    ]
    assert plan.total_minutes == Fraction(235, 2)


def test_ra_120_is_for_one_dose_and_one_condition():
    assert profile_refusals(RA_120, 1000, condition="RA") == ()
    assert [one.code for one in profile_refusals(RA_120, 500, condition="MS")] == [
        "profile_other_condition",
        "profile_other_dose",
    ]


def test_ra_120_asks_for_each_of_its_conditions():
    answers = dict.fromkeys(RA_120.asks, True)
    assert profile_refusals(RA_120, 1000, condition="RA", answers=answers) == ()
    for ask in RA_120.asks:
        found = profile_refusals(RA_120, 1000, condition="RA", answers=answers | {ask: False})
        assert [(one.code, one.field) for one in found] == [("profile_condition", ask)]
    assert len(profile_refusals(RA_120, 1000, condition="RA", answers={})) == len(RA_120.asks) == 4


def test_more_than_a_profile_in_segments_can_give_is_an_error():
    with pytest.raises(ValueError, match="ends before the dose is given"):
        rate_plan(RA_120, 1026)


@pytest.mark.parametrize("condition", ["", "RA", "SLE", "MS", "AIHA", "GPA", "MPA", "PV"])
def test_lymphoma_profile_is_never_allowed(condition):
    refusals = profile_refusals(LYMPHOMA, 700, condition=condition, answers={})
    assert [one.code for one in refusals] == ["profile_not_allowed"]
    assert refusals[0].message.endswith("It is not for autoimmune disease.")
    with pytest.raises(ValueError, match="not for autoimmune disease"):
        rate_plan(LYMPHOMA, 700)


def test_standard_profiles_are_allowed_everywhere():
    for dose in (100, Decimal(690), 500, 1000):
        assert profile_refusals(FIRST, dose, condition="PV") == profile_refusals(LATER, dose) == ()
