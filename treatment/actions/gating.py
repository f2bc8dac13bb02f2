"""The gate at chair side: judged anew, and its verdict kept with the record."""

from __future__ import annotations

from datetime import datetime

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from scheduling.models import Visit

from .. import queries
from ..models import InfusionRecord


def pass_gate(visit: Visit, record: InfusionRecord, now: datetime) -> str:
    """Judge the gate for the visit's own day and keep its verdict; Refused with everything open while it is closed.

    Returns the verdict in a few words.
    """
    verdict = queries.gate(visit, today=local_date(now, visit.clinic.zone))
    if not verdict.permits:
        raise Refused(
            *(Refusal(f"gate_{each.code}", f"{each.label}: {each.words}") for each in verdict.blocking)
        )
    record.gate = verdict.as_json()
    record.save(update_fields=["gate"])
    return verdict.headline
