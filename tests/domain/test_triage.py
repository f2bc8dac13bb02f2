"""How a patient's report is sorted: the most urgent rule that fits, and never less for telling more."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.domain.triage import SIDE_EFFECTS, Known, Told, Urgency, parse_table, triage

DAY = date(2031, 3, 10)
CODES = [each.code for each in SIDE_EFFECTS.symptoms]
NOTHING = Known(reported_on=DAY)
AFTER = Known(reported_on=DAY, infusions=frozenset({DAY - timedelta(days=1)}))
LONG_AFTER = Known(reported_on=DAY, infusions=frozenset({DAY - timedelta(days=60)}))
LOW = Known(reported_on=DAY, neutrophils=Decimal("1.4"))


def sorted_as(*symptoms, known=NOTHING, **told):
    found = triage(Told(frozenset(symptoms), **told), known, SIDE_EFFECTS)
    return found.urgency.value, found.emergency, found.infection


@pytest.mark.parametrize(
    ("symptoms", "known", "expected"),
    [
        (["fever"], NOTHING, ("call_now", False, True)),
        (["cough"], NOTHING, ("today", False, True)),
        (["sore_throat"], NOTHING, ("today", False, True)),
        (["burning_urine"], NOTHING, ("today", False, True)),
        (["unwell"], NOTHING, ("today", False, True)),
        (["cough"], LOW, ("call_now", False, True)),
        (["memory"], NOTHING, ("call_now", False, False)),
        (["thinking"], NOTHING, ("call_now", False, False)),
        (["walking"], NOTHING, ("call_now", False, False)),
        (["sight"], NOTHING, ("call_now", False, False)),
        (["blisters"], NOTHING, ("call_now", False, False)),
        (["sore_mouth"], NOTHING, ("call_now", False, False)),
        (["sore_eyelids"], NOTHING, ("call_now", False, False)),
        (["sore_genitals"], NOTHING, ("call_now", False, False)),
        (["yellow"], NOTHING, ("call_now", False, False)),
        (["dark_urine"], NOTHING, ("call_now", False, False)),
        (["rash"], AFTER, ("call_now", True, False)),
        (["rash"], LONG_AFTER, ("today", False, False)),
        (["breathless"], AFTER, ("call_now", True, False)),
        (["chest_pain"], LONG_AFTER, ("call_now", True, False)),
        (["swelling"], NOTHING, ("call_now", True, False)),
        (["fainted"], NOTHING, ("call_now", True, False)),
        (["sudden_loss"], NOTHING, ("call_now", True, False)),
        (["stomach"], NOTHING, ("today", False, False)),
        (["tired", "headache", "joint_pain"], NOTHING, ("next_visit", False, False)),
    ],
)
def test_each_row_of_the_table_sorts_as_its_source_says(symptoms, known, expected):
    assert sorted_as(*symptoms, known=known) == expected


@pytest.mark.parametrize(
    ("measured", "urgency"), [("37.9", "today"), ("38.0", "call_now"), ("41.2", "call_now")]
)
def test_measured_fever_counts_without_the_tick(measured, urgency):
    assert sorted_as(temperature=Decimal(measured), words="Hot.")[0] == urgency


def test_own_words_are_read_by_a_person_today():
    assert sorted_as(words="Something is odd.") == ("today", False, False)
    assert sorted_as("tired", words="And something is odd.") == ("today", False, False)


def test_what_no_rule_knows_is_read_today():
    assert sorted_as(temperature=Decimal("36.8")) == ("today", False, False)


@pytest.mark.parametrize(
    ("since", "reported", "acute"),
    [
        (0, 0, True),
        (0, 1, True),
        (1, 1, True),
        (1, 9, True),
        (2, 2, False),
        (None, 1, True),
        (None, 2, False),
    ],
)
def test_reaction_is_acute_on_the_day_of_the_infusion_and_the_day_after(since, reported, acute):
    infused = DAY
    known = Known(reported_on=infused + timedelta(days=reported), infusions=frozenset({infused}))
    told = None if since is None else infused + timedelta(days=since)
    assert sorted_as("rash", since=told, known=known) == (
        ("call_now", True, False) if acute else ("today", False, False)
    )


def test_infusion_still_to_come_makes_nothing_acute():
    known = Known(reported_on=DAY, infusions=frozenset({DAY + timedelta(days=1)}))
    assert sorted_as("rash", known=known)[0] == "today"


@given(
    told=st.frozensets(st.sampled_from(CODES)),
    more=st.frozensets(st.sampled_from(CODES)),
    known=st.sampled_from([NOTHING, AFTER, LONG_AFTER, LOW]),
    words=st.sampled_from(["", "Something else."]),
)
def test_telling_more_never_makes_a_report_less_urgent(told, more, known, words):
    first = triage(Told(told, words="x"), known, SIDE_EFFECTS)
    second = triage(Told(told | more, words="x" + words), known, SIDE_EFFECTS)
    assert second.urgency.rank <= first.urgency.rank
    assert second.emergency >= first.emergency
    assert second.infection >= first.infection


def test_every_emergency_is_a_call_now():
    assert {rule.urgency for rule in SIDE_EFFECTS.rules if rule.emergency} == {Urgency.CALL_NOW}


def test_every_rule_and_figure_names_a_source_and_a_known_status():
    known = {"verified", "computed", "knowledge", "product_default"}
    rows = [*SIDE_EFFECTS.rules, *SIDE_EFFECTS.settings]
    assert [row.code for row in rows if not row.source or row.status not in known] == []


def test_symptom_without_a_rule_is_refused_at_loading():
    document = {
        "groups": [],
        "settings": [],
        "rules": [],
        "symptoms": [{"code": "x", "group": "", "words": ""}],
    }
    with pytest.raises(ValueError, match="differ"):
        parse_table(document)
