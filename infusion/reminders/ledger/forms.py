"""By what the ledger can be narrowed down. What is not on the list is as if it had not been asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..domain.kinds import KINDS
from ..models import Message


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the ledger somebody wants to see; empty means all of it."""

    state: str = ""
    kind: str = ""
    channel: str = ""
    day: date | None = None
    week: bool = False
    words: str = ""
    before: int | None = None

    @property
    def narrowed(self) -> bool:
        return bool(self.state or self.kind or self.channel or self.day or self.week or self.words)


class FilterForm(forms.Form):
    """The filters of the ledger, all of them optional."""

    q = forms.CharField(label=_("Patient"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("What became of it"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    channel = forms.ChoiceField(label=_("By"), required=False)
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    week = forms.BooleanField(required=False)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        anything = [("", _("Any"))]
        kinds = [(kind.code, kind.title) for kind in KINDS]
        choices = {"state": Message.STATES, "kind": kinds, "channel": Message.CHANNELS}
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [*anything, *offered]

    def clean_day(self) -> date | None:
        """The first and the last day that a calendar can name have no day before or behind them."""
        day: date | None = self.cleaned_data["day"]
        return day if day and date.min < day < date.max else None

    def asked(self) -> Asked:
        """What was asked; a value that nobody offered is left out."""
        self.is_valid()
        known = {name: self.cleaned_data.get(name) for name in self.fields}
        return Asked(
            state=known["state"] or "",
            kind=known["kind"] or "",
            channel=known["channel"] or "",
            day=known["day"],
            week=bool(known["week"]),
            words=" ".join((known["q"] or "").replace("\x00", "").split()),
            before=known["before"],
        )


class AgainForm(forms.Form):
    """Why a message goes out again; ``copy`` is the number the page offered, so that one page sends one."""

    reason = forms.CharField(required=False, max_length=250)
    copy = forms.IntegerField(min_value=1, max_value=1000, widget=forms.HiddenInput)
