"""The days of what a patient is asked to hold around an infusion, and who must hear of a change by telephone."""

from __future__ import annotations

from datetime import date, timedelta

FARTHEST_DAYS = 180
TOLD_DAYS_BEFORE = 2
"""Patients read their instructions in the reminder of so many days before: what is entered from then on is told them
by telephone.
"""


def day_held(infusion_on: date, days: int | None, *, before: bool) -> date | None:
    """The day so many days before or after an infusion; None where nobody said."""
    if days is None:
        return None
    return infusion_on - timedelta(days=days) if before else infusion_on + timedelta(days=days)


def must_call(infusion_on: date, today: date) -> bool:
    """Whether an instruction that changes today comes too late for the reminder before the next infusion."""
    return (infusion_on - today).days <= TOLD_DAYS_BEFORE
