"""The requirements in force, with their sources, and what a clinic sets for itself."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal

from .actions.rules import set_rule
from .domain.tailoring import SETTABLE
from .forms import in_force, thresholds, unit_words
from .forms.rules import RuleForm
from .rule_queries import catalogue_of, history_of


@staff(Right.VIEW_PATIENTS)
def requirements(request: StaffRequest) -> HttpResponse:
    """Everything the rules ask for in this clinic: evidence, age, who records it, what it blocks, and its source."""
    catalogue = catalogue_of(request.clinic)
    shown = {
        "sections": in_force(catalogue),
        "thresholds": thresholds(catalogue),
        "settable": frozenset(SETTABLE),
    }
    return render(request, "evaluation/requirements.html", shown)


@staff(Right.APPROVE_REGIMEN)
def rule(request: StaffRequest, code: str) -> HttpResponse:
    """Set one number for the clinic, with the reason; everything it was set to stays readable."""
    settable = SETTABLE.get(code)
    if settable is None:
        raise Http404
    unit = unit_words(settable.unit)
    form = RuleForm(request.POST if request.method == "POST" else None, settable=settable, unit=unit)
    if request.method == "POST" and form.is_valid():
        try:
            set_rule(
                clinic=request.clinic,
                code=code,
                value=form.chosen,
                reason=form.cleaned_data["reason"],
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"{settable.label}: set for this clinic.")
            return redirect("evaluation:requirements")
    shown = {"form": form, "settable": settable, "unit": unit, "history": history_of(request.clinic, code)}
    return render(request, "evaluation/rule.html", shown, status=422 if form.is_bound else 200)
