"""Milligrams from a body surface: the formula, the rounding, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from regimens.defaults import dosing_rules
from regimens.domain.definition import Dose, DoseUnit
from regimens.domain.dosing import Body, from_surface, mosteller, reckon, surface_m2

RULES = dosing_rules()["mosteller_10"]
PER_M2 = Dose(Decimal(375), DoseUnit.MG_PER_M2)


def body(weight, height):
    return Body(Decimal(str(weight)), Decimal(str(height)))


@pytest.mark.parametrize(
    ("weight", "height", "surface"),
    [(70, 170, "1.82"), (74, 170, "1.87"), (50, 162, "1.50"), (110, 173, "2.30"), (100, 144, "2.00")],
)
def test_surface_is_mostellers(weight, height, surface):
    assert surface_m2(RULES, body(weight, height)) == Decimal(surface)


def test_formula_of_a_square_is_exact():
    assert mosteller(Decimal(100), Decimal(144)) == 2


@pytest.mark.parametrize(
    ("surface", "mg"),
    [
        ("1.50", 560),
        ("1.60", 600),
        ("1.70", 640),
        ("1.80", 680),
        ("1.83", 690),
        ("1.90", 710),
        ("2.00", 750),
        ("2.10", 790),
        ("2.20", 830),
        ("2.30", 860),
    ],
)
def test_dose_is_rounded_to_the_nearest_ten_milligrams(surface, mg):
    assert from_surface(PER_M2, Decimal(surface), RULES).mg == mg


def test_reckoning_is_said_in_a_line():
    found = from_surface(PER_M2, Decimal("1.83"), RULES)
    assert found.words == "375 mg/m² × 1.83 m² = 690 mg (686.25 mg rounded to the nearest 10 mg)"
    assert from_surface(PER_M2, Decimal("1.60"), RULES).words == "375 mg/m² × 1.60 m² = 600 mg"


@given(st.integers(30, 250), st.integers(120, 230))
def test_rounding_never_takes_more_than_half_a_step(weight, height):
    found = reckon(PER_M2, RULES, body(weight, height))
    assert abs(found.mg - found.exact_mg) <= 5
    assert found.mg % 10 == 0


@pytest.mark.parametrize(
    ("known", "code", "field"),
    [
        (Body(None, Decimal(170)), "no_weight", "weight"),
        (Body(Decimal(70), None), "no_height", "height"),
        (body("7.4", 170), "weight_implausible", "weight"),
        (body(740, 170), "weight_implausible", "weight"),
        (body(70, "1.7"), "height_implausible", "height"),
    ],
)
def test_missing_or_implausible_body_is_refused_in_words(known, code, field):
    refusal = reckon(PER_M2, RULES, known)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (code, field)


def test_fixed_dose_is_not_reckoned():
    with pytest.raises(ValueError, match="only a dose by body surface"):
        reckon(Dose(Decimal(1000), DoseUnit.MG), RULES, body(70, 170))
