"""Whom staff must call after a plan was applied: a task each, with the time by which the patient must know."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from clinics.actions import open_task
from clinics.domain.calendar import local_date
from clinics.domain.rights import Role
from clinics.models import Clinic
from patients.models import Patient
from patients.phones import readable
from scheduling.domain.course import in_words
from scheduling.domain.proposals import Proposed
from scheduling.domain.telling import Telling, nobody_placed, telling
from scheduling.models import Replan
from scheduling.queries.replans import patients_by_key


def open_calls(replan: Replan, rows: Iterable[Proposed], accepted: Collection[str], *, now: datetime) -> int:
    """Open a task for every patient a mail alone does not serve: who was moved and is expected soon or has no
    address, and who cannot stay and has no new time. Returns how many.
    """
    wanted = [row for row in rows if row.key in accepted or (row.affected and row.to is None)]
    patients = patients_by_key(replan.clinic, [row.patient for row in wanted])
    opened = 0
    for row in wanted:
        patient = patients[row.patient]
        told = telling_of(row, patient, now=now)
        if told is None or not told.call:
            continue
        opened += 1
        open_task(
            clinic=replan.clinic,
            kind="call_patient",
            role=Role.RECEPTIONIST,
            due_on=local_date(max(told.by, now), replan.clinic.zone),
            reason=_words(row, patient, told, replan.clinic),
            cause=f"replan:{replan.pk}:{row.key}",
            record_number=patient.record_number,
        )
    return opened


def telling_of(row: Proposed, patient: Patient, *, now: datetime) -> Telling | None:
    """What telling the patient of one row of a plan takes."""
    was = row.was.starts if row.was else None
    if row.to is not None:
        return telling(was, row.to.starts, has_address=bool(patient.email), now=now)
    return nobody_placed(was, now=now) if was is not None else None


def _words(row: Proposed, patient: Patient, told: Telling, clinic: Clinic) -> str:
    phone = readable(patient.phone) or "no telephone number known"
    by = "at once" if told.late else f"by {_at(told.by, clinic)}"
    if row.to is None:
        assert row.was is not None
        what = (
            f"The visit of {_at(row.was.starts, clinic)} cannot take place, and no other time was found yet."
        )
    elif row.was is None:
        what = f"A visit is booked for {_at(row.to.starts, clinic)}."
    else:
        what = f"The visit of {_at(row.was.starts, clinic)} is now on {_at(row.to.starts, clinic)}."
    return f"Call {patient} ({phone}) {by}. {what} Called because {told.why}."


def _at(instant: datetime, clinic: Clinic) -> str:
    local = instant.astimezone(clinic.zone)
    return f"{in_words(local.date())}, {local:%H:%M}"
