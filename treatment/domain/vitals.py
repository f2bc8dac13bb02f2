"""When vital signs are due, and which of them are out of range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .chart import Chart, Kind
from .rules import Bedside, Sign


@dataclass(frozen=True, slots=True)
class Due:
    """The next vital signs: when, and why then."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One sign as it was taken; ``mark`` is low or high where it is out of range."""

    sign: Sign
    value: Decimal
    mark: str


def readings(payload: Mapping[str, str], signs: Sequence[Sign]) -> tuple[Reading, ...]:
    """The signs of one entry in their order, those that were not taken left out."""
    found = []
    for sign in signs:
        if payload.get(sign.code):
            value = Decimal(payload[sign.code])
            found.append(Reading(sign, value, sign.out_of_range(value)))
    return tuple(found)


def due(chart: Chart, rules: Bedside, *, next_change: datetime | None) -> Due | None:
    """The next vital signs: before the drug flows, then at the intervals, and before each change. None after the end.

    Signs taken shortly before they were due count for that time.
    """
    if chart.ended is not None:
        return None
    last = chart.last(Kind.VITALS)
    if chart.began_at is None:
        started = chart.first(Kind.PREMEDICATION)
        return Due(started.happened_at, "before the infusion") if started and last is None else None
    before = rules.time("vitals_before_change")
    at = _next(chart.began_at, last.happened_at if last else None, rules)
    fresh = last is not None and next_change is not None and last.happened_at >= next_change - before
    if next_change is not None and next_change < at and not fresh:
        return Due(next_change, "before the next rate")
    return Due(at, "by the clock")


def _next(began: datetime, last: datetime | None, rules: Bedside) -> datetime:
    """The first time of the clock that no signs were taken for: a set counts for the time nearest to it, up to half an
    interval early.
    """
    early, later = rules.time("vitals_hour_one"), rules.time("vitals_later")
    hour = began + rules.time("vitals_hour_one_until")
    at, every = began, early
    while last is not None and at <= last + every / 2:
        every = early if at < hour else later
        at += every
    return at
