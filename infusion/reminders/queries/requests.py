"""What patients asked for about their visits and staff could not do."""

from __future__ import annotations

from datetime import datetime

from django.db.models import CharField, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Cast

from scheduling.models import VisitAnswer

from ..domain.asking import ANSWER_KEPT
from ..domain.kinds import REQUEST_REFUSED
from ..models import Message
from .settled import SETTLED


def turned_down() -> QuerySet[VisitAnswer]:
    """Changes that are not possible, of visits of living patients that are booked for the same time still."""
    return VisitAnswer.across_clinics.filter(
        state="refused",
        closed_at__isnull=False,
        visit__status="booked",
        visit__starts_at=F("starts_at"),
        patient__deceased=False,
    ).order_by("id")


def with_requests(now: datetime) -> set[int]:
    """Patients who asked for a change, cannot have it, and have not been told."""
    told = Message.across_clinics.filter(
        SETTLED, kind=REQUEST_REFUSED, subject_kind="request", subject_id=Cast(OuterRef("pk"), CharField())
    )
    rows = turned_down().filter(
        ~Exists(told), closed_at__gt=now - ANSWER_KEPT, closed_at__lte=now, starts_at__gt=now
    )
    return set(rows.order_by().values_list("patient_id", flat=True))
