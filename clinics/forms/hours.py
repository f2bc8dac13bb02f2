"""Forms of when a clinic is open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any, NamedTuple

from django import forms

from clinics.domain.spans import WEEKDAYS

from .fields import day_field, last_typed, time_field
from .text import sound_text


class WeekdayFields(NamedTuple):
    name: str
    opens: forms.BoundField
    closes: forms.BoundField


class HoursForm(forms.Form):
    """The opening hours of a week; a day without times is closed."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for number, name in enumerate(WEEKDAYS):
            self.fields[f"opens_{number}"] = time_field(f"{name}: opens", required=False)
            self.fields[f"closes_{number}"] = time_field(f"{name}: closes", required=False)

    @staticmethod
    def initial_of(hours: Mapping[int, tuple[time, time]], seen: str) -> dict[str, Any]:
        """What the form shows of a week."""
        shown: dict[str, Any] = {"seen": seen}
        for number, (opens, closes) in hours.items():
            shown |= {f"opens_{number}": opens, f"closes_{number}": closes}
        return shown

    @property
    def week(self) -> list[WeekdayFields]:
        return [
            WeekdayFields(name, self[f"opens_{number}"], self[f"closes_{number}"])
            for number, name in enumerate(WEEKDAYS)
        ]

    @property
    def hours(self) -> dict[int, tuple[time | None, time | None]]:
        """The checked times by weekday."""
        typed = self.cleaned_data
        return {n: (typed.get(f"opens_{n}"), typed.get(f"closes_{n}")) for n in range(7)}


class ClosureForm(forms.Form):
    """Days on which the clinic is shut."""

    first_day = day_field("First day")
    last_day = day_field("Last day", required=False, help_text="Leave empty for a single day.")
    since = time_field(
        "From what time on", required=False, help_text="Only where it is open until then. Empty: all day."
    )
    reason = forms.CharField(
        label="Why", max_length=150, validators=[sound_text], help_text="Colleagues read it on the board."
    )

    @property
    def until(self) -> date:
        return last_typed(self.cleaned_data)


class HolidaysForm(forms.Form):
    """Whose public holidays close the clinic."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    country = forms.ChoiceField(
        label="Country", required=False, error_messages={"invalid_choice": "Choose one of the countries."}
    )
    region = forms.ChoiceField(
        label="Region",
        required=False,
        error_messages={"invalid_choice": "This is not a region of that country. Choose again."},
    )

    def __init__(
        self, *args: Any, countries: Mapping[str, str], regions: Mapping[str, str], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        country, region = self.fields["country"], self.fields["region"]
        assert isinstance(country, forms.ChoiceField)
        assert isinstance(region, forms.ChoiceField)
        country.choices = [("", "None: public holidays do not close the clinic"), *countries.items()]
        region.choices = [("", "Those of the whole country only"), *regions.items()]

    @property
    def chosen(self) -> tuple[str, str]:
        """The country and region that are shown, as far as they exist."""
        self.is_valid()
        return self.cleaned_data.get("country", ""), self.cleaned_data.get("region", "")
