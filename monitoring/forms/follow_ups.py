"""When a follow-up is to be, and with whom; what came of one that needs no visit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.domain.calendar import local_instant
from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text
from clinics.models import Clinic
from monitoring.queries import clinicians

FIRST_YEAR, LAST_YEAR = 1990, 2100
LENGTHS = [(minutes, _("%d minutes") % minutes) for minutes in (15, 30, 45, 60)]


class BookForm(forms.Form):
    """A date and a wall-clock time of the clinic; ``starts_at`` is the instant once the form is valid."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    time = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.TypedChoiceField(label=_("Length"), choices=LENGTHS, coerce=int, initial=30)
    nurse = forms.TypedChoiceField(label=_("With"), coerce=int, required=False, empty_value=None)

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clinic = clinic
        self.starts_at: datetime | None = None
        people = [
            (member.pk, f"{member.user} ({member.get_role_display().lower()})")
            for member in clinicians(clinic)
        ]
        chosen = self.fields["nurse"]
        assert isinstance(chosen, forms.TypedChoiceField)
        chosen.choices = [("", _("Whoever is there")), *people]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        day, at = typed.get("day"), typed.get("time")
        if day is None or at is None:
            return typed
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.add_error("day", _("This day is far out of reach. Check the year."))
            return typed
        instant = local_instant(day, at, self.clinic.zone)
        if isinstance(instant, Refusal):
            self.add_error(instant.field or None, instant.message)
        else:
            self.starts_at = instant
        return typed


class CloseForm(forms.Form):
    """What came of a follow-up without a visit here."""

    outcome = forms.CharField(
        label=_("What came of it"),
        max_length=250,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For example: bloods taken by the family doctor, results on record."),
    )

    def clean_outcome(self) -> str:
        text = self.cleaned_data["outcome"].strip()
        problem = problem_with_text(text)
        if problem:
            raise forms.ValidationError(problem)
        return text
