"""A carer's own say: yes or no to whoever asks for help, and an end to it later."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from patients import actions
from patients.models import PortalAccess
from patients.queries import asked_to_help, standing_accesses

from .access import CHOSEN, PatientRequest, code_door, patient_page


@code_door
def asked(request: PatientRequest) -> HttpResponse:
    """Who asks me to help. Nothing of theirs is shown or opened before a yes."""
    if request.method == "POST":
        return _answered(request)
    asking = list(asked_to_help(request.user))
    if not asking:
        return redirect("portal:home")
    for each in asking:
        actions.record_view(patient=each.patient, by=request.user, page="portal asked to help")
    return render(request, "portal/asked.html", {"asking": asking})


@patient_page
def leave(request: PatientRequest) -> HttpResponse:
    """I do not want to help any more."""
    if not request.is_carer:
        raise PermissionDenied
    if request.method == "POST":
        actions.stop_helping(access_pk=request.access.pk, by=request.user, now=timezone.now())
        request.session.pop(CHOSEN, None)
        return _left(request, _("Done. You can no longer open these pages."))
    actions.record_view(patient=request.patient, by=request.user, page="portal stop helping")
    return render(request, "portal/leave.html")


def _answered(request: PatientRequest) -> HttpResponse:
    """What was pressed: yes, no, or something for somebody who does not ask any more."""
    now, by = timezone.now(), request.user
    if "accept" in request.POST:
        access = actions.accept_to_help(access_pk=number(request.POST["accept"]), by=by, now=now)
        if access is not None:
            return redirect(_way_in(request, access))
    elif "decline" in request.POST:
        access = actions.decline_to_help(access_pk=number(request.POST["decline"]), by=by, now=now)
        if access is not None:
            told = _("Thank you for your answer. You cannot see these pages, and we tell %(name)s.")
            return _left(request, told % {"name": access.patient.given_name})
    # Pressed twice, or taken back meanwhile: what stands now is shown.
    return redirect("portal:asked" if asked_to_help(by).exists() else "portal:home")


def _way_in(request: PatientRequest, access: PortalAccess) -> str:
    """On to the birth date. Who sees other pages already goes on seeing them until they choose."""
    told = _("Thank you. Now type the birth date of %(name)s.")
    messages.success(request, told % {"name": access.patient.given_name})
    return "portal:who"


def _left(request: PatientRequest, words: str) -> HttpResponse:
    """On to what else this person may open; where there is nothing, the session ends."""
    if asked_to_help(request.user).exists():
        messages.success(request, words)
        return redirect("portal:asked")
    if standing_accesses(request.user).exists():
        messages.success(request, words)
        return redirect("portal:home")
    logout(request)
    messages.success(request, words)
    return redirect("account_request_login_code")


def number(typed: str) -> int:
    """The number of a row as a form sends it; 0, which no row has, for anything else."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
