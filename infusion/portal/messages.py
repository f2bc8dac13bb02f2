"""My messages: which of them I want, and what was sent to me."""

from __future__ import annotations

from django.contrib import messages as said
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.domain.refusals import Refused
from clinics.forms.refusals import show_refusal
from infusion.reminders import queries as reminders
from infusion.reminders.wishes.forms import MessageWishesForm
from infusion.reminders.wishes.words import plain
from patients import actions

from .access import PatientRequest, own_page


@own_page
def messages(request: PatientRequest) -> HttpResponse:
    """The wishes as they stand, to be changed; below them what was sent, newest first."""
    patient = request.patient
    standing = reminders.message_wishes(patient)
    form = MessageWishesForm(
        request.POST if request.method == "POST" else None, patient=patient, wishes=standing
    )
    if form.is_bound and form.is_valid():
        try:
            actions.set_message_wishes(patient=patient, by=request.user, now=timezone.now(), **form.wishes)
        except Refused as refused:
            show_refusal(form, refused)
            if "stale" in refused.codes:
                form.show_as_it_stands(patient, standing)
        else:
            said.success(request, _("Saved. This is how we write to you from now on."))
            return redirect("portal:messages")
    actions.record_view(patient=patient, by=request.user, page="portal messages")
    rows = [(plain(row.kind), row) for row in reminders.sent_to(patient)]
    shown = {"form": form, "rows": rows}
    return render(request, "portal/messages.html", shown, status=422 if form.errors else 200)
