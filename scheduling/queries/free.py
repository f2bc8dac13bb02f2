"""Free starts over many days, as the slot picker and other programs ask for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime

from clinics.models import Clinic
from patients.queries import wishes_of
from scheduling.domain.capacity import Phase
from scheduling.domain.searching import FreeDay, free_starts
from scheduling.models import PlannedInfusion

from .days import read_days
from .plan import CoursePlan

PLAIN = "steady"
"""What a visit is taken for when only its length is known: a steady drip for the whole of it."""


def free_days(clinic: Clinic, days: Collection[date], minutes: int, *, now: datetime) -> list[FreeDay]:
    """Every free start of a visit of so many minutes on each of the days, for every chair: seven queries."""
    phases = (Phase(PLAIN, minutes),)
    return _searched(clinic, days, lambda _: phases, now=now)


def free_days_for(
    plan: CoursePlan,
    planned: PlannedInfusion,
    days: Collection[date],
    *,
    now: datetime,
    without: Collection[int],
) -> list[FreeDay]:
    """Every free start of one infusion on each of the days: as long as it would take that day, where the patient has
    no other visit, and only in such chairs as the patient needs. ``without`` names visits that are being moved.
    """
    wishes = wishes_of(plan.course.patient)
    return _searched(
        plan.clinic,
        days,
        lambda day: plan.phases(planned, day),
        now=now,
        place=wishes.place if wishes else "",
        patient=plan.course.patient,
        without=without,
    )


def _searched(
    clinic: Clinic,
    days: Collection[date],
    phases: Callable[[date], Sequence[Phase]],
    *,
    now: datetime,
    place: str = "",
    **about: object,
) -> list[FreeDay]:
    capacity = read_days(clinic, days, now=now, **about)  # type: ignore[arg-type]
    return [free_starts(capacity[day], phases(day), now=now, place=place) for day in sorted(days)]
