"""Counting what is tried or asked too often, and saying how long to wait. The counts lie in the database, beside the
sessions.

The account library's own limits pass over GET, and a calendar asks by nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.core.internal.ratelimit import get_rates
from allauth.core.ratelimit import consume
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from clinics.models import User

DOORS = ("login", "request_login_code", "reset_password", "reset_password_from_key")
"""The account library's limits that answer with a page; the others are a message beside the field."""


def used_up(door: str, whose: object, *, most: int, within: int) -> bool:
    """Whether a network address or a person did something ``most`` times already; where not, one more is counted and
    kept for ``within`` seconds from now. Who must wait does not prolong the wait.

    Two at the very same moment may count as one: this slows down, the secret itself is what keeps out.
    """
    key = f"tries:{door}:{whose}"
    done = int(cache.get(key, 0))
    if done >= most:
        return True
    cache.set(key, done + 1, within)
    return False


def too_often(request: HttpRequest, action: str, *, user: User) -> HttpResponse | None:
    """Count what a person does under one of the limits of the settings; the page that says no, where it is too much."""
    if consume(request, action=action, user=user):
        return None
    return too_many(request, wait=_longest(action))


def too_many(request: HttpRequest, *, wait: int) -> HttpResponse:
    """The page that says no, and after how many seconds it is a yes again."""
    return _wait("429.html", request, wait)


def too_many_at_a_door(request: HttpRequest) -> HttpResponse:
    """The same page for the account library, which does not tell what limit it was: the longest it can be."""
    return too_many(request, wait=max(_longest(action) for action in DOORS))


def locked(request: HttpRequest, original: HttpResponse | None, credentials: Any) -> HttpResponse:
    """The page of an address that was tried too often."""
    return _wait(
        "account/locked.html", request, int(timedelta(hours=settings.AXES_COOLOFF_TIME).total_seconds())
    )


def in_words(seconds: int) -> str:
    """How long to wait, in whole minutes or hours, never less than it is."""
    minutes = -(-seconds // 60)
    if minutes % 60 == 0:
        return ngettext("%d hour", "%d hours", minutes // 60) % (minutes // 60)
    return ngettext("%d minute", "%d minutes", minutes) % minutes


def _wait(template: str, request: HttpRequest, seconds: int) -> HttpResponse:
    answer = render(request, template, {"wait": in_words(seconds)}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _longest(action: str) -> int:
    return int(max(rate.duration for rate in get_rates(app="allauth.account", action=action)))
