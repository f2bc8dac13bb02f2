"""What the portal asks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class BirthDateForm(forms.Form):
    """The birth date in three small fields: no date picker to scroll through sixty years on a phone."""

    day = forms.IntegerField(label=_("Day"), min_value=1, max_value=31)
    month = forms.IntegerField(label=_("Month"), min_value=1, max_value=12)
    year = forms.IntegerField(label=_("Year"), min_value=1900, max_value=2100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, longest in (("day", 2), ("month", 2), ("year", 4)):
            self.fields[name].widget = forms.TextInput(
                attrs={"inputmode": "numeric", "maxlength": longest, "autocomplete": f"bday-{name}"}
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                cleaned["birth_date"] = date(cleaned["year"], cleaned["month"], cleaned["day"])
            except ValueError:
                self.add_error("day", _("This day does not exist in that month."))
        return cleaned
