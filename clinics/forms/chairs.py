"""Forms of chairs and of the days on which they are out of service."""

from __future__ import annotations

from django import forms

from .fields import day_field
from .text import sound_text

KINDS = [("chair", "Chair"), ("bed", "Bed"), ("isolation", "Isolation room")]


class ChairForm(forms.Form):
    """A chair to be added."""

    name = forms.CharField(
        label="Name",
        max_length=40,
        validators=[sound_text],
        help_text="As it stands on the chair.",
        error_messages={"required": "Give it a name, as it stands on the chair."},
    )
    kind = forms.ChoiceField(
        label="What it is",
        choices=KINDS,
        error_messages={"invalid_choice": "Choose a chair, a bed or an isolation room."},
    )


class ChairChangeForm(ChairForm):
    """A chair to be changed, retired or brought back."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    in_service = forms.BooleanField(
        label="In service",
        required=False,
        help_text="A retired chair takes no visits any more; what happened in it stays on record.",
    )


class OutageForm(forms.Form):
    """Days on which a chair is out of service."""

    first_day = day_field("First day")
    last_day = day_field("Last day", required=False, help_text="Leave empty: until further notice.")
    reason = forms.CharField(
        label="Why", max_length=150, validators=[sound_text], help_text="Colleagues read it."
    )


class BackForm(forms.Form):
    """From which day on a chair is back in service."""

    back_on = day_field("Back in service from")
