"""The fields of one kind of evidence, and reading what was typed into them, for every form of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django import forms
from django.forms.boundfield import BoundField

from clinics.domain.refusals import Refusal
from evaluation.domain.kinds import Kind
from evaluation.domain.values import Value, parse_value, read_day

LONGEST_NOTE = 500
FEW = 3


CONTROL = {"class": "form-control", "autocomplete": "off"}


def day_widget(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={**CONTROL, "type": "date", **attributes})


def value_field(kind: Kind, label: str) -> forms.CharField:
    widget: forms.Widget
    named = [(choice.code, choice.label) for choice in kind.choices]
    if kind.is_numeric:
        widget = forms.TextInput(attrs={**CONTROL, "inputmode": "decimal"})
    elif len(named) <= FEW:
        widget = forms.RadioSelect(attrs={"class": "form-check-input"}, choices=named)
    else:
        widget = forms.Select(attrs={"class": "form-select"}, choices=[("", "Choose"), *named])
    return forms.CharField(label=label, required=False, widget=widget, help_text=kind.help)


def unit_field(kind: Kind) -> forms.CharField:
    units = [(unit.code, unit.label) for unit in kind.units]
    widget = forms.Select(attrs={"class": "form-select"}, choices=units)
    return forms.CharField(label=f"Unit of {kind.label}", required=False, initial=units[0][0], widget=widget)


def own_day_field(kind: Kind) -> forms.CharField:
    label = kind.own_day or next(choice.label for choice in kind.choices if choice.code in kind.dated)
    return forms.CharField(label=label.removesuffix(" …"), required=False, widget=day_widget())


def read_typed(form: forms.Form, kind: Kind, name: str) -> Value | None:
    """The value typed for a kind; what is wrong with it is written beside the field it stands in."""
    cleaned = form.cleaned_data
    text = str(cleaned.get(name) or "").strip()
    if text in kind.dated:
        day = read_day_typed(form, f"{name}-day")
        if day is None:
            if f"{name}-day" not in form.errors:
                form.add_error(f"{name}-day", "Give the day as well.")
            return None
        text = f"{text} {day.isoformat()}"
    elif cleaned.get(f"{name}-day"):
        form.add_error(f"{name}-day", "This day does not belong to the answer chosen. Empty it.")
        return None
    unit = str(cleaned.get(f"{name}-unit") or "") or (kind.unit.code if kind.unit else "")
    read = parse_value(kind, text, unit)
    if isinstance(read, Value):
        return read
    beside = f"{name}-unit" if read.field == "unit" and f"{name}-unit" in form.fields else name
    form.add_error(beside, read.message)
    return None


def read_day_typed(form: forms.Form, name: str) -> date | None:
    text = str(form.cleaned_data.get(name) or "").strip()
    if not text:
        return None
    read = read_day(text, name)
    if isinstance(read, Refusal):
        form.add_error(name, read.message)
        return None
    return read


@dataclass(frozen=True, slots=True)
class Measure:
    """The fields of one kind on a checklist: the value, and its unit or its own day where it has one."""

    kind: Kind
    value: BoundField
    unit: BoundField | None
    day: BoundField | None
