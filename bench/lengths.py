"""Bookings of real lengths: what a clinic that gives the STANDARD regimen looks like, about 27 visits a day."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from bench import mix
from bench.cells import SEED, Size
from clinics.models import Clinic
from scheduling.domain.capacity import STEP_MINUTES, DayCapacity, Occupied, Phase
from scheduling.models import Course
from scheduling.queries import read_days

SLOT_STEPS = 15 // STEP_MINUTES


def lay_out(clinic: Clinic, courses: list[Course], size: Size) -> list[dict[str, Any]]:
    """A size's visits, each placed where chair and nurse are free at a time drawn at random; one visit a patient."""
    chance = random.Random(SEED)
    today = timezone.localdate()
    what = mix.lengths()
    days = [today + timedelta(days=number) for number in range(1, size.days + 1)]
    capacity = read_days(clinic, days, now=timezone.now())
    found: list[dict[str, Any]] = []
    whole, over = divmod(size.ahead, size.days)
    for number, day in enumerate(days):
        wanted = [what[sort] for sort in mix.drawn(chance, whole + (number < over))]
        # Long visits are placed first, as a clinic that fills its days does.
        wanted.sort(key=lambda phases: -sum(phase.minutes for phase in phases))
        for phases in wanted:
            placed = _place(capacity[day], phases, chance)
            if placed is not None:
                course = courses[len(found) % len(courses)]
                found.append(_visit(clinic, course, day, placed))
    return found


def _place(day: DayCapacity, phases: tuple[Phase, ...], chance: random.Random) -> Occupied | None:
    """Book one visit in the day, or None where nothing is free for it."""
    inside = day.open_starts(phases)
    chairs = {key: day.chair_starts(key, phases) & inside for key in day.chairs}
    nurses = {key: day.nurse_starts(key, phases) & inside for key in day.nurses}
    some_chair, some_nurse = 0, 0
    for free in chairs.values():
        some_chair |= free
    for free in nurses.values():
        some_nurse |= free
    both = some_chair & some_nurse
    steps = [step for step in range(0, both.bit_length(), SLOT_STEPS) if both >> step & 1]
    if not steps:
        return None
    step = chance.choice(steps)
    starts = day.instant_of(step)
    visit = Occupied(
        starts,
        starts + timedelta(minutes=sum(phase.minutes for phase in phases)),
        chance.choice([key for key, free in chairs.items() if free >> step & 1]),
        chance.choice([key for key, free in nurses.items() if free >> step & 1]),
        phases,
    )
    day.add(visit)
    return visit


def _visit(clinic: Clinic, course: Course, day: date, placed: Occupied) -> dict[str, Any]:
    return {
        "clinic": clinic.pk,
        "patient": course.patient_id,
        "course": course.pk,
        "chair": placed.chair,
        "nurse": placed.nurse,
        "starts": placed.starts,
        "ends": placed.ends,
        "phases": json.dumps([[phase.name, phase.minutes, phase.acuity] for phase in placed.phases]),
        "on": day.isoformat(),
        "ahead": True,
    }
