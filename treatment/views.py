"""The bedside of one infusion: the page, the part of it that keeps itself fresh, and the entries of its chart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from patients.actions import record_view

from . import actions, queries
from .domain.chart import Kind, root_of
from .forms import ChartForm, blank_forms, correction_for, form_for
from .forms.correcting import as_written
from .shown import TITLES, begin_with, page_shown, say


def _infusion(request: StaffRequest, pk: int) -> Any:
    """An infusion of the clinic, or 404: nothing is charted at a follow-up."""
    visit = queries.visit(request.clinic, pk)
    if visit.kind != "infusion":
        raise Http404
    return visit


@staff(Right.VIEW_PATIENTS)
def page(request: StaffRequest, pk: int) -> HttpResponse:
    """One patient's infusion, for a tablet at the chair."""
    visit = _infusion(request, pk)
    record_view(patient=visit.patient, by=request.user, page="bedside")
    return _page(request, visit, timezone.now())


def _page(
    request: StaffRequest, visit: Any, now: datetime, *, typed: ChartForm | None = None, status: int = 200
) -> HttpResponse:
    shown = queries.shown(visit, now=now)
    forms = blank_forms(begin_with(shown))
    if typed is not None:
        forms[typed.kind.value] = typed
    given = {"typed": typed} | page_shown(shown, forms)
    return render(request, "treatment/bedside.html", given, status=status)


@staff(Right.VIEW_PATIENTS, watching=True)
def live(request: StaffRequest, pk: int) -> HttpResponse:
    """What changes by itself, asked for every few seconds; nothing where the page has seen it all and time alone
    changes nothing."""
    visit, now = _infusion(request, pk), timezone.now()
    shown = queries.shown(visit, now=now)
    seen, stage = request.GET.get("seen", ""), request.GET.get("stage", "")
    fresh = seen == str(shown.sequence) and stage == shown.stage.code
    if fresh and not shown.chart.changes:
        return HttpResponse(status=204)
    forms = blank_forms(begin_with(shown))
    given = page_shown(shown, forms) | {"exchanged": True, "anew": stage != shown.stage.code}
    return render(request, "treatment/_live.html", given)


@require_POST
@staff(Right.TREAT)
def add(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """Write one entry of the chart: from the page's queue (asked for in JSON) or sent as a plain form."""
    visit, form_class = _infusion(request, pk), form_for(kind)
    if form_class is None:
        raise Http404
    now, form = timezone.now(), form_class(request.POST)

    def write() -> actions.Written:
        act = actions.record_reaction if form.kind == Kind.REACTION else actions.add_entry
        more: dict[str, Any] = {} if form.kind == Kind.REACTION else {"kind": form.kind}
        return act(
            visit=visit,
            payload=form.payload(),
            happened_at=form.happened_at(visit, now),
            key=form.cleaned_data["key"],
            by=request.user,
            now=now,
            **more,
        )

    done = _tried(form, write)
    if request.accepts("text/html") and "application/json" not in request.headers.get("Accept", ""):
        if done is None:
            return _page(request, queries.visit(request.clinic, pk), now, typed=form, status=422)
        return redirect("bedside:page", pk=pk)
    if done is None:
        return JsonResponse({"errors": form.errors}, status=422)
    return JsonResponse({"state": done.state})


def _tried(form: ChartForm, write: Callable[[], actions.Written]) -> actions.Written | None:
    """What was written, or None with every reason put beside its field."""
    if not form.is_valid():
        return None
    try:
        return write()
    except Refused as refused:
        form.refuse(refused.reasons)
        return None


@staff(Right.TREAT)
def correct(request: StaffRequest, pk: int, entry: int) -> HttpResponse:
    """Correct one entry, or say that it never happened; the old one stays on the chart."""
    visit, now = _infusion(request, pk), timezone.now()
    row = queries.entry_in(request.clinic, visit, entry)
    line = root_of(queries.chart_of(visit), row.pk)
    if line is None or form_for(row.kind) is None:
        raise Http404
    record_view(patient=visit.patient, by=request.user, page="correcting a chart entry")
    form = correction_for(row.kind)(
        request.POST or None, initial=dict(as_written(line.entry, visit.clinic.zone))
    )

    def write() -> actions.Written:
        return actions.correct_entry(
            visit=visit,
            entry=row,
            payload=form.payload(),
            happened_at=form.happened_at(visit, now)
            if form.cleaned_data.get("time")
            else line.entry.happened_at,
            reason=form.cleaned_data["correction_reason"],
            key=form.cleaned_data["key"],
            by=request.user,
            now=now,
        )

    if form.is_bound and _tried(form, write) is not None:
        messages.success(request, "Corrected. The entry as it was stays on the chart.")
        return redirect("bedside:page", pk=pk)
    words, _marked = say(line.entry, queries.shown(visit, now=now))
    given = {"visit": visit, "line": line, "form": form, "title": TITLES[line.entry.kind], "words": words}
    return render(request, "treatment/correct.html", given, status=422 if form.is_bound else 200)
