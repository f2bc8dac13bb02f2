"""What somebody was writing when their session ended: it waits in the same browser, for the same person and patient.

It lies in the browser's own session, an hour at most. Nobody else who signs in there gets it, and where one person
reads the pages of several patients it goes to no other patient's page.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from clinics.access import to_sign_in
from patients.models import PortalAccess

UNSENT, DOOR = "unsent", "account_request_login_code"
KEPT_SECONDS, LONGEST = 3600, 10_000
"""How long it is kept, and how many letters of it (product defaults)."""

BACK = {
    "portal:unwell": "",
    "portal:health_check": "?again=1",
    "portal:cannot_come": "",
    "portal:other_time": "",
}
"""The pages on which something is written, and what their address needs to show the form again."""


def sign_out(request: HttpRequest, chosen: int | None) -> HttpResponse:
    """The session is over: off to the door, and back to the form that was being sent. ``chosen``: the way in by which
    the person read.
    """
    who, written = request.user.pk, _written(request)
    logout(request)
    if written is None or chosen is None:
        return strangers(request)
    at = timezone.now().timestamp()
    request.session[UNSENT] = {
        "by": who,
        "access": chosen,
        "page": _page(request),
        "at": at,
        "typed": written,
    }
    request.session.set_expiry(KEPT_SECONDS)
    type(request.session).clear_expired()
    return to_sign_in(request, DOOR, back=_back(_page(request)), unsent="kept")


def strangers(request: HttpRequest) -> HttpResponse:
    """Nobody is signed in any more: whatever was sent is not kept, and the door says so."""
    if request.method == "POST":
        return to_sign_in(request, DOOR, back=_back(_page(request)), unsent="lost")
    return to_sign_in(request, DOOR)


def waits_at(request: HttpRequest, access: PortalAccess) -> str:
    """The address of the page on which something waits that was written by this way in; empty where nothing does."""
    kept = _kept(request, access)
    return _back(kept["page"]) if kept else ""


def take_up(request: HttpRequest, access: PortalAccess, form: forms.Form) -> None:
    """Put what was written back into a fresh form of the same page; once the form is sent it is forgotten."""
    kept = _kept(request, access)
    if kept is None or kept["page"] != _page(request):
        return
    if form.is_bound:
        del request.session[UNSENT]
        return
    for name, field in form.fields.items():
        if name in kept["typed"] and not isinstance(field.widget, forms.HiddenInput):
            several = isinstance(field, forms.MultipleChoiceField)
            form.initial[name] = kept["typed"][name] if several else kept["typed"][name][-1]
    form.taken_up = True  # type: ignore[attr-defined]


def _kept(request: HttpRequest, access: PortalAccess) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = request.session.get(UNSENT)
    if kept is None:
        return None
    late = timezone.now().timestamp() - kept["at"] > KEPT_SECONDS
    if late or kept["by"] != request.user.pk:
        del request.session[UNSENT]
        return None
    return kept if kept["access"] == access.pk else None


def _page(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _back(page: str) -> str:
    return reverse(page) + BACK[page] if page in BACK else ""


def _written(request: HttpRequest) -> dict[str, list[str]] | None:
    """What a form of these pages sent, where it is not longer than any of them can be."""
    if request.method != "POST" or _page(request) not in BACK:
        return None
    typed = {
        name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" and values
    }
    return typed if sum(len(value) for values in typed.values() for value in values) <= LONGEST else None
