"""The staff's door: who is signed in, how, for how long, in which clinic, and with which rights."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from .domain.rights import Right
from .models import Clinic, Membership, User
from .queries import standing_roles


class StaffRequest(HttpRequest):
    """A request that has passed the staff's door: what the guard promises its view."""

    user: User
    clinic: Clinic
    membership: Membership
    htmx: HtmxDetails


SEEN, BEGAN, ENROLLED, CLINIC = "seen_at", "began_at", "second_factor_enrolled", "clinic_id"


def still_fresh(request: HttpRequest, idle_seconds: int, *, watching: bool = False) -> bool:
    """Whether the session may go on: not idle too long, not older than the absolute limit. Notes that it was seen.

    The note is written at most once a minute, so that reading pages does not queue behind it. A page that refreshes
    itself is ``watching``: nobody may be there, and it keeps nobody signed in.
    """
    now = timezone.now().timestamp()
    began = request.session.setdefault(BEGAN, now)
    seen = request.session.get(SEEN, now)
    if now - seen > idle_seconds or now - began > settings.SESSION_COOKIE_AGE:
        return False
    if SEEN not in request.session or (now - seen > 60 and not watching):
        request.session[SEEN] = now
    return True


def methods_of(request: HttpRequest) -> set[str]:
    """How the person of this session proved who they are: password, code, mfa."""
    return {str(record.get("method")) for record in get_authentication_records(request, request.user)}


def has_second_factor(request: HttpRequest) -> bool:
    """True where this session was opened with a second factor, or enrolled one just now."""
    if "mfa" in methods_of(request):
        return True
    enrolled = request.session.get(ENROLLED) == request.user.pk
    return enrolled and Authenticator.objects.filter(user=request.user.pk).exists()


def to_sign_in(request: HttpRequest, name: str, *, back: str = "", unsent: str = "") -> HttpResponse:
    """Off to a sign-in page; htmx is told to leave the page instead of drawing a form into a fragment. ``back``: where
    to go on afterwards, if not to the page that was asked for; ``unsent``: what became of what was being sent.
    """
    where = reverse(name)
    if not back and request.method == "GET" and not request.headers.get("HX-Request"):
        back = request.get_full_path()
    told = {word: value for word, value in (("next", back), ("unsent", unsent)) if value}
    if told:
        where += "?" + urlencode(told)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": where})
    return redirect(where)


def staff(right: Right | None = None, *, watching: bool = False) -> Callable:
    """Guard of a staff page: signed in by password and second factor, at work in a clinic, and carrying the right.

    Gives the view ``request.clinic`` and ``request.membership``, and lets it show instants in the clinic's zone. A
    stranger is sent to the door; a colleague without the right is refused with 403. ``watching`` marks what a page asks
    for by itself.
    """

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request, "account_login")
            if request.user.door != "staff":
                raise PermissionDenied
            if "password" not in methods_of(request) or not still_fresh(
                request, settings.STAFF_IDLE_SECONDS, watching=watching
            ):
                logout(request)
                return to_sign_in(request, "account_login")
            if not has_second_factor(request):
                return redirect("mfa_activate_totp")
            memberships = standing_roles(request.user)
            if not memberships:
                raise PermissionDenied
            chosen = request.session.get(CLINIC)
            member = next((one for one in memberships if one.clinic_id == chosen), memberships[0])
            if right is not None and not member.may(right):
                raise PermissionDenied
            request.membership, request.clinic = member, member.clinic
            with timezone.override(member.clinic.zone):
                return view(request, *args, **kwargs)

        guarded.staff_right = right  # type: ignore[attr-defined]
        return guarded

    return guard


def rights_context(request: HttpRequest) -> dict[str, Any]:
    """For templates: the clinic and the set of rights the signed-in colleague carries (``"book" in rights``)."""
    member = getattr(request, "membership", None)
    granted = {right.value for right in Right if member is not None and member.may(right)}
    return {"clinic": getattr(request, "clinic", None), "membership": member, "rights": granted}
