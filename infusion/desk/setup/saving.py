"""What every settings page does with a checked form: try it out, show what it would break, or save it and say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from clinics.access import StaffRequest
from clinics.domain.refusals import Refused
from clinics.domain.spans import STALE
from clinics.queries import was_done

from .preview import Outcome, try_out

SHOWN = 50
"""Broken visits named on the page that asks; the rest is counted."""
OWN_FIELDS = frozenset({"csrfmiddlewaretoken", "anyway", "back", "agreed"})


def is_sent(request: StaffRequest) -> bool:
    """Whether the form was sent to be saved; not where somebody came back from the preview to change it."""
    return request.method == "POST" and "back" not in request.POST


def mark_of(request: StaffRequest, form: Form, standing: str) -> str:
    """The mark a page carries: what its reader saw first, until they are told that a colleague changed it."""
    told = form.is_bound and form.has_error(NON_FIELD_ERRORS, STALE.code)
    if request.method != "POST" or told or not form.is_bound:
        return standing
    return request.POST.get("seen", "")[:40]


def settle(
    request: StaffRequest,
    change: Callable[[], Any],
    *,
    title: str,
    said: str,
    back_to: str,
    form: Form | None = None,
) -> HttpResponse | None:
    """Save a change that breaks nothing, or that somebody agreed to; else ask. None where it was refused: the words
    stand in the form then, or without one in a message on the page ``back_to``.
    """
    agreed = request.POST.get("agreed", "") if "anyway" in request.POST else None
    try:
        outcome = try_out(request.clinic, change, now=timezone.now(), agreed=agreed)
    except Refused as refused:
        for reason in refused.reasons:
            if form is None:
                messages.error(request, reason.message)
            else:
                where = reason.field if reason.field in form.fields else None
                form.add_error(where, ValidationError(reason.message, code=reason.code))
        return redirect(back_to) if form is None else None
    if not outcome.saved:
        return _ask(request, outcome, title=title, back_to=back_to, can_return=form is not None)
    _say(request, outcome, said)
    return redirect(back_to)


def _ask(
    request: StaffRequest, outcome: Outcome, *, title: str, back_to: str, can_return: bool
) -> HttpResponse:
    carried = [
        (name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values
    ]
    shown = {
        "title": title,
        "outcome": outcome,
        "shown_faults": outcome.broken[:SHOWN],
        "left_off": len(outcome.broken[SHOWN:]),
        "shown_held": outcome.crowded[:SHOWN],
        "left_off_held": len(outcome.crowded[SHOWN:]),
        "carried": carried,
        "back_to": back_to,
        "can_return": can_return,
        "again": "anyway" in request.POST,
    }
    return render(request, "desk/setup/confirm.html", shown)


def _say(request: StaffRequest, outcome: Outcome, said: str) -> None:
    fit = {0: "", 1: " One visit that did not fit before fits again."}
    more = fit.get(outcome.mended, f" {outcome.mended} visits that did not fit before fit again.")
    messages.success(request, f"{said}{more}")
    if outcome.broken or outcome.crowded:
        words = " ".join(_counted(outcome))
        link = format_html('{} <a href="{}">Look at them</a>', words, reverse("desk:misfits"))
        messages.warning(request, link)


def _counted(outcome: Outcome) -> list[str]:
    """How many visits and held windows a saved change broke, in words."""
    visits, held = len(outcome.broken), len(outcome.crowded)
    found = []
    if visits:
        found.append("One visit no longer fits." if visits == 1 else f"{visits} visits no longer fit.")
    if held:
        found.append("One held window has no room." if held == 1 else f"{held} held windows have no room.")
    return found


def gone(request: StaffRequest, *, verb: str, kind: str, pk: int, back_to: str) -> HttpResponse:
    """The answer where a row is not there: fine where this clinic took it away before, else not found."""
    if not was_done(request.clinic, verb=verb, kind=kind, key=pk):
        raise Http404
    messages.info(request, "That was done already.")
    return redirect(back_to)
