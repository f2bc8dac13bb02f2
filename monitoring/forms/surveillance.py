"""Why a watch ends or goes on, and what is decided at week 24."""

from __future__ import annotations

from django import forms

from clinics.forms import sound_text
from monitoring.models import FollowUp


class WatchForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=250,
        validators=[sound_text],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example: followed by the family doctor, or: 24 months over, HBV DNA never found.",
    )


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label="Decision",
        choices=FollowUp.DECISIONS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose continue, extend or stop."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=250,
        validators=[sound_text],
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say in a few words why."},
    )
