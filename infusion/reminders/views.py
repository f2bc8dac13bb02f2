"""What a patient was sent, will be sent, and what became of it; for staff."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from patients.actions import record_view
from patients.queries import patient as find_patient

from . import actions, queries


@staff(Right.VIEW_PATIENTS)
def for_patient(request: StaffRequest, pk: int) -> HttpResponse:
    """Every message of a patient; alone for an exchange in place, else as a page."""
    patient = find_patient(request.clinic, pk)
    now, ledger = timezone.now(), list(queries.messages_of(patient)[: queries.SHOWN])
    context = {
        "patient": patient,
        "ledger": ledger,
        "cut": queries.SHOWN if len(ledger) == queries.SHOWN else 0,
        "ahead": queries.upcoming(patient, now),
        "now": now,
        "zone": request.clinic.zone,
    }
    record_view(patient=patient, by=request.user, page="messages")
    fragment = request.headers.get("HX-Request") == "true"
    return render(request, "reminders/_messages.html" if fragment else "reminders/patient.html", context)


@staff(Right.VIEW_PATIENTS)
def message(request: StaffRequest, pk: int) -> HttpResponse:
    """One message: the text as it was written, and what became of it."""
    found = queries.message(request.clinic, pk)
    actions.record_view(message=found, by=request.user)
    shown = {"message": found, "now": timezone.now(), "zone": request.clinic.zone}
    return render(request, "reminders/message.html", shown)


@staff(Right.VIEW_PATIENTS)
def letter(request: StaffRequest, pk: int) -> HttpResponse:
    """The same words as a letter to print, for a message that could not be mailed."""
    found = queries.message(request.clinic, pk)
    if not found.has_letter:
        raise Http404
    actions.record_view(message=found, by=request.user, verb="opened letter")
    context = {
        "message": found,
        "patient": found.patient,
        "still_stands": queries.still_stands(found, timezone.now()),
        "zone": request.clinic.zone,
    }
    return render(request, "reminders/letter.html", context)
