"""Screens of the regimens room: what may be given, when and how fast, and who approved it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right

from . import actions, queries
from .forms import PreviewForm


@require_GET
@staff(Right.VIEW_REGIMENS)
def regimen_list(request: StaffRequest) -> HttpResponse:
    rows = [(row, queries.state(row)) for row in queries.versions(request.clinic)]
    waiting = queries.waiting_defaults(request.clinic)
    return render(request, "regimens/list.html", {"rows": rows, "waiting": waiting})


@require_GET
@staff(Right.VIEW_REGIMENS)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    return _detail(request, pk)


@require_POST
@staff(Right.APPROVE_REGIMEN)
def load(request: StaffRequest) -> HttpResponse:
    loaded = actions.load_defaults(clinic=request.clinic, by=request.user)
    for version in loaded:
        messages.success(request, f"{version} is loaded and waits for approval.")
    if not loaded:
        messages.info(request, "Nothing new to load.")
    return redirect("regimens:list")


@require_POST
@staff(Right.APPROVE_REGIMEN)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    version = queries.version(request.clinic, pk)
    try:
        actions.approve(version=version, by=request.user, membership=request.membership, now=timezone.now())
    except Refused as refused:
        return _detail(request, pk, reasons=refused.reasons)
    messages.success(request, f"You approved {version}.")
    return redirect("regimens:detail", pk=pk)


def _detail(request: StaffRequest, pk: int, *, reasons: tuple[Refusal, ...] = ()) -> HttpResponse:
    version = queries.version(request.clinic, pk)
    regimen = queries.regimen_of(version)
    usual = {
        "start": timezone.now().astimezone(request.clinic.zone).date().isoformat(),
        "dose_mg": f"{regimen.induction[0].dose.amount:f}",
    }
    form = PreviewForm(
        usual | {name: request.GET[name] for name in usual if name in request.GET}, regimen=regimen
    )
    valid = form.is_valid()
    dose = form.cleaned_data.get("dose_mg", regimen.induction[0].dose.amount)
    approvals = queries.approvals(version)
    state = queries.state(version)
    shown: dict[str, Any] = {
        "version": version,
        "regimen": regimen,
        "state": state,
        "approvals": approvals,
        "may_approve": state in ("draft", "half_approved")
        and request.membership.may(Right.APPROVE_REGIMEN)
        and not any(one.by_id == request.user.pk or one.role == request.membership.role for one in approvals),
        "form": form,
        "dates": form.dates,
        "dose": dose,
        "rates": queries.rate_tables(regimen, dose),
        "premedication": queries.premedication(version, regimen),
        "reasons": reasons,
    }
    return render(request, "regimens/detail.html", shown, status=422 if reasons or not valid else 200)
