"""What one answer asks of another: further tests, decisions and reviews, and what becomes of it once they are there."""

from datetime import UTC, datetime, timedelta

import pytest

from evaluation.domain.requirements import Purpose
from evaluation.domain.verdict import Evidence, Standing, State, judge
from tests.evidence import ANSWERED, DAY, GOOD, MAN, clearance, evidence, gate

HBV = {kind: ANSWERED[kind] for kind in ("hbv_dna", "anti_hbs", "hbv_prophylaxis", "hepatology")}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def known(kind: str, value: str, *, hours: int, days: int = 0) -> Evidence:
    """One record of some days before the day judged, recorded some hours after noon of 20 November."""
    return Evidence(kind, value, DAY - timedelta(days=days), recorded_at=NOON + timedelta(hours=hours))


def chart(*records: Evidence, **changes: str | None) -> list[Evidence]:
    """Everything good and known for long, with these records instead of what is recorded of their kinds."""
    told = {each.kind for each in records}
    return [
        Evidence(kind, value, DAY - timedelta(days=1), recorded_at=NOON - timedelta(days=9))
        for kind, value in (GOOD | changes).items()
        if kind not in told and value is not None
    ] + list(records)


def gated(records: list[Evidence]):
    day_asked = [Evidence(kind, GOOD[kind], DAY) for kind in ("infection", "information")]
    return judge(MAN, [*records, *day_asked], on=DAY, purpose=Purpose.GATE)


def standings(verdict) -> dict[str, Standing]:
    codes = ("hbsag", "anti_hbc", "hbv_dna", "anti_hbs", "hbv_prophylaxis")
    return {code: found.standing for code in codes if (found := verdict.finding(code))}


def test_nothing_further_is_asked_where_hepatitis_b_tests_are_negative():
    assert standings(clearance()) == {
        "hbsag": Standing.MET,
        "anti_hbc": Standing.MET,
        "hbv_dna": Standing.NOT_APPLICABLE,
        "anti_hbs": Standing.NOT_APPLICABLE,
        "hbv_prophylaxis": Standing.NOT_APPLICABLE,
    }


@pytest.mark.parametrize(
    ("positive", "state"), [("anti_hbc", State.HOLD), ("hbsag", State.REFUSED)], ids=["anti-HBc", "HBsAg"]
)
def test_a_positive_test_opens_hbv_dna_and_a_prophylaxis_decision(positive, state):
    verdict = clearance(changes={positive: "positive"})
    assert (verdict.state, verdict.finding(positive).standing) == (state, Standing.FAILED)
    assert [verdict.finding(code).standing for code in ("hbv_dna", "anti_hbs", "hbv_prophylaxis")] == [
        Standing.MISSING
    ] * 3


@pytest.mark.parametrize("positive", ["anti_hbc", "hbsag"])
@pytest.mark.parametrize("without", ["hbv_dna", "hbv_prophylaxis", "hepatology"])
def test_the_gate_stays_shut_until_all_of_it_is_recorded(positive, without):
    answers = {positive: "positive"} | HBV
    assert gate(changes=answers).state == State.CLEARED_WITH_WARNINGS
    assert not gate(changes=answers | {without: None}).permits


def test_virus_that_is_detected_holds_until_prophylaxis_and_plan_are_there():
    answers = {"anti_hbc": "positive"} | HBV | {"hbv_dna": "detected"}
    assert gate(changes=answers | {"hepatology": None}).finding("hbv_dna").standing == Standing.FAILED
    verdict = gate(changes=answers)
    assert (verdict.state, verdict.finding("hbv_dna").words) == (
        State.CLEARED_WITH_WARNINGS,
        "HBV DNA is detected: prophylaxis and the plan of hepatology are on record. Taken on 22 November 2026.",
    )


def test_hepatology_against_it_refuses():
    answers = {"anti_hbc": "positive"} | HBV | {"hepatology": "against 2026-11-02"}
    assert gate(changes=answers).state == State.REFUSED


@pytest.mark.parametrize(("days", "standing"), [(90, Standing.MET), (91, Standing.LAPSED)])
def test_hbv_dna_is_taken_again_for_a_later_infusion(days, standing):
    start, on = DAY, DAY + timedelta(days=days)
    later = [Evidence(kind, GOOD[kind], on) for kind in GOOD if kind not in HBV]
    answers = [*evidence({"anti_hbc": "positive"} | HBV), *later]
    answers = [each for each in answers if (each.kind, each.value) != ("anti_hbc", "negative")]
    verdict = judge(MAN, answers, on=on, purpose=Purpose.GATE, course_start=start)
    assert verdict.finding("hbv_dna").standing == standing
    assert verdict.permits == (standing == Standing.MET)


def test_a_positive_hbsag_asks_the_gate_for_a_clearance_signed_after_it():
    answers = [known(kind, value, hours=2) for kind, value in HBV.items()]
    found = known("hbsag", "positive", hours=1)
    before = gated(chart(found, *answers, known("clearance", "signed", hours=0)))
    after = gated(chart(found, *answers, known("clearance", "signed", hours=3)))
    assert (before.state, after.state) == (State.REFUSED, State.CLEARED_WITH_WARNINGS)


@pytest.mark.parametrize("igg", ["2.5", "4"])
def test_a_low_igg_asks_a_prescriber_each_time_it_is_found(igg):
    low, decided = known("igg", igg, hours=1), known("igg_decision", "watch", hours=2)
    again = known("igg", igg, hours=3)
    asked = [
        gated(chart(*records)).finding("low_igg").standing
        for records in ([low], [low, decided], [low, decided, again])
    ]
    assert asked == [Standing.MISSING, Standing.MET, Standing.MISSING]


def test_a_decision_does_not_lift_the_hold_of_an_igg_below_the_limit():
    verdict = gated(chart(known("igg", "2.5", hours=1), known("igg_decision", "watch", hours=2)))
    assert (verdict.state, verdict.finding("igg").standing) == (State.HOLD, Standing.FAILED)


@pytest.mark.parametrize(
    ("grade", "state"),
    [
        ("none", State.CLEARED),
        ("grade_1", State.CLEARED),
        ("grade_2", State.CLEARED),
        ("grade_3", State.INCOMPLETE),
        ("grade_4", State.REFUSED),
    ],
)
def test_a_reaction_of_grade_3_asks_for_a_review_and_grade_4_refuses(grade, state):
    assert gated(chart(known("infusion_reaction", grade, hours=1))).state == state


def test_a_review_counts_only_for_the_reactions_before_it():
    first = known("infusion_reaction", "grade_3", hours=1, days=2)
    review = known("reaction_review", "treat", hours=2, days=1)
    again = known("infusion_reaction", "grade_3", hours=3, days=1)
    states = [gated(chart(*records)).state for records in ([first, review], [first, review, again])]
    assert states == [State.CLEARED_WITH_WARNINGS, State.INCOMPLETE]


@pytest.mark.parametrize(("answer", "state"), [("wait", State.HOLD), ("stop", State.REFUSED)])
def test_a_review_may_say_no(answer, state):
    reaction = known("infusion_reaction", "grade_3", hours=1)
    assert gated(chart(reaction, known("reaction_review", answer, hours=2))).state == state


def test_after_a_life_threatening_reaction_a_new_signature_is_needed():
    reaction, review = (
        known("infusion_reaction", "grade_4", hours=1),
        known("reaction_review", "treat", hours=2),
    )
    signed = [known("clearance", "signed", hours=hours) for hours in (0, 3)]
    states = [gated(chart(reaction, review, each)).state for each in signed]
    assert states == [State.REFUSED, State.CLEARED_WITH_WARNINGS]


def test_a_lesser_reaction_does_not_hide_a_life_threatening_one():
    worst, mild = (
        known("infusion_reaction", "grade_4", hours=1, days=9),
        known("infusion_reaction", "grade_1", hours=2),
    )
    assert gated(chart(worst, mild)).finding("infusion_reaction").standing == Standing.FAILED


@pytest.mark.parametrize(
    ("told", "state"),
    [("open", State.INCOMPLETE), ("not_cleared", State.HOLD), ("cleared", State.CLEARED)],
)
def test_a_reported_infection_asks_for_a_nurses_call(told, state):
    verdict = gated(chart(known("infection_report", told, hours=1)))
    assert verdict.state == state
    assert [each.acts for each in verdict.blocking] == {
        "open": ["nurse"],
        "not_cleared": ["prescriber"],
        "cleared": [],
    }[told]


def test_an_older_report_that_nobody_called_about_goes_on_asking():
    older, newer = (
        known("infection_report", "open", hours=5, days=9),
        known("infection_report", "cleared", hours=1),
    )
    assert gated(chart(older, newer)).state == State.INCOMPLETE


@pytest.mark.parametrize(
    ("decision", "state"),
    [("continue", State.CLEARED), ("extend", State.CLEARED), ("stop", State.REFUSED)],
)
def test_a_decision_to_stop_shuts_the_gate(decision, state):
    assert gated(chart(known("continuation", decision, hours=1))).state == state


def test_a_clearance_signed_after_a_stop_opens_the_gate_with_a_warning():
    stop = known("continuation", "stop", hours=1)
    assert gated(chart(stop, known("clearance", "signed", hours=2))).state == State.CLEARED_WITH_WARNINGS
    assert clearance(changes={"continuation": "stop"}).state == State.CLEARED_WITH_WARNINGS
