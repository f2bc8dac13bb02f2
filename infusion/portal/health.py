"""The health check in the days before an infusion: the questions, and what happens now."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.domain.refusals import Refused
from clinics.forms.refusals import show_refusal
from monitoring import actions, queries
from monitoring.domain.health_check import HEALTH_CHECK
from patients.actions import record_view

from .access import PatientRequest, patient_page
from .health_form import HealthCheckForm
from .unsent import take_up


@patient_page
def health_check(request: PatientRequest) -> HttpResponse:
    """The questions while they are open; once they are answered, what happens now and the way to answer again."""
    now = timezone.now()
    visit = queries.next_to_check(request.patient, now)
    is_open = visit is not None and queries.may_answer_now(visit, now)
    rows = queries.health_check_rows(visit) if visit is not None else []
    shown: dict[str, Any] = {
        "visit": visit,
        "is_open": is_open,
        "rows": rows,
        "lead": queries.leading(rows),
        "opens_days": HEALTH_CHECK.days("opens_days"),
        "reading": queries.reading_of(request.clinic, now=now),
    }
    status = 200
    if visit is not None and (
        (is_open and (not rows or request.GET.get("again"))) or request.method == "POST"
    ):
        data = request.POST if request.method == "POST" else None
        form = HealthCheckForm(
            data, questions=queries.questions_for(request.patient, visit), initial={"key": uuid4()}
        )
        take_up(request, request.access, form)
        if form.is_valid():
            try:
                actions.answer_health_check(visit=visit, by=request.user, now=now, **form.told)
            except Refused as refused:
                show_refusal(form, refused)
            else:
                return redirect("portal:health_check")
        shown["form"], status = form, 422 if form.is_bound else 200
    record_view(patient=request.patient, by=request.user, page="portal health check")
    return render(request, "portal/health_check.html", shown, status=status)
