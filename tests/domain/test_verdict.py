"""May we treat? A table of judgements. The laws that hold for all of them are in test_verdict_laws.py."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from evaluation.domain.requirements import DEFAULTS, Asked, Purpose
from evaluation.domain.verdict import Evidence, Standing, State, judge
from tests.evidence import DAY, GOOD, MAN, WOMAN, clearance, evidence, gate


@pytest.mark.parametrize("subject", [MAN, WOMAN])
@pytest.mark.parametrize("condition", ["RA", "SLE", "MS", "AIHA", "GPA", "MPA", "PV"])
def test_everything_good_is_cleared(subject, condition):
    subject = replace(subject, condition=condition)
    assert (clearance(subject).state, gate(subject).state) == (State.CLEARED, State.CLEARED)


@pytest.mark.parametrize(
    ("code", "changes", "state", "standing"),
    [
        ("hbsag", {"hbsag": "positive"}, State.REFUSED, Standing.FAILED),
        ("hbsag", {"hbsag": "indeterminate"}, State.HOLD, Standing.FAILED),
        ("hbsag", {"hbsag": None}, State.INCOMPLETE, Standing.MISSING),
        ("anti_hbc", {"anti_hbc": "positive"}, State.HOLD, Standing.FAILED),
        ("anti_hbc", {"anti_hbc": None}, State.INCOMPLETE, Standing.MISSING),
        ("blood_count", {"neutrophils": "1.5"}, State.CLEARED, Standing.MET),
        ("blood_count", {"neutrophils": "1.49"}, State.HOLD, Standing.FAILED),
        ("blood_count", {"neutrophils": None}, State.INCOMPLETE, Standing.MISSING),
        ("blood_count", {"platelets": None}, State.INCOMPLETE, Standing.MISSING),
        ("igg", {"igg": "2.99"}, State.HOLD, Standing.FAILED),
        ("igg", {"igg": "3"}, State.INCOMPLETE, Standing.MET),
        ("igg", {"igg": "4.99"}, State.INCOMPLETE, Standing.MET),
        ("igg", {"igg": "5"}, State.CLEARED, Standing.MET),
        ("igg", {"igg": "unreadable"}, State.INCOMPLETE, Standing.MISSING),
        ("infection", {"infection": "present"}, State.HOLD, Standing.FAILED),
        ("infection", {"infection": "resolved 2026-11-20"}, State.CLEARED, Standing.MET),
        ("hypersensitivity", {"hypersensitivity": "yes"}, State.REFUSED, Standing.FAILED),
        ("hypersensitivity", {"hypersensitivity": "unknown"}, State.INCOMPLETE, Standing.ASK),
        ("pml_history", {"pml_history": "yes"}, State.REFUSED, Standing.FAILED),
        ("severely_immunocompromised", {"severely_immunocompromised": "yes"}, State.REFUSED, Standing.FAILED),
        ("heart_failure", {"heart_failure": "nyha_3"}, State.CLEARED, Standing.MET),
        ("heart_failure", {"heart_failure": "nyha_4"}, State.REFUSED, Standing.FAILED),
        ("heart_failure", {"heart_failure": "severe_uncontrolled"}, State.REFUSED, Standing.FAILED),
        ("live_vaccine", {"live_vaccine": "given 2026-10-25"}, State.CLEARED, Standing.MET),
        ("live_vaccine", {"live_vaccine": "given 2026-10-26"}, State.HOLD, Standing.FAILED),
        ("live_vaccine", {"live_vaccine": None}, State.INCOMPLETE, Standing.MISSING),
        ("vaccination_review", {"vaccination_review": "gaps"}, State.CLEARED_WITH_WARNINGS, Standing.MET),
        ("co_medication", {"co_medication": "concerns"}, State.CLEARED_WITH_WARNINGS, Standing.MET),
        ("overall_health", {"overall_health": "concerns"}, State.CLEARED_WITH_WARNINGS, Standing.MET),
        ("consent", {"consent": "declined"}, State.REFUSED, Standing.FAILED),
        ("consent", {"consent": None}, State.INCOMPLETE, Standing.MISSING),
        ("talk", {"talk": "more_time"}, State.INCOMPLETE, Standing.ASK),
        ("severity", {"das28_esr": None}, State.INCOMPLETE, Standing.MISSING),
        ("severity", {"das28_esr": None, "cdai": "22"}, State.CLEARED, Standing.MET),
        ("payer_authorisation", {"payer_authorisation": "pending"}, State.INCOMPLETE, Standing.ASK),
        ("payer_authorisation", {"payer_authorisation": "refused"}, State.HOLD, Standing.FAILED),
        ("payer_authorisation", {"payer_authorisation": "not_required"}, State.CLEARED, Standing.MET),
    ],
)
def test_one_answer_decides_a_clearance(code, changes, state, standing):
    verdict = clearance(changes=changes)
    assert (verdict.state, verdict.finding(code).standing) == (state, standing)


@pytest.mark.parametrize(
    ("code", "changes", "state", "standing"),
    [
        ("clearance", {"clearance": None}, State.INCOMPLETE, Standing.MISSING),
        ("clearance", {"clearance": "withdrawn"}, State.HOLD, Standing.FAILED),
        ("drug_received", {"drug_received": None}, State.INCOMPLETE, Standing.MISSING),
        ("drug_received", {"drug_received": "not_yet"}, State.INCOMPLETE, Standing.ASK),
        ("infection_day", {"infection": "present"}, State.HOLD, Standing.FAILED),
        ("blood_count", {"neutrophils": "0.4"}, State.HOLD, Standing.FAILED),
        ("hbsag", {"hbsag": "positive"}, State.REFUSED, Standing.FAILED),
    ],
)
def test_one_answer_decides_a_gate(code, changes, state, standing):
    verdict = gate(changes=changes)
    assert (verdict.state, verdict.finding(code).standing) == (state, standing)


@pytest.mark.parametrize("condition", ["SLE", "MS", "AIHA"])
def test_nyha_4_only_warns_where_it_is_no_contraindication(condition):
    verdict = clearance(replace(MAN, condition=condition), {"heart_failure": "nyha_4"})
    assert verdict.state == State.CLEARED_WITH_WARNINGS


@pytest.mark.parametrize("condition", ["RA", "GPA", "MPA", "PV", ""])
def test_nyha_4_refuses_where_it_is_a_contraindication_and_where_the_disease_is_not_known(condition):
    assert clearance(replace(MAN, condition=condition), {"heart_failure": "nyha_4"}).state == State.REFUSED


def test_an_unknown_disease_asks_for_it():
    verdict = clearance(replace(MAN, condition=""))
    assert (verdict.state, verdict.finding("severity").standing) == (State.INCOMPLETE, Standing.ASK)


def test_under_eighteen_is_refused_on_the_day_judged():
    born = date(2008, 11, 23)
    states = [
        clearance(replace(MAN, birth_date=born), on=on, observed_on=DAY).state
        for on in (DAY, DAY + timedelta(1))
    ]
    assert states == [State.REFUSED, State.CLEARED]


def test_the_dead_are_refused():
    verdict = gate(replace(MAN, deceased=True))
    assert (verdict.state, verdict.finding("alive").standing) == (State.REFUSED, Standing.FAILED)


@pytest.mark.parametrize(
    ("changes", "answer", "standing"),
    [
        ({}, "negative", Standing.MET),
        ({}, "positive", Standing.FAILED),
        ({}, None, Standing.MISSING),
        ({"past_menopause": "unknown"}, None, Standing.ASK),
        ({"past_menopause": "unknown"}, "negative", Standing.MET),
        ({"past_menopause": "unknown"}, "positive", Standing.FAILED),
        ({"sex": "unknown"}, None, Standing.ASK),
        ({"past_menopause": "yes"}, None, Standing.NOT_APPLICABLE),
        ({"hysterectomy": "yes"}, None, Standing.NOT_APPLICABLE),
        ({"sex": "male"}, None, Standing.NOT_APPLICABLE),
    ],
)
def test_the_pregnancy_test_is_judged_for_whom_it_concerns(changes, answer, standing):
    verdict = clearance(replace(WOMAN, **changes), {"pregnancy_test": answer})
    assert verdict.finding("pregnancy").standing == standing


def test_a_hold_with_a_date_says_until_when():
    verdict = clearance(changes={"live_vaccine": "given 2026-11-01"})
    assert (verdict.state, verdict.hold_until, verdict.headline) == (
        State.HOLD,
        date(2026, 11, 29),
        "Hold until 29 November 2026",
    )
    assert clearance(changes={"live_vaccine": "given 2026-11-01"}, on=date(2026, 11, 28)).state == State.HOLD
    assert (
        clearance(changes={"live_vaccine": "given 2026-11-01"}, on=date(2026, 11, 29)).state == State.CLEARED
    )


def test_a_hold_without_a_date_has_none_even_beside_one_that_has():
    verdict = clearance(changes={"live_vaccine": "given 2026-11-01", "infection": "present", "consent": None})
    assert (verdict.state, verdict.hold_until, verdict.headline) == (
        State.HOLD,
        None,
        "Hold until resolved, and 1 answer is missing",
    )


@pytest.mark.parametrize(
    ("code", "kind", "days"),
    [
        (each.code, kind, each.maximum_age_days)
        for each in DEFAULTS.serving(Purpose.CLEARANCE)
        if each.maximum_age_days is not None and each.asked == Asked.ALWAYS
        for kind in each.kinds_for("RA")[:1]
    ],
)
def test_a_result_holds_through_its_last_day_and_no_longer(code, kind, days):
    def standing(age: int) -> Standing:
        old = Evidence(kind, GOOD[kind], DAY - timedelta(days=age))
        return (
            judge(WOMAN, (*evidence({kind: None}), old), on=DAY, purpose=Purpose.CLEARANCE)
            .finding(code)
            .standing
        )

    assert [standing(days), standing(days + 1)] == [Standing.MET, Standing.LAPSED]


def test_a_count_valid_for_the_courses_start_does_not_block_day_15():
    start = DAY + timedelta(days=14)
    day_15 = start + timedelta(days=14)
    assert gate(on=start, course_start=start).finding("blood_count").standing == Standing.MET
    assert gate(on=day_15, course_start=start).finding("blood_count").standing == Standing.MET
    assert gate(on=start + timedelta(1), course_start=start + timedelta(1)).finding(
        "blood_count"
    ).standing == (Standing.LAPSED)


def test_a_later_infusion_is_its_own_block_but_hepatitis_b_counts_for_the_course():
    start = DAY
    later = date(2027, 5, 22)
    much_later = date(2028, 5, 22)
    verdict = gate(on=later, course_start=start)
    assert (verdict.finding("blood_count").standing, verdict.finding("igg").standing) == (
        Standing.LAPSED,
        Standing.LAPSED,
    )
    assert gate(on=much_later, course_start=start).finding("hbsag").standing == Standing.MET
    assert gate(on=much_later).finding("hbsag").standing == Standing.LAPSED


def test_a_bad_new_count_closes_day_15_all_the_same():
    start, day_15 = DAY, DAY + timedelta(days=14)
    new = Evidence("neutrophils", "0.9", DAY + timedelta(days=12))
    verdict = judge(MAN, (*evidence(), new), on=day_15, purpose=Purpose.GATE, course_start=start)
    assert verdict.finding("blood_count").standing == Standing.FAILED


def test_what_lapses_before_a_coming_visit_is_told_from_what_has_lapsed():
    visit = DAY + timedelta(days=30)
    changes = {"igg": None}
    old = Evidence("igg", "9", DAY - timedelta(days=91))
    verdict = judge(MAN, (*evidence(changes), old), on=visit, purpose=Purpose.GATE, today=DAY)
    count, igg = verdict.finding("blood_count"), verdict.finding("igg")
    assert (count.standing, igg.standing) == (Standing.WILL_LAPSE, Standing.LAPSED)
    assert (count.due_from, count.lacks) == (
        visit - timedelta(days=14),
        ("neutrophils", "white_cells", "haemoglobin", "platelets"),
    )


def test_what_is_asked_nearer_to_the_day_is_not_due_yet():
    visit = DAY + timedelta(days=30)
    verdict = gate(on=visit, changes={"clearance": None}, today=DAY)
    assert [finding.code for finding in verdict.blocking] == [
        "blood_count",
        "liver_kidney",
        "infection_day",
        "live_vaccine",
        "drug_received",
        "clearance",
    ]
    assert [finding.code for finding in verdict.due_now(DAY)] == ["clearance"]
    assert [finding.code for finding in verdict.due_now(visit - timedelta(days=14))] == [
        "blood_count",
        "liver_kidney",
        "live_vaccine",
        "clearance",
    ]


def test_valid_until_ends_an_authorisation():
    granted = Evidence("payer_authorisation", "granted", DAY, valid_until=DAY + timedelta(days=10))
    rest = evidence({"payer_authorisation": None})
    standings = [
        judge(MAN, (*rest, granted), on=DAY + timedelta(days=days), purpose=Purpose.GATE)
        .finding("payer_authorisation")
        .standing
        for days in (10, 11)
    ]
    assert standings == [Standing.MET, Standing.LAPSED]


def test_the_newest_result_counts_and_of_two_on_one_day_the_worse():
    older = Evidence("igg", "2", DAY - timedelta(days=3))
    same_day = Evidence("igg", "2.5", DAY)
    assert judge(MAN, (*evidence(), older), on=DAY, purpose=Purpose.CLEARANCE).state == State.CLEARED
    assert judge(MAN, (*evidence(), same_day), on=DAY, purpose=Purpose.CLEARANCE).state == State.HOLD


def test_of_several_live_vaccines_the_last_one_given_sets_the_wait():
    told = Evidence("live_vaccine", "given 2026-11-02", DAY)
    on_record = Evidence("live_vaccine", "given 2026-11-10", date(2026, 11, 10))
    none = Evidence("live_vaccine", "none", DAY)
    verdict = judge(
        MAN, (*evidence({"live_vaccine": None}), told, on_record, none), on=DAY, purpose=Purpose.GATE
    )
    assert (verdict.state, verdict.hold_until) == (State.HOLD, date(2026, 12, 8))


@pytest.mark.parametrize("kind", ["hypersensitivity", "pml_history"])
def test_a_lasting_answer_is_not_taken_back_by_a_newer_one(kind):
    old = Evidence(kind, "yes", DAY - timedelta(days=4000))
    assert judge(MAN, (*evidence(), old), on=DAY, purpose=Purpose.CLEARANCE).state == State.REFUSED


def test_what_is_observed_after_the_day_judged_is_left_out():
    later = Evidence("hbsag", "positive", DAY + timedelta(days=1))
    assert judge(MAN, (*evidence(), later), on=DAY, purpose=Purpose.CLEARANCE).state == State.CLEARED


def test_thresholds_are_settings():
    strict = replace(DEFAULTS, thresholds=DEFAULTS.thresholds.changed({"igg_hold": Decimal(10)}))
    assert clearance(catalogue=strict).state == State.HOLD


def test_the_patient_reads_what_is_missing_in_plain_words():
    verdict = clearance(changes={"neutrophils": None, "platelets": None, "igg": "2"})
    assert verdict.patient_words == (
        "Your antibody level is too low. Your infusion waits until it has risen.",
        "Your blood test is missing.",
        "Your doctor must look at your low antibody level.",
    )
    assert [finding.acts for finding in verdict.blocking] == ["prescriber", "nurse", "prescriber"]
    assert verdict.finding("blood_count").words == "Not on record: Neutrophils, Platelets."


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        ("severity", {"das28_esr": None}, "Not on record: DAS28-ESR or CDAI."),
        ("severity", {}, "5.3 points. Scored on 22 November 2026."),
        (
            "blood_count",
            {},
            "Neutrophils 4.2 ×10⁹/L, White cells 6.1 ×10⁹/L, Haemoglobin 13.2 g/dL, Platelets 240 ×10⁹/L. "
            "Taken on 22 November 2026.",
        ),
        ("hbsag", {"hbsag": None}, "Not on record yet."),
        ("hbsag", {}, "Negative. Taken on 22 November 2026."),
        (
            "igg",
            {"igg": "2.996"},
            "IgG is 2.996 g/L, below 3 g/L. Hold until it is above 3 g/L. Taken on 22 November 2026.",
        ),
        (
            "infection",
            {"infection": "present"},
            "An infection is present. Hold until it is resolved; even a cold "
            "defers. Asked on 22 November 2026.",
        ),
        (
            "live_vaccine",
            {"live_vaccine": "given 2026-11-02"},
            "A live vaccine was given on 2 November 2026. Hold "
            "until 30 November 2026. Asked on 22 November 2026.",
        ),
        ("adult", {}, "56 years old."),
        ("pregnancy", {}, "Does not apply to this patient."),
    ],
)
def test_a_finding_says_what_is_wrong_in_a_sentence(code, changes, words):
    assert clearance(changes=changes).finding(code).words == words


def test_the_verdict_is_kept_as_plain_json():
    kept = clearance(changes={"igg": "4", "igg_decision": "watch"}).as_json()
    assert (kept["state"], kept["on"], kept["purpose"]) == (
        "cleared_with_warnings",
        "2026-11-22",
        "clearance",
    )
    igg = next(each for each in kept["findings"] if each["code"] == "igg")
    assert (igg["effect"], igg["evidence"]) == (
        "warn",
        [{"kind": "igg", "value": "4", "words": "4 g/L", "observed_on": "2026-11-22", "result": None}],
    )
