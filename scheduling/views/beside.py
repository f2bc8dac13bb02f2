"""Screens beside a course's infusions: retreatment on demand, a newer version, doses by body surface, co-therapy."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients.actions import record_view
from scheduling import actions, queries
from scheduling.forms import CoTherapyForm, RatesForm, RetreatForm, VersionForm

from .shown import today_of


@staff(Right.PRESCRIBE)
def retreat(request: StaffRequest, pk: int) -> HttpResponse:
    """Start a retreatment on demand: only then are its infusions planned."""
    found = queries.course(request.clinic, pk)
    record_view(patient=found.patient, by=request.user, page="start retreatment")
    what, rows = queries.regimen(found), queries.planned_of(found)
    data = request.POST if request.method == "POST" else None
    form = RetreatForm(data, initial={"start_on": today_of(request)})
    if request.method == "POST" and form.is_valid():
        try:
            actions.start_retreatment(course=found, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "The retreatment is planned. Its infusions can be booked now.")
            return redirect("scheduling:course", pk=pk)
    shown = {
        "form": form,
        "course": found,
        "patient": found.patient,
        "regimen": what,
        "refusal": queries.retreatment_refusal(what, rows),
        "last": max((row.given_on for row in rows if row.given_on), default=None),
    }
    return render(request, "scheduling/retreat.html", shown, status=422 if form.is_bound else 200)


@staff(Right.PRESCRIBE)
def version(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a running course go on by a newer version, after a look at what that changes."""
    found = queries.course(request.clinic, pk)
    record_view(patient=found.patient, by=request.user, page="move course to a newer version")
    newer = queries.newer_version(found)
    form = VersionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and newer is not None and form.is_valid():
        try:
            actions.move_to_version(
                course=found, version=newer, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"The course goes on by {newer}.")
            return redirect("scheduling:course", pk=pk)
    preview = queries.version_preview(found, newer, now=timezone.now()) if newer else []
    shown: dict[str, Any] = {
        "form": form,
        "course": found,
        "patient": found.patient,
        "newer": newer,
        "refusal": preview if isinstance(preview, Refusal) else None,
        "rows": [] if isinstance(preview, Refusal) else preview,
    }
    return render(request, "scheduling/version.html", shown, status=422 if form.is_bound else 200)


@require_POST
@staff(Right.RECORD_HISTORY)
def recompute(request: StaffRequest, pk: int) -> HttpResponse:
    """Reckon the doses by body surface anew from the latest weight and height."""
    found = queries.course(request.clinic, pk)
    try:
        changed = actions.recompute_doses(patient=found.patient, by=request.user, now=timezone.now())
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, reason.message)
    else:
        words = f"{len(changed)} planned doses follow the latest weight and height now."
        messages.success(
            request, words if changed else "The doses are those of the latest weight and height."
        )
    return redirect("scheduling:course", pk=pk)


@staff(Right.PRESCRIBE)
def rates(request: StaffRequest, pk: int) -> HttpResponse:
    """Let one infusion run by an optional rate profile, once everything it asks for is confirmed; or take that back."""
    row = queries.planned_infusion(request.clinic, pk)
    record_view(patient=row.patient, by=request.user, page="rate profile")
    what = queries.regimen(row.course)
    if not what.optional_profiles:
        raise Http404
    profile, usual = what.optional_profiles[0], "usual" in request.POST
    data = request.POST if request.method == "POST" and not usual else None
    form = RatesForm(data, asks=profile.asks)
    if request.method == "POST" and (usual or form.is_valid()):
        code, answers = ("", {}) if usual else (profile.code, form.answers)
        try:
            actions.choose_rate_profile(
                planned=row, code=code, answers=answers, by=request.user, now=timezone.now()
            )
        except Refused as refused:
            for reason in refused.reasons:
                messages.error(request, reason.message)
        else:
            messages.success(request, "The rates are chosen; the visit's length follows from them.")
        return redirect("scheduling:course", pk=row.course_id)
    shown = {"form": form, "planned": row, "course": row.course, "patient": row.patient, "profile": profile}
    return render(request, "scheduling/rates.html", shown, status=422 if form.is_bound else 200)


@staff(Right.RECORD_HISTORY)
def co_therapy(request: StaffRequest, pk: int, code: str) -> HttpResponse:
    """Record whether a medicine of the plan is taken, or why not."""
    found = queries.course(request.clinic, pk)
    record_view(patient=found.patient, by=request.user, page="co-therapy")
    row = next((each for each in queries.beside(found) if each.medicine.code == code), None)
    if row is None:
        raise Http404
    form = CoTherapyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.record_co_therapy(
                course=found, code=code, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"{row.medicine.medicine}: recorded.")
            return redirect("scheduling:course", pk=pk)
    shown = {"form": form, "course": found, "patient": found.patient, "row": row}
    return render(request, "scheduling/co_therapy.html", shown, status=422 if form.is_bound else 200)
