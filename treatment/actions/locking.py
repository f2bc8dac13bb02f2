"""A visit held for writing, and how the treatment room writes into the audit trail."""

from __future__ import annotations

from typing import Any

from clinics import actions as trail
from clinics.models import User
from scheduling import actions as scheduling
from scheduling.models import Visit

from .. import queries


def locked(visit: Visit) -> Visit:
    """The visit as it stands now, held until the transaction ends."""
    scheduling.lock_visit(visit)
    return queries.visit(visit.clinic, visit.pk)


def note(visit: Visit, verb: str, by: User | None, **changes: Any) -> None:
    trail.record(
        clinic=visit.clinic,
        by=by,
        verb=verb,
        subject=visit,
        record_number=visit.patient.record_number,
        changes=changes,
    )
