"""Screens of the clinic's ledger."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal

from .. import actions, queries
from . import shown
from .forms import AgainForm, FilterForm


@staff(Right.VIEW_PATIENTS)
def messages_list(request: StaffRequest) -> HttpResponse:
    """Every message of the clinic, newest first: what was sent, is planned, failed or was laid aside, and why."""
    now = timezone.now()
    form = FilterForm(request.GET)
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
        "coming": shown.coming(request.clinic, now=now)
        if asked.state == "planned" and not asked.before
        else None,
        "zone": request.clinic.zone,
    }
    return render(request, "ledger/list.html", context)


@staff(Right.RUN_DAY)
def again(request: StaffRequest, pk: int) -> HttpResponse:
    """Send a message once more, with the reason; what cannot be sent again says why."""
    now = timezone.now()
    found = queries.message(request.clinic, pk)
    refusal: Refusal | None = None
    form = AgainForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            row = actions.send_again(message=found, by=request.user, now=now, **form.cleaned_data)
        except Refused as refused:
            show_refusal(form, refused)
            refusal = next((reason for reason in refused.reasons if not reason.field), None)
        else:
            messages.success(request, f"It goes out again {_when(row.next_attempt_at, now, request)}.")
            return redirect("reminders:message", pk=row.pk)
    actions.record_view(message=found, by=request.user, verb="viewed message")
    refusal = refusal or actions.why_not_again(found, now=now)
    offered = AgainForm(initial={"copy": queries.newest_copy(found).copy + 1})
    context = {
        "message": found,
        "earlier": queries.copies_of(found),
        "goes_to": actions.goes_to(found, now=now),
        "leaves": None if refusal else _when(actions.leaves_at(found, now=now), now, request),
        "refusal": refusal,
        "form": None if refusal else form or offered,
        "zone": request.clinic.zone,
    }
    return render(request, "ledger/again.html", context, status=422 if form is not None else 200)


def _when(leaves: datetime, now: datetime, request: StaffRequest) -> str:
    """When a message leaves, in words."""
    if leaves <= now:
        return "within a minute"
    return f"at {leaves.astimezone(request.clinic.zone):%H:%M}, when the quiet hours end"
