"""What the pages of a day have in common: which day, which view, and the answer in full or as a fragment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render

from clinics.access import StaffRequest
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal
from scheduling.models import Visit
from scheduling.queries import in_the_way_ahead

from . import queries
from .domain.dates import day_of
from .reported import unread_calls

VIEWS = ("board", "list")
FIRST_YEAR, LAST_YEAR = 1990, 2100
MISFIT_DAYS = 14
"""How far ahead the day's page counts visits that no longer fit; their own page shows all of them."""


def day_asked(request: StaffRequest, *, now: datetime) -> tuple[date, int]:
    """The day the address names and the status of the answer; today, with a message and 422, where it names none."""
    today = local_date(now, request.clinic.zone)
    text = request.GET.get("day", "")
    day = day_of(text)
    if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR:
        return day, 200
    if not text:
        return today, 200
    messages.error(request, "There is no such day. This is today.")
    return today, 422


def view_asked(asked: str | None) -> str:
    return asked if asked in VIEWS else VIEWS[0]


def day_page(
    request: StaffRequest,
    on: date,
    *,
    now: datetime,
    view: str,
    status: int = 200,
    fragment: bool = False,
    refused: tuple[Visit, str, Sequence[Refusal]] | None = None,
) -> HttpResponse:
    """The day as a page or, for an exchange in place, as its fragment with the messages beside it."""
    shown: dict[str, Any] = {
        "shown": queries.day(request.clinic, on, member=request.membership, now=now),
        "view": view,
        "before": on - timedelta(days=1),
        "after": on + timedelta(days=1),
        "unread": unread_calls(request.membership),
    }
    if not fragment:
        shown["misfits"] = len(in_the_way_ahead(request.clinic, now=now, days=MISFIT_DAYS))
        shown["misfit_days"] = MISFIT_DAYS
    if refused is not None:
        visit, title, reasons = refused
        gate_closed = any(reason.code.startswith("gate_") for reason in reasons)
        shown |= {
            "refused_visit": visit,
            "refused_title": title,
            "reasons": reasons,
            "gate_closed": gate_closed,
        }
    template = "desk/_exchanged.html" if fragment else "desk/today.html"
    return render(request, template, shown, status=status)
