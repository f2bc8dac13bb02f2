"""Counting what is tried in vain at a door without a sign-in. The counts lie in the database, beside the sessions.

The account library's own limits pass over GET, and a calendar asks by nothing else.
"""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

from .lockout import where


def tries(door: str, request: HttpRequest) -> int:
    """How often this network address tried in vain at this door lately."""
    return int(cache.get(_key(door, request), 0))


def count_try(door: str, request: HttpRequest, *, kept: int) -> None:
    """Count one more, and keep the count for ``kept`` seconds from now.

    Two at the very same moment may count as one: this slows down, the secret itself is what keeps out.
    """
    cache.set(_key(door, request), tries(door, request) + 1, kept)


def _key(door: str, request: HttpRequest) -> str:
    return f"tries:{door}:{where(request)}"
