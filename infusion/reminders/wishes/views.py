"""Which messages a patient wants, as told to staff."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients import actions as patients
from patients.queries import patient as find_patient

from .. import queries
from .forms import StaffWishesForm


@staff(Right.BOOK)
def wishes(request: StaffRequest, pk: int) -> HttpResponse:
    """Language, kinds and channel, or no messages at all."""
    patient = find_patient(request.clinic, pk)
    standing = queries.message_wishes(patient)
    form = StaffWishesForm(
        request.POST if request.method == "POST" else None, patient=patient, wishes=standing
    )
    if form.is_bound and form.is_valid():
        try:
            patients.set_message_wishes(patient=patient, by=request.user, now=timezone.now(), **form.wishes)
        except Refused as refused:
            show_refusal(form, refused)
            if "stale" in refused.codes:
                form.show_as_it_stands(patient, standing)
        else:
            messages.success(request, "Saved.")
            return redirect("patients:detail", pk=pk)
    patients.record_view(patient=patient, by=request.user, page="message wishes")
    shown = {"patient": patient, "form": form, "form_title": "Wishes for messages"}
    return render(request, "patients/small_form.html", shown, status=422 if form.errors else 200)
