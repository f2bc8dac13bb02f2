"""Whose sign-in failures are counted together: one address from one network address, at either door."""

from __future__ import annotations

import unicodedata
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest


def who(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The address somebody is trying to sign in with, as ``spelt`` once; empty where the request names none."""
    named = (credentials or {}).get("email") or (credentials or {}).get("username")
    if not named and request is not None:
        pending = request.session.get("account_login") or {}
        named = request.POST.get("login") or request.POST.get("email") or pending.get("email")
    return spelt(str(named or ""))


def spelt(address: str) -> str:
    """An address as the account library compares it: ſ finds whoever is written with an s, so both count as one."""
    folded = unicodedata.normalize("NFKC", address.replace("\x00", "").strip()).casefold()
    return folded[:254]


def where(request: HttpRequest) -> str | None:
    """The network address somebody knocks from: as the proxy in front tells it in production, else the peer's.

    Behind the proxy every peer is the proxy; counting by peer would let anybody lock a colleague out. None where
    it cannot be told: those are counted together.
    """
    try:
        return get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        return None


def one_at_a_time(address: str) -> None:
    """Let whoever else tries with this address wait until the transaction's end: tries that come together are counted
    like tries that come in turn. An address that nobody has waits like any other, or waiting would tell who is known.
    (A transaction of SQLite has the whole database to itself.)
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"door {spelt(address)}"]
            )
