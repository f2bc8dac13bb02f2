"""Whose sign-in failures are counted together: one address from one network address, at either door."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from clinics.models import User


def who(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The address somebody is trying to sign in with, in lower case; empty where the request names none."""
    named = (credentials or {}).get("email") or (credentials or {}).get("username")
    if not named and request is not None:
        pending = request.session.get("account_login") or {}
        named = request.POST.get("login") or request.POST.get("email") or pending.get("email")
    return str(named or "").strip().lower()[:254].replace("\x00", "")


def where(request: HttpRequest) -> str | None:
    """The network address somebody knocks from: as the proxy in front tells it in production, else the peer's.

    Behind the proxy every peer is the proxy; counting by peer would let anybody lock a colleague out. None where
    it cannot be told: those are counted together.
    """
    try:
        return get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        return None


def one_at_a_time(user: User | None) -> None:
    """Let whoever else tries for this person wait until the transaction's end: tries that come together are counted
    like tries that come in turn. Where there is nobody, nothing can be guessed.
    """
    if user is not None:
        User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
