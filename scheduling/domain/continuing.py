"""A course that began before this system kept the record: which of its infusions were given already."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from regimens.domain.dates import MAX_COUNT, Protocol
from regimens.domain.definition import Regimen
from scheduling.domain.course import GivenDose


def given_doses(regimen: Regimen, days: Iterable[date]) -> tuple[GivenDose, ...]:
    """The infusions of a course by the days on which they were given, the first of which is its anchor.

    Each is the infusion whose protocol date is nearest and that comes after the one before: where one was
    left out, or its record is lost, the numbering goes on at the right place. Days past the regimen's end are
    left out.
    """
    ordered = sorted(set(days))
    found: list[GivenDose] = []
    for day in ordered:
        n = _nearest(regimen, found, day) if found else 1
        if n is None:
            break
        found.append(GivenDose(n, day))
    return tuple(found)


def _nearest(regimen: Regimen, found: list[GivenDose], day: date) -> int | None:
    protocol = Protocol(regimen, found[0].on, {dose.n: dose.on for dose in found})
    best, least = None, None
    for n in range(found[-1].n + 1, MAX_COUNT + 1):
        slot = protocol.slot(n)
        if slot is None:
            break
        away = abs((protocol.on(slot) - day).days)
        if least is not None and away > least:
            break
        if least is None or away < least:
            best, least = n, away
    return best
