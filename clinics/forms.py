"""Forms of the clinics room."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from .domain.rights import Role
from .domain.text import problem_with_text

ROLES = [(role.value, role.value.capitalize()) for role in Role]


def sound_text(value: str) -> None:
    """Refuse what a database or a mail cannot keep."""
    if words := problem_with_text(value):
        raise ValidationError(words)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLES)
    is_active = forms.BooleanField(label="May sign in", required=False)


class MemberForm(forms.Form):
    """A colleague to be added."""

    name = forms.CharField(max_length=150, validators=[sound_text])
    email = forms.EmailField(label="E-mail", max_length=254)
    role = forms.ChoiceField(choices=ROLES)
