"""The page that lists the requirements in force, with their sources."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right

from .domain.requirements import DEFAULTS
from .forms import in_force, thresholds


@staff(Right.VIEW_PATIENTS)
def requirements(request: StaffRequest) -> HttpResponse:
    """Everything the rules ask for: evidence, age, who records it, what it blocks, and its source."""
    shown = {"sections": in_force(DEFAULTS), "thresholds": thresholds(DEFAULTS)}
    return render(request, "evaluation/requirements.html", shown)
