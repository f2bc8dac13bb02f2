"""Screens of the evaluation room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients import queries as patients
from patients.actions import record_view
from patients.domain.conditions import Condition

from . import actions, queries
from .domain.kinds import KINDS
from .domain.requirements import Purpose
from .domain.values import read_day
from .forms import ChecklistForm, ReasonForm, ResultForm, SignForm
from .rule_queries import catalogue_of


def _today(request: StaffRequest) -> date:
    return local_date(timezone.now(), request.clinic.zone)


def _roles(request: StaffRequest, clinical: Right) -> frozenset[str]:
    """Which kinds of evidence this colleague may record: clinical, a prescriber's, administrative, or none."""
    may = request.membership.may
    named = (
        ("clinical", clinical),
        ("prescriber", Right.SIGN_CLEARANCE),
        ("administrative", Right.ADMIN_REQUIREMENTS),
    )
    return frozenset(role for role, right in named if may(right))


def _checklist(request: StaffRequest, found: Any, purpose: Purpose, condition: str) -> ChecklistForm:
    patient = getattr(found, "patient", found)
    # What was typed on a page that went stale is shown again with the reason; a finished one begins without fields.
    fillable = request.method == "POST" or getattr(found, "state", "open") == "open"
    return ChecklistForm(
        request.POST if request.method == "POST" else None,
        requirements=catalogue_of(request.clinic).serving(purpose),
        condition=condition,
        roles=_roles(request, Right.EDIT_EVALUATION) if fillable else frozenset(),
        today=_today(request),
        born=patient.birth_date,
    )


@require_POST
@staff(Right.EDIT_EVALUATION)
def open_new(request: StaffRequest, diagnosis_pk: int) -> HttpResponse:
    diagnosis = patients.diagnosis(request.clinic, diagnosis_pk)
    try:
        found = actions.open_evaluation(
            clinic=request.clinic,
            patient=diagnosis.patient,
            diagnosis=diagnosis,
            by=request.user,
            now=timezone.now(),
        )
    except Refused as refused:
        standing = queries.open_evaluation_of(diagnosis.pk, request.clinic)
        if standing is None:
            messages.error(request, " ".join(reason.message for reason in refused.reasons))
            return redirect("patients:detail", pk=diagnosis.patient_id)
        found = standing
    return redirect("evaluation:detail", pk=found.pk)


@staff(Right.VIEW_PATIENTS)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """The checklist of one evaluation; what is filled in is saved all together or not at all."""
    found = queries.evaluation(request.clinic, pk)
    form = _checklist(request, found, Purpose.CLEARANCE, found.diagnosis.condition)
    if request.method == "POST":
        if not form.writable:
            raise PermissionDenied
        if form.is_valid() and _saved(request, form, found.patient, found):
            return redirect("evaluation:detail", pk=pk)
    else:
        record_view(patient=found.patient, by=request.user, page="evaluation")
    verdict = queries.verdict_of(found, on=_today(request))
    shown = {
        "evaluation": found,
        "patient": found.patient,
        "age": found.patient.age_on(_today(request)),
        "form": form,
        "verdict": verdict,
        "sections": form.sections(verdict, queries.records_of(found.patient)),
        "clearance": getattr(found, "clearance", None),
    }
    return render(request, "evaluation/detail.html", shown, status=422 if form.is_bound else 200)


def _saved(request: StaffRequest, form: ChecklistForm, patient: Any, evaluation: Any = None) -> bool:
    try:
        written = actions.record_answers(
            patient=patient, answers=form.answers, by=request.user, now=timezone.now(), evaluation=evaluation
        )
    except Refused as refused:
        show_refusal(form, refused)
        return False
    number = len(written)
    if number:
        messages.success(request, f"{number} {'answer' if number == 1 else 'answers'} saved.")
    else:
        messages.info(request, "Nothing new was filled in.")
    return True


@require_POST
@staff(Right.VIEW_PATIENTS)
def verdict(request: StaffRequest, pk: int) -> HttpResponse:
    """The verdict as the form stands, nothing written."""
    found = queries.evaluation(request.clinic, pk)
    form = _checklist(request, found, Purpose.CLEARANCE, found.diagnosis.condition)
    form.is_valid()
    extra = [answer.evidence for answer in form.answers]
    judged = queries.verdict_of(found, on=_today(request), extra=extra)
    shown = {
        "evaluation": found,
        "verdict": judged,
        "sections": form.sections(judged, queries.records_of(found.patient)),
        "unsaved": len(form.answers),
        "unreadable": len(form.errors),
    }
    return render(request, "evaluation/_live.html", shown)


@staff(Right.SIGN_CLEARANCE)
def sign(request: StaffRequest, pk: int) -> HttpResponse:
    found = queries.evaluation(request.clinic, pk)
    if found.state != "open":
        messages.info(request, "This evaluation is no longer open.")
        return redirect("evaluation:detail", pk=pk)
    record_view(patient=found.patient, by=request.user, page="signing a clearance")
    now, condition = timezone.now(), found.diagnosis.condition
    judged = queries.verdict_of(found, on=_today(request))
    form = SignForm(
        request.POST if request.method == "POST" else None,
        offers=queries.offers(request.clinic, condition),
        warnings=judged.warnings,
        last=queries.last_day_of_a_clearance(request.clinic, _today(request)),
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.sign(
                evaluation=found,
                regimen_version=form.chosen.version,
                valid_until=form.cleaned_data["valid_until"],
                by=request.user,
                now=now,
                acknowledged=form.acknowledged,
                off_label_reason=form.cleaned_data["off_label_reason"],
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"Signed. {found.patient} may now be planned and booked.")
            return redirect("patients:detail", pk=found.patient_id)
    shown = {"evaluation": found, "patient": found.patient, "form": form, "verdict": judged}
    return render(request, "evaluation/sign.html", shown, status=422 if form.is_bound else 200)


def _with_reason(
    request: StaffRequest, patient: Any, back: str, title: str, words: str, act: Callable[[str], None]
) -> HttpResponse:
    """A page that asks for a reason; ``act`` writes it or raises a refusal."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data["reason"])
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "Done.")
            return redirect(back)
    shown = {"patient": patient, "form": form, "form_title": title, "words": words, "back": back}
    return render(request, "evaluation/reason.html", shown, status=422 if form.is_bound else 200)


@staff(Right.EDIT_EVALUATION)
def close(request: StaffRequest, pk: int) -> HttpResponse:
    found = queries.evaluation(request.clinic, pk)

    def act(reason: str) -> None:
        actions.close_evaluation(evaluation=found, reason=reason, by=request.user, now=timezone.now())

    words = "The evaluation is put away without a signature. Every result stays on record."
    back = reverse("patients:detail", args=[found.patient_id])
    return _with_reason(request, found.patient, back, "Close the evaluation", words, act)


@staff(Right.SIGN_CLEARANCE)
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    found = queries.clearance(request.clinic, pk)

    def act(reason: str) -> None:
        actions.withdraw_clearance(clearance=found, reason=reason, by=request.user, now=timezone.now())

    words = "Nothing more is booked on it, and no infusion is started until a new evaluation is signed."
    back = reverse("patients:detail", args=[found.patient_id])
    return _with_reason(request, found.patient, back, "Withdraw the clearance", words, act)


@staff(Right.VIEW_PATIENTS)
def panel(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """The patient page's part on evaluations and results; a page of its own without JavaScript."""
    patient = patients.patient(request.clinic, patient_pk)
    record_view(patient=patient, by=request.user, page="evaluations and results")
    today = _today(request)
    newest, evaluations = queries.newest_results(patient), list(queries.evaluations_of(patient))
    clearances = [
        queries.clearance_state(each.clearance, today) for each in evaluations if each.state == "signed"
    ]
    shown = {
        "patient": patient,
        "today": today,
        "open_evaluations": [
            (each, queries.verdict_of(each, on=today)) for each in evaluations if each.state == "open"
        ],
        "clearances": clearances,
        "tests": [row for row in newest if not row.kind.is_statement],
        "answers": [row for row in newest if row.kind.is_statement],
        "roles": _roles(request, Right.RECORD_RESULTS),
    }
    whole = not request.headers.get("HX-Request")
    return render(request, "evaluation/panel.html" if whole else "evaluation/_panel.html", shown)


@staff(Right.VIEW_PATIENTS)
def results(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """Every result ever recorded, corrected ones too."""
    patient = patients.patient(request.clinic, patient_pk)
    record_view(patient=patient, by=request.user, page="results")
    catalogue = catalogue_of(request.clinic)
    found = (queries.shown(row, catalogue) for row in queries.results_of(patient))
    rows = [row for row in found if row is not None]
    shown = {"patient": patient, "rows": rows, "roles": _roles(request, Right.RECORD_RESULTS)}
    return render(request, "evaluation/results.html", shown)


def _next(request: StaffRequest, patient_pk: int) -> str:
    """Where to go after saving: an address of this site that was asked for, else the results."""
    asked = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure()):
        return asked
    return reverse("evaluation:results", args=[patient_pk])


@staff(Right.VIEW_PATIENTS)
def record(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """Record one result of any kind: first which, then its value."""
    patient = patients.patient(request.clinic, patient_pk)
    roles = _roles(request, Right.RECORD_RESULTS)
    kind = KINDS.get(request.GET.get("kind", ""))
    if not roles or (kind is not None and kind.role not in roles):
        raise PermissionDenied
    if kind is None:
        kinds = [each for each in KINDS.values() if each.role in roles]
        groups = [(label, [k for k in kinds if k.section == code]) for code, label in KINDS.sections]
        shown = {"patient": patient, "groups": [(label, some) for label, some in groups if some]}
        return render(request, "evaluation/kinds.html", shown)
    return _one_result(request, patient, kind, f"Record: {kind.label}")


@staff(Right.VIEW_PATIENTS)
def correct(request: StaffRequest, pk: int) -> HttpResponse:
    """Correct one result: the new value stands, the old one is kept with the reason."""
    found = queries.result(request.clinic, pk)
    kind = KINDS.get(found.kind)
    if kind is None:
        raise Http404
    if kind.role not in _roles(request, Right.RECORD_RESULTS):
        raise PermissionDenied
    if hasattr(found, "score"):
        return redirect("evaluation:correct_score", pk=pk)
    record_view(patient=found.patient, by=request.user, page="one result")
    return _one_result(request, found.patient, kind, f"Correct: {kind.label}", correcting=found)


def _one_result(
    request: StaffRequest, patient: Any, kind: Any, title: str, correcting: Any = None
) -> HttpResponse:
    form = ResultForm(
        request.POST if request.method == "POST" else None,
        kind=kind,
        today=_today(request),
        born=patient.birth_date,
        correcting=correcting is not None,
    )
    if request.method == "POST" and form.is_valid() and form.answer:
        answer = form.answer
        try:
            actions.record_result(
                clinic=request.clinic,
                patient=patient,
                kind=kind.code,
                value=form.typed_value,
                unit=answer.value.entered_unit,
                observed_on=answer.observed_on,
                valid_until=answer.valid_until,
                note=answer.note,
                by=request.user,
                now=timezone.now(),
                supersedes=correcting,
                correction_reason=form.cleaned_data.get("correction_reason", ""),
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"{kind.label} is on record.")
            return redirect(_next(request, patient.pk))
    shown = {"patient": patient, "form": form, "kind": kind, "form_title": title, "correcting": correcting}
    shown["old"] = queries.shown(correcting) if correcting else None
    shown["back"] = _next(request, patient.pk)
    return render(request, "evaluation/result.html", shown, status=422 if form.is_bound else 200)


def _asked(request: StaffRequest) -> dict[str, Any]:
    """The visit a gate is asked for, from the address: its day, the course's start, the disease."""
    days = {name: read_day(request.GET.get(name, "")) for name in ("on", "start")}
    on, start = (day if isinstance(day, date) else None for day in days.values())
    condition = request.GET.get("condition", "")
    return {
        "on": on or _today(request),
        "course_start": start,
        "condition": condition if condition in set(Condition) else "",
    }


@staff(Right.VIEW_PATIENTS)
def check(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """What the gate of one infusion asks for, on one page, to be filled in on the day or before."""
    patient = patients.patient(request.clinic, patient_pk)
    asked = _asked(request)
    form = _checklist(request, patient, Purpose.GATE, asked["condition"])
    if request.method == "POST":
        if not form.writable:
            raise PermissionDenied
        if form.is_valid() and _saved(request, form, patient):
            return redirect(request.get_full_path())
    else:
        record_view(patient=patient, by=request.user, page="check for an infusion")
    judged = queries.gate_for(clinic=request.clinic, patient=patient, today=_today(request), **asked)
    shown = {
        "patient": patient,
        "form": form,
        "verdict": judged,
        "asked": asked,
        "sections": form.sections(judged, queries.records_of(patient)),
    }
    return render(request, "evaluation/check.html", shown, status=422 if form.is_bound else 200)


@require_POST
@staff(Right.VIEW_PATIENTS)
def check_verdict(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """The gate as the form stands, nothing written."""
    patient = patients.patient(request.clinic, patient_pk)
    asked = _asked(request)
    form = _checklist(request, patient, Purpose.GATE, asked["condition"])
    form.is_valid()
    judged = queries.gate_for(
        clinic=request.clinic,
        patient=patient,
        today=_today(request),
        extra=[answer.evidence for answer in form.answers],
        **asked,
    )
    shown = {
        "verdict": judged,
        "asked": asked,
        "sections": form.sections(judged, queries.records_of(patient)),
        "unsaved": len(form.answers),
        "unreadable": len(form.errors),
    }
    return render(request, "evaluation/_live.html", shown)
