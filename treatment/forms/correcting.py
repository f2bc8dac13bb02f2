"""Correcting an entry of the chart: the entry's own form, with the reason, or the word that it never happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..domain.chart import VOID, Entry
from .charting import FORMS, ChartForm, Words


class CorrectionForm(ChartForm):
    """What a correction adds to the form of the entry's kind."""

    correction_reason = Words(label=_("Why it is corrected"), max_length=200)
    never_happened = forms.BooleanField(label=_("This never happened"), required=False)

    def full_clean(self) -> None:
        """What never happened needs nothing but the reason."""
        if self.is_bound and self.add_prefix("never_happened") in self.data:
            for name, field in self.fields.items():
                field.required = name == "correction_reason"
        super().full_clean()

    def payload(self) -> dict[str, Any]:
        return {VOID: True} if self.cleaned_data["never_happened"] else super().payload()


def correction_for(kind: str) -> type[CorrectionForm]:
    """The form in which an entry of a kind is corrected."""
    found = type("Correction", (CorrectionForm, FORMS[kind]), {"kind": FORMS[kind].kind})
    assert issubclass(found, CorrectionForm)
    return found


def as_written(entry: Entry, zone: Any) -> Mapping[str, Any]:
    """What a correction's form begins with: the entry as it stands."""
    shown = dict(entry.payload)
    if "complete" in shown:
        shown["complete"] = "yes" if shown["complete"] else "no"
    return shown | {"time": entry.happened_at.astimezone(zone).time().replace(second=0, microsecond=0)}
