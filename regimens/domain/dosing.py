"""How much: a dose by body surface in milligrams, for one patient's weight and height."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from clinics.domain.refusals import Refusal
from regimens.domain.definition import Dose, DoseUnit, Dosing


def mosteller(weight_kg: Decimal, height_cm: Decimal) -> Decimal:
    """Body surface in m²: the square root of height × weight / 3600 (Mosteller, N Engl J Med 1987; 317: 1098)."""
    return (weight_kg * height_cm / 3600).sqrt()


FORMULAS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {"mosteller": mosteller}


@dataclass(frozen=True, slots=True)
class Body:
    """The latest weight and height on record, each with the day it was taken; None where there is none."""

    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None
    weighed_on: date | None = None
    measured_on: date | None = None


NOBODY = Body()


@dataclass(frozen=True, slots=True)
class Reckoned:
    """Milligrams with everything they come from. ``exact_mg`` is the product before it is rounded."""

    per_m2: Decimal
    surface_m2: Decimal
    exact_mg: Decimal
    mg: Decimal
    body: Body
    dosing: Dosing

    @property
    def words(self) -> str:
        """The whole reckoning in a line: 375 mg/m² × 1.83 m² = 690 mg (686.25 mg rounded to the nearest 10 mg)."""
        line = f"{_plain(self.per_m2)} mg/m² × {self.surface_m2:f} m² = {_plain(self.mg)} mg"
        if self.exact_mg == self.mg:
            return line
        return f"{line} ({_plain(self.exact_mg)} mg {self.dosing.rounding_words})"


def surface_m2(dosing: Dosing, body: Body) -> Decimal | Refusal:
    """Body surface, rounded as the regimen's version says; or why it cannot be reckoned, in plain words."""
    for name, value, (lowest, highest), unit in (
        ("weight", body.weight_kg, dosing.weight_kg, "kg"),
        ("height", body.height_cm, dosing.height_cm, "cm"),
    ):
        if value is None:
            return Refusal(
                f"no_{name}",
                f"The dose goes by body surface, and no {name} is on record. Record it first.",
                name,
            )
        if not lowest <= value <= highest:
            return Refusal(
                f"{name}_implausible",
                f"The {name} on record is {_plain(value)} {unit}; from {lowest} to {highest} {unit} is plausible. "
                "Check it, and record it anew.",
                name,
            )
    assert body.weight_kg is not None
    assert body.height_cm is not None
    found = FORMULAS[dosing.formula](body.weight_kg, body.height_cm)
    return found.quantize(Decimal(1).scaleb(-dosing.surface_decimals), ROUND_HALF_UP)


def reckon(dose: Dose, dosing: Dosing | None, body: Body) -> Reckoned | Refusal:
    """A dose by body surface in milligrams for a patient; or why there is none, in plain words."""
    if dose.unit is not DoseUnit.MG_PER_M2 or dosing is None:
        raise ValueError("only a dose by body surface is reckoned")
    surface = surface_m2(dosing, body)
    return surface if isinstance(surface, Refusal) else from_surface(dose, surface, dosing, body)


def from_surface(dose: Dose, surface: Decimal, dosing: Dosing, body: Body = NOBODY) -> Reckoned:
    """A dose for a body surface in milligrams, rounded half up to the milligrams the version names, and never to
    none.
    """
    exact, step = dose.amount * surface, Decimal(dosing.round_to_mg)
    mg = (exact / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    return Reckoned(dose.amount, surface, exact, max(mg, step), body, dosing)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
