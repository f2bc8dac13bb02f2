"""Noting which soft rules were broken knowingly for a visit, why and by whom: rows the database refuses to change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from clinics.actions import record
from clinics.domain.refusals import Refusal
from clinics.models import User
from scheduling.models import RuleBreach, Visit


def note_breaches(
    visit: Visit, broken: Sequence[Refusal], *, reason: str, by: User | None, now: datetime
) -> RuleBreach | None:
    """Note the soft rules broken when a visit got the version it has now, in that version's own transaction. Nothing
    is written where none was broken.
    """
    if not broken:
        return None
    told = list(dict.fromkeys(broken))
    breach = RuleBreach.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        visit=visit,
        visit_version=visit.version,
        codes=[each.code for each in told],
        words=[each.message for each in told],
        reason=reason.strip(),
        by=by,
        at=now,
    )
    record(
        clinic=visit.clinic,
        by=by,
        verb="passed a soft rule",
        subject=visit,
        record_number=visit.patient.record_number,
        changes={"broken": breach.codes, "words": breach.words, "reason": breach.reason},
    )
    return breach
