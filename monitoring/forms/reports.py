"""What came of a patient's report, and what the patient reads."""

from __future__ import annotations

from typing import Any

from django import forms

from clinics.forms import sound_text
from monitoring.models import ReportStep, SideEffectReport

CLEARED = [
    ("no", "Yes: the next infusion stays on hold until it is cleared"),
    ("yes", "No: it does not stand in the way of an infusion"),
]


class AnswerForm(forms.Form):
    """Closes a report. An infection asks in addition whether it stands in the way of the next infusion."""

    outcome = forms.ChoiceField(
        label="What came of it",
        choices=ReportStep.OUTCOMES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what came of it."},
    )
    cleared = forms.ChoiceField(
        label="Does the infection stand in the way of the next infusion?",
        choices=CLEARED,
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether it stands in the way of the next infusion."},
    )
    answer = forms.CharField(
        label="Answer to the patient",
        max_length=1000,
        validators=[sound_text],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The patient reads this in the portal, word for word.",
    )
    note = forms.CharField(
        label="Note for the team",
        required=False,
        max_length=500,
        validators=[sound_text],
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The patient does not see it.",
    )

    def __init__(self, *args: Any, report: SideEffectReport, **options: Any) -> None:
        super().__init__(*args, **options)
        if not report.is_infection:
            del self.fields["cleared"]

    @property
    def cleared_for_infusion(self) -> bool | None:
        """What was decided about an infection; None where none was reported."""
        typed = self.cleaned_data.get("cleared")
        return None if typed is None else typed == "yes"
