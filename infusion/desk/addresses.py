"""Where a row or a button leads: the one page on which something can be done about it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from clinics.domain.calendar import local_date
from scheduling.models import Visit


def check_of(visit: Visit) -> str:
    """The check before an infusion, for the visit's own day, course and disease."""
    where = reverse("evaluation:check", args=[visit.patient_id])
    asked = {"on": local_date(visit.starts_at, visit.clinic.zone).isoformat()}
    if visit.planned_infusion is not None:
        course = visit.planned_infusion.course
        asked |= {"start": course.start_on.isoformat(), "condition": course.diagnosis.condition}
    return f"{where}?{urlencode(asked)}"


def day_of(visit: Visit, *, view: str = "") -> str:
    """The visit's day at the desk, with the visit in sight."""
    asked = {"day": local_date(visit.starts_at, visit.clinic.zone).isoformat()} | (
        {"view": view} if view else {}
    )
    return f"{reverse('desk:today')}?{urlencode(asked)}#visit-{visit.pk}"
