"""Screens of one visit: what it is and was, and cancelling it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients.actions import record_view
from scheduling import actions, queries
from scheduling.actions.visits import CANCELLED_BEFORE
from scheduling.domain.status import MOVABLE
from scheduling.forms import CancelForm
from scheduling.queries import waiting
from scheduling.queries.answers import answers_of

from .shown import status_of, today_of


@staff(Right.VIEW_PATIENTS)
def visit(request: StaffRequest, pk: int) -> HttpResponse:
    """A visit with what is still needed for it and its whole history: who moved it, when and why."""
    found = queries.visit(request.clinic, pk)
    record_view(patient=found.patient, by=request.user, page="visit")
    today = today_of(request)
    verdict = queries.gates_ahead(request.clinic, [found], today=today).get(found.pk)
    shown = {
        "visit": found,
        "patient": found.patient,
        "planned": found.planned_infusion,
        "minutes": sum(phase.minutes for phase in queries.phases_of(found)),
        "phases": [(phase.name.replace("_", " "), phase.minutes) for phase in queries.phases_of(found)],
        "needs": queries.needs_of(verdict, today) if verdict else None,
        "versions": queries.versions_of(found),
        "takeovers": queries.takeovers(request.clinic, [found]).get(found.pk, ()),
        "undoable": queries.undoable(found.patient, now=timezone.now()),
        "breaches": queries.breaches_of(found),
        "waits": waiting.entry_for(found.planned_infusion),
        "answers": answers_of(found),
        "movable": found.status in MOVABLE and not found.patient.deceased,
        "cancellable": found.status in (*MOVABLE, "arrived"),
    }
    return render(request, "scheduling/visit.html", shown)


@staff(Right.BOOK)
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Cancel a visit with a reason; day 15 of a pair goes with day 1 where that is asked for."""
    found = queries.visit(request.clinic, pk)
    partner = queries.partner_of(found)
    words, status = "", 422 if request.method == "POST" else 200
    if partner is not None and partner.planned_infusion is not None:
        at = partner.starts_at.astimezone(request.clinic.zone)
        words = f"infusion {partner.planned_infusion.ordinal} on {at.day} {at:%B %Y}"
    form = CancelForm(
        request.POST if request.method == "POST" else None,
        other=words,
        initial={"version": found.version, "both": True},
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            actions.cancel_visit(
                visit=found,
                reason=typed["reason"],
                version=typed["version"],
                also=[partner] if partner is not None and typed.get("both") else [],
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            if CANCELLED_BEFORE in refused.codes:
                messages.warning(request, refused.reasons[0].message)
                return redirect("scheduling:visit", pk=pk)
            # The page now shows the visit as it stands, so the next press decides about that.
            form.data = request.POST.copy()
            form.data["version"] = str(found.version)
            show_refusal(form, refused)
            status = status_of(refused)
        else:
            messages.success(request, "Cancelled. The time is free again.")
            return redirect("scheduling:visit", pk=pk)
    record_view(patient=found.patient, by=request.user, page="cancel visit")
    shown = {"visit": found, "patient": found.patient, "form": form}
    return render(request, "scheduling/cancel.html", shown, status=status)
