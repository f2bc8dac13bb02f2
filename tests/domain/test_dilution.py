"""Allowed volumes, concentrations and pump rates."""

from __future__ import annotations

from fractions import Fraction

import pytest

from regimens.defaults import dilution_rules
from regimens.domain.dilution import allowed_volume, ml_per_hour, prepared

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


@pytest.mark.parametrize("dose", [0, -5])
def test_dose_of_nothing_has_no_volume(dose):
    with pytest.raises(ValueError, match="above zero"):
        allowed_volume(dose, RULES)
