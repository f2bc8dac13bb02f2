"""When a use or a schedule counts as off-label, by the clinic's country."""

from __future__ import annotations

import pytest

from regimens.defaults import default_regimens
from regimens.domain.label import Jurisdiction, jurisdiction_of, off_label

REGIMENS = default_regimens()


@pytest.mark.parametrize(
    ("country", "whose"),
    [("US", "us"), ("DE", "eu"), ("GB", "eu"), ("CH", "eu"), ("NO", "eu"), ("AU", ""), ("", "")],
)
def test_country_decides_whose_label_counts(country, whose):
    assert jurisdiction_of(country) is Jurisdiction(whose)


@pytest.mark.parametrize(
    ("code", "condition", "country", "what"),
    [
        ("RA-1000x2", "RA", "US", []),
        ("RA-1000x2", "RA", "", []),
        ("STANDARD", "RA", "US", ["This schedule: off-label schedule (United States)"]),
        ("PV-EU", "PV", "DE", []),
        ("AIHA-375x4", "AIHA", "US", [
            "The medicine in this disease: off-label use (United States)",
            "This schedule: off-label use (United States)",
        ]),
        ("STANDARD", "MS", "DE", [
            "The medicine in this disease: not an approved use (European Union)",
            "This schedule: off-label schedule (European Union)",
        ]),
        ("GPA-1000x2", "GPA", "AU", [
            "This schedule: off-label dose (United States)",
            "This schedule: off-label dose (European Union)",
        ]),
    ],
)  # fmt: skip
def test_off_label_is_told_line_by_line(code, condition, country, what):
    assert [each.words for each in off_label(REGIMENS[code], condition, country)] == what


def test_condition_the_regimen_is_not_for_is_no_approved_use():
    found = off_label(REGIMENS["PV-EU"], "RA", "US")
    assert [each.label.value for each in found] == ["not_approved"]
