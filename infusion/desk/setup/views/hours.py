"""Opening hours and closures."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from clinics import actions, queries
from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from clinics.forms import ClosureForm, HoursForm
from infusion.desk.setup.saving import gone, is_sent, mark_of, settle

from .asked import status_of, today_of, typed


@staff(Right.MANAGE_CLINIC)
def hours(request: StaffRequest) -> HttpResponse:
    """The week's opening hours, and what is closed."""
    mark = actions.hours_mark(request.clinic)
    form = HoursForm(
        typed(request), initial=HoursForm.initial_of(queries.opening_hours(request.clinic), mark)
    )
    if is_sent(request) and form.is_valid():
        change = partial(
            actions.change_hours,
            clinic=request.clinic,
            hours=form.hours,
            seen=form.cleaned_data["seen"],
            by=request.user,
        )
        answer = settle(
            request,
            change,
            title="Change the opening hours",
            said="The opening hours are saved.",
            back_to=reverse("setup:hours"),
            form=form,
        )
        if answer is not None:
            return answer
    return _page(request, form, ClosureForm())


def _page(request: StaffRequest, hours_form: HoursForm, closure_form: ClosureForm) -> HttpResponse:
    shown = {
        "form": hours_form,
        "mark": mark_of(request, hours_form, actions.hours_mark(request.clinic)),
        "closure_form": closure_form,
        "closures": queries.closures(request.clinic, today=today_of(request)),
    }
    return render(request, "desk/setup/hours.html", shown, status=status_of(request))


@require_POST
@staff(Right.MANAGE_CLINIC)
def add_closure(request: StaffRequest) -> HttpResponse:
    form = ClosureForm(typed(request))
    if is_sent(request) and form.is_valid():
        change = partial(
            actions.add_closure,
            clinic=request.clinic,
            by=request.user,
            today=today_of(request),
            first_day=form.cleaned_data["first_day"],
            last_day=form.until,
            since=form.cleaned_data["since"],
            reason=form.cleaned_data["reason"],
        )
        answer = settle(
            request,
            change,
            title="Close the clinic",
            said="The closure is saved.",
            back_to=reverse("setup:hours"),
            form=form,
        )
        if answer is not None:
            return answer
    initial = HoursForm.initial_of(queries.opening_hours(request.clinic), actions.hours_mark(request.clinic))
    return _page(request, HoursForm(initial=initial), form)


@require_POST
@staff(Right.MANAGE_CLINIC)
def remove_closure(request: StaffRequest, pk: int) -> HttpResponse:
    back_to = reverse("setup:hours")
    closure = queries.closures(request.clinic, today=today_of(request)).filter(pk=pk).first()
    if closure is None:
        return gone(request, verb="removed closure", kind="closure", pk=pk, back_to=back_to)
    answer = settle(
        request,
        partial(actions.remove_closure, closure=closure, by=request.user),
        title="Open the clinic again",
        said=f"The clinic is no longer closed for {closure.reason}.",
        back_to=back_to,
    )
    assert answer is not None
    return answer
