"""The patient's door: signed in by typed code, proved once by birth date, and seeing one patient's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation

from clinics.access import methods_of, still_fresh
from clinics.models import Clinic, User
from patients.models import Patient, PortalAccess
from patients.queries import asked_to_help, standing_accesses

from .unsent import sign_out, strangers


class PatientRequest(HttpRequest):
    """A request that has passed the patient's door: what the guards promise their views."""

    user: User
    clinic: Clinic
    patient: Patient
    accesses: list[PortalAccess]
    access: PortalAccess
    is_carer: bool


CHOSEN = "portal_access_id"


def speak_as(request: HttpRequest, access: PortalAccess) -> None:
    """Go on in the language on the patient's record, unless this browser has chosen one or somebody else reads."""
    known = dict(settings.LANGUAGES)
    if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) not in known and not access.is_carer:
        language = access.patient.language if access.patient.language in known else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language


def own_access(request: HttpRequest) -> PortalAccess | None:
    """The way in by which a patient reads in person; None for a carer, a colleague or nobody."""
    user = request.user
    if not user.is_authenticated or user.door != "portal" or "code" not in methods_of(request):
        return None
    if not still_fresh(request, settings.PORTAL_IDLE_SECONDS):
        return None
    proved = standing_accesses(user).filter(confirmed_at__isnull=False, pk=request.session.get(CHOSEN, 0))
    access = proved.first()
    return access if access is not None and not access.is_carer else None


def code_door(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard of all that a person sees who signed in by code, within the idle limit."""

    @wraps(view)
    def guarded(request: PatientRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return strangers(request)
        if request.user.door != "portal":
            raise PermissionDenied
        if "code" not in methods_of(request) or not still_fresh(request, settings.PORTAL_IDLE_SECONDS):
            return sign_out(request, request.session.get(CHOSEN))
        return view(request, *args, **kwargs)

    return guarded


def patient_door(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard of the pages before a patient is chosen: invited somewhere. Who is only asked to help, answers first.

    Gives the view ``request.accesses``. A session that has nothing left to open ends here, and so does one whose pages
    were taken away while it lasted: what an old page sends must not land on another patient.
    """

    @wraps(view)
    @code_door
    def guarded(request: PatientRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.accesses = list(standing_accesses(request.user))
        chosen = request.session.get(CHOSEN)
        taken_away = chosen is not None and chosen not in [access.pk for access in request.accesses]
        if not taken_away and not request.accesses and asked_to_help(request.user).exists():
            return redirect("portal:asked")
        if taken_away or not request.accesses:
            logout(request)
            return render(request, "portal/closed.html", status=403)
        speak_as(request, request.accesses[0])
        return view(request, *args, **kwargs)

    return guarded


def patient_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard of a patient's own pages. Gives the view ``request.access``, ``request.patient`` and ``request.clinic``,
    from the session only.

    No address of the portal carries a patient's number: there is nothing to change to another's.
    """

    @wraps(view)
    @patient_door
    def guarded(request: PatientRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        proved = [access for access in request.accesses if access.confirmed_at]
        chosen = next((access for access in proved if access.pk == request.session.get(CHOSEN)), None)
        if chosen is None and len(request.accesses) == 1 and proved:
            chosen = proved[0]
            request.session[CHOSEN] = chosen.pk
        if chosen is None:
            return redirect("portal:who")
        request.access, request.patient, request.clinic = chosen, chosen.patient, chosen.clinic
        request.is_carer = chosen.is_carer
        speak_as(request, chosen)
        return view(request, *args, **kwargs)

    return guarded


def own_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guard of what a patient alone decides: who else gets in, and which messages are sent. A carer is refused."""

    @wraps(view)
    @patient_page
    def guarded(request: PatientRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.is_carer:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
