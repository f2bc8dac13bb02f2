"""One click, one step: arrived, in chair, done, not come, and taken back; a chart says what its discharge needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from monitoring import actions as monitoring
from scheduling.models import Visit
from treatment import actions, queries
from treatment.domain.steps import IN_CHAIR, IN_TREATMENT
from treatment.forms import DischargeForm, FinishForm, UndoForm

from .addresses import day_of as day_address
from .pages import day_page, view_asked
from .queries import may_undo, what_follows


def _version(request: StaffRequest) -> int | None:
    """The visit's version as the page showed it, or None where the page did not say; unreadable is stale."""
    text = request.POST.get("version", "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _taken(
    request: StaffRequest, visit: Visit, act: Callable[[datetime], Visit], *, refused: str, done: str
) -> HttpResponse:
    """Take a step and show the day it belongs to: with what was done, or with every reason why not."""
    now = timezone.now()
    try:
        visit = act(now)
    except Refused as refusal:
        return _refused(request, visit, f"{visit.patient}: {refused}", refusal.reasons, now)
    follows = what_follows(visit, today=local_date(now, request.clinic.zone))
    messages.success(
        request, f"{visit.patient}: {done}, {now.astimezone(request.clinic.zone):%H:%M}.{follows}"
    )
    if request.POST.get("then") == "bedside":
        return redirect("bedside:page", pk=visit.pk)
    view = view_asked(request.POST.get("view"))
    if request.htmx:
        on = local_date(visit.starts_at, request.clinic.zone)
        return day_page(request, on, now=now, view=view, fragment=True)
    return redirect(day_address(visit, view=view))


def _refused(
    request: StaffRequest, visit: Visit, title: str, reasons: Sequence[Refusal], now: datetime
) -> HttpResponse:
    stale = any(reason.code == "stale" for reason in reasons)
    return day_page(
        request,
        local_date(visit.starts_at, request.clinic.zone),
        now=now,
        view=view_asked(request.POST.get("view")),
        status=409 if stale else 422,
        fragment=bool(request.htmx),
        refused=(visit, title, reasons),
    )


@require_POST
@staff(Right.RUN_DAY)
def arrive(request: StaffRequest, pk: int) -> HttpResponse:
    visit, version = queries.visit(request.clinic, pk), _version(request)
    return _taken(
        request,
        visit,
        lambda now: actions.arrive(visit=visit, by=request.user, now=now, version=version),
        refused="arrival not noted",
        done="arrived",
    )


@require_POST
@staff(Right.TREAT)
def start(request: StaffRequest, pk: int) -> HttpResponse:
    visit, version = queries.visit(request.clinic, pk), _version(request)
    return _taken(
        request,
        visit,
        lambda now: actions.start(visit=visit, by=request.user, now=now, version=version),
        refused="not noted in chair",
        done="in chair",
    )


@staff(Right.TREAT)
def finish(request: StaffRequest, pk: int) -> HttpResponse:
    """As planned with one click; opened as a page, or sent with a dose, with the details typed. Where a chart was kept
    at the bedside, it says what was given, and the page asks only what the chart does not know.
    """
    visit, version = queries.visit(request.clinic, pk), _version(request)
    stage = queries.stage(visit)
    if stage in IN_TREATMENT and stage != IN_CHAIR:
        return _discharge(request, visit, version)
    typed: dict[str, Any] = {}
    if request.method != "POST" or "dose_mg" in request.POST:
        form = FinishForm(request.POST or None, initial=_as_planned(visit))
        if not form.is_valid():
            shown = {"form": form, "visit": visit, "stage": stage, "back": day_address(visit)}
            return render(request, "desk/finish.html", shown, status=422 if form.is_bound else 200)
        typed = form.cleaned_data
    return _taken(
        request, visit, _finishing(request, visit, version, typed), refused="not finished", done="done"
    )


def _finishing(
    request: StaffRequest, visit: Visit, version: int | None, typed: dict[str, Any]
) -> Callable[[datetime], Visit]:
    def act(now: datetime) -> Visit:
        done = actions.finish(visit=visit, by=request.user, now=now, version=version, **typed)
        monitoring.plan_follow_ups(clinic=request.clinic, patient=done.patient, now=now)
        return done

    return act


def _discharge(request: StaffRequest, visit: Visit, version: int | None) -> HttpResponse:
    """The chart's own discharge: its page, or the step itself; a reason that is asked for stands beside its field."""
    asked = request.method != "POST" or "early_reason" in request.POST
    form, now = DischargeForm(request.POST or None), timezone.now()
    valid = form.is_valid()
    if not asked or valid:
        typed = form.cleaned_data if valid else {}
        act = _finishing(request, visit, version, typed)
        if not asked:
            return _taken(request, visit, act, refused="not discharged", done="discharged")
        try:
            done = act(now)
        except Refused as refused:
            for reason in refused.reasons:
                form.add_error("early_reason" if reason.field == "early_reason" else None, reason.message)
        else:
            follows = what_follows(done, today=local_date(now, request.clinic.zone))
            messages.success(request, f"{done.patient}: discharged.{follows}")
            return redirect(day_address(done))
    closing = queries.told(visit, queries.chart_of(visit))
    shown = {
        "form": form,
        "visit": visit,
        "stage": queries.stage(visit),
        "closing": closing,
        "shown": queries.shown(visit, now=now),
    }
    return render(request, "desk/discharge.html", shown, status=422 if form.is_bound else 200)


def _as_planned(visit: Visit) -> dict[str, Any]:
    planned = visit.planned_infusion
    dose = f"{planned.dose_mg.normalize():f}" if planned else ""
    return {"dose_mg": dose, "product": queries.usual_product(visit.patient)}


@require_POST
@staff(Right.RUN_DAY)
def complete(request: StaffRequest, pk: int) -> HttpResponse:
    visit, version = queries.visit(request.clinic, pk), _version(request)
    return _taken(
        request,
        visit,
        lambda now: monitoring.complete(visit=visit, by=request.user, now=now, version=version),
        refused="not completed",
        done="done",
    )


@require_POST
@staff(Right.RUN_DAY)
def no_show(request: StaffRequest, pk: int) -> HttpResponse:
    visit, version = queries.visit(request.clinic, pk), _version(request)
    return _taken(
        request,
        visit,
        lambda now: actions.no_show(visit=visit, by=request.user, now=now, version=version),
        refused="not marked as missing",
        done="did not come; a task to call is open",
    )


@require_POST
@staff(Right.RUN_DAY)
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Take back the last step; who could not have taken it cannot take it back."""
    visit, version = queries.visit(request.clinic, pk), _version(request)
    if not may_undo(visit, request.membership):
        raise PermissionDenied
    form = UndoForm(request.POST)
    if not form.is_valid():
        reasons = [
            Refusal("reason_unreadable", str(words), "reason") for words in form.errors.get("reason", [])
        ]
        return _refused(request, visit, f"{visit.patient}: not taken back", reasons, timezone.now())

    def act(now: datetime) -> Visit:
        reason = form.cleaned_data["reason"]
        back = monitoring.undo_last_step(
            visit=visit, by=request.user, now=now, reason=reason, version=version
        )
        monitoring.plan_follow_ups(clinic=request.clinic, patient=back.patient, now=now)
        return back

    return _taken(request, visit, act, refused="not taken back", done="step taken back")
