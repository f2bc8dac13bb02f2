"""The form of a clinic's own words for one message. What they may hold the action says."""

from __future__ import annotations

from typing import Any

from django import forms

from .. import sms
from ..domain.wording import MAIL_FIELDS, TEXT_FIELDS, OwnWords, fields_of, places_of

LABELS = {
    "subject": ("Subject", "Empty: the standard subject."),
    "opening": ("Before the facts", "Stands under the greeting."),
    "closing": ("After the facts", "Stands above the clinic's name at the foot."),
    "text_opening": ("Before the facts of a text message", "Stands at its beginning."),
    "text_closing": ("After the facts of a text message", "Stands before whom to call."),
}


class WordingForm(forms.Form):
    """The words, the version the page showed, and the number a text message is tried on."""

    seen = forms.IntegerField(min_value=0, max_value=2**31 - 2, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str, language: str, **more: Any) -> None:
        super().__init__(*args, **more)
        names = fields_of(kind)
        for name in names:
            label, about = LABELS[name]
            places = ", ".join(f"{{{place}}}" for place in places_of(kind, name))
            rows = {"rows": 3 if name in MAIL_FIELDS else 2}
            widget = forms.TextInput() if name == "subject" else forms.Textarea(attrs=rows)
            widget.attrs |= {"class": "form-control", "lang": language}
            self.fields[name] = forms.CharField(
                label=label,
                required=False,
                widget=widget,
                help_text=f"{about} May hold {places}.",
                # Longer texts come to the action whole, which says how much too long they are.
                max_length=5000,
            )
        self.has_text = TEXT_FIELDS[0] in names
        if self.has_text and sms.is_offered():
            tel = forms.TextInput(attrs={"class": "form-control", "type": "tel", "autocomplete": "tel"})
            self.fields["number"] = forms.CharField(
                label="Mobile number for a test",
                required=False,
                widget=tel,
                help_text="Your own, or a colleague's. It is kept in the audit trail alone.",
                max_length=30,
            )

    @property
    def mail_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in MAIL_FIELDS]

    @property
    def text_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in (*TEXT_FIELDS, "number") if name in self.fields]

    @property
    def words(self) -> OwnWords:
        names = (name for name in (*MAIL_FIELDS, *TEXT_FIELDS) if name in self.fields)
        return OwnWords(**{name: self.cleaned_data[name].replace("\r\n", "\n").strip() for name in names})
