"""One number of the rules, set for a clinic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from clinics.forms import sound_text
from evaluation.domain.tailoring import Settable
from evaluation.domain.values import plain

from .fields import CONTROL


class RuleForm(forms.Form):
    """A number and why; an empty number goes back to the product's own."""

    value = forms.DecimalField(
        required=False, max_digits=8, decimal_places=2, widget=forms.TextInput(attrs=CONTROL)
    )
    reason = forms.CharField(
        label="Why", max_length=250, validators=[sound_text], widget=forms.TextInput(attrs=CONTROL)
    )

    def __init__(self, *args: Any, settable: Settable, unit: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["value"].label = f"{settable.label} ({unit})"
        self.fields[
            "value"
        ].help_text = (
            f"The product's own is {plain(settable.default)} {unit}; leave this empty to go back to it."
        )

    @property
    def chosen(self) -> Decimal | None:
        value: Decimal | None = self.cleaned_data["value"]
        return value
