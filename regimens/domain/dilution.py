"""In how much: the volume an infusion may be diluted to, and what a rate is in millilitres an hour."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Bag:
    """A usual way of preparing a dose: the saline it goes into."""

    dose_mg: Decimal
    saline_ml: Decimal


@dataclass(frozen=True, slots=True)
class DilutionRules:
    """Between which concentrations an infusion is prepared, the concentrate's strength, and the usual bags."""

    lowest_mg_ml: Decimal
    highest_mg_ml: Decimal
    concentrate_mg_ml: Decimal
    bags: tuple[Bag, ...]
    sources: tuple[str, ...]
    unverified: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared infusion: the drug's own volume, all of it, and milligrams in a millilitre. Exact."""

    drug_ml: Fraction
    total_ml: Fraction
    mg_ml: Fraction


def allowed_volume(dose_mg: Decimal | int | Fraction, rules: DilutionRules) -> tuple[Fraction, Fraction]:
    """The smallest and the largest whole volume in millilitres; ValueError unless the dose is above zero."""
    dose = _above_zero(dose_mg)
    return dose / Fraction(rules.highest_mg_ml), dose / Fraction(rules.lowest_mg_ml)


def prepared(
    dose_mg: Decimal | int | Fraction, saline_ml: Decimal | int | Fraction, rules: DilutionRules
) -> Prepared:
    """A dose of concentrate put into an amount of saline."""
    dose = _above_zero(dose_mg)
    drug = dose / Fraction(rules.concentrate_mg_ml)
    total = drug + Fraction(saline_ml)
    return Prepared(drug, total, dose / total)


def ml_per_hour(rate_mg_h: Decimal | int | Fraction, mg_ml: Fraction) -> Fraction:
    """What the pump is set to for a rate in milligrams an hour."""
    return Fraction(rate_mg_h) / mg_ml


def _above_zero(dose_mg: Decimal | int | Fraction) -> Fraction:
    dose = Fraction(dose_mg)
    if dose <= 0:
        raise ValueError("A dose must be above zero.")
    return dose
