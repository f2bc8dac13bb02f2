"""Whom a clinic will write to soon: what the sweep will find, before it finds it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from clinics.models import Clinic
from monitoring.models import FollowUp
from scheduling.models import Visit

from ..domain.rules import Rules
from ..models import Message
from .settled import SETTLED

MOST = 1_000
"""Patients looked at for one page: more than a clinic sees in the days its reminders look ahead."""


def patients_ahead(clinic: Clinic, rules: Rules, *, now: datetime) -> list[int]:
    """Patients with a booked visit, or a follow-up to arrange, near enough to be written to within a day."""
    furthest = max((*rules.reminder_days, 1)) + 2
    visits = Visit.objects.of(clinic).filter(
        status="booked", starts_at__gt=now, starts_at__lt=now + timedelta(days=furthest)
    )
    soon = now.date() + timedelta(days=rules.arrange_days + 2)
    follow_ups = FollowUp.objects.of(clinic).filter(state="due", due_on__lte=soon, patient__deceased=False)
    found = dict.fromkeys(visits.order_by("starts_at").values_list("patient_id", flat=True)[:MOST])
    found |= dict.fromkeys(follow_ups.order_by("due_on").values_list("patient_id", flat=True)[:MOST])
    return list(found)


def settled_subjects(clinic: Clinic, ids: Collection[int]) -> set[tuple[str, str, int, str]]:
    """What has been written to these patients, or waits to be."""
    rows = Message.objects.of(clinic).filter(SETTLED, patient__in=ids)
    return set(rows.values_list("subject_kind", "subject_id", "subject_version", "kind"))
