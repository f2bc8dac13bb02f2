"""Chairs, beds and isolation rooms, and when they are out of service."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics import actions, queries
from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from clinics.forms import BackForm, ChairChangeForm, ChairForm, OutageForm
from infusion.desk.setup.saving import gone, is_sent, mark_of, settle

from .asked import status_of, today_of, typed


@staff(Right.MANAGE_CLINIC)
def chairs(request: StaffRequest) -> HttpResponse:
    """All chairs, and one more."""
    form = ChairForm(typed(request))
    if is_sent(request) and form.is_valid():
        change = partial(
            actions.add_chair, clinic=request.clinic, by=request.user, now=timezone.now(), **form.cleaned_data
        )
        answer = settle(
            request,
            change,
            title="Add a chair",
            said=f"{form.cleaned_data['name']} is added.",
            back_to=reverse("setup:chairs"),
            form=form,
        )
        if answer is not None:
            return answer
    today = today_of(request)
    out = list(queries.outages(request.clinic, today=today))
    rows = [
        (chair, [outage for outage in out if outage.chair_id == chair.pk])
        for chair in queries.all_chairs(request.clinic)
    ]
    shown = {"form": form, "rows": rows, "today": today}
    return render(request, "desk/setup/chairs.html", shown, status=status_of(request))


@staff(Right.MANAGE_CLINIC)
def chair(request: StaffRequest, pk: int) -> HttpResponse:
    """One chair: its name, what it is, and whether it is used."""
    chair = queries.or_404(queries.all_chairs(request.clinic), pk=pk)
    form = ChairChangeForm(typed(request), initial=_initial(chair))
    if is_sent(request) and form.is_valid():
        answer = settle(
            request,
            partial(actions.change_chair, chair=chair, by=request.user, **form.cleaned_data),
            title=f"Change {chair.name}",
            said=f"{form.cleaned_data['name']} is saved.",
            back_to=reverse("setup:chair", args=[pk]),
            form=form,
        )
        if answer is not None:
            return answer
    return _page(request, pk, form, OutageForm())


def _initial(chair: queries.Chair) -> dict[str, object]:
    return {
        "name": chair.name,
        "kind": chair.kind,
        "in_service": chair.in_service,
        "seen": actions.chair_mark(chair),
    }


def _page(
    request: StaffRequest,
    pk: int,
    form: ChairChangeForm,
    outage_form: OutageForm,
    back_form: BackForm | None = None,
) -> HttpResponse:
    chair = queries.or_404(queries.all_chairs(request.clinic), pk=pk)
    today = today_of(request)
    shown = {
        "chair": chair,
        "form": form,
        "mark": mark_of(request, form, actions.chair_mark(chair)),
        "outage_form": outage_form,
        "back_form": back_form,
        "outages": queries.outages(request.clinic, today=today).filter(chair=chair),
        "today": today,
    }
    return render(request, "desk/setup/chair.html", shown, status=status_of(request))


@require_POST
@staff(Right.MANAGE_CLINIC)
def add_outage(request: StaffRequest, pk: int) -> HttpResponse:
    chair = queries.or_404(queries.all_chairs(request.clinic), pk=pk)
    form = OutageForm(typed(request))
    if is_sent(request) and form.is_valid():
        change = partial(
            actions.add_outage, chair=chair, by=request.user, today=today_of(request), **form.cleaned_data
        )
        answer = settle(
            request,
            change,
            title=f"Take {chair.name} out of service",
            said=f"{chair.name} is out of service on those days.",
            back_to=reverse("setup:chair", args=[pk]),
            form=form,
        )
        if answer is not None:
            return answer
    return _page(request, pk, ChairChangeForm(initial=_initial(chair)), form)


@require_POST
@staff(Right.MANAGE_CLINIC)
def end_outage(request: StaffRequest, pk: int) -> HttpResponse:
    """Back in service from a day on."""
    today = today_of(request)
    outage = queries.outages(request.clinic, today=today).filter(pk=pk).first()
    if outage is None:
        verb = "put chair back into service"
        return gone(request, verb=verb, kind="chairoutage", pk=pk, back_to=reverse("setup:chairs"))
    form = BackForm(typed(request))
    if is_sent(request) and form.is_valid():
        answer = settle(
            request,
            partial(actions.end_outage, outage=outage, by=request.user, today=today, **form.cleaned_data),
            title=f"Put {outage.chair.name} back into service",
            said=f"{outage.chair.name} is back in service from that day on.",
            back_to=reverse("setup:chair", args=[outage.chair_id]),
            form=form,
        )
        if answer is not None:
            return answer
    form.outage = pk  # type: ignore[attr-defined]
    return _page(
        request, outage.chair_id, ChairChangeForm(initial=_initial(outage.chair)), OutageForm(), form
    )
