"""Screens of the clinic's ledger."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.actions import record
from clinics.domain.rights import Right

from . import shown
from .forms import FilterForm


@staff(Right.VIEW_PATIENTS)
def messages_list(request: StaffRequest) -> HttpResponse:
    """Every message of the clinic, newest first: what was sent, is planned, failed or was laid aside, and why."""
    now = timezone.now()
    form = FilterForm(request.GET, clinic=request.clinic)
    asked = form.asked()
    counts = shown.counts(request.clinic, now=now)
    record(
        clinic=request.clinic,
        by=request.user,
        verb="viewed",
        changes={"page": "messages", **({"words": asked.words} if asked.words else {})},
    )
    context = {
        "form": form,
        "asked": asked,
        "page": shown.page(request.clinic, asked, now=now),
        "counts": counts,
        "total": shown.total(counts),
        "zone": request.clinic.zone,
    }
    return render(request, "ledger/list.html", context)
