"""The form of a clinic's own words for one message. What they may hold the action says."""

from __future__ import annotations

from typing import Any

from django import forms

from ..domain.wording import FIELDS, OwnWords, places_of

LABELS = {
    "subject": ("Subject", "Empty: the standard subject."),
    "opening": ("Before the facts", "Stands under the greeting."),
    "closing": ("After the facts", "Stands above the clinic's name at the foot."),
}


class WordingForm(forms.Form):
    """Three texts, and the version the page showed."""

    seen = forms.IntegerField(min_value=0, max_value=2**31 - 2, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str, **more: Any) -> None:
        super().__init__(*args, **more)
        for name in FIELDS:
            label, about = LABELS[name]
            places = ", ".join(f"{{{place}}}" for place in places_of(kind, name))
            widget = forms.TextInput() if name == "subject" else forms.Textarea(attrs={"rows": 3})
            widget.attrs["class"] = "form-control"
            self.fields[name] = forms.CharField(
                label=label,
                required=False,
                widget=widget,
                help_text=f"{about} May hold {places}.",
                # Longer texts come to the action whole, which says how much too long they are.
                max_length=5000,
            )

    @property
    def words(self) -> OwnWords:
        texts = (self.cleaned_data[name].replace("\r\n", "\n").strip() for name in FIELDS)
        return OwnWords(*texts)
