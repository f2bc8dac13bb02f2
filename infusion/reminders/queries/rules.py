"""A clinic's settings as the rules read them."""

from __future__ import annotations

from datetime import timedelta

from clinics.models import Clinic

from ..domain.due import (
    Rules,
)


def rules_of(clinic: Clinic) -> Rules:
    """The clinic's settings as the rules read them. A reminder day that is no number is passed over."""
    return Rules(
        zone=clinic.zone,
        reminder_days=tuple(day for day in clinic.reminder_days if isinstance(day, int)),
        notice_delay=timedelta(seconds=clinic.notice_delay_seconds),
        arrange_days=clinic.arrange_days_before,
    )


def every_clinics_rules() -> dict[int, Rules]:
    return {clinic.pk: rules_of(clinic) for clinic in Clinic.objects.order_by("pk")}
