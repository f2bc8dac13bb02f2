"""Which rules are passed knowingly, and what is left of a list of refusals."""

import pytest

from clinics.domain.refusals import Refusal
from clinics.domain.rights import Right
from scheduling.domain.soft import SOFT, only_soft, rights_for, sort_out

ABSOLUTE = (
    "chair_taken", "just_taken", "no_such_chair", "patient_busy", "no_clearance", "clearance_withdrawn",
    "clearance_expired", "under_age", "deceased", "interval_too_short", "infusion_same_day", "in_the_past",
    "kept_for_waitlist", "course_not_active", "nurse_off_duty", "closed_day", "too_far", "not_planned",
)  # fmt: skip


def said(*codes):
    return [Refusal(code, code) for code in codes]


@pytest.mark.parametrize("code", ABSOLUTE)
def test_an_absolute_rule_stands_in_the_way_whatever_was_accepted(code):
    found = said(code, "nurse_full")
    assert sort_out(found, {code, "nurse_full"}) == (tuple(found[:1]), tuple(found[1:]))
    assert not only_soft(found)


@pytest.mark.parametrize("code", sorted(SOFT))
def test_a_soft_rule_is_passed_only_where_it_was_shown(code):
    found = tuple(said(code))
    assert sort_out(found, {code}) == ((), found)
    assert sort_out(found, set(SOFT) - {code}) == (found, ())
    assert only_soft(found)


def test_nothing_in_the_way_is_nothing_to_pass():
    assert (sort_out([], set(SOFT)), only_soft([])) == (((), ()), False)


def test_leaving_the_window_asks_for_a_prescriber():
    assert rights_for(["outside_window", "nurse_full"]) == {Right.PRESCRIBE, Right.BOOK}
    assert rights_for(set(SOFT) - {"outside_window"}) == {Right.BOOK}
