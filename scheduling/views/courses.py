"""Screens of a course: its panel on the patient's page, its timeline, prescribing, starting later, stopping."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from evaluation.queries import clearance as find_clearance
from patients.actions import record_view
from patients.queries import earlier_infusion_dates
from patients.queries import patient as find_patient
from regimens.queries import off_label_words, regimen_of
from scheduling import actions, queries
from scheduling.forms import PrescribeForm, StartForm, StopForm
from scheduling.queries import waiting

from .shown import today_of


@staff(Right.VIEW_PATIENTS)
def panel(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """A patient's course and visits, for the patient's page; a page of its own without JavaScript."""
    patient, now = find_patient(request.clinic, patient_pk), timezone.now()
    record_view(patient=patient, by=request.user, page="course and visits")
    upcoming = list(queries.upcoming_visits(patient, now))
    verdicts = queries.gates_ahead(request.clinic, upcoming, today=today_of(request))
    course = queries.active_course(patient)
    shown = {
        "patient": patient,
        "course": course,
        "next": queries.next_infusions(course, now=now) if course else [],
        "upcoming": [(visit, verdicts.get(visit.pk)) for visit in upcoming],
        "waits": waiting.entries_of(patient),
        "past": [visit for visit in queries.visits_of(patient)[:12] if visit not in upcoming],
        "clearances": []
        if patient.deceased
        else queries.clearances_to_prescribe(patient, today=today_of(request)),
        "ended": [row for row in queries.courses_of(patient) if row.state != "active"],
    }
    return render(request, f"scheduling/{'_panel' if request.htmx else 'panel'}.html", shown)


@staff(Right.VIEW_PATIENTS)
def course(request: StaffRequest, pk: int) -> HttpResponse:
    """A course's timeline: windows, what moved and why, booked visits and what each still needs."""
    found, now = queries.course(request.clinic, pk), timezone.now()
    record_view(patient=found.patient, by=request.user, page="course")
    plan = queries.read_plan(found)
    first, second = plan.pair_visits
    entries = queries.timeline(plan, now=now)
    prefetch_related_objects([entry.visit for entry in entries if entry.visit], "chair")
    shown = {
        "course": found,
        "patient": found.patient,
        "entries": entries,
        "bookable": found.state == "active" and not found.patient.deceased,
        "pair_open": plan.pair is not None and first is None and second is None,
        "pair_booked": first is not None and second is not None,
        "not_begun": bool(entries) and entries[0].state in ("to_book", "held", "planned", "overdue"),
        "to_hold": queries.left_to_hold(plan, now=now),
        "undoable": queries.undoable(found.patient, now=now),
        "decisions": queries.standing_decisions(found),
        "newer": queries.newer_clearance(found, today=today_of(request)),
        "clearance_stands": queries.clearance_stands(found, today=today_of(request)),
        "today": today_of(request),
        **_beside(request, plan),
    }
    return render(request, "scheduling/course.html", shown)


def _beside(request: StaffRequest, plan: queries.CoursePlan) -> dict[str, Any]:
    """What belongs to the course beside its infusions: the label, the reckoning of its doses, co-therapy, versions."""
    found = plan.course
    instructions = queries.instructions_of(found)
    ended = sum(row.ended_at is not None for row in instructions)
    return {
        "instructions": instructions,
        "ended_instructions": ended,
        "standing_instructions": len(instructions) - ended,
        "regimen": plan.regimen,
        "label": queries.label_of(found),
        "beside": queries.beside(found),
        "newer_version": queries.newer_version(found) if found.state == "active" else None,
        "may_retreat": found.state == "active"
        and queries.retreatment_refusal(plan.regimen, list(plan.planned)) is None,
        "doses": queries.reckoned_doses(plan),
    }


@staff(Right.PRESCRIBE)
def prescribe(request: StaffRequest, pk: int) -> HttpResponse:
    """Prescribe a course from a signed clearance, or go on with one that began before."""
    clearance = find_clearance(request.clinic, pk)
    patient = clearance.patient
    earlier = earlier_infusion_dates(patient)
    form = PrescribeForm(
        request.POST or None,
        earlier=earlier,
        initial={"how": PrescribeForm.NEW, "start_on": today_of(request)},
    )
    if request.method == "POST" and form.is_valid():
        base: dict[str, Any] = {
            "clinic": request.clinic,
            "patient": patient,
            "clearance": clearance,
            "regimen_version": clearance.regimen_version,
            "by": request.user,
            "now": timezone.now(),
        }
        try:
            if form.continues:
                made = actions.continue_course(since=form.cleaned_data["since"] or None, **base)
            else:
                made = actions.prescribe_course(start_on=form.cleaned_data["start_on"], **base)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "The course is prescribed and its infusions are planned.")
            return redirect("scheduling:course", pk=made.pk)
    record_view(patient=patient, by=request.user, page="prescribe course")
    shown = {"form": form, "clearance": clearance, "patient": patient, **_prescribed(request, clearance)}
    return render(request, "scheduling/prescribe.html", shown, status=422 if form.is_bound else 200)


def _prescribed(request: StaffRequest, clearance: Any) -> dict[str, Any]:
    """What would be prescribed: the regimen, what of it is off-label, and its doses for this patient."""
    version = clearance.regimen_version
    return {
        "regimen": regimen_of(version),
        "off_label": off_label_words(request.clinic, version, clearance.evaluation.diagnosis.condition),
        "doses": queries.first_doses(clearance.patient, regimen_of(version)),
    }


@staff(Right.PRESCRIBE)
def start(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a course begin on another day, before its first infusion is booked."""
    found = queries.course(request.clinic, pk)
    form = StartForm(request.POST or None, initial={"start_on": found.start_on})
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_start(
                course=found, start_on=form.cleaned_data["start_on"], by=request.user, now=timezone.now()
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "The course is planned from its new start.")
            return redirect("scheduling:course", pk=pk)
    shown = {"form": form, "course": found, "patient": found.patient, "form_title": "Begin on another day"}
    return render(request, "scheduling/course_form.html", shown, status=422 if form.is_bound else 200)


@staff(Right.PRESCRIBE)
def stop(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop a course with a reason; its booked visits are cancelled with it."""
    found = queries.course(request.clinic, pk)
    form = StopForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.stop_course(
                course=found, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now()
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "The course is stopped.")
            return redirect("scheduling:course", pk=pk)
    shown = {
        "form": form,
        "course": found,
        "patient": found.patient,
        "form_title": "Stop the course",
        "stopping": True,
        "visits": queries.visits_to_come(found),
    }
    return render(request, "scheduling/course_form.html", shown, status=422 if form.is_bound else 200)


@require_POST
@staff(Right.PRESCRIBE)
def renew(request: StaffRequest, pk: int) -> HttpResponse:
    """Let the newest clearance carry the course on."""
    found = queries.course(request.clinic, pk)
    newer = queries.newer_clearance(found, today=today_of(request))
    if newer is None:
        messages.error(request, "There is no newer clearance for this course.")
        return redirect("scheduling:course", pk=pk)
    try:
        actions.renew_clearance(course=found, clearance=newer, by=request.user, now=timezone.now())
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, reason.message)
    else:
        messages.success(request, "The newer clearance carries the course on.")
    return redirect("scheduling:course", pk=pk)
