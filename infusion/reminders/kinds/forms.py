"""The form of a clinic's kinds of messages and its quiet hours. What they may be the action says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, NamedTuple

from django import forms

from clinics.forms.fields import time_field

from .. import sms
from ..domain.kinds import EMAIL, FOR_PATIENTS, SMS, Kind
from ..domain.rules import Quiet, Setting

WAYS = {EMAIL: "Mail", SMS: "Text message"}


class Row(NamedTuple):
    """A kind with those of its fields that it has."""

    kind: Kind
    on: forms.BoundField | None
    days: forms.BoundField | None
    at: forms.BoundField | None
    ways: forms.BoundField | None


class KindsForm(forms.Form):
    """One row a kind, and the quiet hours. A field that offers no choice is left out, and what stands is kept."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    quiet_from = time_field("Quiet from")
    quiet_until = time_field("Quiet until")
    sender_name = forms.CharField(
        label="Mails come from",
        required=False,
        max_length=60,
        help_text="The sender stands in the list of mails, where others may look on: a clinic whose name says what it "
        "treats may want a plainer one. Left empty, it is the clinic's name.",
    )

    def __init__(self, *args: Any, working: Mapping[str, Setting], **more: Any) -> None:
        super().__init__(*args, **more)
        self._working = working
        for kind in FOR_PATIENTS:
            self._add(kind, working[kind.code])

    def _add(self, kind: Kind, stands: Setting) -> None:
        code, fields = kind.code, self.fields
        if kind.is_optional:
            box = forms.CheckboxInput(attrs={"class": "form-check-input"})
            fields[f"{code}_on"] = forms.BooleanField(
                label=f"{kind.title}: is sent", required=False, initial=stands.is_on, widget=box
            )
        if kind.has_days and kind.least_days < kind.most_days:
            bounds = {"min": kind.least_days, "max": kind.most_days, "class": "form-control"}
            fields[f"{code}_days"] = forms.IntegerField(
                label=f"{kind.title}: days before",
                # Empty where the clinic's own list holds several days of the kind: they stay.
                required=stands.days is not None,
                initial=stands.days,
                widget=forms.NumberInput(attrs=bounds),
                error_messages={"required": "Say how many days before.", "invalid": "Write a whole number."},
            )
        if kind.at:
            fields[f"{code}_at"] = time_field(f"{kind.title}: time of day", initial=stands.at)
        offered = [way for way in kind.channels if way != SMS or sms.is_offered()]
        if len(offered) > 1:
            fields[f"{code}_ways"] = forms.MultipleChoiceField(
                label=f"{kind.title}: ways",
                choices=[(way, WAYS[way]) for way in offered],
                initial=stands.channels,
                widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
                error_messages={"required": "Choose one way at least."},
            )

    @property
    def rows(self) -> list[Row]:
        parts = ("on", "days", "at", "ways")
        return [
            Row(kind, *(self[name] if name in self.fields else None for name in _names(kind, parts)))
            for kind in FOR_PATIENTS
        ]

    @property
    def kinds(self) -> dict[str, Setting]:
        """The checked kinds by their codes."""
        return {kind.code: self._setting(kind) for kind in FOR_PATIENTS}

    @property
    def quiet(self) -> Quiet:
        begins: time = self.cleaned_data["quiet_from"]
        return Quiet(begins, self.cleaned_data["quiet_until"])

    def _setting(self, kind: Kind) -> Setting:
        stands, typed = self._working[kind.code], self.cleaned_data
        ways = typed.get(f"{kind.code}_ways", stands.channels)
        return Setting(
            typed.get(f"{kind.code}_on", stands.is_on),
            typed.get(f"{kind.code}_days", stands.days),
            typed.get(f"{kind.code}_at", stands.at),
            tuple(way for way in kind.channels if way in ways),
        )


def _names(kind: Kind, parts: tuple[str, ...]) -> list[str]:
    return [f"{kind.code}_{part}" for part in parts]
