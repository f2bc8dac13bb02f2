"""What a change of a patient's schedule leaves behind so that it can be undone: one row for each batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from clinics.models import Clinic, User
from clinics.prepared import insert
from patients.models import Patient
from scheduling.models import Course, PlannedInfusion, ScheduleChange

LONGEST_SUMMARY = 250
DATES = ("target_on", "earliest_on", "latest_on", "planned_on")
WORDS = ("moved_reason", "concern", "state")


def standing(course: Course | None, rows: Iterable[PlannedInfusion] = ()) -> dict[str, Any]:
    """A course as it stands, for ``note_change``'s ``before``: taken behind the course's lock and before anything is
    written. ``rows`` are its planned infusions, where they have been read; visits are not in it, because their own
    versions say what they were.
    """
    if course is None:
        return {}
    rows = list(rows) or list(PlannedInfusion.objects.of(course.clinic).filter(course=course))
    return {
        "start_on": course.start_on.isoformat(),
        "state": course.state,
        "planned": {str(row.ordinal): _plain(row) for row in rows},
    }


def _plain(row: PlannedInfusion) -> dict[str, Any]:
    return {
        **{name: getattr(row, name).isoformat() for name in DATES},
        **{name: getattr(row, name) for name in WORDS},
        "held_at": row.held_at.isoformat() if row.held_at else None,
        "held_minutes": row.held_minutes,
    }


def note_change(
    clinic: Clinic,
    patient: Patient,
    course: Course | None,
    batch: UUID,
    verb: str,
    summary: str,
    before: Mapping[str, Any],
    by: User | None,
    now: datetime,
) -> ScheduleChange:
    """Note one change of a patient's schedule, in the transaction that made it; one row for each patient and batch.

    ``batch`` is that of the visit versions it wrote; ``verb`` is one of ``ScheduleChange.VERBS``; ``summary`` says in
    words for staff what was done ("Moved infusion 1 to 3 Sep 2026, 09:00"); ``before`` is what ``standing`` gave
    before the change.
    """
    words = summary if len(summary) <= LONGEST_SUMMARY else summary[: LONGEST_SUMMARY - 1] + "…"
    return insert(
        ScheduleChange(
            clinic=clinic,
            patient=patient,
            course=course,
            batch=batch,
            verb=verb,
            summary=words,
            before=dict(before),
            by=by,
            at=now,
        )
    )
