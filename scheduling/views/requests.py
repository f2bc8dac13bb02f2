"""The page of a patient's request about a visit: what is asked, what can be done, and an answer in words."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients.actions import record_view
from scheduling.actions.answers import accept_request, refuse_request
from scheduling.forms import ReplyForm
from scheduling.queries import answers

from .shown import status_of


@staff(Right.BOOK)
def patient_request(request: StaffRequest, pk: int) -> HttpResponse:
    """One request: do what is asked, find another time, or say that it is not possible."""
    found, now = answers.request_of(request.clinic, pk), timezone.now()
    accepts = request.method == "POST" and "accept" in request.POST
    form = ReplyForm(request.POST if request.method == "POST" and not accepts else None)
    status, refusals = (422 if form.is_bound else 200), []
    try:
        if accepts:
            accept_request(request=found, by=request.user, now=now)
            messages.success(request, "Done as the patient asked.")
            return redirect("desk:worklist")
        if form.is_valid():
            refuse_request(request=found, reply=form.cleaned_data["reply"], by=request.user, now=now)
            messages.success(request, "Answered. The patient is told, and reads it on their pages.")
            return redirect("desk:worklist")
    except Refused as refused:
        status = status_of(refused)
        if accepts:
            refusals = list(refused.reasons)
        else:
            show_refusal(form, refused)
    said = answers.answers_of(found.visit)
    record_view(patient=found.patient, by=request.user, page="request about a visit")
    shown = {
        "asked": found,
        "visit": found.visit,
        "patient": found.patient,
        "planned": found.visit.planned_infusion,
        "is_open": answers.is_open(found),
        "said": [each for each in said if each.pk != found.pk],
        "instead": next((each for each in reversed(said) if each.pk > found.pk), None),
        "refusals": refusals,
        "move_url": _where_to_move(found),
        "form": form,
    }
    return render(request, "scheduling/request.html", shown, status=status)


def _where_to_move(asked: Any) -> str:
    """The page that moves the visit, looking first around the time that is wanted."""
    where = reverse("scheduling:move", args=[asked.visit_id])
    if asked.wanted_at is None:
        return where
    at = asked.wanted_at.astimezone(asked.clinic.zone)
    first = {"start": at.date().isoformat(), "at": f"{at:%H:%M}"}
    if asked.visit.planned_infusion_id is None:
        first = {"day": first["start"], "time": first["at"]}
    return f"{where}?{urlencode(first)}"
