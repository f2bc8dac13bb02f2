"""The patient's own pages."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.actions import approve_education
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from monitoring.queries import reading_of
from patients import actions as patients
from patients.queries import asked_to_help
from scheduling.actions import waiting as waitlist
from scheduling.queries.answers import call_awaited
from scheduling.queries.waiting import entries_of, entry_for, is_open, open_offers, own_offer, visit_of

from . import queries
from .access import CHOSEN, PatientRequest, patient_door, patient_page
from .answers import answer_shown, gave_up
from .domain.education import PAGES, VERSION, page_named
from .forms import BirthDateForm
from .prepare import parts_of
from .unsent import waits_at


@patient_door
def who(request: PatientRequest) -> HttpResponse:
    """Prove at the first sign-in, or choose where several patients share an address: by the birth date."""
    form = BirthDateForm(request.POST if request.method == "POST" else None)
    answered = request.method == "POST" and form.is_valid()
    found = (
        patients.confirm_access(
            accesses=request.accesses, birth_date=form.cleaned_data["birth_date"], now=timezone.now()
        )
        if answered
        else ()
    )
    named = request.POST.get("access", "")
    chosen = found[0] if len(found) == 1 else next((row for row in found if str(row.pk) == named), None)
    if chosen is not None:
        # A page that still shows another patient's visits can send nothing any more.
        rotate_token(request)
        request.session.cycle_key()
        request.session[CHOSEN] = chosen.pk
        return redirect(waits_at(request, chosen) or "portal:home")
    if answered and not found:
        form.add_error(None, _("That is not the birth date we have. Check it, or call the clinic."))
    locked = all(access.failed_confirmations >= patients.BIRTH_DATE_TRIES for access in request.accesses)
    shown = {
        "form": form,
        "found": found,
        "locked": locked,
        "asking_clinic": request.accesses[0].clinic,
        "helps": any(access.is_carer for access in request.accesses),
    }
    return render(request, "portal/who.html", shown, status=422 if form.is_bound and not found else 200)


@patient_page
def home(request: PatientRequest) -> HttpResponse:
    """My next visit, what holds it up, and what comes after."""
    now = timezone.now()
    patients.record_view(patient=request.patient, by=request.user, page="portal home")
    upcoming = list(queries.upcoming(request.patient, now))
    following = next((visit for visit in upcoming if visit.kind == "infusion"), None)
    visit = upcoming[0] if upcoming else None
    holding = queries.holding(request.clinic, upcoming, today=local_date(now, request.clinic.zone))
    check = queries.health_check_of(following, now)
    hold = queries.hold_of(following, check["checks"], holding)
    answered = answer_shown(visit, now)
    gives_up = visit == following and gave_up(answered.get("answer"))
    waits = entry_for(following.planned_infusion) if following else None
    shown = {
        "visit": visit,
        "next_length": _length(visit.ends_at - visit.starts_at) if visit else "",
        "later": upcoming[1:],
        "due": queries.still_to_book(request.patient),
        "holding": holding,
        "hold": hold,
        "held_here": bool(hold) and visit == following,
        "reading": reading_of(request.clinic, now=now) if hold else None,
        "row": queries.recent_report(request.patient, now),
        "offers": [
            (each, visit_of(each.entry.planned_infusion))
            for each in open_offers(request.clinic, now=now, patient=request.patient)
        ],
        "may_wait": queries.may_come_earlier(following, now) and (waits or not (hold or gives_up)),
        "waits": waits,
        "given_up": call_awaited(request.patient),
        "following": following,
        "now": now,
        "asked": asked_to_help(request.user).exists(),
        "parts": parts_of(visit),
        "instructions": queries.to_hold(following),
        **check,
        **answered,
    }
    return render(request, "portal/home.html", shown)


@patient_page
def schedule(request: PatientRequest) -> HttpResponse:
    now = timezone.now()
    patients.record_view(patient=request.patient, by=request.user, page="portal schedule")
    following = queries.next_infusion(request.patient, now)
    shown = {
        "upcoming": queries.upcoming(request.patient, now),
        "following": following,
        "hold": queries.hold_now(following, now) if following else "",
        "due": queries.still_to_come(request.patient, local_date(now, request.clinic.zone)),
        "past": queries.past(request.patient, now),
    }
    return render(request, "portal/schedule.html", shown)


@patient_page
@require_POST
def earlier(request: PatientRequest) -> HttpResponse:
    """Join or leave the list for an earlier time of my next infusion."""
    now = timezone.now()
    following = next((v for v in queries.upcoming(request.patient, now) if v.kind == "infusion"), None)
    planned = following.planned_infusion if following else None
    entry = entry_for(planned)
    # Who leaves has left, whatever became of the visit since the page was shown.
    standing = entries_of(request.patient) if request.POST.get("wish") == "leave" else []
    for each in standing:
        waitlist.leave(entry=each, by=request.user, now=now)
    if standing:
        messages.success(request, _("You are no longer on the list. Your visit stays as it is."))
    elif request.POST.get("wish") == "join" and entry is None and planned is not None:
        try:
            waitlist.join(planned=planned, by=request.user, now=now)
        except Refused:
            messages.error(request, _("We cannot put you on the list for this visit. Please call us."))
        else:
            messages.success(request, _("You are on the list. We tell you when an earlier time comes free."))
    return redirect("portal:home")


@patient_page
def offer(request: PatientRequest, pk: int) -> HttpResponse:
    """An earlier time on offer to me: my old and my new time, and my answer."""
    found, now, refused = own_offer(request.patient, pk), timezone.now(), None
    if request.method == "POST":
        try:
            if request.POST.get("answer") == "accept":
                visit = waitlist.accept(offer=found, by=request.user, now=now)
                had_one = visit.version > 1
                words = _("Done: your visit has moved to the earlier time.")
                messages.success(request, words if had_one else _("Done: this time is yours."))
                return redirect("portal:home")
            if request.POST.get("answer") == "decline":
                waitlist.decline(offer=found, by=request.user, now=now)
                messages.success(request, _("You keep your time. You stay on the list for another one."))
                return redirect("portal:home")
        except Refused as problem:
            refused = problem
            found = own_offer(request.patient, pk)
    patients.record_view(patient=request.patient, by=request.user, page="portal earlier time")
    shown = {
        "offer": found,
        "visit": visit_of(found.entry.planned_infusion),
        "is_open": is_open(found, now),
        "state": "lapsed" if found.state == "open" and not is_open(found, now) else found.state,
        "refused": refused,
        "now": now,
    }
    status = 409 if refused else 422 if request.method == "POST" else 200
    return render(request, "portal/offer.html", shown, status=status)


@staff(Right.APPROVE_PAGES)
def review(request: StaffRequest) -> HttpResponse:
    """Staff read the patients' pages and stand behind them, version by version."""
    if request.method == "POST":
        today = local_date(timezone.now(), request.clinic.zone)
        approve_education(clinic=request.clinic, version=VERSION, by=request.user, today=today)
        messages.success(request, "Approved. Patients can read these pages now.")
        return redirect("portal:review")
    return render(
        request, "portal/review.html", {"pages": PAGES, "version": VERSION, "approved": _approved(request)}
    )


@staff(Right.APPROVE_PAGES)
def review_page(request: StaffRequest, slug: str) -> HttpResponse:
    page = page_named(slug)
    if page is None:
        raise Http404
    shown = {"page": page, "approved": _approved(request), "layout": "base.html"}
    return render(request, f"portal/education/{page.slug}.html", shown)


def _length(takes: timedelta) -> str:
    """How long a visit takes, in words."""
    hours, minutes = divmod(int(takes.total_seconds()) // 60, 60)
    words = [ngettext("%d hour", "%d hours", hours) % hours] if hours else []
    words += [ngettext("%d minute", "%d minutes", minutes) % minutes] if minutes else []
    return _("About %s.") % " ".join(words)


def _approved(request: StaffRequest) -> bool:
    """Whether the clinic stands behind the wording as it is now."""
    return request.clinic.education_approved_version == VERSION
