"""Telling the clinic that one is not well: the form, and what became of each report."""

from __future__ import annotations

from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.forms.refusals import show_refusal
from monitoring import actions, queries
from patients.actions import record_view

from .access import PatientRequest, patient_page
from .forms import UnwellForm
from .unsent import take_up


@patient_page
def unwell(request: PatientRequest) -> HttpResponse:
    """When reports are read, the emergency number, and the form; below it what was reported before."""
    now, clinic = timezone.now(), request.clinic
    today = local_date(now, clinic.zone)
    form = UnwellForm(
        request.POST if request.method == "POST" else None,
        today=today,
        initial={"key": uuid4(), "unit": "F" if clinic.country == "US" else "C"},
    )
    take_up(request, request.access, form)
    if request.method == "POST" and form.is_valid():
        try:
            report = actions.report_side_effects(
                patient=request.patient, by=request.user, now=now, **form.told
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            return redirect("portal:report", pk=report.pk)
    record_view(patient=request.patient, by=request.user, page="portal not well")
    shown = {
        "form": form,
        "reading": queries.reading_of(clinic, now=now),
        "reports": queries.reports_of(request.patient)[:10],
        "today": today,
    }
    return render(request, "portal/unwell.html", shown, status=422 if form.is_bound else 200)


@patient_page
def report(request: PatientRequest, pk: int) -> HttpResponse:
    """One of my reports: what to do now, when it was received and read, and the answer."""
    now = timezone.now()
    row = queries.row_of(queries.own_report(request.patient, pk))
    record_view(patient=request.patient, by=request.user, page="portal report")
    shown = {
        "row": row,
        "reading": queries.reading_of(request.clinic, now=now),
        "today": local_date(now, request.clinic.zone),
    }
    return render(request, "portal/report.html", shown)
