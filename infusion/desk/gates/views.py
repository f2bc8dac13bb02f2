"""Screens of the gate: which visits will fail it, the sheet of one visit, opening it, and what was opened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.actions import open_task, record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right, Role
from clinics.forms.refusals import show_refusal
from evaluation.domain.findings import Finding
from monitoring.actions import note_nurse_call
from patients.actions import record_view
from scheduling import actions, queries
from scheduling.domain.course import in_words
from scheduling.models import Visit

from . import shown
from .forms import CallForm, OverrideForm, WithdrawForm

DAYS_COUNTED = 365
PAGE = 50
REASONS = {
    shown.ORDER: "Order for {who}: {what}. Needed for the infusion on {day}.",
    shown.CALL: "Call {who} about the infusion on {day}. Still needed: {what}.",
}


def _roles(request: StaffRequest) -> frozenset[str]:
    """Which kinds of evidence this colleague may record."""
    named = (
        ("clinical", Right.RECORD_RESULTS),
        ("prescriber", Right.SIGN_CLEARANCE),
        ("administrative", Right.ADMIN_REQUIREMENTS),
    )
    return frozenset(role for role, right in named if request.membership.may(right))


@staff(Right.VIEW_PATIENTS)
def ahead(request: StaffRequest) -> HttpResponse:
    """Visits of the next days that will fail their gate, by how near they are and by who must act."""
    rows = shown.failing(request.clinic, now=timezone.now(), roles=_roles(request))
    days = next((one for one in shown.HORIZONS if str(one) == request.GET.get("days")), shown.HORIZONS[-1])
    actor = next((one for one in shown.ACTORS if one == request.GET.get("who")), "")
    of_actor = [row for row in rows if not actor or actor in row.actors]
    record(
        clinic=request.clinic,
        by=request.user,
        verb="viewed",
        changes={"page": "visits that will fail their gate", "days": days},
    )
    context = {
        "rows": [row for row in of_actor if row.days_left <= days],
        "days": days,
        "actor": actor,
        "actors": shown.ACTORS,
        "counts": [(one, sum(row.days_left <= one for row in of_actor)) for one in shown.HORIZONS],
    }
    return render(request, "gates/ahead.html", context)


@staff(Right.VIEW_PATIENTS)
def sheet(request: StaffRequest, pk: int) -> HttpResponse:
    """The gate of one visit with everything it asks, and what was opened for it."""
    visit = queries.visit(request.clinic, pk)
    record_view(patient=visit.patient, by=request.user, page="gate of a visit")
    return _sheet(request, visit)


def _sheet(
    request: StaffRequest, visit: Visit, *, override: Form | None = None, call: Form | None = None
) -> HttpResponse:
    """The sheet with its forms; those that were sent and refused come back with what was typed."""
    today = local_date(timezone.now(), request.clinic.zone)
    verdict = queries.gates_ahead(request.clinic, [visit], today=today).get(visit.pk)
    found = shown.sheet_of(visit, verdict, today=today, roles=_roles(request)) if verdict else None
    if found is not None and override is None:
        override = _override_form(request, [need.finding for need in found.now], visit, bound=False)
    context: dict[str, Any] = {
        "visit": visit,
        "patient": visit.patient,
        "planned": visit.planned_infusion,
        "sheet": found,
        "overrides": queries.overrides_of(visit),
        "asked": shown.asked_of(visit),
        "form": override,
        "call": call or CallForm(),
    }
    refused = any(each is not None and each.is_bound for each in (override, call))
    return render(request, "gates/sheet.html", context, status=422 if refused else 200)


def _override_form(
    request: StaffRequest, findings: list[Finding], visit: Visit, *, bound: bool
) -> OverrideForm:
    zone = request.clinic.zone
    return OverrideForm(
        request.POST if bound else None,
        findings=findings,
        on=local_date(visit.starts_at, zone),
        today=local_date(timezone.now(), zone),
    )


@require_POST
@staff(Right.SIGN_CLEARANCE)
def open_gate(request: StaffRequest, pk: int) -> HttpResponse:
    """Open the gate of one visit for what is chosen, with the reason."""
    visit, now = queries.visit(request.clinic, pk), timezone.now()
    today = local_date(now, request.clinic.zone)
    verdict = queries.gates_ahead(request.clinic, [visit], today=today).get(visit.pk)
    form = _override_form(request, list(verdict.due_now(today)) if verdict else [], visit, bound=True)
    if form.is_valid():
        try:
            actions.open_gate(visit=visit, by=request.user, now=now, **form.cleaned_data)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"Opened for {visit.patient}, with your name and the reason.")
            return redirect("gates:sheet", pk=pk)
    return _sheet(request, visit, override=form)


@staff(Right.SIGN_CLEARANCE)
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Take an override back, with the reason."""
    found = queries.override(request.clinic, pk)
    record_view(patient=found.patient, by=request.user, page="withdrawing an override")
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            actions.withdraw_override(
                override=found, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "Withdrawn. The gate is judged without it.")
            return redirect("gates:sheet", pk=found.visit_id)
    context = {"override": found, "patient": found.patient, "form": form}
    return render(request, "gates/withdraw.html", context, status=422 if form.is_bound else 200)


@require_POST
@staff(Right.RUN_DAY)
def ask(request: StaffRequest, pk: int) -> HttpResponse:
    """One click: a task to order the tests that are missing, or to call the patient about what is."""
    visit, now = queries.visit(request.clinic, pk), timezone.now()
    today = local_date(now, request.clinic.zone)
    kind = shown.ORDER if request.POST.get("what") == "order" else shown.CALL
    verdict = queries.gates_ahead(request.clinic, [visit], today=today).get(visit.pk)
    needs = shown.needs_of(visit, verdict.due_now(today), (), back="") if verdict else ()
    wanted = [need.finding.label for need in needs if kind == shown.CALL or need.is_test]
    if not wanted:
        messages.info(request, "Nothing of that kind is missing any more.")
    elif any(task.kind == kind for task in shown.asked_of(visit)):
        messages.info(request, "A task for this is open already.")
    else:
        on = in_words(local_date(visit.starts_at, request.clinic.zone))
        open_task(
            clinic=request.clinic,
            kind=kind,
            role=Role.NURSE,
            due_on=today,
            reason=REASONS[kind].format(who=visit.patient, what=", ".join(wanted), day=on),
            cause=shown.cause_of(kind, visit, today),
            record_number=visit.patient.record_number,
        )
        words = "Asked for" if kind == shown.ORDER else "Asked to call about"
        messages.success(request, f"{words}: {', '.join(wanted)}. A task for a nurse is open.")
    if request.POST.get("back") == "ahead":
        return redirect("gates:ahead")
    return redirect("gates:sheet", pk=pk)


@require_POST
@staff(Right.RECORD_RESULTS)
def called(request: StaffRequest, pk: int) -> HttpResponse:
    """What a nurse's call about a reported infection found."""
    visit, now = queries.visit(request.clinic, pk), timezone.now()
    form = CallForm(request.POST)
    if form.is_valid():
        try:
            note_nurse_call(
                patient=visit.patient,
                outcome=form.cleaned_data["outcome"],
                cleared=form.cleaned_data["cleared"] == "yes",
                on=local_date(now, request.clinic.zone),
                by=request.user,
                now=now,
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "The call is on record.")
            return redirect("gates:sheet", pk=pk)
    return _sheet(request, visit, call=form)


@staff(Right.VIEW_PATIENTS)
def opened(request: StaffRequest) -> HttpResponse:
    """What was opened in the last year, counted by requirement, newest first."""
    now = timezone.now()
    rows = queries.overrides_since(request.clinic, now - timedelta(days=DAYS_COUNTED))
    record(clinic=request.clinic, by=request.user, verb="viewed", changes={"page": "overrides of the gate"})
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "total": page.paginator.count, "counts": queries.opened_counts(rows)}
    return render(request, "gates/opened.html", context)
