"""What a clinic sets for itself: numbers of the rules and how long results hold, within what is possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from clinics.domain.refusals import Refusal

from .requirements import DEFAULTS, Catalogue, Requirement, Threshold
from .values import long_day, plain

CLINIC = "clinic"
AGE = "age-"
LONGEST_DAYS = 730
# The youngest age, a course's block and an override's reach are the product's own; a test of the day is of the day.
NUMBERS = (
    "neutrophils_hold",
    "igg_hold",
    "igg_warn",
    "igg_mild",
    "live_vaccine_days",
    "nonlive_vaccine_days",
    "influenza_vaccine_days",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A clinic's own number for a code, who set it, when and why."""

    value: Decimal
    by: str
    on: date
    reason: str

    @property
    def source(self) -> str:
        return f"Set by the clinic on {long_day(self.on)} ({self.by}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Settable:
    """One number that a clinic may set: what it is, the product's own, and the highest that is possible."""

    code: str
    label: str
    unit: str
    default: Decimal
    highest: Decimal
    whole: bool


def _number(threshold: Threshold) -> Settable:
    days = threshold.unit == "days"
    highest = Decimal(LONGEST_DAYS) if days else threshold.value * 3
    return Settable(threshold.code, threshold.label, threshold.unit, threshold.value, highest, days)


def _age(requirement: Requirement, days: int) -> Settable:
    label = f"{requirement.label}: how long it holds"
    return Settable(f"{AGE}{requirement.code}", label, "days", Decimal(days), Decimal(LONGEST_DAYS), True)


SETTABLE: Mapping[str, Settable] = {
    each.code: each
    for each in (
        *(_number(getattr(DEFAULTS.thresholds, code)) for code in NUMBERS),
        *(_age(each, each.maximum_age_days) for each in DEFAULTS.requirements if each.maximum_age_days),
    )
}


def tailored(settings: Mapping[str, Setting], catalogue: Catalogue = DEFAULTS) -> Catalogue:
    """The catalogue as a clinic has set it; a setting that nothing knows any more says nothing."""
    numbers = {code: setting for code, setting in settings.items() if code in NUMBERS}
    thresholds = replace(
        catalogue.thresholds,
        **{
            code: replace(
                getattr(catalogue.thresholds, code), value=each.value, source=each.source, status=CLINIC
            )
            for code, each in numbers.items()
        },
    )
    requirements = tuple(_aged(each, settings.get(f"{AGE}{each.code}")) for each in catalogue.requirements)
    return Catalogue(requirements, thresholds)


def _aged(requirement: Requirement, setting: Setting | None) -> Requirement:
    if setting is None or f"{AGE}{requirement.code}" not in SETTABLE:
        return requirement
    return replace(
        requirement, maximum_age_days=int(setting.value), age_source=setting.source, age_status=CLINIC
    )


def problem_with(code: str, value: Decimal, catalogue: Catalogue) -> Refusal | None:
    """Why a clinic cannot set this, given what it has set so far."""
    known = SETTABLE.get(code)
    if known is None:
        return Refusal("not_settable", "This is not for a clinic to set.", "value")
    if not value.is_finite() or value <= 0 or value > known.highest:
        words = f"Choose a number above 0, at most {plain(known.highest)} {known.unit}."
        return Refusal("value_impossible", words, "value")
    if known.whole and value != int(value):
        return Refusal("value_not_whole", "Write a whole number of days.", "value")
    asked = catalogue.thresholds.changed({code: value}) if code in NUMBERS else catalogue.thresholds
    if not asked.igg_hold.value <= asked.igg_warn.value <= asked.igg_mild.value:
        words = "The limits for IgG must rise: hold, then warning, then mildly low."
        return Refusal("limits_out_of_order", words, "value")
    return None
