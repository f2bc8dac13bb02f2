"""What a clinic sets for itself: judged by its own numbers, within what is possible."""

from datetime import timedelta
from decimal import Decimal

import pytest

from evaluation.domain.requirements import DEFAULTS
from evaluation.domain.tailoring import SETTABLE, Setting, problem_with, tailored
from evaluation.domain.verdict import State
from tests.evidence import DAY, clearance


def set_to(**values):
    """The catalogue with some codes set by the clinic; two underscores stand for the hyphen of an age."""
    return tailored(
        {
            code.replace("age__", "age-"): Setting(Decimal(value), "Dr Ada Byron", DAY, "Our laboratory")
            for code, value in values.items()
        }
    )


def test_a_clinics_own_number_is_judged_by_and_named_as_its_source():
    verdict = clearance(changes={"neutrophils": "1.2"}, catalogue=set_to(neutrophils_hold="1"))
    threshold = set_to(neutrophils_hold="1").thresholds.neutrophils_hold
    assert verdict.state == State.CLEARED
    assert (threshold.verified, threshold.source) == (
        True,
        "Set by the clinic on 22 November 2026 (Dr Ada Byron): Our laboratory",
    )


@pytest.mark.parametrize(("days", "word"), [("10", "expired"), ("30", "met")])
def test_a_clinic_says_how_long_a_result_holds(days, word):
    taken = DAY - timedelta(days=12)
    catalogue = set_to(age__blood_count=days)
    assert clearance(observed_on=taken, on=DAY, catalogue=catalogue).finding("blood_count").word == word
    assert catalogue["blood_count"].age_status == "clinic"


def test_what_is_not_for_a_clinic_to_set_stays_as_it_is():
    assert set_to(minimum_age_years="16", age__pregnancy_day="3") == DEFAULTS
    assert {"minimum_age_years", "course_block_days", "age-pregnancy_day", "age-consent_x"} & set(
        SETTABLE
    ) == set()


@pytest.mark.parametrize(
    ("code", "value", "refused"),
    [
        ("neutrophils_hold", "1", ""),
        ("neutrophils_hold", "0", "value_impossible"),
        ("neutrophils_hold", "NaN", "value_impossible"),
        ("neutrophils_hold", "150", "value_impossible"),
        ("igg_hold", "6", "limits_out_of_order"),
        ("igg_warn", "2", "limits_out_of_order"),
        ("live_vaccine_days", "28.5", "value_not_whole"),
        ("age-blood_count", "731", "value_impossible"),
        ("age-pregnancy_day", "1", "not_settable"),
        ("minimum_age_years", "17", "not_settable"),
    ],
)
def test_a_number_that_cannot_be_is_refused(code, value, refused):
    problem = problem_with(code, Decimal(value), DEFAULTS)
    assert (problem.code if problem else "") == refused
