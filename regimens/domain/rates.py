"""How fast: the rate steps of one infusion, in exact fractions, and which rate profile an infusion takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from clinics.domain.refusals import Refusal
from regimens.domain.definition import RateProfile, Regimen


@dataclass(frozen=True, slots=True)
class RateStep:
    """One constant rate: from ``start_minute`` for ``minutes``, giving ``dose_mg`` milligrams. Exact."""

    n: int
    rate_mg_h: int
    start_minute: Fraction
    minutes: Fraction
    dose_mg: Fraction


@dataclass(frozen=True, slots=True)
class RatePlan:
    """The steps of an infusion without interruption, and its exact length in minutes."""

    steps: tuple[RateStep, ...]
    total_minutes: Fraction

    @property
    def titration_minutes(self) -> Fraction:
        """Minutes during which the rate is still to rise: up to the beginning of the last step."""
        return self.steps[-1].start_minute

    @property
    def steady_minutes(self) -> Fraction:
        """Minutes at the last rate, which stays to the end."""
        return self.steps[-1].minutes


@lru_cache(maxsize=1_024)
def rate_plan(profile: RateProfile, dose_mg: Decimal | int | Fraction) -> RatePlan:
    """The rate steps that give ``dose_mg``; ValueError unless the dose is above zero, for a profile that is never used
    here, and for more than a profile in segments can give.

    The rate rises by the profile's step until its highest rate, which then stays. Durations are exact: they
    are rounded up only when a visit is booked. Rates: rituximab product information for autoimmune use (S6,
    S39); the lengths of 255 and 195 minutes for 1000 mg agree with the 4.25 h and 3.25 h of RATE-RA (S8).
    """
    left = Fraction(dose_mg)
    if left <= 0:
        raise ValueError("A dose must be above zero.")
    if profile.refused_because:
        raise ValueError(profile.refused_because)
    if profile.segments:
        return _in_segments(profile, left)
    steps: list[RateStep] = []
    rate, minute = profile.start_mg_h, Fraction(0)
    while left > 0:
        until_empty = left / rate * 60
        minutes = (
            until_empty if rate == profile.max_mg_h else min(Fraction(profile.step_every_min), until_empty)
        )
        given = rate * minutes / 60
        steps.append(RateStep(len(steps) + 1, rate, minute, minutes, given))
        left, minute = left - given, minute + minutes
        rate = min(rate + profile.step_mg_h, profile.max_mg_h)
    return RatePlan(tuple(steps), minute)


def _in_segments(profile: RateProfile, left: Fraction) -> RatePlan:
    """The segments one after another, ended as soon as the dose is given."""
    steps: list[RateStep] = []
    minute = Fraction(0)
    for segment in profile.segments:
        if segment.rate_mg_h is None:
            raise ValueError("A share of the dose is no rate that can be planned.")
        minutes = min(Fraction(segment.minutes), left / segment.rate_mg_h * 60)
        given = segment.rate_mg_h * minutes / 60
        steps.append(RateStep(len(steps) + 1, segment.rate_mg_h, minute, minutes, given))
        left, minute = left - given, minute + minutes
        if left == 0:
            return RatePlan(tuple(steps), minute)
    raise ValueError("This rate profile ends before the dose is given.")


def profile_refusals(
    profile: RateProfile,
    dose_mg: Decimal | int | Fraction,
    *,
    condition: str = "",
    answers: Mapping[str, bool] | None = None,
) -> tuple[Refusal, ...]:
    """Every reason why a dose may not be given by a rate profile; empty where it may.

    ``condition`` is the patient's, asked only where it is known. ``answers`` are those to what the profile asks; with
    them every one must be yes, and one that was not given is not yes.
    """
    if profile.refused_because:
        return (Refusal("profile_not_allowed", f"{profile.name}: {profile.refused_because}"),)
    found = []
    if profile.only_for and condition and condition not in profile.only_for:
        words = f"{profile.name} is only for {' and '.join(profile.only_for)}, not for {condition}."
        found.append(Refusal("profile_other_condition", words, "condition"))
    if profile.doses_mg and Fraction(dose_mg) not in {Fraction(each) for each in profile.doses_mg}:
        doses = " or ".join(f"{each.normalize():f}" for each in profile.doses_mg)
        words = (
            f"{profile.name} is only for a dose of {doses} mg, not for {_in_decimals(Fraction(dose_mg))} mg."
        )
        found.append(Refusal("profile_other_dose", words, "dose_mg"))
    if answers is not None:
        found += [
            Refusal("profile_condition", f"{profile.name} needs: {ask}.", ask)
            for ask in profile.asks
            if answers.get(ask) is not True
        ]
    return tuple(found)


def _in_decimals(value: Fraction) -> str:
    return f"{round(float(value), 3):g}"


def profile_for(
    regimen: Regimen,
    *,
    infusions_before: int,
    last_infusion_on: date | None,
    on: date,
    serious_reaction: bool,
    chosen: str = "",
) -> RateProfile:
    """The rate profile for an infusion on ``on``: the first infusion's, or the one for later infusions; in place of the
    later ones' the optional one that a prescriber has ``chosen`` for this infusion, by its code.

    The slower first profile is taken for the patient's first infusion ever (``infusions_before`` counts every
    brand and every clinic); when the last one is ``restart_after_days`` or more ago (52 weeks: Swiss MabThera
    label for rheumatoid arthritis, S7; for the other conditions a product default, unverified) or its date is
    not known; and after an earlier reaction of CTCAE grade 3 or more (product default, unverified).
    """
    if infusions_before < 1 or last_infusion_on is None or serious_reaction:
        return regimen.first_profile
    if (on - last_infusion_on).days >= regimen.restart_after_days:
        return regimen.first_profile
    optional = (each for each in regimen.optional_profiles if each.code == chosen)
    return next(optional, regimen.subsequent_profile)


def in_exact_words(value: Fraction) -> str:
    """A fraction as a pharmacist writes it: 110 5/8."""
    whole, rest = divmod(value, 1)
    if rest == 0:
        return str(whole)
    return f"{whole} {rest}" if whole else str(rest)
