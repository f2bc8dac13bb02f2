"""What a chart tells of the whole infusion, for the record and for the discharge."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from scheduling.models import Visit

from ..domain.chart import Chart, Kind
from ..domain.rules import RULES
from ..domain.running import dose_given
from .plan import dose_of


@dataclass(frozen=True, slots=True)
class Closing:
    """What the record keeps of an infusion; without a dose it was given as planned (mg)."""

    dose_mg: Decimal | None
    product: str
    grade: int
    words: str


def told(visit: Visit, chart: Chart) -> Closing:
    """What the chart tells of the whole infusion."""
    products = [str(each.payload["product"]) for each in chart.of(Kind.PRODUCT)]
    return Closing(
        dose_mg=given_by(visit, chart),
        product=products[-1] if products else "",
        grade=chart.worst_grade,
        words=reaction_words(chart)[:250],
    )


def given_by(visit: Visit, chart: Chart) -> Decimal:
    """The dose given by the chart (mg): the whole of it, what was written at its end, or what flowed by the rates."""
    dose = dose_of(visit)
    if chart.ended is None or chart.ended.payload["complete"]:
        return _decimal(dose)
    written = chart.ended.payload.get("dose_mg")
    return _decimal(Fraction(written) if written else dose_given(chart, dose, chart.ended.happened_at))


def reaction_words(chart: Chart) -> str:
    """The reactions in a sentence each, the worst first."""
    names = {choice.code: choice.label for choice in RULES.symptoms}
    rows = sorted(chart.of(Kind.REACTION), key=lambda each: -int(each.payload["grade"]))
    said = []
    for each in rows:
        seen = [names.get(code, code) for code in each.payload.get("symptoms", [])]
        words = ", ".join([*seen, *([each.payload["text"]] if each.payload.get("text") else [])])
        said.append(f"Grade {each.payload['grade']}: {words}.")
    return " ".join(said)


def _decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"))
