"""A prescriber opens one visit's gate: what that opens, for how long, and what nothing opens."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from evaluation.domain.findings import Override
from evaluation.domain.verdict import State
from tests.evidence import ANSWERED, DAY, MAN, WOMAN, gate


def override(verdict, *codes, until=DAY):
    """An override of the findings with these codes as they stand in a verdict."""
    tokens = frozenset(verdict.finding(code).token for code in codes)
    return Override(tokens, "Dr Ada Byron", "The vasculitis is worse than the risk", until)


def test_what_is_opened_is_a_warning_that_says_who_and_why():
    shut = gate(changes={"neutrophils": "1.2"})
    opened = gate(changes={"neutrophils": "1.2"}, overrides=[override(shut, "blood_count")])
    finding = opened.finding("blood_count")
    assert (opened.state, finding.word, [each.code for each in opened.opened]) == (
        State.CLEARED_WITH_WARNINGS,
        "opened",
        ["blood_count"],
    )
    assert finding.words == (
        "Opened by Dr Ada Byron until 22 November 2026 because: The vasculitis is worse than the risk. "
        "What stood in the way: Neutrophils are 1.2 ×10⁹/L, below 1.5 ×10⁹/L. Defer and repeat the count. "
        "Taken on 22 November 2026."
    )
    kept = next(each for each in opened.as_json()["findings"] if each["code"] == "blood_count")
    assert (opened.patient_words, kept["opened_by"]) == ((), "Dr Ada Byron")


def test_only_what_is_named_is_opened():
    changes = {"neutrophils": "1.2", "infection": "present"}
    verdict = gate(changes=changes, overrides=[override(gate(changes=changes), "blood_count")])
    assert [finding.code for finding in verdict.blocking] == ["infection_day"]


def test_a_newer_answer_is_judged_by_itself():
    seen = override(gate(changes={"neutrophils": "1.2"}), "blood_count")
    assert gate(changes={"neutrophils": "0.3"}, overrides=[seen]).state == State.HOLD
    missing = override(gate(changes={"neutrophils": None}), "blood_count")
    assert gate(changes={"neutrophils": None}, overrides=[missing]).permits
    assert gate(changes={"neutrophils": "0.3"}, overrides=[missing]).state == State.HOLD


@pytest.mark.parametrize(("today", "permits"), [(DAY, True), (DAY + timedelta(days=1), False)])
def test_past_its_last_day_it_opens_nothing(today, permits):
    seen = override(gate(changes={"igg": "2"} | ANSWERED), "igg", until=DAY)
    assert gate(changes={"igg": "2"} | ANSWERED, overrides=[seen], today=today).permits == permits


def test_a_visit_that_moves_past_its_last_day_is_shut_again():
    later = DAY + timedelta(days=3)
    changes = {"igg": "2"} | ANSWERED
    seen = override(gate(changes=changes), "igg", until=DAY + timedelta(days=2))
    states = [gate(changes=changes, on=on, overrides=[seen]).finding("igg").word for on in (DAY, later)]
    assert states == ["opened", "hold"]


NEVER = [
    ({"hypersensitivity": "yes"}, "hypersensitivity"),
    ({"hypersensitivity": None}, "hypersensitivity"),
    ({"pml_history": "yes"}, "pml_history"),
    ({"infusion_reaction": "grade_4"}, "infusion_reaction"),
    ({"hbsag": "positive"}, "hbsag"),
    ({"hbsag": None}, "hbsag"),
    ({"hbsag": "indeterminate"}, "hbsag"),
    ({"anti_hbc": None}, "anti_hbc"),
    ({"anti_hbc": "indeterminate"}, "anti_hbc"),
    ({"anti_hbc": "positive"}, "hbv_dna"),
    ({"continuation": "stop"}, "continuation"),
    ({"consent": "declined"}, "consent"),
    ({"clearance": "withdrawn"}, "clearance"),
]


@pytest.mark.parametrize(("changes", "code"), NEVER)
def test_what_needs_a_new_evaluation_is_never_opened(changes, code):
    changes = {"clearance": None} | changes if code in ("infusion_reaction", "continuation") else changes
    shut = gate(changes=changes)
    blocked = [finding.code for finding in shut.blocking]
    assert code in blocked
    verdict = gate(changes=changes, overrides=[override(shut, *blocked)])
    assert (verdict.finding(code).final, verdict.finding(code).blocks) == (True, True)


@pytest.mark.parametrize(
    ("subject", "code"),
    [(replace(MAN, deceased=True), "alive"), (replace(MAN, birth_date=date(2010, 1, 1)), "adult")],
)
def test_nobody_under_eighteen_and_nobody_dead(subject, code):
    shut = gate(subject)
    assert not gate(subject, overrides=[override(shut, code)]).permits


@pytest.mark.parametrize(
    ("subject", "changes", "code"),
    [
        (MAN, {"anti_hbc": "positive"}, "anti_hbc"),
        (MAN, {"infection": "present"}, "infection_day"),
        (WOMAN, {"pregnancy_test": "positive"}, "pregnancy_day"),
        (WOMAN, {"breastfeeding": "yes"}, "breastfeeding"),
        (MAN, {"heart_failure": "nyha_4"}, "heart_failure"),
        (MAN, {"severely_immunocompromised": "yes"}, "severely_immunocompromised"),
        (MAN, {"drug_received": None}, "drug_received"),
    ],
)
def test_a_physician_may_open_the_rest(subject, changes, code):
    shut = gate(subject, changes)
    assert gate(subject, changes, overrides=[override(shut, code)]).finding(code).word == "opened"
