"""Writing follow-ups: derived from the infusions given, booked as visits, closed by a person."""

from __future__ import annotations

from datetime import datetime

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.models import Clinic, Membership, User
from clinics.queries import or_404
from django.db import transaction
from patients.models import Patient
from scheduling import actions as scheduling
from scheduling.models import Visit
from treatment import actions as treatment

from . import queries
from .domain.follow_up import FollowUpDue
from .models import FollowUp

NO_LONGER_DUE = "No longer due: the infusions given have changed since."


def plan_all(*, clinic: Clinic, now: datetime) -> int:
    """Derive the follow-ups of the whole clinic; returns how many rows were written. Cheap where nothing changed."""
    today = local_date(now, clinic.zone)
    due, standing = queries.due_follow_ups(clinic, today=today), queries.derived(clinic)
    changed = {
        planned
        for planned, kind in due.keys() | standing.keys()
        if _differs(due.get((planned, kind)), standing.get((planned, kind)))
    }
    if not changed:
        return 0
    return sum(
        plan_follow_ups(clinic=clinic, patient=patient, now=now)
        for patient in queries.patients_of(clinic, changed)
    )


@transaction.atomic
def plan_follow_ups(*, clinic: Clinic, patient: Patient, now: datetime) -> int:
    """Derive one patient's follow-ups from the infusions given; returns how many rows were written.

    Run twice it writes nothing the second time. A follow-up no longer due is closed by the system unless it is
    booked, then a person decides; one that is due after all is opened again. What a person closed stays closed.
    """
    or_404(Patient.objects.of(clinic).select_for_update(), pk=patient.pk)
    due = queries.due_follow_ups(clinic, today=local_date(now, clinic.zone), patient=patient)
    standing = queries.derived(clinic, patient=patient)
    written = 0
    for key in sorted(due.keys() | standing.keys()):
        asked, row = due.get(key), standing.get(key)
        if not _differs(asked, row):
            continue
        if row is None and asked is not None:
            _open(clinic, patient, key[0], asked)
        elif row is not None and asked is not None:
            _renew(row, asked)
        elif row is not None:
            _withdraw(row)
        written += 1
    return written


def _differs(asked: FollowUpDue | None, row: FollowUp | None) -> bool:
    """Whether the books must be changed to say what is asked."""
    if row is None:
        return asked is not None
    closed_by_system = row.state == "closed" and row.closed_by_id is None
    if asked is None:
        return row.state == "due" and queries.standing_visit(row) is None
    if closed_by_system:
        return True
    if row.state != "due":
        return False
    return (row.due_on, row.earliest_on, row.latest_on) != (asked.due_on, asked.earliest, asked.latest)


def _open(clinic: Clinic, patient: Patient, planned: int, asked: FollowUpDue) -> None:
    row = FollowUp.objects.create(
        clinic=clinic,
        patient=patient,
        planned_infusion_id=planned,
        kind=asked.kind,
        title=asked.title,
        purpose=asked.purpose,
        due_on=asked.due_on,
        earliest_on=asked.earliest,
        latest_on=asked.latest,
    )
    _note(row, "planned follow-up", None, due_on=str(row.due_on))


def _renew(row: FollowUp, asked: FollowUpDue) -> None:
    changes = trail.differences(
        row,
        {"state": "due", "due_on": asked.due_on, "earliest_on": asked.earliest, "latest_on": asked.latest},
    )
    row.state, row.outcome, row.version = "due", "", row.version + 1
    row.due_on, row.earliest_on, row.latest_on = asked.due_on, asked.earliest, asked.latest
    row.save(update_fields=["state", "outcome", "version", "due_on", "earliest_on", "latest_on"])
    _note(row, "changed follow-up", None, **changes)


def _withdraw(row: FollowUp) -> None:
    row.state, row.outcome, row.version = "closed", NO_LONGER_DUE, row.version + 1
    row.save(update_fields=["state", "outcome", "version"])
    _note(row, "closed follow-up", None, outcome=row.outcome)


def _note(row: FollowUp, verb: str, by: User | None, **changes: object) -> None:
    trail.record(
        clinic=row.clinic,
        by=by,
        verb=verb,
        subject=row,
        record_number=row.patient.record_number,
        changes={"title": row.title, **changes},
    )
