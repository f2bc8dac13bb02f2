"""What the portal asks about a visit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from clinics.domain.text import problem_with_text
from scheduling.actions.answers import LONGEST_WORDS
from scheduling.models import Visit

WHY_WORDS = {
    "ill": _("I am ill"),
    "travel": _("I am away"),
    "work": _("Work or family"),
    "transport": _("I have no way to get there"),
    "other": _("Something else"),
}


class AnswerForm(forms.Form):
    """What every answer sends: the form's own key, and which visit the page showed, in which version."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    visit = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def take_up(self, visit: Visit) -> None:
        """Show the visit as it stands now: the next press is about that, and nothing typed is lost."""
        standing = {"visit": str(visit.pk), "version": str(visit.version)}
        self.data = {**self.data.dict(), **standing}  # type: ignore[attr-defined]


class _WithWords(AnswerForm):
    words = forms.CharField(
        required=False,
        max_length=LONGEST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"].strip()
        if problem := problem_with_text(words):
            raise forms.ValidationError(say(problem))
        return words


class CannotComeForm(_WithWords):
    """Why a patient cannot come, in one choice."""

    reason = forms.ChoiceField(
        label=_("Why can you not come?"),
        choices=list(WHY_WORDS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an answer."), "invalid_choice": _("Choose from the list.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("Do you want to tell us more?")
        self.fields["words"].help_text = _("You can leave this empty.")


class OtherTimeForm(_WithWords):
    """One of the times on offer, or words."""

    wanted_at = forms.CharField(required=False, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = _("When could you come?")
        self.fields["words"].help_text = _("For example: only on Fridays, or not before 10 o’clock.")

    def clean_wanted_at(self) -> datetime | None:
        typed = self.cleaned_data["wanted_at"]
        if not typed:
            return None
        try:
            found = datetime.fromisoformat(typed)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise forms.ValidationError(_("Choose from the list."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("wanted_at") and not cleaned.get("words"):
            self.add_error("words", _("Choose a time above, or write when you could come."))
        return cleaned
