"""Whether a message before an infusion has something to say, judged at the moment it leaves.

What it asks about costs more than what stands in the schedule, so nothing is asked for until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from clinics.domain.calendar import local_date
from evaluation.domain.findings import Standing
from monitoring.queries import health_check_open, is_on_hold
from patients.models import Patient
from scheduling.models import Visit
from scheduling.queries import gates_ahead, hold_instructions

from ..domain.kinds import GATE_NEEDS, HEALTH_CHECK, LAB_DUE, MORNING_OF, REMINDER, code_of
from ..models import Message
from .blood_tests import needs_a_test

SEEN_TO = (Standing.MISSING, Standing.LAPSED, Standing.WILL_LAPSE)
"""How a requirement stands that the patient can see to, where there are words for them."""


def why_not_needed(message: Message, now: datetime) -> str | None:
    """Why a message need not be sent, in words for staff; None where it has something to say."""
    if code_of(message.kind) == GATE_NEEDS:
        return None if needs_the_patient(message, now) else "Nothing is missing that the patient can see to."
    if message.kind == HEALTH_CHECK:
        visit = Visit.objects.of(message.clinic).select_related("clinic").get(pk=message.visit_id or 0)
        return None if health_check_open(visit, now) else "The questions are answered, or not open."
    if message.kind == LAB_DUE:
        return None if needs_a_test(message, now) else "The test is on record or booked, or not asked for."
    return None


def needs_the_patient(message: Message, now: datetime) -> bool:
    """Whether the gate of the visit asks for something that the patient can see to."""
    rows = Visit.objects.of(message.clinic).filter(pk=message.visit_id or 0)
    visits = list(rows.select_related("patient", "planned_infusion__course__diagnosis"))
    today = local_date(now, message.clinic.zone)
    verdicts = gates_ahead(message.clinic, visits, today=today)
    return any(
        finding.patient and finding.standing in SEEN_TO
        for verdict in verdicts.values()
        for finding in verdict.blocking
    )


def has_to_wait(message: Message, visits: Iterable[Visit]) -> bool:
    """Whether a reminder speaks of a visit that is on hold: the patient is not to set out before a call."""
    near = message.kind == MORNING_OF or message.kind.startswith(REMINDER)
    return near and any(is_on_hold(visit) for visit in visits)


def has_something_to_hold(patient: Patient, visits: Iterable[Visit]) -> bool:
    """Whether a prescriber left word for the patient about medicines before one of these infusions."""
    return any(
        hold_instructions(patient, on=local_date(visit.starts_at, patient.clinic.zone))
        for visit in visits
        if visit.planned_infusion_id is not None
    )
