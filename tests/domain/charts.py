"""Charts for pure tests: entries written in minutes after nine o'clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

from regimens.defaults import default_regimens
from regimens.domain.rates import rate_plan
from treatment.domain.chart import Entry, Kind
from treatment.domain.judging import Day

NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)
STANDARD = default_regimens()["STANDARD"]
DOSE = Fraction(1000)
FIRST = rate_plan(STANDARD.first_profile, DOSE)
_refs = count(1)


def at(minute: float) -> datetime:
    """An instant some minutes after nine."""
    return NINE + timedelta(minutes=minute)


def entry(kind: Kind, minute: float, *, typed: float | None = None, **payload: Any) -> Entry:
    """An entry that happened at a minute, and was typed then or later."""
    ref = next(_refs)
    recorded = at(minute if typed is None else typed)
    return Entry(ref, kind, payload, at(minute), recorded, by="Priya Nair", key=f"key-{ref:05}")


def rate(minute: float, mg_h: int, **more: Any) -> Entry:
    return entry(Kind.RATE, minute, mg_h=str(mg_h), **more)


def ready(minute: float = 0) -> list[Entry]:
    """Everything before the drug: identity, premedication with its medicines, and the product."""
    return [
        entry(Kind.IDENTITY, minute, confirmed=["name", "birth_date"]),
        entry(Kind.PREMEDICATION, minute, gate="Cleared", profile="first_standard"),
        *(
            entry(Kind.MEDICINE, minute, place=place, drug=medicine.drug, dose="", route="")
            for place, medicine in enumerate(STANDARD.premedication)
        ),
        entry(
            Kind.PRODUCT,
            minute,
            product="Truxima",
            lot="A1",
            expires_on="2032-01-31",
            volume_ml="500",
            reason="",
        ),
    ]


def day(minute: float, **changes: Any) -> Day:
    """What entries are judged against at a minute: a first infusion of 1000 mg."""
    given: dict[str, Any] = {
        "now": at(minute),
        "today": date(2031, 3, 10),
        "arrived_at": at(-30),
        "dose_mg": DOSE,
        "plan": FIRST,
        "medicines": STANDARD.premedication,
        "last_product": "",
        "last_weight": Decimal(74),
        "weigh_first": False,
        "at": lambda instant: f"{instant:%H:%M}",
    }
    return Day(**(given | changes))
