"""Screens of the follow-ups: what is overdue, due and coming; booking one; closing one without a visit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from patients.actions import record_view
from patients.queries import patient as patient_of

from . import actions, queries
from .domain.standing import SHOWN
from .forms import BookForm, CloseForm


def _today(request: StaffRequest) -> date:
    return local_date(timezone.now(), request.clinic.zone)


def _show_refusal(form: Form, refused: Refused) -> None:
    for reason in refused.reasons:
        form.add_error(reason.field if reason.field in form.fields else None, reason.message)


@staff(Right.VIEW_PATIENTS)
def follow_up_list(request: StaffRequest) -> HttpResponse:
    found = queries.outstanding(request.clinic, today=_today(request))
    groups = [(standing.value, SHOWN[standing], rows) for standing, rows in found.items()]
    return render(request, "monitoring/list.html", {"groups": groups, "total": sum(map(len, found.values()))})


@staff(Right.VIEW_PATIENTS)
def panel(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """A patient's follow-ups, for the patient's page; a page of its own without JavaScript."""
    patient = patient_of(request.clinic, patient_pk)
    record_view(patient=patient, by=request.user, page="follow-ups")
    rows = queries.shown(queries.of_patient(patient), clinic=request.clinic, today=_today(request))
    template = "monitoring/_panel.html" if request.htmx else "monitoring/panel.html"
    return render(request, template, {"patient": patient, "rows": rows})


def _wanted(request: StaffRequest, times: list[datetime]) -> dict[str, Any]:
    """The time the address names or, without one, the first that is free."""
    asked: dict[str, Any] = {
        "day": request.GET.get("day", ""),
        "time": request.GET.get("time", ""),
        "minutes": 30,
    }
    if not asked["day"] and times:
        first = times[0].astimezone(request.clinic.zone)
        asked |= {"day": first.date().isoformat(), "time": f"{first:%H:%M}"}
    return asked


@staff(Right.BOOK)
def book(request: StaffRequest, pk: int) -> HttpResponse:
    row, now = queries.follow_up(request.clinic, pk), timezone.now()
    times = queries.free_times(row, now=now)
    form = BookForm(request.POST or None, clinic=request.clinic, initial=_wanted(request, times))
    if request.method == "POST" and form.is_valid() and form.starts_at:
        typed = form.cleaned_data
        person = next((one for one in queries.clinicians(request.clinic) if one.pk == typed["nurse"]), None)
        try:
            visit = actions.book(
                follow_up=row,
                starts_at=form.starts_at,
                minutes=typed["minutes"],
                nurse=person,
                by=request.user,
                now=now,
            )
        except Refused as refused:
            _show_refusal(form, refused)
        else:
            at = visit.starts_at.astimezone(request.clinic.zone)
            messages.success(request, f"Booked: {row.title}, {at:%A} {at.day} {at:%B %Y} at {at:%H:%M}.")
            return redirect("patients:detail", pk=row.patient_id)
    shown = {
        "row": row,
        "form": form,
        "window": actions.bookable(row, local_date(now, request.clinic.zone)),
        "times": times,
    }
    return render(request, "monitoring/book.html", shown, status=422 if form.is_bound else 200)


@staff(Right.RUN_DAY)
def close(request: StaffRequest, pk: int) -> HttpResponse:
    row = queries.follow_up(request.clinic, pk)
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.close(
                follow_up=row, outcome=form.cleaned_data["outcome"], by=request.user, now=timezone.now()
            )
        except Refused as refused:
            _show_refusal(form, refused)
        else:
            messages.success(request, f"Closed: {row.title} of {row.patient}.")
            return redirect("patients:detail", pk=row.patient_id)
    return render(
        request, "monitoring/close.html", {"row": row, "form": form}, status=422 if form.is_bound else 200
    )
