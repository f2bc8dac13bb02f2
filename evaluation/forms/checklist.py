"""The checklist: everything a verdict asks for, as one form to be filled in as far as one can."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.formats import date_format
from django.utils.timezone import localtime

from clinics.domain.text import problem_with_text
from evaluation.domain.answers import Answer
from evaluation.domain.findings import Standing
from evaluation.domain.kinds import KINDS, Kind
from evaluation.domain.requirements import Asked, Requirement
from evaluation.domain.values import problem_with_days
from evaluation.domain.verdict import Finding, Verdict
from evaluation.queries import ResultRow

from .fields import (
    CONTROL,
    LONGEST_NOTE,
    Measure,
    day_widget,
    own_day_field,
    read_day_typed,
    read_typed,
    unit_field,
    value_field,
)


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
    def recorded(self) -> tuple[str, ...]:
        """Who recorded what stands, what was typed where it differs, and any note: each once."""
        lines = []
        for each in self.records:
            by = each.result.recorded_by or "another system"
            typed = f"{each.kind.label} entered as {each.entered}. " if each.entered else ""
            note = f" Note: {each.result.note}" if each.result.note else ""
            at = date_format(localtime(each.result.created_at), "j M Y, H:i")
            lines.append(f"{typed}Recorded by {by}, {at}.{note}")
        return tuple(dict.fromkeys(lines))

    @property
    def is_asked(self) -> bool:
        """Whether the row belongs on the page: asked of everybody, or opened, reported or filled in here."""
        if self.finding is None or self.requirement.asked == Asked.ALWAYS:
            return True
        return self.has_errors or self.finding.standing != Standing.NOT_APPLICABLE

    @property
    def is_single(self) -> bool:
        """True where the row's title says already what its one field asks."""
        return len(self.measures) == 1

    @property
    def open(self) -> bool:
        """Whether the fields stand open: something is left to do, or something typed must be mended."""
        return self.has_errors or (self.finding is not None and self.finding.blocks)

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
            self.fields[name] = value_field(kind, label)
            if len(kind.units) > 1:
                self.fields[f"{name}-unit"] = unit_field(kind)
            if kind.dated:
                self.fields[f"{name}-day"] = own_day_field(kind)
        statement = all(kind.is_statement for kind in kinds)
        self.fields[f"{requirement.code}-on"] = forms.CharField(
            label=requirement.dated,
            required=False,
            initial=self.today.isoformat() if statement else None,
            widget=day_widget(max=self.today.isoformat()),
        )
        if requirement.role == "administrative" and requirement.maximum_age_days is None:
            self.fields[f"{requirement.code}-until"] = forms.CharField(
                label="Valid until, if limited", required=False, widget=day_widget()
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
        on, until = read_day_typed(self, f"{code}-on"), read_day_typed(self, f"{code}-until")
        if on is None and f"{code}-on" not in self.errors:
            self.add_error(f"{code}-on", f"Give the day for: {requirement.label}.")
        values = [(kind, read_typed(self, kind, f"{code}-{kind.code}")) for kind in filled]
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
        (``records`` by their key) and its fields. What nothing has opened or reported is left out.
        """
        rows: dict[str, list[Row]] = {}
        for requirement in self.requirements:
            row = self._row(requirement, verdict, records)
            if row.is_asked:
                rows.setdefault(requirement.section, []).append(row)
        return [Section(code, label, tuple(rows[code])) for code, label in KINDS.sections if code in rows]

    def _row(self, requirement: Requirement, verdict: Verdict, records: Mapping[int, ResultRow]) -> Row:
        finding, code = verdict.finding(requirement.code), requirement.code
        refs = [each.ref for each in finding.evidence] if finding else []
        found = tuple(records[ref] for ref in refs if ref is not None and ref in records)
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
