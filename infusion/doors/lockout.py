"""Whose sign-in failures are counted together: one address from one network address, at either door."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def who(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The address somebody is trying to sign in with, in lower case; empty where the request names none."""
    named = (credentials or {}).get("email") or (credentials or {}).get("username")
    if not named and request is not None:
        pending = request.session.get("account_login") or {}
        named = request.POST.get("login") or request.POST.get("email") or pending.get("email")
    return str(named or "").strip().lower()[:254].replace("\x00", "")
