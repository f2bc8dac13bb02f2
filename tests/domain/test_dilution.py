"""Allowed volumes, concentrations and pump rates."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from regimens.defaults import dilution_rules
from regimens.domain.dilution import allowed_volume, ml_per_hour, prepared, volume_refusal

RULES = dilution_rules()


@pytest.mark.parametrize(
    ("dose", "volumes"), [(1000, (250, 1000)), (500, (125, 500)), (690, (Fraction(345, 2), 690))]
)
def test_volume_is_one_to_four_milligrams_in_a_millilitre(dose, volumes):
    assert allowed_volume(dose, RULES) == volumes


@pytest.mark.parametrize(("dose", "saline", "total"), [(1000, 500, 600), (500, 250, 300)])
def test_usual_bags_come_to_the_known_volume(dose, saline, total):
    found = prepared(dose, saline, RULES)
    assert (found.total_ml, found.mg_ml) == (total, Fraction(5, 3))
    assert ml_per_hour(50, found.mg_ml) == 30
    assert [(bag.dose_mg, bag.saline_ml) for bag in RULES.bags] == [(1000, 500), (500, 250)]


@pytest.mark.parametrize(
    ("volume", "code"),
    [(249, "volume_out_of_range"), (250, None), (1000, None), (1001, "volume_out_of_range")],
)
def test_volume_outside_is_refused_with_what_is_allowed(volume, code):
    refusal = volume_refusal(Decimal(1000), volume, RULES)
    assert (refusal.code if refusal else None) == code
    if refusal:
        assert refusal.message == "1000 mg is diluted to 250 to 1000 mL (1 to 4 mg/mL)."


@pytest.mark.parametrize("dose", [0, -5])
def test_dose_of_nothing_has_no_volume(dose):
    with pytest.raises(ValueError, match="above zero"):
        allowed_volume(dose, RULES)
