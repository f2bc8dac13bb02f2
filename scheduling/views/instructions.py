"""Screens of what a patient holds before an infusion: entering, changing and ending it."""

from __future__ import annotations

from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients.actions import record_view
from scheduling import actions, queries
from scheduling.forms import HoldInstructionForm


@staff(Right.PRESCRIBE)
def enter_instruction(request: StaffRequest, pk: int) -> HttpResponse:
    """Enter what the patient does about one medicine around each infusion of the course."""
    return _page(request, pk)


@staff(Right.PRESCRIBE)
def change_instruction(request: StaffRequest, pk: int) -> HttpResponse:
    """Put a new instruction in the place of one that stands."""
    found = queries.hold_instruction(request.clinic, pk)
    return _page(request, found.course_id, replacing=found.pk)


def _page(request: StaffRequest, course_pk: int, *, replacing: int | None = None) -> HttpResponse:
    course = queries.course(request.clinic, course_pk)
    replaces = queries.hold_instruction(request.clinic, replacing) if replacing else None
    names = ("medicine", "words", "days_before", "days_after")
    initial = {name: getattr(replaces, name) for name in names} if replaces else {}
    form = HoldInstructionForm(
        request.POST if request.method == "POST" else None, initial={**initial, "key": uuid4()}
    )
    if form.is_valid():
        try:
            actions.enter_hold_instruction(
                course=course, replaces=replaces, by=request.user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "Entered. The patient reads it in the portal and in the reminder.")
            return redirect("scheduling:course", pk=course.pk)
    record_view(patient=course.patient, by=request.user, page="hold instruction")
    shown = {"form": form, "course": course, "patient": course.patient, "replaces": replaces}
    return render(request, "scheduling/instruction.html", shown, status=422 if form.is_bound else 200)


@require_POST
@staff(Right.PRESCRIBE)
def end_instruction(request: StaffRequest, pk: int) -> HttpResponse:
    """End an instruction: the patient is asked for it no more."""
    found = queries.hold_instruction(request.clinic, pk)
    try:
        actions.end_hold_instruction(instruction=found, by=request.user, now=timezone.now())
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, reason.message)
    else:
        messages.success(request, "Ended. It stays in the history.")
    return redirect("scheduling:course", pk=found.course_id)
