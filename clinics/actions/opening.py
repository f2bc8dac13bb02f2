"""Opening a clinic, and standing behind the wording of its patients' pages."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from django.db import transaction

from clinics.models import Chair, Clinic, OpeningHours, User

from .trail import record


@transaction.atomic
def open_clinic(
    *,
    slug: str,
    name: str,
    time_zone: str,
    address: str,
    phone: str,
    email: str,
    opens: time,
    closes: time,
    chairs: int,
    days: int = 5,
    by: User | None = None,
    **more: Any,
) -> Clinic:
    """Open a new clinic with numbered chairs and the same hours on the first ``days`` days of the week from Monday.

    Raises ``ValidationError`` on a bad value.
    """
    clinic = Clinic(
        slug=slug,
        name=name,
        time_zone=time_zone,
        address=address,
        phone=phone,
        email=email,
        **{"reminder_days": [7, 2], **more},
    )
    clinic.full_clean()
    clinic.save()
    OpeningHours.objects.bulk_create(
        OpeningHours(clinic=clinic, weekday=weekday, opens=opens, closes=closes) for weekday in range(days)
    )
    Chair.objects.bulk_create(Chair(clinic=clinic, name=f"Chair {n}") for n in range(1, chairs + 1))
    record(clinic=clinic, by=by, verb="opened clinic", subject=clinic, changes={"name": name})
    return clinic


@transaction.atomic
def approve_education(*, clinic: Clinic, version: str, by: User, today: date) -> None:
    """Note that the clinic stands behind the wording of the patients' pages, version by version."""
    clinic.education_approved_version = version
    clinic.education_approved_on = today
    clinic.education_approved_by = by
    clinic.save(
        update_fields=["education_approved_version", "education_approved_on", "education_approved_by"]
    )
    record(clinic=clinic, by=by, verb="approved patient pages", subject=clinic, changes={"version": version})
