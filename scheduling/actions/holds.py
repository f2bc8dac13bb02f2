"""Holding the windows of infusions far ahead, letting them go, and turning them into times.

Holding counts the room of many days at once, so holders take turns behind the clinic's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling.domain.booking import Window
from scheduling.domain.capacity import total_minutes
from scheduling.domain.course import in_words
from scheduling.domain.soft import Accepted
from scheduling.models import Course, PlannedInfusion
from scheduling.queries import CoursePlan, RoomFor, read_plan, rooms_for, today_of

from .changes import note_change, standing
from .judging import Objection, accept, against_the_person
from .transactions import lock_clinic, lock_course, retried, whole

NOTHING_TO_HOLD = Refusal("nothing_to_hold", "Everything that follows is booked or held already.")


def hold_course(
    *, course: Course, by: User | None, now: datetime, accepted: Accepted | None = None
) -> list[PlannedInfusion]:
    """Hold the window of every infusion of a course that is planned and neither booked nor held: all or none.

    Refused without a standing clearance, after death, in an ended course, where nothing is left to hold, and where a
    window has no room (a soft rule: passed, it is recorded with its reason). What another click has held meanwhile is
    left as it is.
    """

    def attempt() -> list[PlannedInfusion]:
        held = lock_course(course)
        plan = read_plan(held)
        reasons = against_the_person(held, [], now=now)
        if reasons:
            raise Refused(*reasons)
        if not to_hold(plan, today=today_of(plan.clinic, now)):
            if any(row.held_at for row in plan.planned):
                return []
            raise Refused(NOTHING_TO_HOLD)
        batch, before = uuid4(), standing(held, plan.planned)
        rows, found = hold_what_follows(held, after=0, by=by, now=now, plan=plan)
        if accept(found, accepted, clinic=plan.clinic, by=by) and accepted is not None:
            changes = {
                "broken": sorted({each.refusal.code for each in found}),
                "words": [each.refusal.message for each in found],
                "reason": accepted.reason.strip(),
            }
            _noted(held, "passed a soft rule", changes, by)
        words = f"Held {len(rows)} {'infusion' if len(rows) == 1 else 'infusions'}"
        note_change(plan.clinic, held.patient, held, batch, "hold", words, before, by, now)
        return rows

    return whole(attempt)


def to_hold(plan: CoursePlan, *, today: date, after: int = 0) -> list[PlannedInfusion]:
    """The infusions of a course whose windows can be held: planned, still to come, neither booked nor held."""
    return [
        row
        for row in plan.planned
        if row.ordinal > after
        and row.state == "planned"
        and row.held_at is None
        and row.latest_on >= today
        and plan.visit_of(row) is None
    ]


def hold_what_follows(
    course: Course,
    *,
    after: int,
    by: User | None,
    now: datetime,
    plan: CoursePlan | None = None,
) -> tuple[list[PlannedInfusion], list[Objection]]:
    """Hold what can be held of a course after one infusion, inside a transaction that holds the course. Returns what
    was held, and each window without room as an objection for the caller to judge.
    """
    lock_clinic(course.clinic)
    plan = plan or read_plan(course)
    rows = to_hold(plan, today=today_of(plan.clinic, now), after=after)
    minutes = [total_minutes(plan.phases(row, row.planned_on)) for row in rows]
    windows = [
        (Window(row.earliest_on, row.latest_on), length) for row, length in zip(rows, minutes, strict=True)
    ]
    room = rooms_for(plan.clinic, windows, now=now)
    found = [
        Objection(no_room(row, left), row.ordinal)
        for row, left in zip(rows, room, strict=True)
        if left.word == "none"
    ]
    for row, length in zip(rows, minutes, strict=True):
        row.held_at, row.held_minutes = now, length
        row.save(update_fields=["held_at", "held_minutes"])
    if rows:
        _noted(course, "held windows", {_key(row): [None, _span(row)] for row in rows}, by)
    return rows, found


def no_room(row: PlannedInfusion, room: RoomFor) -> Refusal:
    """How it is said that a window cannot be held: too much is held there, or the clinic is closed throughout."""
    why = "the clinic is closed on all of these days" if room.closed else "all of it is booked or held"
    return Refusal("no_room", f"Infusion {row.ordinal} has no room for {_span(row)}: {why}.", "day")


def convert(rows: Sequence[PlannedInfusion]) -> None:
    """Let go of the windows of infusions that are booked now, inside the booking's transaction."""
    held = [row.pk for row in rows if row.held_at is not None]
    if held:
        PlannedInfusion.objects.of(rows[0].clinic).filter(pk__in=held).update(held_at=None, held_minutes=0)


@retried
def release_infusion(*, planned: PlannedInfusion, by: User | None, now: datetime) -> PlannedInfusion:
    """Let go of one held window: the infusion stays planned and its room is free for others. One that is not held is
    left as it is.
    """
    course = lock_course(planned.course)
    row = PlannedInfusion.objects.of(course.clinic).get(pk=planned.pk)
    if row.held_at is None:
        return row
    before = standing(course)
    row.held_at, row.held_minutes = None, 0
    row.save(update_fields=["held_at", "held_minutes"])
    _noted(course, "released window", {_key(row): [_span(row), None]}, by)
    words = f"Released the window of infusion {row.ordinal}"
    note_change(course.clinic, course.patient, course, uuid4(), "hold", words, before, by, now)
    return row


def _key(row: PlannedInfusion) -> str:
    return f"infusion {row.ordinal}"


def _span(row: PlannedInfusion) -> str:
    return f"{in_words(row.earliest_on)} to {in_words(row.latest_on)}"


def _noted(course: Course, verb: str, changes: Mapping[str, Any], by: User | None) -> None:
    record(
        clinic=course.clinic,
        by=by,
        verb=verb,
        subject=course,
        record_number=course.patient.record_number,
        changes=dict(changes),
    )
