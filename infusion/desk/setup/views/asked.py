"""What the settings' addresses and forms ask for, checked before anything is read."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import QueryDict
from django.utils import timezone

from clinics.access import StaffRequest
from clinics.domain.calendar import local_date
from clinics.domain.spans import FARTHEST_DAYS
from infusion.desk.domain.dates import day_of


def today_of(request: StaffRequest) -> date:
    """The clinic's date now."""
    return local_date(timezone.now(), request.clinic.zone)


def typed(request: StaffRequest) -> QueryDict | None:
    """What was typed, also by somebody who came back from the preview."""
    return request.POST if request.method == "POST" else None


def status_of(request: StaffRequest) -> int:
    """A page drawn again with what was typed is no success, unless it is shown to be changed."""
    return 422 if request.method == "POST" and "back" not in request.POST else 200


def monday_asked(request: StaffRequest) -> date:
    """The Monday of the week the address names, of this week where it names none that makes sense."""
    today = today_of(request)
    day = day_of(request.GET.get("week", "")) or today
    if abs((day - today).days) > FARTHEST_DAYS:
        day = today
    return day - timedelta(days=day.weekday())
