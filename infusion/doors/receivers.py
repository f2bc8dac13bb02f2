"""What the doors note down: a second factor enrolled, and codes typed wrongly."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import login_code_rejected
from allauth.mfa.signals import authenticator_added
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from clinics.access import ENROLLED
from clinics.actions import record
from clinics.models import User


@receiver(authenticator_added)
def remember_enrolment(request: HttpRequest, user: User, **more: Any) -> None:
    """The session in which a colleague enrols has just proved the second factor."""
    request.session[ENROLLED] = user.pk


@receiver(login_code_rejected)
def count_wrong_code(request: HttpRequest, user: User, **more: Any) -> None:
    """A wrong code counts like a wrong password: both doors share one limit, kept in the database."""
    user_login_failed.send(sender=__name__, credentials={"email": user.email}, request=request)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, user: User, **more: Any) -> None:
    record(clinic=None, by=user, verb="signed in", subject=user)
