"""One result, one signature, one reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text
from clinics.forms import sound_text
from evaluation.domain.answers import Answer
from evaluation.domain.kinds import Kind
from evaluation.domain.values import problem_with_days, read_day
from evaluation.domain.verdict import Finding
from evaluation.queries import Offer

from .fields import (
    CONTROL,
    LONGEST_NOTE,
    Measure,
    day_widget,
    read_day_typed,
    read_typed,
    unit_field,
    value_field,
)


class ResultForm(forms.Form):
    """One result of one kind: recorded, or corrected with a reason. ``answer`` holds it once the form is
    valid.
    """

    def __init__(
        self, *args: Any, kind: Kind, today: date, born: date, correcting: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.kind, self.today, self.born = kind, today, born
        self.answer: Answer | None = None
        self.fields["value"] = value_field(kind, kind.label if kind.is_numeric else "Answer")
        if len(kind.units) > 1:
            self.fields["value-unit"] = unit_field(kind)
        if kind.dated:
            self.fields["value-day"] = forms.CharField(label="Which day", required=False, widget=day_widget())
        self.fields["observed_on"] = forms.CharField(
            label=kind.day_label or "Taken, asked or signed on",
            required=False,
            initial=today.isoformat() if kind.is_statement and not kind.day_label else None,
            widget=day_widget(max=today.isoformat()),
        )
        if kind.role == "administrative":
            self.fields["valid_until"] = forms.CharField(
                label="Valid until, if limited", required=False, widget=day_widget()
            )
        self.fields["note"] = forms.CharField(
            label="Note",
            required=False,
            max_length=LONGEST_NOTE,
            validators=[sound_text],
            widget=forms.TextInput(attrs=CONTROL),
        )
        if correcting:
            self.fields["correction_reason"] = forms.CharField(
                label="Why it is corrected",
                max_length=250,
                validators=[sound_text],
                widget=forms.TextInput(attrs=CONTROL),
                help_text="The old value is kept and stays readable.",
            )

    def clean(self) -> dict[str, Any]:
        for name in ("value", "value-unit", "value-day", "observed_on", "valid_until"):
            if problem := problem_with_text(str(self.cleaned_data.get(name) or "")):
                self.add_error(name, problem)
        if self.errors.keys() & {"value", "value-unit", "value-day", "observed_on"}:
            return self.cleaned_data
        value = read_typed(self, self.kind, "value")
        on, until = read_day_typed(self, "observed_on"), read_day_typed(self, "valid_until")
        if on is None and "observed_on" not in self.errors:
            self.add_error("observed_on", "Give the day.")
        if until and on and until < on:
            self.add_error("valid_until", "This is before the day it was recorded.")
        if value is None or on is None:
            return self.cleaned_data
        if refusal := problem_with_days(value, on, today=self.today, born=self.born):
            self.add_error("value-day" if refusal.field == "value" else "observed_on", refusal.message)
        else:
            self.answer = Answer(value, on, until, str(self.cleaned_data.get("note") or ""))
        return self.cleaned_data

    @property
    def measure(self) -> Measure:
        unit, day = (self[name] if name in self.fields else None for name in ("value-unit", "value-day"))
        return Measure(self.kind, self["value"], unit, day)

    @property
    def typed_value(self) -> str:
        """The value as it is read again when it is recorded: a choice with its day, a number as typed."""
        if self.answer is None:
            return ""
        return self.answer.value.entered if self.kind.is_numeric else self.answer.value.text


class SignForm(forms.Form):
    """What a prescriber puts a name to: a regimen, how long it stands, and each warning weighed."""

    def __init__(
        self, *args: Any, offers: Iterable[Offer], warnings: Iterable[Finding], last: date, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.offers, self.warnings = list(offers), list(warnings)
        self.fields["regimen_version"] = forms.ChoiceField(
            label="Regimen",
            choices=[(str(offer.version.pk), str(offer.version)) for offer in self.offers],
            widget=forms.RadioSelect,
            initial=str(self.offers[0].version.pk) if self.offers else None,
            error_messages={
                "required": "Choose a regimen.",
                "invalid_choice": "Choose one of these regimens.",
            },
        )
        self.fields["valid_until"] = forms.CharField(
            label="The clearance stands until",
            initial=last.isoformat(),
            widget=day_widget(max=last.isoformat()),
        )
        for each in self.warnings:
            self.fields[each.code] = forms.BooleanField(
                label=f"I have weighed this: {each.words}",
                error_messages={"required": "Confirm that you have weighed this, or do not sign."},
            )
        self.fields["off_label_reason"] = forms.CharField(
            label="Why the off-label use is chosen",
            help_text="Needed where the use or the schedule is not on the label of the clinic's country.",
            required=False,
            max_length=250,
            validators=[sound_text],
        )

    def clean_valid_until(self) -> date:
        read = read_day(self.cleaned_data["valid_until"], "valid_until")
        if isinstance(read, Refusal):
            raise forms.ValidationError(read.message)
        return read

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (
            "regimen_version" in cleaned
            and self.chosen.off_label
            and "off_label_reason" not in self.errors
            and not cleaned.get("off_label_reason", "").strip()
        ):
            self.add_error("off_label_reason", "Say in a few words why the off-label use is chosen.")
        return cleaned

    @property
    def chosen(self) -> Offer:
        return next(o for o in self.offers if str(o.version.pk) == self.cleaned_data["regimen_version"])

    @property
    def acknowledged(self) -> list[str]:
        return [each.code for each in self.warnings if self.cleaned_data.get(each.code)]


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=250, validators=[sound_text])
