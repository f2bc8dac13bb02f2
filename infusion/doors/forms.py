"""What the two doors ask for."""

from __future__ import annotations

from allauth.account.forms import RequestLoginCodeForm, ResetPasswordForm
from django.core.exceptions import ValidationError

from clinics.domain.text import problem_with_text
from clinics.models import User


def _sound(address: str) -> str:
    if words := problem_with_text(address):
        raise ValidationError(words)
    return address


class PatientDoorForm(RequestLoginCodeForm):
    """Asks for an address. Only an address that was invited gets a code; the answer is the same for all."""

    _user: User | None

    def clean_email(self) -> str:
        address = super().clean_email()
        if self._user is not None and self._user.door != "portal":
            self._user = None
        return _sound(address)


class StaffPasswordForm(ResetPasswordForm):
    """Asks for a colleague's address to set a new password; patients have none."""

    users: list[User]

    def clean_email(self) -> str:
        address = super().clean_email()
        self.users = [user for user in self.users if user.door == "staff"]
        return _sound(address)
