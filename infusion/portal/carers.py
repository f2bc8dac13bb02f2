"""Who else can see my pages: the patient asks carers to help and removes them. Carers cannot."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.domain.refusals import Refused
from clinics.forms.refusals import show_refusal
from infusion.doors.throttle import too_often
from patients import actions
from patients.queries import carers_gone, carers_of

from .access import PatientRequest, own_page
from .helping import number

GONE_SHOWN = timedelta(days=60)
"""How long the page goes on saying that somebody said no or stopped (product default)."""


class CarerForm(forms.Form):
    """A carer's name and address; what is wrong with them the action says."""

    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=100)
    email = forms.CharField(
        label=gettext_lazy("Mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


@own_page
def carers(request: PatientRequest) -> HttpResponse:
    """The carers as they stand, and a form for one more."""
    now, data = timezone.now(), request.POST if request.method == "POST" else None
    taken = data.get("remove", "") if data is not None else ""
    if taken:
        if actions.remove_carer(patient=request.patient, access_pk=number(taken), by=request.user, now=now):
            messages.success(request, _("Removed. This person can no longer open your pages."))
        else:
            messages.info(request, _("This person had no access any more."))
        return redirect("portal:carers")
    form = CarerForm(data)
    if form.is_valid():
        # Each is a mail to an address of the patient's choice: they do not go out without end.
        if stopped := too_often(request, "invite_carer", user=request.user):
            return stopped
        try:
            actions.give_access(patient=request.patient, by=request.user, now=now, **form.cleaned_data)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(
                request, _("Done. We ask this person by mail. They see nothing until they say yes.")
            )
            return redirect("portal:carers")
    actions.record_view(patient=request.patient, by=request.user, page="portal carers")
    rows = list(carers_of(request.patient))
    shown = {
        "form": form,
        "carers": rows,
        "gone": carers_gone(request.patient, now - GONE_SHOWN),
        "most": actions.MOST_CARERS,
        "full": len(rows) >= actions.MOST_CARERS,
    }
    return render(request, "portal/carers.html", shown, status=422 if form.is_bound else 200)
