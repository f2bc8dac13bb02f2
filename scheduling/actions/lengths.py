"""Writing how long infusions took, and asking the desk where a booked visit has become too short."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from clinics.actions import open_task
from clinics.domain.rights import Role
from scheduling.domain.course import in_words
from scheduling.domain.lengths import turn_of, usual_of
from scheduling.domain.status import MOVABLE
from scheduling.models import ActualLength, PlannedInfusion, UsualLength, Visit
from scheduling.queries import CoursePlan, day_of, history, minutes_off

from .transactions import lock_clinic

NEWEST = 100
"""How many of the newest visits of a kind the median is taken from (product default, unverified)."""


@transaction.atomic
def note_actual_length(*, visit: Visit, profile: str, minutes: int, now: datetime) -> ActualLength:
    """Note how long an infusion took in the chair, by the rates of a profile; the usual length follows.

    A visit is noted once: noted again, the newer length stands.
    """
    clinic, planned = visit.clinic, visit.planned_infusion
    assert planned is not None
    on = day_of(visit, clinic)
    turn = turn_of(sum(day < on for day in history(visit.patient).given))
    kind: dict[str, Any] = {"dose_mg": planned.dose_mg, "turn": turn, "profile": profile}
    row, _made = ActualLength.objects.update_or_create(
        clinic=clinic,
        visit=visit,
        defaults=kind | {"patient": visit.patient, "minutes": minutes, "noted_at": now},
    )
    lock_clinic(clinic)
    rows = ActualLength.objects.of(clinic).filter(**kind).order_by("-noted_at", "-id")
    usual = usual_of(rows.values_list("minutes", flat=True)[:NEWEST])
    UsualLength.objects.update_or_create(
        clinic=clinic, **kind, defaults={"minutes": usual.minutes, "count": usual.count}
    )
    return row


def ask_for_length(
    plan: CoursePlan, because: Callable[[PlannedInfusion], str], *, every: bool = False
) -> None:
    """Ask the desk to move each booked visit of a course that has become too short. Only doses by body surface are
    looked at, unless ``every`` is.
    """
    for ordinal, minutes in minutes_off(plan, every=every).items():
        row = plan.infusion(ordinal)
        visit = plan.visit_of(row) if row else None
        if row is None or visit is None or minutes <= 0 or visit.status not in MOVABLE:
            continue
        on = day_of(visit, plan.clinic)
        open_task(
            clinic=plan.clinic,
            kind="visit_too_short",
            role=Role.RECEPTIONIST,
            due_on=on,
            reason=(
                f"{because(row)}: its visit on {in_words(on)} is {minutes} minutes too short. "
                "Move it to a time that is long enough."
            ),
            cause=f"too short:{visit.pk}:{visit.version}:{minutes}",
            record_number=plan.course.patient.record_number,
        )
