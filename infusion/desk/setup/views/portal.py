"""What patients may do with their visits on their own pages."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from clinics import actions
from clinics.access import StaffRequest, staff
from clinics.actions.portal import MOST_NOTICE_HOURS
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal

from .asked import typed


class PortalForm(forms.Form):
    """Whether patients move an infusion themselves, and with how much notice."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=40)
    moves = forms.ChoiceField(
        label="When a patient cannot come, or wants another time",
        choices=[
            ("ask", "The patient asks, and staff decide"),
            ("book", "The patient moves or gives up the visit, where no rule is in the way"),
        ],
        widget=forms.RadioSelect,
    )
    notice_hours = forms.IntegerField(
        label="Notice a patient must give, in hours",
        min_value=0,
        max_value=MOST_NOTICE_HOURS,
        help_text="Nearer to the visit than this, staff decide in any case. Product default, unverified.",
    )


@staff(Right.MANAGE_CLINIC)
def portal(request: StaffRequest) -> HttpResponse:
    """The rule, and what it never does."""
    clinic = request.clinic
    standing = {
        "seen": actions.portal_mark(clinic),
        "moves": clinic.portal_moves,
        "notice_hours": clinic.portal_notice_hours,
    }
    form = PortalForm(typed(request), initial=standing)
    if form.is_bound and form.is_valid():
        try:
            actions.change_portal_rule(clinic=clinic, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.data = request.POST.copy()
            form.data["seen"] = actions.portal_mark(clinic)
            show_refusal(form, refused)
        else:
            messages.success(request, "The rule for patients' pages is saved.")
            return redirect("setup:portal")
    return render(request, "desk/setup/portal.html", {"form": form}, status=422 if form.is_bound else 200)
