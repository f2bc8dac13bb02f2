"""Which laboratory checks are due: each rule by its source, and the laws that hold for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.kinds import KINDS
from evaluation.domain.requirements import DEFAULTS
from monitoring.domain.standing import Standing
from monitoring.domain.surveillance import CHECKS, INFORMATION, Closed, Facts, Seen, checks_due
from patients.domain.conditions import Condition

FIRST, SECOND = date(2030, 8, 31), date(2030, 9, 14)
PAIR = frozenset({FIRST, SECOND})
LATER = date(2031, 2, 28)


def facts(condition="RA", *results, infusions=PAIR, **more):
    return Facts(frozenset(infusions), frozenset({condition}), frozenset(results), **more)


def seen(kind, on, value="", ref=0):
    number = Decimal(value) if value.replace(".", "").isdigit() else None
    return Seen(kind, on, value, number, ref)


def due(known):
    return {check.rule.code: check for check in checks_due(known, CHECKS)}


def window(check):
    return check.earliest, check.due_on, check.latest


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("RA", {"blood_count", "igg_watch"}),
        ("GPA", {"blood_count", "igg_watch"}),
        ("MPA", {"blood_count", "igg_watch"}),
        ("MS", {"late_neutropenia", "igg_watch", "cd19"}),
        ("SLE", {"late_neutropenia", "igg_watch"}),
        ("AIHA", {"late_neutropenia", "igg_watch"}),
        ("PV", {"late_neutropenia", "igg_watch"}),
    ],
)
def test_each_condition_asks_for_its_own_checks(condition, expected):
    assert set(due(facts(condition))) == expected


def test_nothing_is_due_before_the_first_infusion():
    assert due(facts(infusions=())) == {}


def test_blood_count_counts_from_the_first_infusion_and_then_from_the_newest_count():
    assert window(due(facts())["blood_count"]) == (date(2030, 10, 31), date(2030, 11, 30), date(2030, 12, 31))
    counted = facts("RA", seen("neutrophils", date(2030, 11, 5), "3.1"))
    assert window(due(counted)["blood_count"]) == (date(2031, 1, 5), date(2031, 2, 5), date(2031, 3, 5))


def test_count_from_before_treatment_is_not_counted_from():
    early = facts("RA", seen("neutrophils", date(2030, 8, 20), "3.1"))
    assert due(early)["blood_count"].counted_from == FIRST


@pytest.mark.parametrize(("value", "asked"), [("1.4", True), ("1.5", False)])
def test_low_count_is_looked_at_again_until_it_has_recovered(value, asked):
    low = facts("SLE", seen("neutrophils", date(2031, 1, 10), "0.9"), seen("neutrophils", LATER, value))
    assert ("blood_count_low" in due(low)) is asked
    own = DEFAULTS.thresholds.changed({"neutrophils_hold": Decimal("1.6")})
    assert "blood_count_low" in due(replace(low, thresholds=own))
    if asked:
        assert window(due(low)["blood_count_low"]) == (
            LATER + timedelta(days=7),
            LATER + timedelta(days=14),
            LATER + timedelta(days=28),
        )


def test_of_two_counts_of_one_day_the_one_recorded_last_counts():
    both = facts("SLE", seen("neutrophils", LATER, "0.9", ref=1), seen("neutrophils", LATER, "2.0", ref=2))
    assert "blood_count_low" not in due(both)


def test_late_neutropenia_is_looked_for_after_four_weeks_and_not_before():
    check = due(facts("PV"))["late_neutropenia"]
    assert window(check) == (
        SECOND + timedelta(weeks=4),
        SECOND + timedelta(days=151),
        SECOND + timedelta(weeks=26),
    )
    early = facts("PV", seen("neutrophils", SECOND + timedelta(days=27), "3"))
    inside = facts("PV", seen("neutrophils", SECOND + timedelta(days=28), "3"))
    assert ("late_neutropenia" in due(early), "late_neutropenia" in due(inside)) == (True, False)


def test_immunoglobulins_are_due_before_the_next_course_and_watched_after_the_last():
    going_on = facts(next_dose_on=LATER, next_course_on=LATER)
    check = due(going_on)["igg_before_course"]
    assert window(check) == (
        LATER - timedelta(days=90),
        LATER - timedelta(days=28),
        LATER - timedelta(days=1),
    )
    assert "igg_watch" not in due(going_on)
    done = replace(going_on, results=frozenset({seen("igg", LATER - timedelta(days=90), "8.1")}))
    assert "igg_before_course" not in due(done)
    assert window(due(facts())["igg_watch"])[1] == date(2031, 2, 28)


def test_cd19_is_due_every_six_months_in_ms():
    counted = facts("MS", seen("cd19", date(2030, 10, 31), "2"))
    assert window(due(counted)["cd19"]) == (date(2031, 3, 31), date(2031, 4, 30), date(2031, 5, 31))


@pytest.mark.parametrize("kind", ["hbsag", "anti_hbc"])
def test_hepatitis_b_watch_goes_on_after_the_last_dose_and_may_end_after_24_months(kind):
    positive = facts("RA", seen(kind, date(2030, 8, 1), "positive"))
    check = due(positive)["hbv_watch"]
    assert (check.may_end_on, check.due_on) == (date(2032, 9, 14), date(2030, 11, 30))
    again = replace(positive, results=positive.results | {seen("hbv_dna", date(2033, 1, 31), "0")})
    assert due(again)["hbv_watch"].due_on == date(2033, 4, 30)


def test_negative_hepatitis_b_tests_ask_for_no_watch():
    negative = facts("RA", seen("hbsag", FIRST, "negative"), seen("anti_hbc", FIRST, "negative"))
    assert {"hbv_watch", "hbv_prophylaxis_end"} & set(due(negative)) == set()


def test_end_of_prophylaxis_is_decided_12_to_18_months_after_the_last_dose():
    positive = facts("RA", seen("anti_hbc", FIRST, "positive"))
    assert window(due(positive)["hbv_prophylaxis_end"]) == (
        date(2031, 9, 14),
        date(2032, 3, 14),
        date(2032, 3, 14),
    )
    assert "hbv_prophylaxis_end" not in due(replace(positive, next_dose_on=LATER))


def test_closed_watch_stays_closed_until_the_next_infusion():
    closed = facts(closed=frozenset({Closed("igg_watch", date(2030, 12, 1))}))
    assert "igg_watch" not in due(closed)
    infused = replace(closed, infusions=PAIR | {date(2031, 3, 1)})
    assert "igg_watch" in due(infused)


@pytest.mark.parametrize(
    ("today", "standing"),
    [
        (date(2030, 10, 30), Standing.COMING),
        (date(2030, 10, 31), Standing.DUE),
        (date(2030, 12, 31), Standing.DUE),
        (date(2031, 1, 1), Standing.OVERDUE),
    ],
)
def test_check_is_due_while_its_window_is_open_and_overdue_after_it(today, standing):
    assert due(facts())["blood_count"].standing(today) is standing


DAYS = st.dates(date(2030, 1, 1), date(2034, 12, 31))
RESULTS = st.one_of(
    st.builds(
        seen,
        st.sampled_from(["neutrophils", "igg", "cd19", "hbv_dna"]),
        DAYS,
        st.sampled_from(["0.9", "3.0"]),
    ),
    st.builds(seen, st.sampled_from(["hbsag", "anti_hbc"]), DAYS, st.sampled_from(["positive", "negative"])),
)
CLOSED = st.builds(Closed, st.sampled_from([rule.code for rule in CHECKS]), DAYS)


@st.composite
def charts(draw):
    """Lists of facts, to be told in any order."""
    planned = draw(st.none() | DAYS)
    return {
        "infusions": draw(st.lists(DAYS, max_size=5)),
        "conditions": draw(st.lists(st.sampled_from([each.value for each in Condition]), max_size=2)),
        "results": draw(st.lists(RESULTS, max_size=8)),
        "closed": draw(st.lists(CLOSED, max_size=4)),
        "next_dose_on": planned,
        "next_course_on": planned,
    }


def told(chart, **more):
    listed = {name: frozenset(chart[name]) for name in ("infusions", "conditions", "results", "closed")}
    return Facts(**listed, next_dose_on=chart["next_dose_on"], next_course_on=chart["next_course_on"], **more)


@given(chart=charts(), data=st.data())
def test_what_is_due_does_not_depend_on_the_order_of_facts_or_rules(chart, data):
    mixed = {
        name: data.draw(st.permutations(value)) if isinstance(value, list) else value
        for name, value in chart.items()
    }
    rules = data.draw(st.permutations(CHECKS))
    assert checks_due(told(mixed), rules) == checks_due(told(chart), CHECKS)


@given(chart=charts(), today=DAYS, days=st.integers(0, 2000))
def test_nothing_ends_while_it_is_open(chart, today, days):
    """Time alone ends no check and takes none back: it only becomes due, then overdue."""
    order = [Standing.COMING, Standing.DUE, Standing.OVERDUE]
    for check in checks_due(told(chart), CHECKS):
        now, later = check.standing(today), check.standing(today + timedelta(days=days))
        assert order.index(later) >= order.index(now)


@given(chart=charts(), code=st.sampled_from([rule.code for rule in CHECKS]))
def test_an_open_check_ends_by_a_person_and_leaves_the_others_as_they_were(chart, code):
    known = told(chart)
    before = due(known)
    last = max(known.infusions, default=date.max)
    after = due(replace(known, closed=known.closed | {Closed(code, last)}))
    assert after == {name: check for name, check in before.items() if name != code}


@given(chart=charts())
def test_windows_are_in_order(chart):
    for check in checks_due(told(chart), CHECKS):
        assert check.earliest <= check.due_on <= check.latest


def test_rules_name_kinds_that_can_be_recorded_and_conditions_that_are_treated():
    named = {kind for rule in CHECKS for kind in (*rule.kinds, *(test.kind for test in rule.when))}
    assert named - set(KINDS) == set()
    assert {code for rule in CHECKS for code in rule.conditions} - {each.value for each in Condition} == set()


def test_every_rule_names_a_source_and_a_known_status():
    known = {"verified", "computed", "knowledge", "product_default"}
    rows = [*CHECKS, *INFORMATION]
    assert [row.code for row in rows if not row.source or row.status not in known] == []
