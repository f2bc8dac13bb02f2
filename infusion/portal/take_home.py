"""What patients take along: their appointments on paper, and in a calendar of their own."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from infusion.doors.lockout import where
from infusion.doors.throttle import too_many, used_up
from infusion.interop.writers.appointments import appointments_pdf
from infusion.reminders.words.mail import supported
from patients import actions as patients
from patients.feeds import digest_of, feed_by_token, feed_of

from . import sheets
from .access import PatientRequest, patient_page
from .helping import number

MADE = "calendar_feed"
"""Where the session holds a new address from the moment it is made until the page that shows it."""

GUESSES, FORGOTTEN_AFTER = 20, 600
"""Wrong addresses that one network address may try, and after how many seconds they are forgotten (product default)."""

READS, READ_WITHIN = 60, 600
"""How often one calendar address may be read within so many seconds (product default): programs ask every few minutes
or hours, and several devices may have the same address.
"""

PRINTED, PRINTED_WITHIN = 20, 600
"""PDFs that one person may have made, and after how many seconds they are forgotten (product default): each takes as
long as many pages.
"""


@patient_page
@require_safe
def schedule_pdf(request: PatientRequest) -> HttpResponse:
    """My appointments as a PDF; not without end."""
    if used_up("pdf", request.user.pk, most=PRINTED, within=PRINTED_WITHIN):
        return too_many(request, wait=PRINTED_WITHIN)
    now = timezone.now()
    patients.record_view(patient=request.patient, by=request.user, page="portal schedule PDF")
    made = appointments_pdf(sheets.sheet_of(request.patient, now=now))
    name = _("my-appointments") + ".pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)


@patient_page
def calendar(request: PatientRequest) -> HttpResponse:
    """Make the address of a calendar feed, which is shown once, or take it back."""
    if request.method == "POST":
        _change_feed(request)
        return redirect("portal:calendar")
    address = _made_just_now(request)
    patients.record_view(patient=request.patient, by=request.user, page="portal calendar")
    # The same address under the name that makes a device offer its own calendar.
    subscribe = f"webcal:{address.partition(':')[2]}" if address else ""
    shown = {
        "address": address,
        "subscribe": subscribe,
        "feed": feed_of(request.access),
        "asks": "new" in request.GET,
    }
    return render(request, "portal/calendar.html", shown)


def _change_feed(request: PatientRequest) -> None:
    """Do what was pressed; what is no button of the page does nothing."""
    now, wish, about = timezone.now(), request.POST.get("feed"), number(request.POST.get("about", ""))
    if wish == "end":
        patients.end_feed(access=request.access, feed_pk=about, by=request.user, now=now)
    elif wish == "make":
        try:
            token = patients.make_feed(access=request.access, by=request.user, now=now, instead_of=about)
        except Refused:
            if MADE not in request.session:
                messages.info(request, _("You have an address already. It stays as it is."))
        else:
            request.session[MADE] = request.access.pk, token


def _made_just_now(request: PatientRequest) -> str:
    """The address that was made before this page, and from then on never again."""
    if request.method != "GET":
        return ""
    access_pk, token = request.session.pop(MADE, (0, ""))
    return settings.SITE_ADDRESS + reverse("feed", args=[token]) if access_pk == request.access.pk else ""


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The appointments of whoever made this address, for a calendar program that signs in nowhere.

    An address that is unknown, taken back or over is answered like any page that does not exist, and after too many of
    them the network address is told to come later. One that stands is counted by itself: many people's calendars ask
    through one network address, and what one of them asks is not the others' fault.
    """
    now, found = timezone.now(), feed_by_token(token)
    if found is None:
        return _no_such_feed(where(request))
    asked = f"{found.pk}:{int(now.timestamp()) // READ_WITHIN}"
    if used_up("feed-read", asked, most=READS, within=READ_WITHIN):
        return _later(READ_WITHIN)
    patients.note_feed_read(feed=found, today=local_date(now, found.clinic.zone))
    with translation.override(supported(found.patient.language)):
        body = sheets.feed_of_patient(found.patient, now=now)
    answer = _conditional(request, body, now)
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _no_such_feed(knocking: str | None) -> HttpResponse:
    """404, counted; while somebody must wait, waiting does not prolong the wait."""
    if used_up("feed", knocking, most=GUESSES, within=FORGOTTEN_AFTER):
        return _later(FORGOTTEN_AFTER)
    raise Http404


def _later(seconds: int) -> HttpResponse:
    """429 and not 404: a calendar that gets 404 may drop the feed for good."""
    return HttpResponse(status=429, headers={"Retry-After": str(seconds)})


def _conditional(request: HttpRequest, body: bytes, now: datetime) -> HttpResponse:
    """The calendar, or 304 where the program has it already."""
    etag = quote_etag(digest_of(body.decode())[:32])
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer.headers["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=answer) or answer
