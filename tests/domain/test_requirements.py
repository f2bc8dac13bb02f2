"""The requirements as data: complete, sourced, and applied to the right people."""

import json
from datetime import date
from decimal import Decimal

import pytest

from evaluation.domain.kinds import DATA, KINDS
from evaluation.domain.requirements import (
    DEFAULTS,
    Applicability,
    Asked,
    Effect,
    Purpose,
    Scope,
    Subject,
    Thresholds,
    parse_catalogue,
)

DAY = date(2026, 11, 22)
CONDITIONS = ("RA", "SLE", "MS", "AIHA", "GPA", "MPA", "PV")
BORN_1980 = date(1980, 1, 1)


def test_the_mandatory_requirements_serve_their_purposes():
    served = {
        each.code: "".join(sorted(purpose.value[0] for purpose in each.purposes))
        for each in DEFAULTS.requirements
    }
    assert served == {
        "severity": "c",
        "overall_health": "c",
        "hbsag": "cg",
        "anti_hbc": "cg",
        "hbv_dna": "cg",
        "anti_hbs": "c",
        "hbv_prophylaxis": "cg",
        "hcv_hiv": "c",
        "tuberculosis": "c",
        "vzv": "c",
        "blood_count": "cg",
        "igg": "cg",
        "low_igg": "cg",
        "iga_igm": "c",
        "liver_kidney": "cg",
        "pregnancy": "c",
        "pregnancy_day": "g",
        "infection": "c",
        "infection_day": "g",
        "hypersensitivity": "cg",
        "pml_history": "cg",
        "severely_immunocompromised": "cg",
        "heart_failure": "cg",
        "infusion_reaction": "cg",
        "reaction_review": "cg",
        "nurse_call": "g",
        "continuation": "cg",
        "breastfeeding": "cg",
        "contraception": "c",
        "live_vaccine": "cg",
        "nonlive_vaccine": "cg",
        "influenza_vaccine": "cg",
        "vaccination_review": "c",
        "co_medication": "c",
        "interaction_dmard": "cg",
        "interaction_immunosuppressant": "cg",
        "interaction_cisplatin": "cg",
        "interaction_antihypertensive": "cg",
        "consent": "cg",
        "information": "g",
        "talk": "c",
        "payer_authorisation": "cg",
        "drug_received": "g",
        "clearance": "g",
    }


def test_administrative_requirements_need_only_administrative_kinds():
    for each in DEFAULTS.requirements:
        roles = {KINDS[kind].role for kind in each.kinds_for("RA")}
        expected = {"derived"} if each.code == "clearance" else {each.role}
        assert roles == expected, each.code


def test_every_condition_has_a_scale_of_its_own():
    scales = {condition: DEFAULTS["severity"].kinds_for(condition) for condition in CONDITIONS}
    assert scales == {
        "RA": ("das28_esr", "cdai"),
        "SLE": ("sledai_2k",),
        "MS": ("edss",),
        "AIHA": ("haemoglobin", "ldh_ratio"),
        "GPA": ("bvas_wg",),
        "MPA": ("bvas_v3",),
        "PV": ("pdai_activity",),
    }


def test_every_row_names_its_source_and_no_maximum_age_claims_to_be_verified():
    for each in DEFAULTS.requirements:
        assert (each.source, each.why, each.patient_missing, each.patient_lapsed, each.acts).count("") == 0
        assert all(rule.source and rule.words for rule in each.rules)
        assert all(rule.patient for rule in each.rules if rule.effect.rank >= Effect.ASK.rank)
        assert all((rule.then is None) == (rule.then_words == "") for rule in each.rules)
        if each.maximum_age_days is not None:
            assert each.age_status == "product_default"
            assert each.age_source


def test_rules_point_at_known_choices_and_thresholds():
    for each in DEFAULTS.requirements:
        for rule in each.rules:
            assert rule.when <= {choice.code for choice in KINDS[rule.kind].choices}
            for name in (rule.below, rule.within_days):
                assert not name or hasattr(DEFAULTS.thresholds, name)
            assert rule.conditions <= set(CONDITIONS)
            assert not rule.within_days or KINDS[rule.kind].dated


def test_what_is_opened_is_opened_by_somebody_above_it():
    raised = {code for each in DEFAULTS.requirements for rule in each.rules for code in rule.opens}
    assert raised == {each.code for each in DEFAULTS.requirements if each.asked == Asked.WHEN_OPENED}


def test_a_rule_that_opens_a_requirement_above_it_is_refused():
    document = json.loads((DATA / "requirements.json").read_text(encoding="utf-8"))
    document["requirements"].reverse()
    with pytest.raises(ValueError, match="is not a requirement opened below it"):
        parse_catalogue(document)


def test_thresholds_are_settings_with_a_source():
    thresholds = DEFAULTS.thresholds
    assert (thresholds.neutrophils_hold.value, thresholds.neutrophils_hold.verified) == (
        Decimal("1.5"),
        False,
    )
    assert (thresholds.igg_hold.value, thresholds.igg_hold.verified) == (Decimal(3), True)
    changed = thresholds.changed({"igg_hold": Decimal(4)})
    assert (changed.igg_hold.value, changed.igg_hold.source) == (Decimal(4), thresholds.igg_hold.source)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1"])
def test_a_threshold_that_is_no_number_is_refused(value):
    row = {"code": "igg_hold", "label": "", "value": value, "unit": "g/L", "source": "", "status": ""}
    with pytest.raises(ValueError, match="igg_hold must be a number"):
        Thresholds.parse([row])


def test_a_missing_threshold_is_refused():
    with pytest.raises(ValueError, match="thresholds differ"):
        Thresholds.parse([])


def test_a_rule_with_two_tests_is_refused():
    rule = {"kind": "igg", "effect": "hold", "below": "igg_hold", "when": ["x"]}
    row = {"rules": [rule], "code": "igg", "needs": [["igg"]], "scope": "once", "purposes": []}
    texts = (
        "label",
        "section",
        "role",
        "acts",
        "dated",
        "why",
        "source",
        "status",
        "age_source",
        "age_status",
    )
    row |= dict.fromkeys((*texts, "patient_missing", "patient_lapsed", "maximum_age_days"), "")
    with pytest.raises(ValueError, match="exactly one test"):
        parse_catalogue({"requirements": [row], "thresholds": []})


WOMAN = {"birth_date": BORN_1980, "sex": "female", "past_menopause": "no", "hysterectomy": "no"}


@pytest.mark.parametrize(
    ("changes", "concerned"),
    [
        ({}, True),
        ({"sex": "male"}, False),
        ({"sex": "unknown"}, None),
        ({"sex": "other"}, None),
        ({"past_menopause": "yes"}, False),
        ({"hysterectomy": "yes"}, False),
        ({"past_menopause": "unknown"}, None),
        ({"hysterectomy": "unknown"}, None),
        ({"sex": "unknown", "hysterectomy": "yes"}, False),
        ({"birth_date": date(1970, 11, 22)}, False),
        ({"birth_date": date(1970, 11, 23)}, True),
        ({"birth_date": date(2014, 11, 23)}, False),
        ({"sex": "male", "past_menopause": "unknown", "hysterectomy": "unknown"}, False),
    ],
)
def test_the_pregnancy_test_concerns_whom_it_should_and_unknown_asks(changes, concerned):
    assert DEFAULTS["pregnancy"].applies.concerns(Subject(**(WOMAN | changes)), DAY) is concerned


def test_what_is_unanswered_is_named():
    applies = DEFAULTS["pregnancy"].applies
    subject = Subject(BORN_1980, sex="other")
    assert applies.unanswered(subject) == ("the sex recorded for care", "menopause", "hysterectomy")
    assert Applicability().unanswered(subject) == ()


def test_what_is_asked_again_on_the_day_belongs_to_the_gate():
    of_the_day = [
        each.code
        for each in DEFAULTS.serving(Purpose.GATE)
        if each.scope == Scope.INFUSION and each.asked == Asked.ALWAYS
    ]
    assert of_the_day == [
        "pregnancy_day",
        "infection_day",
        "information",
        "payer_authorisation",
        "drug_received",
        "clearance",
    ]


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 11, 22), DAY, 18),
        (date(2008, 11, 23), DAY, 17),
    ],
)
def test_age_is_in_completed_years(born, day, age):
    assert Subject(born).age_on(day) == age
