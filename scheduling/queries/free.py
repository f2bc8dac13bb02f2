"""Free starts over many days, as the slot picker and other programs ask for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from clinics.models import Clinic
from patients.queries import wishes_of
from scheduling.domain.capacity import Phase
from scheduling.domain.searching import FreeDay, free_starts
from scheduling.models import PlannedInfusion

from .days import read_days
from .holds import keep_days
from .plan import CoursePlan

PLAIN = "steady"
"""What a visit is taken for when only its length is known: a steady drip for the whole of it."""


def free_days(clinic: Clinic, days: Collection[date], minutes: int, *, now: datetime) -> list[FreeDay]:
    """Every free start of a visit of so many minutes on each of the days, for every chair: seven queries. Whose visit
    it is nobody says, so that held windows are left to the booking.
    """
    phases = (Phase(PLAIN, minutes),)
    capacity = read_days(clinic, days, now=now)
    return [free_starts(capacity[day], phases, now=now) for day in sorted(days)]


def free_days_for(
    plan: CoursePlan,
    planned: PlannedInfusion,
    days: Collection[date],
    *,
    now: datetime,
    without: Collection[int],
) -> list[FreeDay]:
    """Every free start of one infusion on each of the days: as long as it would take that day, where the patient has
    no other visit, only in such chairs as the patient needs, and none on a day that held windows of others need.
    ``without`` names visits that are being moved; within its own day a visit takes no room from anybody.
    """
    wishes = wishes_of(plan.course.patient)
    capacity = read_days(plan.clinic, days, now=now, patient=plan.course.patient, without=without)
    own, stays = [planned.pk] if planned.held_at is not None else [], plan.days_of(without)
    others = {day: here for day, here in capacity.items() if day not in stays}
    kept = dict(keep_days(plan.clinic, others, now=now, own=own))
    place = wishes.place if wishes else ""
    found = [
        free_starts(capacity[day], plan.phases(planned, day), now=now, place=place) for day in sorted(days)
    ]
    return [replace(each, kept=kept.get(each.day, "")) for each in found]
