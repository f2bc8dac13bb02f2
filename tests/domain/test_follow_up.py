"""Which follow-ups come of the infusions given."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitoring.domain.follow_up import FOLLOW_UP_RULES, Infused, follow_ups_due
from regimens.domain.dates import add_months

FIRST = date(2026, 3, 10)
SECOND = date(2026, 3, 24)
THIRD = date(2026, 9, 10)


def due(infusions, *, today=date(2026, 3, 25), window_ends=date(2026, 3, 27), next_on=None):
    return follow_ups_due(
        infusions, induction_doses=2, induction_window_ends=window_ends, next_dose_on=next_on, today=today
    )


def brief(follow_ups):
    return [(one.kind, one.due_on, one.from_n) for one in follow_ups]


def test_rules_are_week_4_16_and_24_with_their_source():
    assert [(rule.kind, rule.weeks) for rule in FOLLOW_UP_RULES] == [
        ("week_4_bloods", 4),
        ("week_16_activity", 16),
        ("week_24_decision", 24),
    ]
    assert {rule.source.count("S10") for rule in FOLLOW_UP_RULES} == {1}
    assert {rule.source.count("product default, unverified") for rule in FOLLOW_UP_RULES} == {1}


def test_follow_ups_count_from_the_last_infusion_of_the_induction():
    found = due([Infused(1, "induction", FIRST), Infused(2, "induction", SECOND)])
    assert brief(found) == [
        ("week_4_bloods", SECOND + timedelta(weeks=4), 2),
        ("week_16_activity", SECOND + timedelta(weeks=16), 2),
        ("week_24_decision", SECOND + timedelta(weeks=24), 2),
    ]
    assert {one.from_infusion_on for one in found} == {SECOND}


def test_windows_lie_around_the_due_date():
    first = due([Infused(1, "induction", FIRST), Infused(2, "induction", SECOND)])[0]
    assert (first.earliest, first.due_on, first.latest) == (
        date(2026, 4, 14),
        date(2026, 4, 21),
        date(2026, 4, 28),
    )


def test_decision_after_the_pair_is_brought_before_the_maintenance_dose():
    found = due([Infused(1, "induction", FIRST), Infused(2, "induction", SECOND)], next_on=date(2026, 9, 10))
    decision = found[-1]
    assert SECOND + timedelta(weeks=24) == date(2026, 9, 8)
    assert (decision.earliest, decision.due_on, decision.latest) == (
        date(2026, 8, 20),
        date(2026, 9, 3),
        date(2026, 9, 3),
    )


def test_nothing_is_due_while_the_second_dose_is_awaited():
    assert due([Infused(1, "induction", FIRST)], today=date(2026, 3, 27)) == ()


def test_follow_ups_count_from_the_first_dose_once_the_second_ones_window_has_closed():
    found = due([Infused(1, "induction", FIRST)], today=date(2026, 3, 28))
    assert brief(found)[0] == ("week_4_bloods", FIRST + timedelta(weeks=4), 1)
    assert len(found) == 3


def test_nothing_is_due_while_the_end_of_the_window_is_not_known():
    assert due([Infused(1, "induction", FIRST)], today=date(2027, 1, 1), window_ends=None) == ()


def test_follow_ups_return_to_the_second_dose_when_it_is_given_late():
    late = date(2026, 4, 20)
    found = due([Infused(1, "induction", FIRST), Infused(2, "induction", late)], today=date(2026, 4, 21))
    assert {one.from_n for one in found} == {2}


def test_every_maintenance_infusion_brings_its_own():
    infusions = [
        Infused(1, "induction", FIRST),
        Infused(2, "induction", SECOND),
        Infused(3, "maintenance", THIRD),
    ]
    found = due(infusions, today=THIRD, next_on=date(2027, 3, 10))
    assert brief(one for one in found if one.from_n == 3) == [
        ("week_4_bloods", THIRD + timedelta(weeks=4), 3),
        ("week_16_activity", THIRD + timedelta(weeks=16), 3),
        ("week_24_decision", THIRD + timedelta(weeks=24), 3),
    ]
    assert sorted({one.from_n for one in found}) == [2, 3]


def test_skipped_second_dose_lets_the_first_and_the_maintenance_bring_theirs():
    infusions = [Infused(1, "induction", FIRST), Infused(3, "maintenance", THIRD)]
    assert sorted({one.from_n for one in due(infusions, today=THIRD, window_ends=None)}) == [1, 3]


def test_follow_up_overtaken_by_an_infusion_is_left_out():
    early = SECOND + timedelta(days=112)
    infusions = [
        Infused(2, "induction", SECOND),
        Infused(1, "induction", FIRST),
        Infused(3, "maintenance", early),
    ]
    found = [one for one in due(infusions, today=early) if one.from_n == 2]
    assert [one.kind for one in found] == ["week_4_bloods", "week_24_decision"]
    assert found[-1].due_on == early - timedelta(days=7)


def test_decision_is_left_out_where_the_next_infusion_leaves_no_day():
    found = due(
        [Infused(1, "induction", FIRST), Infused(2, "induction", SECOND)], next_on=SECOND + timedelta(days=7)
    )
    assert [one.kind for one in found] == ["week_4_bloods", "week_16_activity"]


@given(st.dates(date(2024, 1, 1), date(2044, 12, 31)), st.integers(13, 17), st.integers(1, 6))
def test_decision_always_comes_before_the_next_maintenance_dose(first, gap, n):
    pair = [Infused(1, "induction", first), Infused(2, "induction", first + timedelta(days=gap))]
    later = [Infused(2 + k, "maintenance", add_months(first, 6 * k)) for k in range(1, n)]
    next_on = add_months(first, 6 * n)
    found = due([*pair, *later], today=next_on, next_on=next_on)
    decisions = [one for one in found if one.kind == "week_24_decision"]
    assert len(decisions) == n
    doses = [*(one.on for one in later), next_on]
    for decision, dose in zip(decisions, doses, strict=True):
        assert decision.earliest <= decision.due_on <= decision.latest < dose
        assert decision.earliest > decision.from_infusion_on
