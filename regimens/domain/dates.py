"""The dates a protocol gives: pure calendar arithmetic on local dates, without closures or patients."""

from __future__ import annotations

import datetime
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from clinics.domain.refusals import Refusal
from regimens.domain.definition import Dose, IntervalUnit, Maintenance, Regimen

MAX_COUNT = 200
"""The most infusions one request may ask for: a century of six-monthly doses."""


class Phase(StrEnum):
    """The part of a course an infusion belongs to."""

    INDUCTION = "induction"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class ProtocolDate:
    """Infusion ``n`` of a course (from 1, inductions counted): its date and the window around it, all
    inclusive.
    """

    n: int
    phase: Phase
    date: datetime.date
    earliest: datetime.date
    latest: datetime.date
    dose: Dose


def add_months(anchor: date, months: int) -> date:
    """``anchor`` moved by calendar months, clamped to the month's last day. OverflowError outside years 1 to
    9999.
    """
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("date value out of range")
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def maintenance_date(maintenance: Maintenance, anchor: date, number: int) -> date:
    """The ``number``-th maintenance date (from 1), always from the anchor: chaining would drift after a short
    month.

    OverflowError outside years 1 to 9999.
    """
    steps = maintenance.interval_value * number
    if maintenance.interval_unit is IntervalUnit.MONTHS:
        return add_months(anchor, steps)
    return anchor + timedelta(days=steps * (7 if maintenance.interval_unit is IntervalUnit.WEEKS else 1))


def phase_of(regimen: Regimen, n: int) -> Phase:
    """The phase of infusion ``n`` (from 1)."""
    return Phase.INDUCTION if n <= len(regimen.induction) else Phase.MAINTENANCE


def dose_on_protocol(regimen: Regimen, anchor: date, n: int) -> ProtocolDate | None:
    """Infusion ``n`` (from 1) of a course whose first infusion is at ``anchor``; None past the regimen's end.

    OverflowError outside years 1 to 9999.
    """
    windows = regimen.windows
    if phase_of(regimen, n) is Phase.INDUCTION:
        infusion = regimen.induction[n - 1]
        target, dose = anchor + timedelta(days=infusion.day_offset), infusion.dose
        before, after = windows.induction_minus_days, windows.induction_plus_days
    elif regimen.maintenance is None:
        return None
    else:
        target = maintenance_date(regimen.maintenance, anchor, n - len(regimen.induction))
        dose = regimen.maintenance.dose
        before, after = windows.maintenance_minus_days, windows.maintenance_plus_days
    return ProtocolDate(
        n=n,
        phase=phase_of(regimen, n),
        date=target,
        earliest=target - timedelta(days=before),
        latest=target + timedelta(days=after),
        dose=dose,
    )


def protocol_dates(regimen: Regimen, *, start: date, count: int) -> tuple[ProtocolDate, ...] | Refusal:
    """The first ``count`` infusions (inductions counted) from a first infusion at ``start``.

    Fewer where the regimen ends earlier. Refused: a count outside 1 to ``MAX_COUNT``, and dates the calendar
    cannot hold.
    """
    if not 1 <= count <= MAX_COUNT:
        return Refusal("bad_count", f"The number of infusions must be from 1 to {MAX_COUNT}.", "count")
    try:
        dates = [dose_on_protocol(regimen, start, n) for n in range(1, count + 1)]
    except OverflowError:
        return Refusal(
            "date_out_of_range", "These dates run outside the calendar (years 1 to 9999).", "start"
        )
    return tuple(infusion for infusion in dates if infusion is not None)
