"""Writing the weight at the chair: the patient's newest, and what it makes of a dose by body surface."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.models import User
from patients.actions import record_measurement, take_back_measurement
from scheduling import actions as scheduling
from scheduling.models import Visit

from ..domain.chart import Chart, Entry, Kind


def weigh(visit: Visit, chart: Chart, *, kg: str, taken_at: datetime, by: User | None, now: datetime) -> str:
    """Record the weight and reckon doses by body surface anew; returns what to say of today's dose, if anything."""
    record_measurement(
        patient=visit.patient,
        kind="weight",
        value=Decimal(kg),
        taken_on=local_date(taken_at, visit.clinic.zone),
        by=by,
    )
    return reckon(visit, chart, by=by, now=now)


def take_back_weight(visit: Visit, entry: Entry, others: Chart, by: User | None) -> None:
    """What was charted wrongly is not the patient's weight any more, unless another entry says it too; the chart
    keeps it.
    """
    kg = Decimal(entry.payload["kg"])
    if any(Decimal(each.payload["kg"]) == kg for each in others.of(Kind.WEIGHT)):
        return
    take_back_measurement(
        patient=visit.patient,
        kind="weight",
        value=kg,
        taken_on=local_date(entry.happened_at, visit.clinic.zone),
        by=by,
    )


def reckon(visit: Visit, chart: Chart, *, by: User | None, now: datetime) -> str:
    """Reckon doses by body surface from the newest weight; returns what to say of today's dose, if anything.

    Once the product hangs, today's dose is what hangs: it is not reckoned anew.
    """
    planned = visit.planned_infusion
    if planned is None or planned.dose_per_m2 is None:
        return ""
    if chart.of(Kind.PRODUCT):
        return "The dose was not reckoned anew: the product hangs already."
    try:
        scheduling.recompute_doses(patient=visit.patient, by=by, now=now)
    except Refused as refused:
        return " ".join(reason.message for reason in refused.reasons)
    planned.refresh_from_db(fields=["dose_mg"])
    return f"Dose by body surface: {planned.dose_mg.normalize():f} mg."
