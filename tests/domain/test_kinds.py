"""Values as people and laboratories write them: read exactly, or refused with words."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from evaluation.domain.kinds import KINDS
from evaluation.domain.values import describe, parse_value, plain, problem_with_days, read_day, read_stored

TODAY = date(2026, 11, 22)


def code_of(read: object) -> str:
    return read.code if isinstance(read, Refusal) else "read"


@pytest.mark.parametrize(
    ("kind", "text", "unit", "kept"),
    [
        ("neutrophils", "1.2", "10*3/uL", "1.2"),
        ("neutrophils", "1200", "cells/µL", "1.2"),
        ("neutrophils", "1200", "cells/μL", "1.2"),
        ("white_cells", "6.0", "×10⁹/L", "6"),
        ("platelets", "210", "K/uL", "210"),
        ("haemoglobin", "138", "g/L", "13.8"),
        ("haemoglobin", "13.8", "g/dL", "13.8"),
        ("igg", "850", "mg/dL", "8.5"),
        ("igg", "8.50", "g/L", "8.5"),
        ("creatinine", "0.81", "mg/dL", "71.604"),
        ("creatinine", "72", "umol/L", "72"),
        ("alt", "31", "", "31"),
        ("das28_esr", "5.12", "", "5.12"),
        ("edss", "3.5", "", "3.5"),
        ("sledai_2k", "12", "points", "12"),
        ("hbsag", "Negative", "", "negative"),
        ("hbsag", "not detected", "", "negative"),
        ("hbsag", "10828004", "", "positive"),
        ("anti_hbc", "reactive", "", "positive"),
        ("hypersensitivity", "Not known", "", "unknown"),
        ("live_vaccine", "given 2026-10-20", "", "given 2026-10-20"),
        ("infection", "resolved 2026-10-20", "", "resolved 2026-10-20"),
        ("heart_failure", "NYHA IV", "", "nyha_4"),
    ],
)
def test_a_value_is_kept_in_the_canonical_unit(kind, text, unit, kept):
    assert parse_value(kind, text, unit).text == kept


@pytest.mark.parametrize(
    ("kind", "text", "unit", "code", "field"),
    [
        ("igg", "", "g/L", "value_missing", "value"),
        ("igg", "nan", "g/L", "number_unreadable", "value"),
        ("igg", "NaN", "g/L", "number_unreadable", "value"),
        ("igg", "inf", "g/L", "number_unreadable", "value"),
        ("igg", "1e1", "g/L", "number_unreadable", "value"),
        ("igg", "٨", "g/L", "number_unreadable", "value"),
        ("igg", "<0.3", "g/L", "number_unreadable", "value"),
        ("igg", "-4", "g/L", "value_negative", "value"),
        ("igg", "−4", "g/L", "value_negative", "value"),
        ("igg", "1,72", "g/L", "comma_ambiguous", "value"),
        ("igg", "1,720.5", "mg/dL", "comma_ambiguous", "value"),
        ("igg", "7000", "g/L", "number_impossible", "value"),
        ("haemoglobin", "14", "g/L", "number_impossible", "value"),
        ("haemoglobin", "140", "g/dL", "number_impossible", "value"),
        ("neutrophils", "4500", "10*9/L", "number_impossible", "value"),
        ("neutrophils", "60", "%", "unit_unknown", "unit"),
        ("neutrophils", "4.5", "", "unit_unknown", "unit"),
        ("das28_esr", "9.5", "", "number_impossible", "value"),
        ("edss", "0.5", "", "score_between_steps", "value"),
        ("edss", "2.3", "", "score_between_steps", "value"),
        ("sledai_2k", "2.5", "", "score_between_steps", "value"),
        ("pdai_activity", "251", "", "number_impossible", "value"),
        ("hbsag", "maybe", "", "choice_unknown", "value"),
        ("live_vaccine", "given", "", "day_missing", "value"),
        ("live_vaccine", "given 2026-02-31", "", "date_impossible", "value"),
        ("live_vaccine", "none 2026-02-01", "", "day_unexpected", "value"),
        ("hbsag", "neg\x00ative", "", "text_unreadable", "value"),
        ("hbsag", "\ud800", "", "text_unreadable", "value"),
        ("igg", "8", "g/L\x00", "text_unreadable", "unit"),
        ("igg", "9" * 61, "g/L", "value_too_long", "value"),
        ("blood_type", "A", "", "kind_unknown", "kind"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_field(kind, text, unit, code, field):
    refusal = parse_value(kind, text, unit)
    assert (code_of(refusal), refusal.field) == (code, field)


def test_an_impossible_number_asks_for_the_unit_that_was_probably_meant():
    assert parse_value("igg", "850", "g/L").message == (
        "850 g/L is not possible: it lies between 0 and 100 g/L. Did you mean 850 mg/dL?"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-03-31", "read"),
        ("2026-02-31", "date_impossible"),
        ("31/02/1980", "date_unreadable"),
        ("03/04/2026", "date_unreadable"),
        ("20260331", "date_unreadable"),
        ("0026-03-31", "date_impossible"),
        ("", "date_unreadable"),
    ],
)
def test_a_day_is_read_only_where_it_means_one_day(text, code):
    assert code_of(read_day(text)) == code


@pytest.mark.parametrize(
    ("value", "observed_on", "code"),
    [
        ("none", date(2026, 11, 22), "read"),
        ("none", date(2026, 11, 23), "date_in_future"),
        ("none", date(1979, 12, 31), "date_before_birth"),
        ("given 2026-11-21", date(2026, 11, 20), "day_after_observation"),
        ("given 1979-11-21", date(2026, 11, 20), "date_before_birth"),
    ],
)
def test_days_that_cannot_be_are_refused(value, observed_on, code):
    read = parse_value("live_vaccine", value)
    assert code_of(problem_with_days(read, observed_on, today=TODAY, born=date(1980, 1, 1))) == code


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("neutrophils", "1.2", "1.2 ×10⁹/L"),
        ("creatinine", "71.604", "71.6 µmol/L"),
        ("hbsag", "negative", "Negative"),
        ("live_vaccine", "given 2026-03-03", "Given on 3 March 2026"),
        ("sledai_2k", "12", "12 points"),
        ("hbsag", "something old", "something old"),
    ],
)
def test_a_kept_value_is_described_in_words(kind, text, words):
    assert describe(kind, text) == words


def test_loinc_codes_lead_to_one_kind_each():
    codes = [loinc for kind in KINDS.values() for loinc in kind.loinc]
    assert len(codes) == len(set(codes))
    assert [KINDS.by_loinc(code).code for code in ("751-8", "2465-3", "5196-1", "38483-4")] == [
        "neutrophils",
        "igg",
        "hbsag",
        "creatinine",
    ]
    assert KINDS.by_loinc("8302-2") is None


def test_every_numeric_kind_says_where_its_range_comes_from():
    assert [
        kind.code for kind in KINDS.values() if kind.is_numeric and not (kind.source and kind.status)
    ] == []


def test_spellings_within_a_kind_name_one_unit_and_one_choice_each():
    for kind in KINDS.values():
        for row in (kind.units, kind.choices):
            for one in row:
                assert [other.code for other in row if other.is_called(one.code)] == [one.code]
                assert [other.code for other in row if other.is_called(one.label)] == [one.code]


@given(
    st.sampled_from([kind for kind in KINDS.values() if kind.shape == "number"]),
    st.decimals(min_value=0, max_value=999_999, places=3, allow_nan=False, allow_infinity=False),
    st.data(),
)
def test_conversion_is_exact_and_the_kept_text_reads_back(kind, number, data):
    unit = data.draw(st.sampled_from(kind.units))
    read = parse_value(kind, plain(number), unit.code)
    if isinstance(read, Refusal):
        assert read.code == "number_impossible"
        return
    assert Fraction(read.number) == Fraction(number) * unit.factor
    assert read_stored(kind.code, read.text).number == read.number
    assert len(read.text) <= 60


@given(st.sampled_from(list(KINDS)), st.text(max_size=80), st.text(max_size=40))
def test_no_text_whatever_breaks_the_reader(kind, text, unit):
    read = parse_value(kind, text, unit)
    assert isinstance(read, Refusal) or read_stored(kind, read.text) is not None


def test_plain_writes_no_exponent_and_no_trailing_zeros():
    assert [plain(Decimal(text)) for text in ("1E+3", "0.10", "100", "0")] == ["1000", "0.1", "100", "0"]
