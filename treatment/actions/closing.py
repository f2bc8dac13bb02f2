"""Closing a chart at the discharge: what was given by the chart, and the reactions in words."""

from __future__ import annotations

from datetime import datetime

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling.models import Visit

from .. import queries
from ..domain.chart import VOID, Kind
from ..models import ChartEntry


def close_chart(visit: Visit, *, by: User | None, now: datetime, early_reason: str) -> queries.Closing:
    """Note the discharge in the chart of a visit that is held, and say what was given by it.

    Refused before the end of observation unless a reason says why.
    """
    chart, until = queries.chart_of(visit), queries.observe_until(visit)
    early = until is not None and now < until
    if until is not None and early and not early_reason.strip():
        at = until.astimezone(visit.clinic.zone)
        words = f"Observation lasts until {at:%H:%M}. Say why the patient leaves earlier."
        raise Refused(Refusal("observation", words, "early_reason"))
    ChartEntry.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        visit=visit,
        kind=Kind.DISCHARGE.value,
        payload={"reason": early_reason.strip()} if early else {},
        happened_at=now,
        recorded_at=now,
        by=by,
        key=f"discharge:{visit.version}",
    )
    return queries.told(visit, chart)


def reopen_chart(visit: Visit, *, by: User | None, now: datetime, reason: str) -> None:
    """Say in the chart of a visit that is held that its discharge never happened."""
    discharge = queries.chart_of(visit).last(Kind.DISCHARGE)
    if discharge is None:
        return
    ChartEntry.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        visit=visit,
        kind=Kind.DISCHARGE.value,
        payload={VOID: True},
        happened_at=now,
        recorded_at=now,
        by=by,
        key=f"reopened:{visit.version}",
        corrects_id=discharge.ref,
        reason=reason[:250],
    )
