"""Stopping all messages by a link in a mail: no sign-in, and nothing else can be done with it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from infusion.doors.lockout import where
from infusion.doors.throttle import too_many, used_up

from .. import actions, queries
from ..words import supported

GUESSES, FORGOTTEN_AFTER = 30, 60
"""Wrong addresses that one network address may try, and after how many seconds they are forgotten (product default)."""


# The signed address is the right itself, and a mail program presses the button without any page of ours.
@csrf_exempt
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether all messages shall stop, and stop them when the button is pressed.

    Opening the page changes nothing: programs that check mail follow links. An address that is unknown, altered or
    no longer in force gets one and the same answer, and is limited. One that is in force is not: nobody can guess it,
    and the large mail houses press the button for all their readers from a few network addresses.
    """
    patient = queries.patient_by_stop_token(token)
    if patient is None:
        if used_up("stop", where(request), most=GUESSES, within=FORGOTTEN_AFTER):
            return too_many(request, wait=FORGOTTEN_AFTER)
        return render(request, "ledger/stop_unknown.html", status=404)
    # In the patient's language, unless this browser was told another one.
    chosen = translation.get_language() if settings.LANGUAGE_COOKIE_NAME in request.COOKIES else None
    with translation.override(chosen or supported(patient.language)):
        stopped = queries.wants_nothing(patient)
        if request.method == "POST" and not stopped:
            actions.stop_messages(patient=patient, now=timezone.now())
            stopped = True
        return render(request, "ledger/stop.html", {"stopped": stopped})
