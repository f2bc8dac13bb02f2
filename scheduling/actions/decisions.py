"""A prescriber's decisions about single doses: deferred, left out, or the last of the series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from clinics.domain.refusals import Refusal
from clinics.models import User
from scheduling.domain.booking import Seat
from scheduling.domain.series import CEASE, DEFER, OMIT, Decision
from scheduling.domain.soft import Accepted
from scheduling.models import PlannedInfusion, ScheduleChange
from scheduling.queries import Ask, CoursePlan, decision_asked

from .series import change_series


def defer_dose(
    *,
    planned: PlannedInfusion,
    days: int,
    carries: bool,
    reason: str,
    by: User | None,
    now: datetime,
    seats: Mapping[int, Seat] | None = None,
    held: frozenset[int] = frozenset(),
    versions: Mapping[int, int] | None = None,
    batch: UUID | None = None,
) -> ScheduleChange:
    """Let an infusion be given ``days`` later (below zero: sooner) and, with ``carries``, all that follow it too.

    Booked visits of those that move go along to a free time, held windows follow; all of it or nothing, told to the
    patient in one notice. Refused without a reason, for an infusion that is given or under way, for the first one (it
    begins on another day instead), by 0 or more than a year's days, and inside the minimum interval.
    """
    decision = Decision(planned.ordinal, DEFER, days, carries)
    return decide(
        planned=planned,
        decision=decision,
        reason=reason,
        by=by,
        now=now,
        seats=seats,
        held=held,
        versions=versions,
        batch=batch,
    )


def omit_dose(
    *, planned: PlannedInfusion, reason: str, by: User | None, now: datetime, batch: UUID | None = None
) -> ScheduleChange:
    """Leave one infusion out; its booked visit is cancelled and the others keep their dates. Refused as defer_dose."""
    decision = Decision(planned.ordinal, OMIT)
    return decide(planned=planned, decision=decision, reason=reason, by=by, now=now, batch=batch)


def cease_from(
    *, planned: PlannedInfusion, reason: str, by: User | None, now: datetime, batch: UUID | None = None
) -> ScheduleChange:
    """End the series: this infusion and all that follow are not given, and their booked visits are cancelled. The
    course itself stands, for its follow-ups. Refused as defer_dose.
    """
    decision = Decision(planned.ordinal, CEASE)
    return decide(planned=planned, decision=decision, reason=reason, by=by, now=now, batch=batch)


def decide(
    *,
    planned: PlannedInfusion,
    decision: Decision,
    reason: str,
    by: User | None,
    now: datetime,
    seats: Mapping[int, Seat] | None = None,
    held: frozenset[int] = frozenset(),
    versions: Mapping[int, int] | None = None,
    batch: UUID | None = None,
    accepted: Accepted | None = None,
) -> ScheduleChange:
    """Take one decision about a dose, with everything that follows from it. ``seats``, ``held``, ``versions`` and
    ``batch`` as in move_series; without them the times are found here.
    """
    batch = batch or uuid4()

    def asked(plan: CoursePlan) -> Ask | Refusal:
        ask = decision_asked(plan, decision, now=now)
        return ask if isinstance(ask, Refusal) else replace(ask, seats=seats or {}, held=held)

    return change_series(
        planned.course,
        asked,
        reason=reason,
        batch=batch,
        by=by,
        now=now,
        versions=versions,
        accepted=accepted,
    )
