"""What patients may do with their visits on their own pages, and how they find the clinic."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from clinics import actions
from clinics.access import StaffRequest, staff
from clinics.actions.portal import LONGEST_DIRECTIONS, MOST_NOTICE_HOURS
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal

from .asked import typed


class PortalForm(forms.Form):
    """Whether patients move an infusion themselves, with how much notice, and the way to the clinic."""

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
    directions = forms.CharField(
        label="How to find the clinic",
        required=False,
        max_length=LONGEST_DIRECTIONS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Where to park, which door, which floor. Patients read it below the address.",
    )
    directions_es = forms.CharField(
        label="The same in Spanish",
        required=False,
        max_length=LONGEST_DIRECTIONS,
        widget=forms.Textarea(attrs={"rows": 3, "lang": "es"}),
        help_text="For whoever reads Spanish. Left empty, they read the words above.",
    )


@staff(Right.MANAGE_CLINIC)
def portal(request: StaffRequest) -> HttpResponse:
    """The rule, and what it never does."""
    clinic = request.clinic
    standing = {
        "seen": actions.portal_mark(clinic),
        "moves": clinic.portal_moves,
        "notice_hours": clinic.portal_notice_hours,
        "directions": clinic.directions,
        "directions_es": clinic.directions_es,
    }
    form = PortalForm(typed(request), initial=standing)
    if form.is_bound and form.is_valid():
        try:
            actions.change_portal(clinic=clinic, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.data = request.POST.copy()
            form.data["seen"] = actions.portal_mark(clinic)
            show_refusal(form, refused)
        else:
            messages.success(request, "The settings of patients' pages are saved.")
            return redirect("setup:portal")
    return render(request, "desk/setup/portal.html", {"form": form}, status=422 if form.is_bound else 200)
