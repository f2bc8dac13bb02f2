"""What a reaction means for the infusions that follow, and the lengths a clinic learns from its own visits."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.after_reaction import AFTER, DATA, goes_slowly, reminded_of
from scheduling.domain.capacity import Phase, total_minutes
from scheduling.domain.lengths import Usual, as_usual, turn_of, usual_of

ONE, TWO, THREE = date(2031, 3, 10), date(2031, 3, 24), date(2031, 9, 10)
PHASES = (Phase("set_up", 30), Phase("titration", 210), Phase("steady", 45), Phase("observation", 60))
KEY = (Decimal(1000), "first", "first_standard")


def test_every_grade_has_a_source_and_a_status():
    rows = json.loads((DATA / "after_reaction.json").read_text(encoding="utf-8"))["grades"]
    assert [row["grade"] for row in rows] == [1, 2, 3, 4]
    assert all(row["source"] and row["prompt"] for row in rows)
    assert {row["status"] for row in rows} <= {
        "verified",
        "computed",
        "secondary",
        "knowledge",
        "product_default",
    }


@pytest.mark.parametrize(
    ("past", "slow", "reminded"),
    [
        ([], False, 0),
        ([(ONE, 0)], False, 0),
        ([(ONE, 1)], False, 1),
        ([(ONE, 2)], True, 2),
        ([(ONE, 2), (TWO, 0)], False, 0),
        ([(ONE, 2), (TWO, 1)], False, 1),
        ([(ONE, 3), (TWO, 0), (THREE, 0)], True, 3),
        ([(ONE, 3), (TWO, 2)], True, 3),
        ([(ONE, 4)], True, 4),
    ],
)
def test_grade_2_slows_the_next_infusion_and_grade_3_all_that_follow(past, slow, reminded):
    found = reminded_of(past)
    assert (goes_slowly(past), found.grade if found else 0) == (slow, reminded)


def test_review_is_asked_from_grade_3():
    assert {grade: each.review for grade, each in AFTER.items()} == {
        1: "",
        2: "",
        3: "prescriber",
        4: "prescriber",
    }


@pytest.mark.parametrize(
    ("minutes", "usual"), [([300], 300), ([300, 311], 310), ([1, 2, 400], 5), ([301, 302], 305)]
)
def test_usual_length_is_the_median_rounded_up(minutes, usual):
    assert usual_of(minutes) == Usual(usual, len(minutes))


@given(st.integers(0, 960))
def test_visit_is_never_shorter_than_computed(minutes):
    phases = as_usual(PHASES, KEY, {KEY: Usual(minutes, 5)})
    assert total_minutes(phases) == max(minutes, total_minutes(PHASES))
    assert [phase.minutes for phase in phases if phase.name != "steady"] == [30, 210, 60]


def test_length_of_another_dose_turn_or_profile_teaches_nothing():
    for other in ((Decimal(500), *KEY[1:]), (KEY[0], "second", KEY[2]), (*KEY[:2], "subsequent_standard")):
        assert as_usual(PHASES, KEY, {other: Usual(900, 9)}) == PHASES


def test_turns_are_first_second_and_later():
    assert [turn_of(before) for before in range(4)] == ["first", "second", "later", "later"]
