"""How long a visit usually takes in this clinic: the median of its own, never below what the rates need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from statistics import median

from .capacity import Phase, total_minutes

TURNS = ("first", "second", "later")
STEP_MINUTES = 5
"""A usual length is rounded up to this (product default, unverified)."""
STEADY = "steady"

LengthKey = tuple[Decimal, str, str]
"""What lengths are compared by: the dose (mg), the turn and the rate profile's code."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual minutes in the chair, and from how many visits of the clinic they come."""

    minutes: int
    count: int


def turn_of(infusions_before: int) -> str:
    """Whether it is the patient's first infusion, the second, or a later one."""
    return TURNS[min(infusions_before, len(TURNS) - 1)]


def usual_of(minutes: Iterable[int]) -> Usual:
    """The median of actual lengths, rounded up; ValueError where there is none."""
    rows = list(minutes)
    middle = Fraction(median(rows))
    return Usual(ceil(middle / STEP_MINUTES) * STEP_MINUTES, len(rows))


def as_usual(
    phases: tuple[Phase, ...], key: LengthKey, usual: Mapping[LengthKey, Usual]
) -> tuple[Phase, ...]:
    """The phases as long as such visits usually take: the steady drip takes the difference. Never shorter than
    computed.
    """
    found = usual.get(key)
    more = found.minutes - total_minutes(phases) if found else 0
    if more <= 0:
        return phases
    return tuple(
        replace(phase, minutes=phase.minutes + more) if phase.name == STEADY else phase for phase in phases
    )
