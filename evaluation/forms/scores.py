"""One disease score: a field for each component, the day, a note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from clinics.domain.text import problem_with_text
from clinics.forms import sound_text
from evaluation.domain.kinds import KINDS
from evaluation.domain.scores import Component, Score
from evaluation.domain.scoring import Calculated, calculate
from evaluation.domain.values import plain, problem_with_days

from .fields import CONTROL, LONGEST_NOTE, day_widget, read_day_typed


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that stand together; ticks by what they add."""

    legend: str
    fields: tuple[BoundField, ...]
    ticks: bool = False


class ScoreForm(forms.Form):
    """A score as it is entered. ``outcome`` holds what comes of it, ``observed_on`` its day, once it is valid."""

    def __init__(
        self, *args: Any, score: Score, today: date, born: date, correcting: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.score, self.today, self.born = score, today, born
        self.outcome: Calculated | None = None
        self.observed_on: date | None = None
        for component in score.components:
            self.fields[component.code] = _field(component)
            unit = f"unit-{component.of_kind}"
            if component.of_kind and unit not in self.fields:
                kind = KINDS[component.of_kind]
                units = [(each.code, each.label) for each in kind.units]
                self.fields[unit] = forms.ChoiceField(
                    label=f"Unit of {kind.label.lower()}", required=False, choices=units
                )
        self.fields["observed_on"] = forms.CharField(
            label="Scored on",
            required=False,
            initial=today.isoformat(),
            widget=day_widget(max=today.isoformat()),
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
                help_text="The old score and what it was calculated from are kept and stay readable.",
            )

    @property
    def given(self) -> dict[str, str]:
        """What was entered so far, as the domain reads it; also where the form is not valid."""
        return {each.code: self._text(each) for each in self.score.components}

    def _text(self, component: Component) -> str:
        raw = self.data.get(self.add_prefix(component.code), "")
        if component.shape == "tick":
            return "yes" if raw else ""
        unit = self.data.get(self.add_prefix(f"unit-{component.of_kind}"), "") if component.of_kind else ""
        return f"{raw.strip()} {unit}".strip() if raw.strip() else ""

    def clean(self) -> dict[str, Any]:
        if problem := problem_with_text(str(self.data.get(self.add_prefix("observed_on"), ""))):
            self.add_error("observed_on", problem)
        found = calculate(self.score, self.given)
        for refusal in found if isinstance(found, tuple) else ():
            if refusal.field not in self.errors:
                self.add_error(refusal.field, refusal.message)
        on = read_day_typed(self, "observed_on")
        if on is None and "observed_on" not in self.errors:
            self.add_error("observed_on", "Give the day.")
        if isinstance(found, Calculated) and on is not None:
            if wrong := problem_with_days(found.value, on, today=self.today, born=self.born):
                self.add_error("observed_on", wrong.message)
            elif not self.errors:
                self.outcome, self.observed_on = found, on
        return self.cleaned_data

    @property
    def groups(self) -> list[Group]:
        """The fields as the page shows them: ticks by weight, the highest first; everything else together."""
        ticks = [each for each in self.score.components if each.shape == "tick"]
        plain_ones = [name for name in self.fields if name not in {each.code for each in ticks}]
        last = {"observed_on", "note", "correction_reason"}
        found = []
        if first := [self[name] for name in plain_ones if name not in last]:
            found.append(Group("", tuple(first)))
        for weight in sorted({each.weight for each in ticks}, reverse=True):
            words = f"{plain(weight)} {'point' if weight == 1 else 'points'} each"
            same = tuple(self[each.code] for each in ticks if each.weight == weight)
            found.append(Group(words, same, ticks=True))
        return [*found, Group("", tuple(self[name] for name in plain_ones if name in last))]


def _field(component: Component) -> forms.Field:
    label = f"{component.label} ({component.unit})" if component.unit else component.label
    if component.shape == "tick":
        return forms.BooleanField(label=label, required=False, help_text=component.help)
    if component.shape == "choice":
        return forms.ChoiceField(
            label=label,
            required=False,
            choices=component.choices,
            widget=forms.RadioSelect,
            help_text=component.help,
        )
    return forms.CharField(
        label=label,
        required=False,
        help_text=component.help,
        widget=forms.TextInput(
            attrs={**CONTROL, "inputmode": "numeric" if component.shape == "count" else "decimal"}
        ),
    )


def as_entered(score: Score, entered: dict[str, str]) -> dict[str, str]:
    """What was entered before, as the first content of the form that corrects it."""
    first = dict(entered)
    for component in score.components:
        if component.of_kind and component.code in entered:
            unit = KINDS[component.of_kind].unit
            first[f"unit-{component.of_kind}"] = unit.code if unit else ""
    return first
