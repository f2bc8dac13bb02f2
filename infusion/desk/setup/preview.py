"""Trying a change of the settings out: made in a transaction, judged, and taken back where something is in its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from clinics.queries import as_it_stands, shortcomings
from scheduling.models import PlannedInfusion
from scheduling.queries import (
    Fault,
    Reasons,
    held_infusions,
    in_the_way_ahead,
    shown_faults,
    without_room,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change does: whether it was saved, the visits it breaks with its own reasons, how many fit again that did
    not before, the held infusions that lose their room, and what nobody could do any more.
    """

    saved: bool
    broken: tuple[Fault, ...]
    mended: int = 0
    crowded: tuple[PlannedInfusion, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """What a page carries of it to be agreed to: the number of warnings, the visits and the held infusions."""
        visits = ",".join(str(fault.visit.pk) for fault in self.broken)
        return f"{len(self.warnings)}:{visits}:{','.join(str(row.pk) for row in self.crowded)}"

    @property
    def is_harmless(self) -> bool:
        return not (self.broken or self.crowded or self.warnings)

    def is_all_in(self, mark: str) -> bool:
        """Whether somebody who agreed to an outcome's mark has seen all of this one."""
        parts = mark.split(":")
        if len(parts) != 3 or not (parts[0].isdecimal() and len(parts[0]) < 3):
            return False
        visits, held = (set(keys.split(",")) for keys in parts[1:])
        return (
            len(self.warnings) <= int(parts[0])
            and {str(fault.visit.pk) for fault in self.broken} <= visits
            and {str(row.pk) for row in self.crowded} <= held
        )


class _TakenBack(Exception):
    pass


def try_out(clinic: Clinic, change: Callable[[], Any], *, now: datetime, agreed: str | None) -> Outcome:
    """Make the change and keep it where it breaks nothing, or nothing but what was ``agreed`` to (an outcome's mark).

    All in one transaction: what is not kept leaves no trace, in the audit trail neither. Raises what the change raises.
    """
    before = _state(clinic, now)
    outcome = Outcome(False, ())
    try:
        with transaction.atomic():
            change()
            outcome = _outcome(clinic, before, _state(as_it_stands(clinic), now))
            kept = outcome.is_harmless if agreed is None else outcome.is_all_in(agreed)
            if not kept:
                raise _TakenBack
    except _TakenBack:
        return outcome
    return replace(outcome, saved=True)


@dataclass(frozen=True, slots=True)
class _State:
    """What does not fit the clinic as it is set at one moment."""

    reasons: Reasons
    crowded: frozenset[int]
    short: tuple[str, ...]


def _state(clinic: Clinic, now: datetime) -> _State:
    return _State(
        in_the_way_ahead(clinic, now=now),
        without_room(clinic, now=now),
        tuple(shortcomings(clinic, today=local_date(now, clinic.zone))),
    )


def _outcome(clinic: Clinic, before: _State, after: _State) -> Outcome:
    return Outcome(
        saved=False,
        broken=tuple(shown_faults(clinic, newly_in_the_way(before.reasons, after.reasons))),
        mended=len(before.reasons.keys() - after.reasons.keys()),
        crowded=tuple(held_infusions(clinic, after.crowded - before.crowded)),
        warnings=tuple(words for words in after.short if words not in before.short),
    )


def newly_in_the_way(before: Reasons, after: Reasons) -> Reasons:
    """What a change put in the way of visits, and of each only what it put there."""
    found: Reasons = {}
    for key, reasons in after.items():
        stood = {reason.code for reason in before.get(key, ())}
        new = tuple(reason for reason in reasons if reason.code not in stood)
        if new:
            found[key] = new
    return found
