"""The health check before an infusion, as the portal asks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from clinics.domain.text import problem_with_text
from monitoring.actions import LONGEST_OTHER
from monitoring.domain.health_check import CHOICES, OWN_WORDS, Question


class HealthCheckForm(forms.Form):
    """One choice for each question that concerns the patient, and room for anything else."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    other = forms.CharField(
        label=_("Is there anything else we should know?"),
        required=False,
        max_length=LONGEST_OTHER,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
        help_text=_("For example a new medicine, or an operation. Leave it empty if there is nothing."),
    )

    def __init__(self, *args: Any, questions: Sequence[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = tuple(questions)
        for each in self.questions:
            self.fields[each.code] = forms.ChoiceField(
                label=say(each.words),
                choices=[(code, say(words)) for code, words in CHOICES],
                widget=forms.RadioSelect,
                error_messages={
                    "required": _("Choose an answer."),
                    "invalid_choice": _("Choose from the list."),
                },
            )

    @property
    def asked(self) -> list[forms.BoundField]:
        """The questions in their order."""
        return [self[each.code] for each in self.questions]

    def clean_other(self) -> str:
        words: str = self.cleaned_data[OWN_WORDS].strip()
        if problem := problem_with_text(words):
            raise forms.ValidationError(say(problem))
        return words

    @property
    def told(self) -> dict[str, Any]:
        """What the action takes, once the form is valid."""
        typed = self.cleaned_data
        return {
            "key": typed["key"],
            "answers": {each.code: typed[each.code] for each in self.questions},
            "words": typed[OWN_WORDS],
        }
