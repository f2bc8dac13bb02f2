"""The dates a protocol gives: pure calendar arithmetic on local dates, without closures or patients."""

from __future__ import annotations

import datetime
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from clinics.domain.refusals import Refusal
from regimens.domain.definition import Dose, IntervalUnit, Regimen
from regimens.domain.sequence import Phase, Retreatment, Slot, slot_of

MAX_COUNT = 200
"""The most infusions one request may ask for: a century of six-monthly doses."""


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


def add_units(anchor: date, units: int, unit: IntervalUnit) -> date:
    """``anchor`` moved by days, weeks or calendar months. OverflowError outside years 1 to 9999."""
    if unit is IntervalUnit.MONTHS:
        return add_months(anchor, units)
    return anchor + timedelta(days=units * (7 if unit is IntervalUnit.WEEKS else 1))


def phase_of(regimen: Regimen, n: int) -> Phase:
    """The phase of infusion ``n`` (from 1)."""
    return Phase.INDUCTION if n <= len(regimen.induction) else Phase.MAINTENANCE


@dataclass(slots=True)
class Protocol:
    """A course's infusions as the regimen alone has them, from its ``start``; ``given`` are the days on which some
    were given, by ordinal, and ``retreatments`` what a prescriber started on demand.
    """

    regimen: Regimen
    start: date
    given: Mapping[int, date] = field(default_factory=dict)
    retreatments: tuple[Retreatment, ...] = ()
    _slots: dict[int, Slot | None] = field(default_factory=dict)
    _dates: dict[int, date] = field(default_factory=dict)

    def slot(self, n: int) -> Slot | None:
        """Infusion ``n``; None past the regimen's end, and past its longest duration."""
        if n not in self._slots:
            slot = slot_of(self.regimen, n, self.retreatments)
            self._slots[n] = None if slot is not None and self._too_late(slot) else slot
        return self._slots[n]

    def on(self, slot: Slot) -> date:
        """Its date by the protocol, counted from infusions as given and from none that is only planned.

        OverflowError outside years 1 to 9999.
        """
        if slot.n not in self._dates:
            self._dates[slot.n] = self._reckoned(slot)
        return self._dates[slot.n]

    def _reckoned(self, slot: Slot) -> date:
        if not slot.links:
            return slot.on or self.start
        root = slot.links[-1].n
        stands = {} if root in self.given else {root: self._root(root)}
        return counted_from(slot, self.given, stands)[0]

    def _root(self, n: int) -> date:
        slot = slot_of(self.regimen, n, self.retreatments)
        return self.on(slot) if slot is not None else self.start

    def _too_late(self, slot: Slot) -> bool:
        """Whether it lies beyond the longest duration, counted from the first maintenance infusion."""
        maintenance = self.regimen.maintenance
        if maintenance is None or maintenance.max_duration_months is None or not slot.number:
            return False
        first = len(self.regimen.induction) + 1
        while (opening := slot_of(self.regimen, first, self.retreatments)) and not opening.number:
            first += 1
        begun = self.given.get(first) or self._root(first)
        return self.on(slot) > add_months(begun, maintenance.max_duration_months)


def counted_from(slot: Slot, given: Mapping[int, date], stands: Mapping[int, date]) -> tuple[date, int]:
    """The date of an infusion and the ordinal it was counted from: the nearest of its links that was given, else
    their root, where that ``stands``. From the root always in one step: chaining would drift after a short month.

    OverflowError outside years 1 to 9999.
    """
    link = next((each for each in slot.links[:-1] if each.n in given), slot.links[-1])
    base = given[link.n] if link.n in given else stands[link.n]
    return add_units(base, slot.units - link.units, slot.unit), link.n


def windowed(slot: Slot, on: date) -> ProtocolDate:
    """An infusion on its date, with its window. OverflowError outside years 1 to 9999."""
    return ProtocolDate(
        n=slot.n,
        phase=slot.phase,
        date=on,
        earliest=on - timedelta(days=slot.before),
        latest=on + timedelta(days=slot.after),
        dose=slot.dose,
    )


def dose_on_protocol(
    regimen: Regimen, anchor: date, n: int, retreatments: Iterable[Retreatment] = ()
) -> ProtocolDate | None:
    """Infusion ``n`` (from 1) of a course whose first infusion is at ``anchor``; None past the regimen's end.

    OverflowError outside years 1 to 9999.
    """
    protocol = Protocol(regimen, anchor, retreatments=tuple(retreatments))
    slot = protocol.slot(n)
    return windowed(slot, protocol.on(slot)) if slot is not None else None


def protocol_dates(
    regimen: Regimen, *, start: date, count: int, retreatments: Iterable[Retreatment] = ()
) -> tuple[ProtocolDate, ...] | Refusal:
    """The first ``count`` infusions (inductions counted) from a first infusion at ``start``.

    Fewer where the regimen ends earlier. Refused: a count outside 1 to ``MAX_COUNT``, and dates the calendar
    cannot hold.
    """
    if not 1 <= count <= MAX_COUNT:
        return Refusal("bad_count", f"The number of infusions must be from 1 to {MAX_COUNT}.", "count")
    known = tuple(retreatments)
    try:
        dates = [dose_on_protocol(regimen, start, n, known) for n in range(1, count + 1)]
    except OverflowError:
        return Refusal(
            "date_out_of_range", "These dates run outside the calendar (years 1 to 9999).", "start"
        )
    return tuple(infusion for infusion in dates if infusion is not None)
