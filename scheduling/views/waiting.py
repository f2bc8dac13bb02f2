"""Screens of the waiting list: who waits, times that came free, offers and their answers."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients.actions import record_view
from scheduling.actions import waiting as actions
from scheduling.domain.waiting import AT_ONCE, PLACES, Freed, Wanted, free_minutes
from scheduling.forms import LARGEST_KEY, WaitForm, freed_text, read_freed
from scheduling.queries import planned_infusion, read_days
from scheduling.queries import waiting as queries

from .shown import status_of


@staff(Right.VIEW_PATIENTS)
def waiting(request: StaffRequest) -> HttpResponse:
    """Who waits, times that came free with how many could have them, open offers, and what became of the others."""
    now = timezone.now()
    read = queries.read_waiting(request.clinic, now=now)
    freed = queries.freed_times(request.clinic, read, now=now)
    shown = {
        "waiting": [(each, wishes_in_words(queries.wanted_of(each.wishes))) for each in read.waiting],
        "open_to": read.open_to,
        "freed": [(each, freed_text(each.starts, each.chair.pk)) for each in freed],
        "offers": queries.open_offers(request.clinic, now=now),
        "past": queries.past_offers(request.clinic, now=now),
        "now": now,
        "days": queries.FREED_DAYS,
    }
    return render(request, "scheduling/waiting.html", shown)


@staff(Right.BOOK)
def freed(request: StaffRequest) -> HttpResponse:
    """One freed time: who may be offered it, in the stated order, and why the others may not; and offering it."""
    chosen = read_freed((request.POST if request.method == "POST" else request.GET).get("time", ""))
    if chosen is None:
        raise Http404
    now = timezone.now()
    if request.method != "POST":
        return _freed_page(request, chosen)
    try:
        offers = actions.offer_time(
            clinic=request.clinic, freed=chosen, entries=_chosen(request), by=request.user, now=now
        )
    except Refused as refused:
        return _freed_page(request, chosen, refused=refused)
    until = offers[0].expires_at.astimezone(request.clinic.zone)
    many = "1 patient" if len(offers) == 1 else f"{len(offers)} patients"
    messages.success(request, f"Offered to {many}. The chair is kept for them until {until:%H:%M}.")
    return redirect("scheduling:waiting")


def _chosen(request: StaffRequest) -> list[int]:
    """The entries that were ticked, or the first of the list where that button was pressed."""
    ticked = request.POST.getlist("first" if "to_first" in request.POST else "entry")
    keys = [int(text) for text in ticked if text.isascii() and text.isdigit() and len(text) < 20]
    return [key for key in keys if key <= LARGEST_KEY]


def _freed_page(request: StaffRequest, chosen: Freed, *, refused: Refused | None = None) -> HttpResponse:
    now, clinic = timezone.now(), request.clinic
    on = local_date(chosen.starts, clinic.zone)
    day = read_days(clinic, [on], now=now)[on]
    if chosen.chair not in day.chairs:
        raise Http404
    found = queries.answers(queries.read_waiting(clinic, now=now), chosen, day, now=now)
    minutes = free_minutes(day, chosen.chair, chosen.starts)
    shown = {
        "time": freed_text(chosen.starts, chosen.chair),
        "starts": chosen.starts,
        "ends": chosen.starts + timedelta(minutes=minutes),
        "minutes": minutes,
        "chair": day.chairs[chosen.chair].name,
        "fits": [(each, day.nurses[each.fit.nurse].name) for each in found if each.fit],
        "others": [each for each in found if each.against],
        "at_once": AT_ONCE,
        "ticked": _chosen(request) if refused else [e.waiting.entry.pk for e in found if e.fit][:AT_ONCE],
        "reasons": [reason.message for reason in refused.reasons] if refused else (),
        "hold_minutes": clinic.waitlist_hold_minutes,
    }
    return render(request, "scheduling/freed.html", shown, status=status_of(refused) if refused else 200)


@staff(Right.BOOK)
def wait(request: StaffRequest, pk: int) -> HttpResponse:
    """Put a patient on the list for an earlier time of one infusion, or change what was said about it."""
    planned = planned_infusion(request.clinic, pk)
    entry = queries.entry_for(planned)
    said = {"from_on": entry.from_on, "note": entry.note} if entry else None
    form = WaitForm(request.POST if request.method == "POST" else None, initial=said)
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.join(planned=planned, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            show_refusal(form, refused)
            status = status_of(refused)
        else:
            messages.success(
                request, f"{planned.patient} is on the waiting list for infusion {planned.ordinal}."
            )
            return redirect("scheduling:waiting")
    record_view(patient=planned.patient, by=request.user, page="waiting list entry")
    shown = {
        "form": form,
        "planned": planned,
        "patient": planned.patient,
        "entry": entry,
        "visit": queries.visit_of(planned),
    }
    return render(request, "scheduling/wait.html", shown, status=status)


@staff(Right.BOOK)
@require_POST
def leave(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a patient off the list."""
    entry = actions.leave(entry=queries.entry(request.clinic, pk), by=request.user, now=timezone.now())
    messages.success(request, f"{entry.patient} is no longer on the waiting list.")
    return redirect("scheduling:waiting")


@staff(Right.BOOK)
def answer(request: StaffRequest, pk: int) -> HttpResponse:
    """Note what a patient said on the telephone to a time on offer, with the old and the new time in sight."""
    offer, now, status = queries.offer(request.clinic, pk), timezone.now(), 200
    reasons: tuple[str, ...] = ()
    if request.method == "POST":
        said = request.POST.get("answer")
        try:
            if said == "accept":
                visit = actions.accept(offer=offer, by=request.user, now=now)
                messages.success(request, f"{offer.patient} comes earlier. A mail tells them the new time.")
                return redirect("scheduling:visit", pk=visit.pk)
            if said == "decline":
                actions.decline(offer=offer, by=request.user, now=now)
                messages.success(
                    request, f"Noted: {offer.patient} keeps the present time and goes on waiting."
                )
                return redirect("scheduling:waiting")
            status = 422
        except Refused as refused:
            reasons, status = tuple(reason.message for reason in refused.reasons), status_of(refused)
            offer = queries.offer(request.clinic, pk)
    record_view(patient=offer.patient, by=request.user, page="earlier time on offer")
    shown = {
        "offer": offer,
        "patient": offer.patient,
        "visit": queries.visit_of(offer.entry.planned_infusion),
        "is_open": queries.is_open(offer, now),
        "reasons": reasons,
        "now": now,
    }
    return render(request, "scheduling/answer.html", shown, status=status)


def wishes_in_words(wanted: Wanted) -> str:
    """What a patient asks of a time, in a few words; nothing where they ask nothing."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    parts = [", ".join(days[day] for day in sorted(wanted.weekdays) if day < len(days))]
    parts.append(f"from {wanted.not_before:%H:%M}" if wanted.not_before else "")
    parts.append(f"done by {wanted.not_after:%H:%M}" if wanted.not_after else "")
    parts.append(PLACES.get(wanted.place, ""))
    hours = int(wanted.notice.total_seconds()) // 3600
    parts.append(f"{hours} h of notice" if hours else "")
    return "; ".join(part for part in parts if part)
