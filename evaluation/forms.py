"""Forms of the evaluation room. Values are read by ``evaluation.domain.values``, the same for forms and
imports.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text
from clinics.forms import sound_text

from .domain.answers import Answer
from .domain.kinds import KINDS, Kind
from .domain.requirements import Requirement
from .domain.values import Value, parse_value, problem_with_days, read_day
from .domain.verdict import Finding, Verdict
from .queries import Offer, ResultRow

LONGEST_NOTE = 500
FEW = 3


CONTROL = {"class": "form-control", "autocomplete": "off"}


def _day_widget(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={**CONTROL, "type": "date", **attributes})


def _value_field(kind: Kind, label: str) -> forms.CharField:
    widget: forms.Widget
    named = [(choice.code, choice.label) for choice in kind.choices]
    if kind.is_numeric:
        widget = forms.TextInput(attrs={**CONTROL, "inputmode": "decimal"})
    elif len(named) <= FEW:
        widget = forms.RadioSelect(attrs={"class": "form-check-input"}, choices=named)
    else:
        widget = forms.Select(attrs={"class": "form-select"}, choices=[("", "Choose"), *named])
    return forms.CharField(label=label, required=False, widget=widget, help_text=kind.help)


def _unit_field(kind: Kind) -> forms.CharField:
    units = [(unit.code, unit.label) for unit in kind.units]
    widget = forms.Select(attrs={"class": "form-select"}, choices=units)
    return forms.CharField(label=f"Unit of {kind.label}", required=False, initial=units[0][0], widget=widget)


def _read(form: forms.Form, kind: Kind, name: str) -> Value | None:
    """The value typed for a kind; what is wrong with it is written beside the field it stands in."""
    cleaned = form.cleaned_data
    text = str(cleaned.get(name) or "").strip()
    if text in kind.dated:
        day = _read_day(form, f"{name}-day")
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


def _read_day(form: forms.Form, name: str) -> date | None:
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


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement on a checklist: how it stands, and the fields to answer it with, if this person may."""

    requirement: Requirement
    finding: Finding | None
    records: tuple[ResultRow, ...] = ()
    measures: tuple[Measure, ...] = ()
    on: BoundField | None = None
    until: BoundField | None = None
    note: BoundField | None = None

    @property
    def has_errors(self) -> bool:
        bound = [self.on, self.until, self.note]
        bound += [each for m in self.measures for each in (m.value, m.unit, m.day)]
        return any(each is not None and each.errors for each in bound)


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    label: str
    rows: tuple[Row, ...] = field(default_factory=tuple)


class ChecklistForm(forms.Form):
    """Everything a verdict asks for, to be filled in as far as one can. Empty fields say nothing.

    ``answers`` holds what was filled in and is good, also while other fields are not: the live verdict uses
    it. ``roles`` says what this person may record: clinical, administrative or both.
    """

    def __init__(
        self,
        *args: Any,
        requirements: Iterable[Requirement],
        condition: str,
        roles: Collection[str],
        today: date,
        born: date,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.requirements = tuple(requirements)
        self.condition, self.today, self.born = condition, today, born
        self.answers: list[Answer] = []
        self.writable = [
            each for each in self.requirements if each.role in roles and each.code != "clearance"
        ]
        for requirement in self.writable:
            self._lay_out(requirement)

    def _kinds(self, requirement: Requirement) -> list[Kind]:
        return [KINDS[code] for code in requirement.kinds_for(self.condition)]

    def _lay_out(self, requirement: Requirement) -> None:
        kinds = self._kinds(requirement)
        if not kinds:
            return
        for kind in kinds:
            name = f"{requirement.code}-{kind.code}"
            label = requirement.label if len(kinds) == 1 and not kind.is_numeric else kind.label
            self.fields[name] = _value_field(kind, label)
            if len(kind.units) > 1:
                self.fields[f"{name}-unit"] = _unit_field(kind)
            if kind.dated:
                self.fields[f"{name}-day"] = forms.CharField(
                    label="Which day", required=False, widget=_day_widget()
                )
        statement = all(kind.is_statement for kind in kinds)
        self.fields[f"{requirement.code}-on"] = forms.CharField(
            label=requirement.dated,
            required=False,
            initial=self.today.isoformat() if statement else None,
            widget=_day_widget(max=self.today.isoformat()),
        )
        if requirement.role == "administrative" and requirement.maximum_age_days is None:
            self.fields[f"{requirement.code}-until"] = forms.CharField(
                label="Valid until, if limited", required=False, widget=_day_widget()
            )
        if any(kind.note for kind in kinds):
            self.fields[f"{requirement.code}-note"] = forms.CharField(
                label="Note",
                required=False,
                max_length=LONGEST_NOTE,
                widget=forms.TextInput(attrs=CONTROL),
            )

    def clean(self) -> dict[str, Any]:
        for name, text in list(self.cleaned_data.items()):
            if problem := problem_with_text(str(text or "")):
                self.add_error(name, problem)
        for requirement in self.writable:
            self._answer(requirement)
        return self.cleaned_data

    def _answer(self, requirement: Requirement) -> None:
        code = requirement.code
        filled = [
            k
            for k in self._kinds(requirement)
            if str(self.cleaned_data.get(f"{code}-{k.code}") or "").strip()
        ]
        note = str(self.cleaned_data.get(f"{code}-note") or "").strip()
        if not filled:
            self._nothing_is_lost(requirement, note)
            return
        on, until = _read_day(self, f"{code}-on"), _read_day(self, f"{code}-until")
        if on is None and f"{code}-on" not in self.errors:
            self.add_error(f"{code}-on", "Give the day.")
        values = [(kind, _read(self, kind, f"{code}-{kind.code}")) for kind in filled]
        if until and on and until < on:
            self.add_error(f"{code}-until", "This is before the day it was answered.")
        for kind, value in values:
            if value is None or on is None:
                continue
            if refusal := problem_with_days(value, on, today=self.today, born=self.born):
                own_day = f"{code}-{kind.code}-day"
                self.add_error(own_day if refusal.field == "value" else f"{code}-on", refusal.message)
            elif not any(name in self.errors for name in (f"{code}-until", f"{code}-note")):
                self.answers.append(Answer(value, on, until, note))

    def _nothing_is_lost(self, requirement: Requirement, note: str) -> None:
        """A note, a day or a limit without an answer would be lost silently: it asks for the answer instead."""
        code = requirement.code
        lone = bool(note) or bool(self.cleaned_data.get(f"{code}-until"))
        on = f"{code}-on"
        if on in self.fields and self.fields[on].initial is None:
            lone = lone or bool(str(self.cleaned_data.get(on) or "").strip())
        for kind in self._kinds(requirement):
            lone = lone or bool(self.cleaned_data.get(f"{code}-{kind.code}-day"))
        if lone:
            first = f"{code}-{self._kinds(requirement)[0].code}"
            self.add_error(first, "Give the answer this belongs to, or empty the other fields.")

    def sections(self, verdict: Verdict, records: Mapping[int, ResultRow]) -> list[Section]:
        """The requirements by section in the registry's order, each with its finding, the results it rests on
        (``records`` by their key) and its fields.
        """
        rows: dict[str, list[Row]] = {}
        for requirement in self.requirements:
            rows.setdefault(requirement.section, []).append(self._row(requirement, verdict, records))
        return [Section(code, label, tuple(rows[code])) for code, label in KINDS.sections if code in rows]

    def _row(self, requirement: Requirement, verdict: Verdict, records: Mapping[int, ResultRow]) -> Row:
        finding, code = verdict.finding(requirement.code), requirement.code
        refs = [each.ref for each in finding.evidence] if finding else []
        found = tuple(records[ref] for ref in refs if ref in records)
        if f"{code}-on" not in self.fields:
            return Row(requirement, finding, found)
        measures = []
        for kind in self._kinds(requirement):
            name = f"{code}-{kind.code}"
            measures.append(
                Measure(kind, self[name], self._bound(f"{name}-unit"), self._bound(f"{name}-day"))
            )
        return Row(
            requirement,
            finding,
            found,
            tuple(measures),
            on=self[f"{code}-on"],
            until=self._bound(f"{code}-until"),
            note=self._bound(f"{code}-note"),
        )

    def _bound(self, name: str) -> BoundField | None:
        return self[name] if name in self.fields else None


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
        self.fields["value"] = _value_field(kind, kind.label if kind.is_numeric else "Answer")
        if len(kind.units) > 1:
            self.fields["value-unit"] = _unit_field(kind)
        if kind.dated:
            self.fields["value-day"] = forms.CharField(
                label="Which day", required=False, widget=_day_widget()
            )
        self.fields["observed_on"] = forms.CharField(
            label="Taken, asked or signed on",
            required=False,
            initial=today.isoformat() if kind.is_statement else None,
            widget=_day_widget(max=today.isoformat()),
        )
        if kind.role == "administrative":
            self.fields["valid_until"] = forms.CharField(
                label="Valid until, if limited", required=False, widget=_day_widget()
            )
        self.fields["note"] = forms.CharField(
            label="Note", required=False, max_length=LONGEST_NOTE, validators=[sound_text]
        )
        if correcting:
            self.fields["correction_reason"] = forms.CharField(
                label="Why it is corrected",
                max_length=250,
                validators=[sound_text],
                help_text="The old value is kept and stays readable.",
            )

    def clean(self) -> dict[str, Any]:
        for name in ("value", "value-unit", "value-day", "observed_on", "valid_until"):
            if problem := problem_with_text(str(self.cleaned_data.get(name) or "")):
                self.add_error(name, problem)
        if self.errors.keys() & {"value", "value-unit", "value-day", "observed_on"}:
            return self.cleaned_data
        value = _read(self, self.kind, "value")
        on, until = _read_day(self, "observed_on"), _read_day(self, "valid_until")
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
            widget=_day_widget(max=last.isoformat()),
        )
        for each in self.warnings:
            self.fields[each.code] = forms.BooleanField(
                label=f"I have weighed this: {each.words}",
                error_messages={"required": "Confirm that you have weighed this, or do not sign."},
            )
        self.fields["off_label_reason"] = forms.CharField(
            label="Reason for the off-label use, if you wish to record it",
            required=False,
            max_length=250,
            validators=[sound_text],
        )

    def clean_valid_until(self) -> date:
        read = read_day(self.cleaned_data["valid_until"], "valid_until")
        if isinstance(read, Refusal):
            raise forms.ValidationError(read.message)
        return read

    @property
    def chosen(self) -> Offer:
        return next(o for o in self.offers if str(o.version.pk) == self.cleaned_data["regimen_version"])

    @property
    def acknowledged(self) -> list[str]:
        return [each.code for each in self.warnings if self.cleaned_data.get(each.code)]


class ReasonForm(forms.Form):
    reason = forms.CharField(label="Reason", max_length=250, validators=[sound_text])
