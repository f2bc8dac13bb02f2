"""Disease scores against worked examples, at every cut-off, and laws that hold for whatever is entered."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.kinds import KINDS
from evaluation.domain.requirements import DEFAULTS
from evaluation.domain.scores import SCORES
from evaluation.domain.scoring import Calculated, calculate, entered_in_words
from evaluation.domain.values import parse_value, plain

RA = {"tender": "10", "swollen": "8", "esr": "30", "general_health": "50"}
ANAEMIA = {
    "haemoglobin": "12.6 g/dL", "normal_from": "12 g/dL", "baseline": "7.4 g/dL", "ldh": "190", "ldh_limit": "250",
    "haemolysis": "no", "transfused": "no",
}  # fmt: skip


def value_of(code, **entered):
    found = calculate(SCORES[code], entered)
    assert isinstance(found, Calculated), found
    return found.value.text


def refusals(code, **entered):
    found = calculate(SCORES[code], entered)
    return [] if isinstance(found, Calculated) else [(each.code, each.field) for each in found]


@pytest.mark.parametrize(
    ("entered", "value"),
    [
        # 0.56×3.16228 + 0.28×2.82843 + 0.70×3.40120 + 0.014×50 = 5.64367
        (RA, "5.64"),
        ({"tender": "0", "swollen": "0", "esr": "1", "general_health": "0"}, "0"),
        # 0.56×1 + 0.28×1 + 0.70×2.30259 + 0.014×10 = 2.59181
        ({"tender": "1", "swollen": "1", "esr": "10", "general_health": "10"}, "2.59"),
        # 0.56×5.29150 + 0.28×5.29150 + 0.70×5.07517 + 1.4 = 9.39748
        ({"tender": "28", "swollen": "28", "esr": "160", "general_health": "100"}, "9.4"),
    ],
)
def test_das28_is_as_worked_out_by_hand(entered, value):
    assert value_of("das28_esr", **entered) == value


def test_cdai_is_the_sum_of_its_four():
    assert value_of("cdai", tender="5", swollen="4", patient_global="3.5", evaluator_global="2") == "14.5"


def test_sledai_adds_the_weights_of_what_is_present():
    assert value_of("sledai_2k") == "0"
    assert value_of("sledai_2k", arthritis="yes", rash="yes", fever="yes", dna_binding="yes") == "9"
    ticks = SCORES["sledai_2k"].components
    assert value_of("sledai_2k", **{each.code: "yes" for each in ticks}) == "105"
    weights = sorted(int(each.weight) for each in ticks)
    assert weights == [1] * 3 + [2] * 7 + [4] * 6 + [8] * 8


@pytest.mark.parametrize(
    ("changes", "response"),
    [
        ({}, "complete"),
        ({"haemolysis": "yes"}, "partial"),
        ({"transfused": "yes"}, "partial"),
        ({"haemoglobin": "11.9 g/dL"}, "partial"),
        ({"haemoglobin": "10 g/dL", "baseline": "9.9 g/dL"}, "partial"),
        ({"haemoglobin": "9.4 g/dL"}, "partial"),
        ({"haemoglobin": "9.3 g/dL"}, "none"),
        ({"haemoglobin": "126 g/L"}, "complete"),
    ],
)
def test_the_anaemias_response_follows_haemoglobin_haemolysis_and_transfusion(changes, response):
    assert value_of("aiha_response", **(ANAEMIA | changes)) == response


def test_the_anaemias_laboratory_values_come_along():
    found = calculate(SCORES["aiha_response"], ANAEMIA)
    assert [(each.kind, each.text) for each in found.also] == [("haemoglobin", "12.6"), ("ldh_ratio", "0.76")]
    assert found.entered["baseline"] == "7.4"


@pytest.mark.parametrize(
    ("code", "value", "label"),
    [
        ("das28_esr", "2.59", "Remission"),
        ("das28_esr", "2.6", "Low activity"),
        ("das28_esr", "3.19", "Low activity"),
        ("das28_esr", "3.2", "Moderate activity"),
        ("das28_esr", "5.1", "Moderate activity"),
        ("das28_esr", "5.11", "High activity"),
        ("cdai", "2.8", "Remission"),
        ("cdai", "2.9", "Low activity"),
        ("cdai", "10", "Low activity"),
        ("cdai", "22", "Moderate activity"),
        ("cdai", "22.1", "High activity"),
        ("sledai_2k", "0", "No activity"),
        ("sledai_2k", "1", "Low activity"),
        ("sledai_2k", "4", "Low activity"),
        ("sledai_2k", "5", "Moderate activity"),
        ("sledai_2k", "10", "Moderate activity"),
        ("sledai_2k", "11", "High activity"),
        ("bvas_wg", "0", "Remission"),
        ("bvas_wg", "1", "Active"),
        ("pdai_activity", "8", "Mild"),
        ("pdai_activity", "9", "Moderate"),
        ("pdai_activity", "24", "Moderate"),
        ("pdai_activity", "25", "Severe"),
    ],
)
def test_a_value_is_called_as_its_cut_offs_say(code, value, label):
    assert SCORES[code].band(Decimal(value)).label == label


def test_scores_without_standard_bands_are_called_nothing():
    assert [code for code, score in SCORES.items() if not score.bands] == [
        "edss",
        "aiha_response",
        "bvas_v3",
        "pdai_damage",
    ]


@pytest.mark.parametrize(
    ("code", "against", "before", "now", "found"),
    [
        ("das28_esr", "baseline", "5.4", "4.2", ["nice_continue"]),
        ("das28_esr", "baseline", "5.4", "4.21", []),
        ("das28_esr", "previous", "5.4", "2.0", []),
        ("sledai_2k", "previous", "4", "8", ["flare"]),
        ("sledai_2k", "previous", "4", "7", []),
        ("sledai_2k", "previous", "8", "4", []),
        ("bvas_v3", "baseline", "12", "6", ["halved"]),
        ("bvas_v3", "baseline", "12", "7", []),
        ("bvas_v3", "baseline", "0", "0", []),
    ],
)
def test_only_the_changes_the_sources_name_are_pointed_out(code, against, before, now, found):
    changes = SCORES[code].changes_since(Decimal(before), Decimal(now), against=against)
    assert [each.code for each in changes] == found


@pytest.mark.parametrize(
    ("code", "entered", "refused"),
    [
        ("das28_esr", {}, [("component_missing", each) for each in RA]),
        ("das28_esr", RA | {"tender": "29"}, [("number_impossible", "tender")]),
        ("das28_esr", RA | {"tender": "1.5"}, [("number_unreadable", "tender")]),
        ("das28_esr", RA | {"esr": "0"}, [("number_impossible", "esr")]),
        ("das28_esr", RA | {"esr": "NaN"}, [("number_unreadable", "esr")]),
        ("das28_esr", RA | {"esr": "٣"}, [("number_unreadable", "esr")]),
        ("das28_esr", RA | {"esr": "1\x00"}, [("text_unreadable", "esr")]),
        ("das28_esr", RA | {"general_health": "-1"}, [("number_unreadable", "general_health")]),
        ("cdai", {"tender": "1", "swollen": "1", "patient_global": "3.55", "evaluator_global": "1"},
         [("number_unreadable", "patient_global")]),
        ("edss", {"total": "0.5"}, [("score_between_steps", "total")]),
        ("edss", {"total": "2.3"}, [("score_between_steps", "total")]),
        ("edss", {"total": "10.5"}, [("number_impossible", "total")]),
        ("edss", {"total": "3.5", "walking_m": "far"}, [("number_unreadable", "walking_m")]),
        ("bvas_v3", {"total": "64"}, [("number_impossible", "total")]),
        ("bvas_wg", {"total": "2.5"}, [("score_between_steps", "total")]),
        ("pdai_damage", {"total": "14"}, [("number_impossible", "total")]),
        ("aiha_response", ANAEMIA | {"haemolysis": "perhaps"}, [("choice_unknown", "haemolysis")]),
        ("aiha_response", ANAEMIA | {"haemoglobin": "126 g/dL"}, [("number_unreadable", "haemoglobin")]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_component(code, entered, refused):
    assert refusals(code, **entered) == refused


def test_half_steps_of_edss_but_the_half_itself_are_taken():
    steps = [plain(Decimal(number) / 2) for number in range(21)]
    assert [step for step in steps if refusals("edss", total=step)] == ["0.5"]


def test_what_was_entered_reads_back_in_words():
    assert entered_in_words("das28_esr", {"tender": "4", "esr": "30"}) == [
        ("Tender joints", "4 of 28"),
        ("ESR", "30 mm/h"),
    ]
    assert entered_in_words("sledai_2k", {"fever": "yes", "rash": "yes"}) == [
        ("Rash", "2 points"),
        ("Fever", "1 point"),
    ]
    assert entered_in_words("aiha_response", {"haemoglobin": "12.6", "haemolysis": "no"}) == [
        ("Haemoglobin", "12.6 g/dL"),
        ("Signs of haemolysis", "None"),
    ]
    assert entered_in_words("forgotten", {"a": "b"}) == []


def test_every_measure_a_clearance_asks_for_has_a_form_or_comes_along_with_one():
    severity = next(each for each in DEFAULTS.requirements if each.code == "severity")
    asked = {kind for _, needs in severity.needs_by_condition for group in needs for kind in group}
    served = {score.kind for score in SCORES.values()} | {a.kind for s in SCORES.values() for a in s.also}
    assert asked - served == set()


def test_every_rule_says_where_it_comes_from():
    for score in SCORES.values():
        parts = (score.formula, score.ranges, score.cut_offs, *score.notes, *score.changes)
        assert [part for part in parts if not part.status or (part.words.strip() and not part.source)] == []


RANGES = {
    component.code: (int(component.lowest), int(component.highest))
    for component in SCORES["das28_esr"].components
}
JOINTS = st.fixed_dictionaries({code: st.integers(*ends) for code, ends in RANGES.items()})


@given(JOINTS)
def test_das28_lies_within_its_range_and_reads_back(entered):
    found = calculate(SCORES["das28_esr"], {code: str(number) for code, number in entered.items()})
    kind = KINDS["das28_esr"]
    assert kind.lowest <= found.value.number <= kind.highest
    assert parse_value(kind, found.value.text).number == found.value.number
    assert found.band is not None


@given(JOINTS, st.sampled_from(list(RANGES)))
def test_das28_never_falls_when_a_component_rises(entered, code):
    more = entered | {code: min(entered[code] + 1, RANGES[code][1])}
    less, greater = (
        Decimal(value_of("das28_esr", **{name: str(number) for name, number in each.items()}))
        for each in (entered, more)
    )
    assert less <= greater


@given(st.sets(st.sampled_from([each.code for each in SCORES["sledai_2k"].components])), st.data())
def test_sledai_grows_by_the_weight_of_each_further_item(present, data):
    score = SCORES["sledai_2k"]
    absent = [each for each in score.components if each.code not in present]
    if not absent:
        return
    further = data.draw(st.sampled_from(absent))
    before = int(value_of("sledai_2k", **dict.fromkeys(present, "yes")))
    after = int(value_of("sledai_2k", **dict.fromkeys({*present, further.code}, "yes")))
    assert after - before == further.weight


@given(st.sampled_from(list(SCORES)), st.data())
def test_no_entry_whatever_breaks_the_calculation(code, data):
    score = SCORES[code]
    texts = st.one_of(
        st.text(max_size=12), st.integers(0, 40).map(str), st.sampled_from(["yes", "no", "9.9 g/dL"])
    )
    entered = {each.code: data.draw(texts) for each in score.components}
    found = calculate(score, entered)
    if isinstance(found, Calculated):
        assert calculate(score, entered) == found
    else:
        assert {each.field for each in found} <= {each.code for each in score.components}


@given(st.decimals(0, 10, places=1), st.decimals(0, 10, places=1))
def test_bands_rise_with_the_value(one, other):
    for score in SCORES.values():
        if score.bands:
            low, high = score.band(min(one, other)), score.band(max(one, other))
            assert low.level <= high.level
