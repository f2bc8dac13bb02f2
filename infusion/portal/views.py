"""The patient's own pages."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.access import StaffRequest, staff
from clinics.actions import approve_education
from clinics.domain.calendar import local_date
from clinics.domain.rights import Right
from patients import actions as patients
from scheduling.queries import gates

from . import queries
from .access import CHOSEN, PatientRequest, patient_door, patient_page
from .domain.education import PAGES, VERSION, page_named
from .forms import BirthDateForm


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
        request.session.cycle_key()
        request.session[CHOSEN] = chosen.pk
        return redirect("portal:home")
    if answered and not found:
        form.add_error(None, _("That is not the birth date we have. Check it, or call the clinic."))
    locked = all(access.failed_confirmations >= patients.BIRTH_DATE_TRIES for access in request.accesses)
    shown = {"form": form, "found": found, "locked": locked, "asking_clinic": request.accesses[0].clinic}
    return render(request, "portal/who.html", shown, status=422 if form.is_bound and not found else 200)


@patient_page
def home(request: PatientRequest) -> HttpResponse:
    """My next visit, what holds it up, and what comes after."""
    now = timezone.now()
    patients.record_view(patient=request.patient, by=request.user, page="portal home")
    upcoming = list(queries.upcoming(request.patient, now))
    following = next((visit for visit in upcoming if visit.kind == "infusion"), None)
    today = local_date(now, request.clinic.zone)
    gate = gates(request.clinic, [following], today=today).get(following.pk) if following else None
    shown = {
        "visit": upcoming[0] if upcoming else None,
        "next_length": _length(upcoming[0].ends_at - upcoming[0].starts_at) if upcoming else "",
        "later": upcoming[1:],
        "due": queries.still_to_book(request.patient),
        "gate": gate,
        "gate_rows": gate.patient_words if gate else (),
        "gated_visit": following,
    }
    return render(request, "portal/home.html", shown)


@patient_page
def schedule(request: PatientRequest) -> HttpResponse:
    now = timezone.now()
    patients.record_view(patient=request.patient, by=request.user, page="portal schedule")
    shown = {
        "upcoming": queries.upcoming(request.patient, now),
        "due": queries.still_to_book(request.patient),
        "past": queries.past(request.patient, now),
    }
    return render(request, "portal/schedule.html", shown)


@patient_page
def education(request: PatientRequest) -> HttpResponse:
    return render(request, "portal/education.html", {"pages": PAGES, "approved": _approved(request)})


@patient_page
def education_page(request: PatientRequest, slug: str) -> HttpResponse:
    page = page_named(slug)
    if page is None or not _approved(request):
        raise Http404
    return render(request, f"portal/education/{page.slug}.html", {"page": page, "approved": True})


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
    shown = {"page": page, "approved": _approved(request)}
    return render(request, f"portal/education/{page.slug}.html", shown)


def _length(takes: timedelta) -> str:
    """How long a visit takes, in words."""
    hours, minutes = divmod(int(takes.total_seconds()) // 60, 60)
    words = [ngettext("%d hour", "%d hours", hours) % hours] if hours else []
    words += [ngettext("%d minute", "%d minutes", minutes) % minutes] if minutes else []
    return _("About %s.") % " ".join(words)


def _approved(request: PatientRequest | StaffRequest) -> bool:
    """Whether the clinic stands behind the wording as it is now."""
    return request.clinic.education_approved_version == VERSION
