"""Screens of the regimens room: what may be given, when and how fast, who approved it, and new versions of it."""

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
from clinics.forms.refusals import show_refusal

from . import actions, queries
from .domain.differences import differences
from .forms import PreviewForm, VersionForm


@require_GET
@staff(Right.VIEW_REGIMENS)
def regimen_list(request: StaffRequest) -> HttpResponse:
    waiting = queries.waiting_defaults(request.clinic)
    return render(request, "regimens/list.html", {"rows": queries.rows(request.clinic), "waiting": waiting})


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


@require_GET
@staff(Right.VIEW_REGIMENS)
def compare(request: StaffRequest, pk: int) -> HttpResponse:
    """What differs from another version of the same regimen: the one it was made from, or the one asked for."""
    version = queries.version(request.clinic, pk)
    others = [row for row in queries.versions(request.clinic) if row.code == version.code and row.pk != pk]
    asked = request.GET.get("with", "")
    other = next((row for row in others if str(row.pk) == asked), None) or queries.before(version)
    shown: dict[str, Any] = {"version": version, "other": other, "others": others, "rows": ()}
    if other is not None:
        shown["rows"] = differences(other.definition, version.definition)
        shown["dates"] = queries.both_previews(other, version, _today(request))
    return render(request, "regimens/compare.html", shown)


@staff(Right.EDIT_REGIMEN)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Make a new version out of this one; looked at with its dates before it is kept."""
    base = queries.version(request.clinic, pk)
    form = VersionForm(request.POST if request.method == "POST" else None, base=base.definition)
    shown: dict[str, Any] = {"version": base, "form": form}
    if request.method == "POST" and form.is_valid() and form.regimen is not None:
        if "keep" in request.POST:
            try:
                made = actions.make_version(
                    base=base,
                    definition=form.definition,
                    reason=form.cleaned_data["reason"],
                    by=request.user,
                    membership=request.membership,
                )
            except Refused as refused:
                show_refusal(form, refused)
            else:
                messages.success(request, f"{made} waits for its two approvals.")
                return redirect("regimens:detail", pk=made.pk)
        shown["rows"] = differences(base.definition, form.definition)
        shown["dates"] = queries.preview(form.regimen, _today(request))
    return render(request, "regimens/edit.html", shown, status=422 if form.errors else 200)


def _today(request: StaffRequest) -> Any:
    return timezone.now().astimezone(request.clinic.zone).date()


def _detail(request: StaffRequest, pk: int, *, reasons: tuple[Refusal, ...] = ()) -> HttpResponse:
    version = queries.version(request.clinic, pk)
    regimen = queries.regimen_of(version)
    usual = {
        "start": _today(request).isoformat(),
        "dose_mg": f"{queries.usual_mg(regimen):f}",
    }
    form = PreviewForm(
        usual | {name: request.GET[name] for name in usual if name in request.GET}, regimen=regimen
    )
    valid = form.is_valid()
    dose = form.cleaned_data.get("dose_mg", queries.usual_mg(regimen))
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
        "before": queries.before(version),
        "schedule": queries.schedule(regimen),
        "form": form,
        "dates": form.dates,
        "dose": dose,
        "rates": queries.rate_tables(regimen, dose),
        "dilution": queries.dilution(dose, regimen),
        "premedication": queries.premedication(version, regimen),
        "beside": queries.marked_beside(regimen),
        "reasons": reasons,
    }
    return render(request, "regimens/detail.html", shown, status=422 if reasons or not valid else 200)
