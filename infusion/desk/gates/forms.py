"""Forms of the gate: what a prescriber opens, what a nurse's call found, why an override is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms

from evaluation.domain.findings import Finding
from evaluation.domain.requirements import DEFAULTS
from patients.forms import Day, Line

LONGEST_REASON = 250
LONGEST_OUTCOME = 500


class OverrideForm(forms.Form):
    """What is opened for one visit, through which day, and why. Only what may be opened is offered."""

    def __init__(
        self, *args: Any, findings: Iterable[Finding], on: date, today: date, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        offered = [finding for finding in findings if not finding.final]
        first = max(on, today)
        last = first + timedelta(days=DEFAULTS.thresholds.days("override_days"))
        self.fields["tokens"] = forms.MultipleChoiceField(
            label="What is opened",
            choices=[(each.token, f"{each.label}: {each.words}") for each in offered],
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "required": "Choose what is to be opened.",
                "invalid_choice": "What stands in the way has changed meanwhile. Look at it again, then decide.",
            },
        )
        self.fields["reason"] = Line(
            label="Why this patient may be infused all the same",
            max_length=LONGEST_REASON,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text="It is shown wherever the gate is shown, and printed on the day sheet.",
        )
        self.fields["expires_on"] = Day(
            label="Stands through",
            initial=first.isoformat(),
            help_text="The visit's own day, unless it may still be moved by a few days.",
            widget=forms.DateInput(
                attrs={"type": "date", "min": first.isoformat(), "max": last.isoformat()}, format="%Y-%m-%d"
            ),
        )

    @property
    def offers(self) -> bool:
        """Whether anything may be opened at all."""
        return bool(self.fields["tokens"].choices)  # type: ignore[attr-defined]


class CallForm(forms.Form):
    """What a nurse's call about a reported infection found."""

    cleared = forms.ChoiceField(
        label="May the patient be treated?",
        choices=[("yes", "Yes, there is no infection now"), ("no", "No, not while it lasts")],
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether the patient may be treated."},
    )
    outcome = Line(
        label="What the call found",
        max_length=LONGEST_OUTCOME,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class WithdrawForm(forms.Form):
    reason = Line(label="Why it is withdrawn", max_length=LONGEST_REASON)
