"""What the portal asks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from clinics.domain.text import problem_with_text
from monitoring.actions import HIGHEST, LONGEST_WORDS, LOWEST, OLDEST
from monitoring.domain.triage import SIDE_EFFECTS


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


class UnwellForm(forms.Form):
    """What a patient notices, in plain words. ``told`` is what the action takes, once the form is valid."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    symptoms = forms.MultipleChoiceField(
        label=_("What do you notice?"),
        required=False,
        choices=[(each.code, each.words) for each in SIDE_EFFECTS.symptoms],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("Choose from the list.")},
    )
    since = forms.DateField(
        label=_("Since which day?"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        help_text=_("Leave it empty if you do not know."),
        error_messages={"invalid": _("There is no such day.")},
    )
    temperature = forms.CharField(
        label=_("Your temperature, if you measured it"),
        required=False,
        max_length=8,
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "class": "form-control"}
        ),
    )
    unit = forms.ChoiceField(
        label=_("Measured in"),
        choices=[("C", "°C"), ("F", "°F")],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    words = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=LONGEST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
        help_text=_("What is it like? Did you take anything for it? Who else has seen you?"),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["since"].widget.attrs["max"] = today.isoformat()

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """The boxes under their headings: code, words and whether ticked."""
        ticked = set(self["symptoms"].value() or ())
        return [
            (
                say(words),
                [
                    (each.code, say(each.words), each.code in ticked)
                    for each in SIDE_EFFECTS.symptoms
                    if each.group == group
                ],
            )
            for group, words in SIDE_EFFECTS.groups
        ]

    def clean_since(self) -> date | None:
        since = self.cleaned_data["since"]
        if since is not None and since > self.today:
            raise forms.ValidationError(_("This day has not come yet."))
        if since is not None and since < self.today - OLDEST:
            raise forms.ValidationError(_("This is long ago. Check the year."))
        return since

    def clean_words(self) -> str:
        words = self.cleaned_data["words"].strip()
        if problem := problem_with_text(words):
            raise forms.ValidationError(say(problem))
        return words

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed = str(cleaned.get("temperature") or "").strip().replace(",", ".")
        cleaned["celsius"] = None
        if typed and "unit" in cleaned:
            cleaned["celsius"] = self._celsius(typed, cleaned["unit"])
        told = cleaned.get("symptoms") or cleaned.get("words") or typed
        if not told and not self.errors:
            self.add_error("symptoms", _("Tick what you notice, or write it in your own words."))
        return cleaned

    def _celsius(self, typed: str, unit: str) -> Decimal | None:
        try:
            value = Decimal(typed)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.add_error("temperature", _("Write a number, for example 38.2."))
            return None
        # Far off in either unit: a number with a huge exponent cannot even be converted.
        possible = abs(value) < 1000
        celsius = (value - 32) * 5 / 9 if possible and unit == "F" else value
        if not (possible and LOWEST <= celsius <= HIGHEST):
            self.add_error("temperature", _("This temperature cannot be. Check the number, and °C or °F."))
            return None
        return round(celsius, 1)

    @property
    def told(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {
            "key": typed["key"],
            "symptoms": frozenset(typed["symptoms"]),
            "since": typed["since"],
            "temperature": typed["celsius"],
            "words": typed["words"],
        }
