"""What is typed when an infusion is done in other words than planned."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.domain.text import problem_with_text
from regimens.domain.definition import MAX_DOSE_MG

GRADES = [
    (0, _("None")),
    (1, _("Grade 1: mild, no interruption")),
    (2, _("Grade 2: interrupted, settled promptly")),
    (3, _("Grade 3: prolonged, recurrent or hospital")),
    (4, _("Grade 4: life-threatening")),
]
"""CTCAE grades of an infusion reaction; grade 5 is death, which is recorded with the patient."""


class FinishForm(forms.Form):
    """The dose as given, the product, and a reaction with its CTCAE grade."""

    dose_mg = forms.DecimalField(
        label=_("Dose given (mg)"),
        max_digits=7,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=MAX_DOSE_MG,
    )
    product = forms.CharField(
        label=_("Product"),
        max_length=100,
        required=False,
        help_text=_("Brand or biosimilar, as on the vial."),
    )
    reaction_grade = forms.TypedChoiceField(
        label=_("Infusion reaction"), choices=GRADES, coerce=int, initial=0
    )
    reaction_text = forms.CharField(
        label=_("What was seen"),
        max_length=250,
        required=False,
        help_text=_("Needed where there was a reaction: symptoms, when they began, what was done."),
    )

    def clean_product(self) -> str:
        return self._readable("product")

    def clean_reaction_text(self) -> str:
        return self._readable("reaction_text")

    def _readable(self, name: str) -> str:
        text = self.cleaned_data[name].strip()
        problem = problem_with_text(text)
        if problem:
            raise forms.ValidationError(problem)
        return text

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if (
            typed.get("reaction_grade")
            and not typed.get("reaction_text")
            and "reaction_text" not in self.errors
        ):
            self.add_error("reaction_text", _("Say in a few words what the reaction was."))
        return typed


class UndoForm(forms.Form):
    """Why a step is taken back; without words it was pressed by mistake."""

    reason = forms.CharField(max_length=250, required=False)

    def clean_reason(self) -> str:
        text = self.cleaned_data["reason"].strip()
        problem = problem_with_text(text)
        if problem:
            raise forms.ValidationError(problem)
        return text or "Pressed by mistake."


class DischargeForm(forms.Form):
    """Why a charted patient leaves before the end of observation."""

    early_reason = forms.CharField(
        label=_("Why before the end of observation"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )

    def clean_early_reason(self) -> str:
        text: str = self.cleaned_data["early_reason"].strip()
        problem = problem_with_text(text)
        if problem:
            raise forms.ValidationError(problem)
        return text
