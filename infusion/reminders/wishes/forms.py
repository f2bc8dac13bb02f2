"""The form of a patient's wishes for messages, the same for staff and for the patient."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from patients.actions import messages_as_shown
from patients.models import MessageWishes, Patient

from .. import sms
from ..domain.kinds import BY_CODE, FOR_PATIENTS
from .words import PLAIN

OFFERED = tuple(kind.code for kind in FOR_PATIENTS if kind.may_switch_off)


class MessageWishesForm(forms.Form):
    """Ticked is what the patient wants. Text messages are offered where somebody carries them."""

    language = forms.ChoiceField(label=_("Language of the messages"))
    channel = forms.ChoiceField(label=_("How the messages come"), required=False)
    wanted = forms.MultipleChoiceField(
        label=_("Messages to get"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(code, PLAIN[code]) for code in OFFERED],
    )
    none = forms.BooleanField(
        label=_("No messages at all"),
        required=False,
        help_text=_("Then no reminders come, and a visit is easy to forget. We call if a visit changes."),
    )
    shown = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)

    about_kinds: ClassVar[dict[bool, Any]] = {
        False: _("We always tell you when a visit is booked, moved or cancelled."),
        True: _("You want no messages now, so none of these comes. When a visit changes, we call you."),
    }
    """What is said of the kinds: while messages go, and while the patient wants none."""

    def __init__(self, typed: Any = None, *, patient: Patient, wishes: MessageWishes | None) -> None:
        row = wishes or MessageWishes()
        first = {
            "language": patient.language,
            "channel": row.channel,
            "wanted": [code for code in OFFERED if code not in row.kinds_off],
            "none": row.none,
            "shown": messages_as_shown(patient, wishes),
        }
        super().__init__(typed, initial=first)
        languages = dict(settings.LANGUAGES)
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)
        language.choices = [*({patient.language: patient.language} | languages).items()]
        self.fields["wanted"].help_text = self.about_kinds[row.none]
        self._ways(row.channel)

    def _ways(self, standing: str) -> None:
        ways = [("", _("As the clinic does")), ("email", _("By mail"))]
        if sms.is_offered() or standing == "sms":
            ways.append(("sms", _("As a text message")))
        channel = self.fields["channel"]
        assert isinstance(channel, forms.ChoiceField)
        channel.choices = ways

    @property
    def wishes(self) -> dict[str, Any]:
        """What the action is told."""
        typed = dict(self.cleaned_data)
        wanted = typed.pop("wanted")
        return {**typed, "kinds_off": [code for code in OFFERED if code not in wanted]}

    def show_as_it_stands(self, patient: Patient, wishes: MessageWishes | None) -> None:
        """Take the mark of what stands now, so that the next press decides about that."""
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        data["shown"] = messages_as_shown(patient, wishes)
        self.data = data


class StaffWishesForm(MessageWishesForm):
    """The same wishes, said to a colleague."""

    about_kinds: ClassVar[dict[bool, Any]] = {
        False: "The patient is always told when a visit is booked, moved or cancelled.",
        True: "The patient wants no messages now, so none of these goes. Staff call when a visit changes.",
    }

    def __init__(self, typed: Any = None, *, patient: Patient, wishes: MessageWishes | None) -> None:
        super().__init__(typed, patient=patient, wishes=wishes)
        wanted, none = self.fields["wanted"], self.fields["none"]
        assert isinstance(wanted, forms.MultipleChoiceField)
        wanted.choices = [(code, BY_CODE[code].title) for code in OFFERED]
        none.help_text = (
            "Then no reminders go, and a visit is easy to forget: say so to the patient. "
            "Staff call if a visit changes."
        )
