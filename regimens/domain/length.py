"""How long a visit takes in the chair: computed from the dose and its rate profile, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil

from regimens.domain.definition import RateProfile, Regimen
from regimens.domain.rates import profile_for, rate_plan


class VisitPhase(StrEnum):
    """The parts of a visit, in order. Titration asks more of a nurse than a steady drip."""

    SET_UP = "set_up"
    PREMEDICATION = "premedication"
    TITRATION = "titration"
    STEADY = "steady"
    OBSERVATION = "observation"


@dataclass(frozen=True, slots=True)
class PhaseMinutes:
    """A clinic's minutes around the infusion (product defaults, unverified)."""

    set_up: int = 30
    premedication: int = 30
    observation_first: int = 60
    observation_later: int = 30


@dataclass(frozen=True, slots=True)
class VisitLength:
    """A visit's length in whole minutes; ``phases`` sum to ``total`` and leave out what takes no time."""

    profile: RateProfile
    set_up: int
    premedication: int
    titration: int
    steady: int
    observation: int

    @property
    def infusion(self) -> int:
        """Minutes of infusion, rounded up."""
        return self.titration + self.steady

    @property
    def total(self) -> int:
        """Minutes in the chair."""
        return sum(minutes for _, minutes in self.phases)

    @property
    def phases(self) -> tuple[tuple[str, int], ...]:
        """(phase, minutes) in order; the phase is a word of ``VisitPhase``."""
        parts = (
            (VisitPhase.SET_UP, self.set_up),
            (VisitPhase.PREMEDICATION, self.premedication),
            (VisitPhase.TITRATION, self.titration),
            (VisitPhase.STEADY, self.steady),
            (VisitPhase.OBSERVATION, self.observation),
        )
        return tuple((phase.value, minutes) for phase, minutes in parts if minutes)


def visit_phases(
    dose_mg: Decimal | int | Fraction, profile: RateProfile, *, first: bool, settings: PhaseMinutes
) -> VisitLength:
    """The visit's length: set-up, premedication, infusion rounded up, and the longer observation for a first
    one.

    ValueError unless the dose is above zero.
    """
    plan = rate_plan(profile, dose_mg)
    titration = ceil(plan.titration_minutes)
    return VisitLength(
        profile=profile,
        set_up=settings.set_up,
        premedication=settings.premedication,
        titration=titration,
        steady=ceil(plan.total_minutes) - titration,
        observation=settings.observation_first if first else settings.observation_later,
    )


def visit_length(
    regimen: Regimen,
    dose_mg: Decimal | int | Fraction,
    *,
    infusions_before: int,
    last_infusion_on: date | None,
    on: date,
    serious_reaction: bool,
    settings: PhaseMinutes,
    chosen: str = "",
) -> VisitLength:
    """The visit's length for this patient on this day: the rate profile is chosen by ``profile_for``.

    Whoever is given the first infusion's rates is also observed as after a first infusion. For the second of
    a pair that is booked together, count the first as already given on its planned day. ``chosen`` as there.
    """
    profile = profile_for(
        regimen,
        infusions_before=infusions_before,
        last_infusion_on=last_infusion_on,
        on=on,
        serious_reaction=serious_reaction,
        chosen=chosen,
    )
    return visit_phases(dose_mg, profile, first=profile == regimen.first_profile, settings=settings)
