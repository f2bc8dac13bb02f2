"""Which entries may stand: each refusal by its code and its field, and what is merged without a word."""

from decimal import Decimal

import pytest

from tests.domain.charts import day, entry, rate, ready
from treatment.domain.chart import Kind, read
from treatment.domain.judging import MERGED, judge, may_start_at, not_given, resume_at
from treatment.domain.rules import RULES

VITALS = {
    "temperature": "36.8",
    "systolic": "120",
    "diastolic": "70",
    "pulse": "80",
    "breaths": "14",
    "oxygen": "98",
}
PRODUCT = {"product": "Truxima", "lot": "A1", "expires_on": "2032-01-31", "volume_ml": "500", "reason": ""}
RUNNING = [*ready(), rate(35, 50), rate(65, 100)]


def reaction(minute, grade, act="pause", **more):
    return entry(Kind.REACTION, minute, grade=grade, symptoms=["rigors"], text="", act=act, **more)


def codes(new, before, **more):
    """The refusals of an entry that is typed as it happens, as (code, field)."""
    minute = (new.happened_at - ready()[0].happened_at).total_seconds() / 60
    judged = judge(new, read(before), day(more.pop("now", minute), **more), RULES)
    return "merged" if judged == MERGED else [(each.code, each.field) for each in judged.reasons]


@pytest.mark.parametrize(
    ("new", "before", "found"),
    [
        (entry(Kind.IDENTITY, 0, confirmed=["name", "birth_date"]), [], []),
        (entry(Kind.IDENTITY, 0, confirmed=["name"]), [], [("identity_thin", "confirmed")]),
        (entry(Kind.IDENTITY, 0, confirmed=["name", "name"]), [], [("identity_thin", "confirmed")]),
        (entry(Kind.WEIGHT, 0, kg="80"), [], []),
        (entry(Kind.WEIGHT, 0, kg="47"), [], [("weight_changed", "sure")]),
        (entry(Kind.WEIGHT, 0, kg="47", sure=True), [], []),
        (entry(Kind.PREMEDICATION, 1), [], [("identity_missing", "")]),
        (entry(Kind.PREMEDICATION, 1), ready()[:1], []),
        (entry(Kind.PREMEDICATION, 1), ready(), "merged"),
        (entry(Kind.MEDICINE, 1, place=0, drug="x"), ready()[:1], [("not_premedicating", "")]),
        (
            entry(Kind.MEDICINE, 1, place=1, drug="Paracetamol/acetaminophen"),
            ready(),
            [("given_already", "again")],
        ),
        (entry(Kind.MEDICINE, 1, place=1, drug="paracetamol/acetaminophen", again=True), ready(), []),
        (entry(Kind.PRODUCT, 1, **PRODUCT), [], []),
        (entry(Kind.PRODUCT, 1, **PRODUCT | {"expires_on": "2031-03-09"}), [], [("expired", "expires_on")]),
        (entry(Kind.PRODUCT, 1, **PRODUCT | {"expires_on": "2031-03-10"}), [], []),
        (rate(35, 50), [], [("not_premedicating", "")]),
        (rate(35, 50), ready()[:-1], [("product_missing", "")]),
        (rate(35, 50), ready(), []),
        (rate(29, 50), ready(), [("too_soon", "reason")]),
        (rate(29, 50, reason="Ordered."), ready(), []),
        (rate(35, 50), [*ready()[:2], ready()[-1]], [("premedication_missing", "reason")]),
        (rate(35, 1001), ready(), [("rate_impossible", "mg_h")]),
        (rate(70, 100), RUNNING, "merged"),
        (rate(70, 150), RUNNING, []),
        (rate(70, 50), RUNNING, []),
        (rate(70, 200), RUNNING, [("too_fast", "reason")]),
        (rate(70, 200, reason="Ordered."), RUNNING, []),
        (entry(Kind.PAUSE, 20, reason=""), ready(), [("not_running", "")]),
        (entry(Kind.PAUSE, 70, reason=""), RUNNING, []),
        (entry(Kind.PAUSE, 75, reason=""), [*RUNNING, entry(Kind.PAUSE, 70)], "merged"),
        (entry(Kind.STOP, 20, complete=True), ready(), [("not_running", "")]),
        (entry(Kind.STOP, 300, complete=True), RUNNING, []),
        (
            entry(Kind.STOP, 90, complete=False, dose_mg="", reason=""),
            RUNNING,
            [("reason_missing", "reason")],
        ),
        (
            entry(Kind.STOP, 90, complete=False, dose_mg="1001", reason="x"),
            RUNNING,
            [("dose_impossible", "dose_mg")],
        ),
        (entry(Kind.STOP, 90, complete=True), [*RUNNING, entry(Kind.STOP, 80, complete=True)], "merged"),
        (rate(90, 150), [*RUNNING, entry(Kind.STOP, 80, complete=True)], [("ended", "")]),
        (entry(Kind.VITALS, 1, **VITALS), [], []),
        (entry(Kind.VITALS, 1, **dict.fromkeys(VITALS, "")), [], [("nothing_taken", "temperature")]),
        (entry(Kind.VITALS, 1, pulse="800"), [], [("sign_impossible", "pulse")]),
        (entry(Kind.VITALS, 1, systolic="70", diastolic="120"), [], [("pressure_crossed", "diastolic")]),
        (reaction(70, 5), RUNNING, [("grade_impossible", "grade")]),
        (
            entry(Kind.REACTION, 70, grade=1, symptoms=[], text="", act="watch"),
            RUNNING,
            [("reaction_without_words", "symptoms")],
        ),
    ],
)
def test_entry_is_judged_beside_what_stands(new, before, found):
    assert codes(new, before) == found


@pytest.mark.parametrize(
    ("volume", "found"),
    [
        ("249", [("dilution", "volume_ml")]),
        ("250", []),
        ("600", []),
        ("1000", []),
        ("1001", [("dilution", "volume_ml")]),
    ],
)
def test_dilution_is_one_to_four_milligrams_a_millilitre(volume, found):
    assert codes(entry(Kind.PRODUCT, 1, **PRODUCT | {"volume_ml": volume}), []) == found


def test_another_product_than_last_time_asks_for_a_reason():
    new = entry(Kind.PRODUCT, 1, **PRODUCT)
    assert codes(new, [], last_product="MabThera") == [("switched", "reason")]
    assert codes(new, [], last_product="TRUXIMA") == []
    meant = entry(Kind.PRODUCT, 1, **PRODUCT | {"reason": "Formulary change."})
    assert codes(meant, [], last_product="MabThera") == []


@pytest.mark.parametrize(("minute", "found"), [(2, []), (3, [("in_future", "time")])])
def test_tablet_may_run_ahead_by_its_grace_alone(minute, found):
    assert codes(entry(Kind.NOTE, minute, text="x"), [], now=0) == found


def test_nothing_happened_before_the_patient_came():
    assert codes(entry(Kind.NOTE, -32, text="x"), [], now=0) == [("before_arrival", "time")]


@pytest.mark.parametrize(
    ("grade", "mg_h", "reason", "found"),
    [
        (1, 50, "", []),
        (1, 51, "", [("too_fast", "reason")]),
        (2, 50, "", []),
        (2, 100, "", [("too_fast", "reason")]),
        (2, 100, "Settled, ordered by Dr Weiss.", []),
        (3, 50, "", [("needs_order", "reason")]),
        (3, 50, "Ordered by Dr Weiss.", []),
        (4, 10, "Ordered by Dr Weiss.", [("never_again", "")]),
    ],
)
def test_flow_resumes_after_a_reaction_as_its_grade_allows(grade, mg_h, reason, found):
    before = [*RUNNING, reaction(70, grade), entry(Kind.PAUSE, 70, reason="")]
    assert codes(rate(90, mg_h, reason=reason), before) == found


def test_flow_resumes_after_a_pause_without_a_reaction_as_before():
    chart = read([*RUNNING, entry(Kind.PAUSE, 70, reason="")])
    assert resume_at(chart, None) == 100
    assert codes(rate(80, 100), [*RUNNING, entry(Kind.PAUSE, 70, reason="")]) == []


@pytest.mark.parametrize(("grade", "proposed"), [(1, 50), (2, 50), (3, 50), (4, None)])
def test_rate_proposed_after_a_reaction_is_at_most_half(grade, proposed):
    assert resume_at(read([*RUNNING, entry(Kind.PAUSE, 70, reason="")]), RULES.grades[grade]) == proposed


def test_start_waits_for_the_last_medicine_of_the_premedication():
    medicines = day(0).medicines
    rows = ready()[:2]
    assert may_start_at(read(rows), medicines) is None
    rows.append(entry(Kind.MEDICINE, 5, place=0, drug="methylprednisolone"))
    rows.append(entry(Kind.MEDICINE, 20, place=1, drug="paracetamol"))
    assert may_start_at(read(rows), medicines) == rows[-1].happened_at.replace(minute=50)
    assert [each.drug for each in not_given(read(rows), medicines)] == ["antihistamine"]
    rows.append(entry(Kind.MEDICINE, 25, place=None, drug="ondansetron"))
    assert may_start_at(read(rows), medicines) == rows[-2].happened_at.replace(minute=50)


def test_weight_is_taken_as_it_is_where_none_is_known():
    assert codes(entry(Kind.WEIGHT, 0, kg="47"), [], last_weight=None) == []
    assert codes(entry(Kind.WEIGHT, 0, kg="81.4"), [], last_weight=Decimal(74)) == []
    assert codes(entry(Kind.WEIGHT, 0, kg="81.5"), [], last_weight=Decimal(74)) == [
        ("weight_changed", "sure")
    ]


def test_dose_by_body_surface_is_weighed_for_first():
    begin = entry(Kind.PREMEDICATION, 1)
    assert codes(begin, ready()[:1], weigh_first=True) == [("weight_missing", "")]
    assert codes(begin, [*ready()[:1], entry(Kind.WEIGHT, 0, kg="74")], weigh_first=True) == []
