"""Forms of a clinic's people."""

from __future__ import annotations

from django import forms

from clinics.domain.rights import Role

from .text import sound_text

ROLES = [(role.value, role.value.capitalize()) for role in Role]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLES)
    is_active = forms.BooleanField(label="May sign in", required=False)


class MemberForm(forms.Form):
    """A colleague to be added."""

    name = forms.CharField(max_length=150, validators=[sound_text])
    email = forms.EmailField(label="E-mail", max_length=254)
    role = forms.ChoiceField(choices=ROLES)
