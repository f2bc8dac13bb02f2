"""Days and wall-clock times as settings ask for them, with the browser's own pickers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms


def day_field(label: str, **more: Any) -> forms.DateField:
    """A day, typed or picked."""
    missing = {"required": "Choose a day.", "invalid": "Write the day like 2027-12-24."}
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})
    return forms.DateField(label=label, widget=widget, error_messages=missing, **more)


def time_field(label: str, **more: Any) -> forms.TimeField:
    """A wall-clock time, typed or picked, in steps of five minutes."""
    missing = {"required": "Choose a time.", "invalid": "Write the time like 08:30."}
    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time", "step": 300, "class": "form-control"})
    return forms.TimeField(label=label, widget=widget, error_messages=missing, **more)


def last_typed(typed: Mapping[str, Any]) -> date:
    """The last day of a checked form; left empty it is the first."""
    return typed["last_day"] or typed["first_day"]
