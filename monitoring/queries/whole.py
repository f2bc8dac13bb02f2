"""All that follows, in one list: follow-up visits and laboratory checks together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from clinics.models import Clinic
from monitoring.domain.standing import Standing

from .follow_ups import Shown, outstanding
from .surveillance import CheckRow, checks


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that follows: a follow-up visit or a laboratory check."""

    due_on: date
    visit: Shown | None = None
    check: CheckRow | None = None


def entries(clinic: Clinic, *, today: date, what: str = "") -> dict[Standing, list[Entry]]:
    """What is overdue, due, booked and coming, soonest due first. ``what`` is empty for all, ``visits``, ``checks``
    or the code of one check's rule.
    """
    found: dict[Standing, list[Entry]] = {
        standing: [] for standing in Standing if standing is not Standing.OVER
    }
    if what in ("", "visits"):
        for standing, rows in outstanding(clinic, today=today).items():
            found[standing] += [Entry(row.follow_up.due_on, visit=row) for row in rows]
    if what != "visits":
        for row in checks(clinic, today=today):
            if what in ("", "checks", row.check.rule.code):
                found[row.standing].append(Entry(row.check.due_on, check=row))
    return {standing: sorted(rows, key=lambda row: row.due_on) for standing, rows in found.items()}
