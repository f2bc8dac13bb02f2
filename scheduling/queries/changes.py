"""Reading changes of a patient's schedule: the latest one, and until when it can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinics.domain.refusals import Refusal
from clinics.domain.rights import Right
from clinics.models import Clinic
from clinics.queries import or_404
from patients.models import Patient
from scheduling.models import ScheduleChange

TOO_LATE = Refusal("too_late", "The time to undo it is over; move it again instead.")
NOT_LATEST = Refusal(
    "not_latest", "The patient's schedule has changed again since. Look at it as it stands, then decide."
)
SEEN = Refusal(
    "seen_already", "The patient took this time themselves and has seen it; move it again instead."
)
RIGHTS = {"decide": Right.PRESCRIBE}
"""Who may undo a change: those who may make it. Every verb that is not named here asks for the right to book."""


@dataclass(frozen=True, slots=True)
class Undoable:
    """A change that can be undone, and until when; ``right`` is what is needed for it."""

    change: ScheduleChange
    until: datetime
    right: Right


def schedule_change(clinic: Clinic, pk: int) -> ScheduleChange:
    """One change of the clinic, or 404."""
    rows = ScheduleChange.objects.of(clinic).select_related(
        "clinic", "patient", "course__clinic", "course__patient", "by"
    )
    return or_404(rows, pk=pk)


def latest_change(patient: Patient) -> ScheduleChange | None:
    """The patient's latest change that was not undone."""
    rows = ScheduleChange.objects.of(patient.clinic).filter(patient=patient, undone_at__isnull=True)
    return rows.select_related("by").order_by("-at", "-id").first()


def undo_until(change: ScheduleChange) -> datetime:
    """Until when a change can be undone: no notice of it leaves before, and in quiet hours later still."""
    return change.at + timedelta(seconds=change.clinic.notice_delay_seconds)


def seen_by_the_patient(change: ScheduleChange) -> bool:
    """Whether the patient made the change on their own pages."""
    return change.by is not None and change.by.door == "portal"


def right_to_undo(change: ScheduleChange) -> Right:
    return RIGHTS.get(change.verb, Right.BOOK)


def undo_refusal(change: ScheduleChange, *, now: datetime) -> Refusal | None:
    """Why a change cannot be undone any more, as far as the clock, later changes and who made it tell: what a patient
    did on their own pages they have read there already, so going back on it in silence would mislead them.
    """
    if seen_by_the_patient(change):
        return SEEN
    if now >= undo_until(change):
        return TOO_LATE
    latest = latest_change(change.patient)
    return None if latest is not None and latest.pk == change.pk else NOT_LATEST


def undoable(patient: Patient, *, now: datetime) -> Undoable | None:
    """The patient's latest change while it can be undone."""
    latest = latest_change(patient)
    if latest is None or seen_by_the_patient(latest):
        return None
    latest.clinic = patient.clinic
    until = undo_until(latest)
    return Undoable(latest, until, right_to_undo(latest)) if now < until else None
