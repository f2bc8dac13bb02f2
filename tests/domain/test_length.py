"""How long a visit is, and which part of it asks for a nurse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regimens.defaults import default_regimens
from regimens.domain.length import PhaseMinutes, visit_length, visit_phases
from regimens.domain.rates import rate_plan

STANDARD = default_regimens()["STANDARD"]
FIRST, LATER = STANDARD.first_profile, STANDARD.subsequent_profile
USUAL = PhaseMinutes()


@pytest.mark.parametrize(
    ("dose", "first", "total"), [(1000, True, 375), (1000, False, 285), (500, True, 295), (500, False, 210)]
)
def test_chair_time_of_usual_doses(dose, first, total):
    assert visit_phases(dose, FIRST if first else LATER, first=first, settings=USUAL).total == total


def test_phases_tell_titration_from_the_steady_drip():
    assert visit_phases(1000, FIRST, first=True, settings=USUAL).phases == (
        ("set_up", 30),
        ("premedication", 30),
        ("titration", 210),
        ("steady", 45),
        ("observation", 60),
    )


def test_phase_without_time_is_left_out():
    settings = replace(USUAL, set_up=0)
    assert visit_phases(10, FIRST, first=False, settings=settings).phases == (
        ("premedication", 30),
        ("steady", 12),
        ("observation", 30),
    )


def test_infusion_is_rounded_up_to_whole_minutes():
    length = visit_phases(Decimal("437.5"), LATER, first=False, settings=USUAL)
    assert (length.infusion, length.titration, length.steady) == (111, 90, 21)


@given(st.decimals(Decimal("0.001"), Decimal(5000), places=3), st.booleans())
def test_phases_sum_to_the_total_and_hold_the_infusion(dose, first):
    profile = FIRST if first else LATER
    length = visit_phases(dose, profile, first=first, settings=USUAL)
    assert sum(minutes for _, minutes in length.phases) == length.total
    assert length.infusion == ceil(rate_plan(profile, dose).total_minutes)
    assert length.total == 60 + length.infusion + (60 if first else 30)


def length_of(before, last_on, *, serious=False):
    return visit_length(
        STANDARD,
        1000,
        infusions_before=before,
        last_infusion_on=last_on,
        on=date(2026, 11, 2),
        serious_reaction=serious,
        settings=USUAL,
    )


@pytest.mark.parametrize(
    ("before", "last_on", "serious", "total"),
    [
        (0, None, False, 375),
        (1, date(2026, 10, 19), False, 285),
        (4, date(2026, 5, 2), False, 285),
        (4, date(2025, 5, 2), False, 375),
        (4, date(2026, 5, 2), True, 375),
    ],
)
def test_length_differs_for_first_later_late_and_after_a_reaction(before, last_on, serious, total):
    assert length_of(before, last_on, serious=serious).total == total
