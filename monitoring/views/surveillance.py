"""Ending a laboratory watch, opening it again, and the rules with their sources."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from evaluation.forms import unit_words
from evaluation.rule_queries import catalogue_of
from monitoring import actions, queries
from monitoring.domain.follow_up import FOLLOW_UP_RULES
from monitoring.domain.surveillance import CHECKS, INFORMATION, check_named
from monitoring.domain.triage import SHOWN, SIDE_EFFECTS
from monitoring.forms import WatchForm
from patients.actions import record_view
from patients.queries import patient as patient_of


@staff(Right.RECORD_RESULTS)
def close_watch(request: StaffRequest, patient_pk: int, rule: str) -> HttpResponse:
    """End a check for a patient, with a reason."""
    return _watch(request, patient_pk, rule, closing=True)


@staff(Right.RECORD_RESULTS)
def reopen_watch(request: StaffRequest, patient_pk: int, rule: str) -> HttpResponse:
    """Open a check again that was closed."""
    return _watch(request, patient_pk, rule, closing=False)


def _watch(request: StaffRequest, patient_pk: int, rule: str, *, closing: bool) -> HttpResponse:
    patient, named, now = patient_of(request.clinic, patient_pk), check_named(rule), timezone.now()
    if named is None:
        raise Http404
    form = WatchForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        act = actions.close_watch if closing else actions.reopen_watch
        try:
            act(patient=patient, rule=rule, reason=form.cleaned_data["reason"], by=request.user, now=now)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            done = "Closed" if closing else "Open again"
            messages.success(request, f"{done}: {named.title} of {patient}.")
            return redirect("patients:detail", pk=patient.pk)
    record_view(patient=patient, by=request.user, page="laboratory watch")
    rows = queries.checks_of(patient, today=local_date(now, request.clinic.zone))
    shown = {
        "patient": patient,
        "rule": named,
        "row": next((each for each in rows if each.check.rule.code == rule), None),
        "form": form,
        "closing": closing,
    }
    return render(request, "monitoring/watch.html", shown, status=422 if form.is_bound else 200)


@staff(Right.VIEW_PATIENTS)
def rules(request: StaffRequest) -> HttpResponse:
    """What is asked for after an infusion and how reports are sorted, each rule with its source."""
    named = {each.code: each.words for each in SIDE_EFFECTS.symptoms}
    low = catalogue_of(request.clinic).thresholds.neutrophils_hold
    shown = {
        "visits": FOLLOW_UP_RULES,
        "checks": CHECKS,
        "information": INFORMATION,
        "triage": [
            (rule, SHOWN[rule.urgency], [words for code, words in named.items() if code in rule.symptoms])
            for rule in SIDE_EFFECTS.rules
        ],
        "settings": [*SIDE_EFFECTS.settings, replace(low, unit=unit_words(low.unit))],
    }
    return render(request, "monitoring/rules.html", shown)
