"""Which infusion counts from which: a regimen laid out by ordinal, before any date is reckoned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from regimens.domain.definition import (
    Dose,
    InductionDose,
    IntervalUnit,
    Maintenance,
    MaintenanceAnchor,
    MaintenanceKind,
    Regimen,
)


class Phase(StrEnum):
    """The part of a course an infusion belongs to."""

    INDUCTION = "induction"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Retreatment:
    """A retreatment that a prescriber started: the ordinal of its first infusion, and its day."""

    n: int
    on: date


@dataclass(frozen=True, slots=True)
class Link:
    """An infusion that a later one may be counted from; ``units`` lie between their common root and it."""

    n: int
    units: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One infusion of a course as the regimen has it.

    ``opens`` is the ordinal of the first infusion of the induction, pair or repeated course it belongs to, its own
    where it stands alone. It lies ``units`` after the root of ``links``, of which the nearest is first and the root
    last: it is counted from the nearest that was given, else from the root. Without links its day is ``on``, or the
    course's start. ``before`` and ``after`` are its window. ``number`` counts the maintenance's infusions, or its
    courses, from 1; 0 in the induction and in a retreatment.
    """

    n: int
    phase: Phase
    dose: Dose
    opens: int
    links: tuple[Link, ...]
    units: int
    unit: IntervalUnit
    before: int
    after: int
    number: int = 0
    on: date | None = None

    @property
    def inside(self) -> bool:
        """Whether others of its induction, pair or course come before it: there no minimum interval applies."""
        return self.opens < self.n


def slot_of(regimen: Regimen, n: int, retreatments: Iterable[Retreatment] = ()) -> Slot | None:
    """Infusion ``n`` (from 1) of a course; None past the regimen's end.

    A retreatment takes the ordinals from its first one on, and what the regimen has after it moves up behind.
    """
    size = len(regimen.retreatment)
    started = sorted(retreatments, key=lambda each: each.n) if size else []
    begun = [each for each in started if each.n <= n]
    if begun and n < begun[-1].n + size:
        return _retreated(regimen, n, begun[-1])
    place = n - size * len(begun)
    found = _in_place(regimen, place)
    if found is None or not begun:
        return found

    def moved(at: int) -> int:
        for each in started:
            at += size if each.n <= at else 0
        return at

    links = tuple(Link(moved(link.n), link.units) for link in found.links)
    return replace(found, n=n, opens=moved(found.opens), links=links)


def leads(regimen: Regimen, n: int, retreatments: Iterable[Retreatment] = ()) -> bool:
    """Whether infusions after ``n`` count from it before it is given, as the second of a pair does from the first.

    The course's first infusion is left out: a course that begins on another day begins by its own action.
    """
    known = tuple(retreatments)
    if n == 1:
        return False
    last = max(n, len(regimen.induction) + 1)
    later = (slot_of(regimen, each, known) for each in range(n + 1, last + longest_group(regimen) + 1))
    return any(slot is not None and bool(slot.links) and slot.links[-1].n == n for slot in later)


def longest_group(regimen: Regimen) -> int:
    """The most infusions that belong together after the induction."""
    groups = [len(regimen.retreatment), 1]
    if regimen.maintenance is not None:
        groups.append(len(regimen.maintenance.group))
    return max(groups)


def _in_place(regimen: Regimen, place: int) -> Slot | None:
    induction = regimen.induction
    if place <= len(induction):
        dose = induction[place - 1]
        return _together(regimen, place, dose, opens=1, phase=Phase.INDUCTION, number=0)
    if regimen.maintenance is None:
        return None
    number, maintenance = place - len(induction), regimen.maintenance
    if maintenance.repeats:
        return _repeated(regimen, maintenance, place, number)
    if maintenance.kind is MaintenanceKind.PAIRED_START:
        return _after_a_pair(regimen, maintenance, place, number)
    return _single(regimen, maintenance, place, number)


def _together(
    regimen: Regimen, n: int, dose: InductionDose, *, opens: int, phase: Phase, number: int
) -> Slot:
    """One of several infusions that belong together: its day counts from their first one's."""
    windows = regimen.windows
    return Slot(
        n=n,
        phase=phase,
        dose=dose.dose,
        opens=opens,
        links=(Link(opens, 0),) if n > opens else (),
        units=dose.day_offset,
        unit=IntervalUnit.DAYS,
        before=windows.induction_minus_days,
        after=windows.induction_plus_days,
        number=number,
    )


def _retreated(regimen: Regimen, n: int, begun: Retreatment) -> Slot:
    dose = regimen.retreatment[n - begun.n]
    slot = _together(regimen, n, dose, opens=begun.n, phase=Phase.MAINTENANCE, number=0)
    if n > begun.n:
        return slot
    return replace(slot, on=begun.on, before=0, after=regimen.windows.maintenance_plus_days)


def _counted(
    regimen: Regimen,
    maintenance: Maintenance,
    n: int,
    dose: Dose,
    links: tuple[Link, ...],
    *,
    number: int,
) -> Slot:
    """An infusion that opens: alone, or with others that follow it."""
    windows = regimen.windows
    return Slot(
        n=n,
        phase=Phase.MAINTENANCE,
        dose=dose,
        opens=n,
        links=links,
        units=maintenance.units_to(number),
        unit=maintenance.interval_unit,
        before=windows.maintenance_minus_days,
        after=windows.maintenance_plus_days,
        number=number,
    )


def _single(regimen: Regimen, maintenance: Maintenance, n: int, number: int) -> Slot | None:
    if maintenance.most is not None and number > maintenance.most:
        return None
    inductions = len(regimen.induction)
    links: tuple[Link, ...] = (Link(1, 0),)
    if maintenance.anchor in (MaintenanceAnchor.PREVIOUS, MaintenanceAnchor.FIRST_THEN_PREVIOUS):
        root = 1 if maintenance.anchor is MaintenanceAnchor.FIRST_THEN_PREVIOUS else inductions
        earlier = (Link(inductions + each, maintenance.units_to(each)) for each in range(number - 1, 0, -1))
        links = (*earlier, Link(root, 0))
    return _counted(regimen, maintenance, n, maintenance.dose, links, number=number)


def _repeated(regimen: Regimen, maintenance: Maintenance, n: int, place: int) -> Slot | None:
    size, inductions = len(maintenance.group), len(regimen.induction)
    course, within = divmod(place - 1, size)
    if maintenance.most is not None and course >= maintenance.most:
        return None
    opens = n - within
    dose = maintenance.group[within]
    if within:
        return _together(regimen, n, dose, opens=opens, phase=Phase.MAINTENANCE, number=course + 1)
    earlier = (
        Link(inductions + 1 + each * size, maintenance.units_to(each + 1))
        for each in range(course - 1, -1, -1)
    )
    return _counted(regimen, maintenance, n, dose.dose, (*earlier, Link(1, 0)), number=course + 1)


def _after_a_pair(regimen: Regimen, maintenance: Maintenance, n: int, place: int) -> Slot | None:
    size, opens = len(maintenance.group), len(regimen.induction) + 1
    if 1 < place <= size:
        dose = maintenance.group[place - 1]
        return _together(regimen, n, dose, opens=opens, phase=Phase.MAINTENANCE, number=place)
    if place > size:
        number = place - size
        if maintenance.most is not None and number > maintenance.most:
            return None
        return _counted(regimen, maintenance, n, maintenance.dose, (Link(opens, 0),), number=number)
    first, last = maintenance.start_days
    return Slot(
        n=n,
        phase=Phase.MAINTENANCE,
        dose=maintenance.group[0].dose,
        opens=n,
        links=(Link(len(regimen.induction), 0),),
        units=first,
        unit=IntervalUnit.DAYS,
        before=0,
        after=last - first,
        number=1,
    )
