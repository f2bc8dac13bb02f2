"""What a pharmacist types to check a regimen: a start date and a dose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from clinics.domain.refusals import Refusal
from regimens.domain.dates import ProtocolDate
from regimens.domain.definition import MAX_DOSE_MG, Regimen
from regimens.domain.reading import decimal_in
from regimens.queries import preview


class PreviewForm(forms.Form):
    """A first infusion's date and a dose in milligrams; ``dates`` are the protocol dates once it is valid."""

    start = forms.DateField(
        label="First infusion on",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "This is not a date of the calendar. Write it as YYYY-MM-DD."},
    )
    dose_mg = forms.CharField(label="Dose for the rate steps, in mg", max_length=12)

    def __init__(self, *args: Any, regimen: Regimen, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.regimen = regimen
        self.dates: tuple[ProtocolDate, ...] = ()

    def clean_start(self) -> Any:
        """The date, refused where the protocol's dates run outside the calendar."""
        start = self.cleaned_data["start"]
        dates = preview(self.regimen, start)
        if isinstance(dates, Refusal):
            raise forms.ValidationError(dates.message)
        self.dates = dates
        return start

    def clean_dose_mg(self) -> Decimal:
        """The dose as an exact number."""
        dose = decimal_in(self.cleaned_data["dose_mg"], MAX_DOSE_MG)
        if dose is None:
            raise forms.ValidationError(
                f"Write milligrams above 0 and at most {MAX_DOSE_MG}, with at most 3 decimal places."
            )
        return dose
