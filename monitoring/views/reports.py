"""Patients' reports for those who answer them: what is open, one report, reading it and closing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.actions import record
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from monitoring import actions, queries
from monitoring.forms import AnswerForm
from patients.actions import record_view


@staff(Right.ANSWER_REPORTS)
def reports(request: StaffRequest) -> HttpResponse:
    """What patients have reported: what is open, or what was closed last."""
    closed = request.GET.get("show") == "closed"
    found = queries.closed_reports(request.clinic) if closed else queries.open_reports(request.clinic)
    changes = {"page": "side effect reports", "show": "closed" if closed else "open"}
    record(clinic=request.clinic, by=request.user, verb="viewed", changes=changes)
    shown = {"rows": found, "closed": closed, "now": timezone.now()}
    return render(request, "monitoring/reports.html", shown)


def _page(request: StaffRequest, pk: int, form: AnswerForm | None = None, status: int = 200) -> HttpResponse:
    found = queries.report(request.clinic, pk)
    record_view(patient=found.patient, by=request.user, page="side effect report")
    shown = {
        "row": queries.row_of(found),
        "patient": found.patient,
        "form": form or AnswerForm(report=found),
        "others": [each for each in queries.reports_of(found.patient) if each.report.pk != found.pk],
        "now": timezone.now(),
    }
    return render(request, "monitoring/report.html", shown, status=status)


@staff(Right.ANSWER_REPORTS)
def report(request: StaffRequest, pk: int) -> HttpResponse:
    """One report: what was told, how it was sorted and why, and what became of it."""
    return _page(request, pk)


@staff(Right.ANSWER_REPORTS)
@require_POST
def read(request: StaffRequest, pk: int) -> HttpResponse:
    """Say that a person has read the report: the patient sees it, and nothing is escalated any more."""
    found = queries.report(request.clinic, pk)
    try:
        actions.read_report(report=found, by=request.user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "Noted as read. The patient sees that, and when.")
    return redirect("monitoring:report", pk=pk)


@staff(Right.ANSWER_REPORTS)
def answer(request: StaffRequest, pk: int) -> HttpResponse:
    """Close the report with what came of it and an answer to the patient."""
    found = queries.report(request.clinic, pk)
    if request.method != "POST":
        return redirect("monitoring:report", pk=pk)
    form = AnswerForm(request.POST, report=found)
    if form.is_valid():
        typed = form.cleaned_data
        try:
            actions.answer_report(
                report=found,
                outcome=typed["outcome"],
                answer=typed["answer"],
                note=typed["note"],
                cleared=form.cleared_for_infusion,
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"Closed. {found.patient} reads your answer in the portal.")
            return redirect("monitoring:reports")
    return _page(request, pk, form, 422)
