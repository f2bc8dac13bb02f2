"""Holding what follows in a course, and letting one held window go."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from scheduling import actions, queries
from scheduling.forms import AcceptForm

from .passing import may_pass, warning_page


@require_POST
@staff(Right.BOOK)
def hold(request: StaffRequest, pk: int) -> HttpResponse:
    """Hold the window of everything of a course that is neither booked nor held."""
    course = queries.course(request.clinic, pk)
    back = reverse("scheduling:course", args=[pk])
    try:
        rows = actions.hold_course(
            course=course, by=request.user, now=timezone.now(), accepted=AcceptForm(request.POST).accepted
        )
    except Refused as refused:
        if may_pass(request, refused):
            shown: dict[str, Any] = {
                "course": course,
                "patient": course.patient,
                "anyway": "Hold anyway",
                "not_yet": "Not held yet",
            }
            return warning_page(request, refused, back=back, **shown)
        for reason in refused.reasons:
            messages.error(request, reason.message)
    else:
        messages.success(request, f"Held: {len(rows)} infusion{'' if len(rows) == 1 else 's'}.")
    return redirect(back)


@require_POST
@staff(Right.BOOK)
def release(request: StaffRequest, pk: int) -> HttpResponse:
    """Let one held window go; the infusion stays planned."""
    planned = queries.planned_infusion(request.clinic, pk)
    if planned.held_at is None:
        messages.info(request, f"The window of infusion {planned.ordinal} is not held any more.")
    else:
        actions.release_infusion(planned=planned, by=request.user, now=timezone.now())
        words = f"The window of infusion {planned.ordinal} is free again. The infusion stays planned."
        messages.success(request, words)
    return redirect("scheduling:course", pk=planned.course_id)
