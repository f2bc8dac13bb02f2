"""The minimum interval around an induction: what came before it, and what stands after it."""

from datetime import date, timedelta

import pytest

from regimens.defaults import default_regimens
from scheduling.domain.booking import interval_refusal

STANDARD = default_regimens()["STANDARD"]
FIRST = date(2031, 3, 10)
SECOND = FIRST + timedelta(days=14)


def code(ordinal, on, *, own=(), others=()):
    refusal = interval_refusal(STANDARD, ordinal, on, own_induction=own, others=others)
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    ("days_after", "expected"),
    [(0, "infusion_same_day"), (1, "interval_too_short"), (111, "interval_too_short"), (112, None)],
)
def test_the_second_of_a_pair_keeps_its_distance_from_what_stands_after_it(days_after, expected):
    later = SECOND + timedelta(days=days_after)
    assert code(2, SECOND, own=[FIRST], others=[later]) == expected


def test_the_second_of_a_pair_may_stand_near_the_first_and_what_came_before():
    assert code(2, SECOND, own=[FIRST], others=[FIRST - timedelta(days=112)]) is None
    assert code(2, SECOND, own=[FIRST], others=[FIRST - timedelta(days=1)]) is None
    assert code(2, SECOND, own=[SECOND]) == "infusion_same_day"


def test_the_second_of_a_pair_keeps_its_distance_from_one_given_elsewhere_since_the_first():
    between = [FIRST + timedelta(days=11)]
    assert code(2, SECOND, own=[FIRST], others=between) == "interval_too_short"
    assert code(2, FIRST + timedelta(days=11 + 112), own=[FIRST], others=between) is None


def test_the_first_of_a_pair_and_every_later_infusion_keep_their_distance_on_both_sides():
    for gap in (-111, 111):
        near = [FIRST + timedelta(days=gap)]
        assert (code(1, FIRST, others=near), code(3, FIRST, others=near)) == ("interval_too_short",) * 2
    assert code(3, SECOND + timedelta(days=111), own=[FIRST, SECOND]) == "interval_too_short"
    assert code(3, SECOND + timedelta(days=112), own=[FIRST, SECOND]) is None
