"""What differs between two versions, in words."""

from __future__ import annotations

from copy import deepcopy

from regimens.defaults import default_definition
from regimens.domain.differences import Difference, differences, label_of


def test_the_same_definition_has_no_differences():
    for code in ("STANDARD", "GPA-375x4", "PV-EU"):
        assert differences(default_definition(code), default_definition(code)) == ()


def test_each_field_that_differs_is_named_with_both_values():
    before = default_definition("PV-EU")
    after = deepcopy(before)
    after["induction"]["doses"][1]["day_offset"] = 15
    after["maintenance"]["at_months"] = [12, 18, 24]
    after["maintenance"]["max_duration_months"] = 36
    del after["retreatment"]
    assert differences(before, after) == (
        Difference(
            "/induction/doses/1/day_offset", "Induction, infusion 2, days after the first", "14", "15"
        ),
        Difference("/maintenance/at_months", "Maintenance, set months", "12, 18", "12, 18, 24"),
        Difference(
            "/retreatment/doses/0/day_offset", "Retreatment, infusion 1, days after the first", "0", ""
        ),
        Difference("/retreatment/doses/0/dose", "Retreatment, infusion 1, dose", "1000", ""),
        Difference("/retreatment/doses/0/unit", "Retreatment, infusion 1, unit", "mg", ""),
        Difference("/maintenance/max_duration_months", "Maintenance, longest duration, months", "", "36"),
    )


def test_places_without_a_name_are_read_as_they_stand():
    assert label_of("/rate_profiles/first_standard/max_mg_h") == "Rate profile, first standard, max mg h"
