"""Screens that only show: how a patient responds."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.rights import Right
from patients import queries as patients
from patients.actions import record_view

from . import queries


def _shown(request: StaffRequest, patient_pk: int, page: str) -> dict[str, Any]:
    patient = patients.patient(request.clinic, patient_pk)
    record_view(patient=patient, by=request.user, page=page)
    today = local_date(timezone.now(), request.clinic.zone)
    found = queries.response(patient, asked=request.GET.get("measure", ""), today=today)
    return {"patient": patient, "age": patient.age_on(today), "response": found, "today": today}


@staff(Right.VIEW_PATIENTS)
def response(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """Disease score, steroid dose, relapses and infusions on one picture, with a table that says the same."""
    return render(request, "reports/response.html", _shown(request, patient_pk, "response"))


@staff(Right.VIEW_PATIENTS)
def panel(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """The patient page's part on the response; the whole page without JavaScript."""
    template = "reports/_panel.html" if request.htmx else "reports/response.html"
    return render(request, template, _shown(request, patient_pk, "response, in short"))
