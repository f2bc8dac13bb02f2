"""How accounts behave here: nobody signs up by themselves, and each door leads to its own rooms."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from .letters import after_the_answer
from .lockout import one_at_a_time, who

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Staff are added by a manager and patients are invited."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        patient = request.user.is_authenticated and request.user.door == "portal"
        return reverse("portal:home" if patient else "desk:today")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        patient = request.user.is_authenticated and request.user.door == "portal"
        return reverse("account_request_login_code" if patient else "account_login")

    def is_reauthentication_required(self, *, app: str) -> bool:
        """A staff session is short, and was opened with both factors or is just enrolling the second."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Look at a password when the one before it has been counted, and not sooner."""
        with transaction.atomic():
            one_at_a_time(who(request, credentials))
            return super().authenticate(request, **credentials)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Have a code written and sent once the page is answered: the page must not tell, by what it says or by how
        long it takes, who is known here. It says itself whom to call when no mail comes.
        """
        language = translation.get_language()
        told = {"code": context["code"]}
        after_the_answer(lambda: self._send_code(template_prefix, email, told, language))

    def _send_code(self, template: str, email: str, told: dict[str, Any], language: str | None) -> None:
        try:
            with translation.override(language):
                self.render_mail(template, email, told).send()
        except (SMTPException, OSError) as failure:
            log.error("A sign-in code could not be sent: %s", type(failure).__name__)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say what happened in their own words."""
