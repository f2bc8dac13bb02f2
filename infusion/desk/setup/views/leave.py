"""Nurses' leave."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from clinics import actions, queries
from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from clinics.forms import LeaveForm, ShiftForm
from infusion.desk.setup.saving import gone, is_sent, settle

from .asked import today_of, typed
from .nurses import nurse_page


@require_POST
@staff(Right.MANAGE_CLINIC)
def add_leave(request: StaffRequest, pk: int) -> HttpResponse:
    member = queries.or_404(queries.nurses(request.clinic).select_related("clinic"), pk=pk)
    today = today_of(request)
    form = LeaveForm(typed(request))
    if is_sent(request) and form.is_valid():
        change = partial(
            actions.add_leave,
            member=member,
            by=request.user,
            today=today,
            first_day=form.cleaned_data["first_day"],
            last_day=form.until,
            reason=form.cleaned_data["reason"],
        )
        answer = settle(
            request,
            change,
            title=f"{member.user} is away",
            said=f"The leave of {member.user} is saved.",
            back_to=reverse("setup:nurse", args=[pk]),
            form=form,
        )
        if answer is not None:
            return answer
    return nurse_page(request, member, ShiftForm(initial={"first_day": today}), form)


@require_POST
@staff(Right.MANAGE_CLINIC)
def remove_leave(request: StaffRequest, pk: int) -> HttpResponse:
    absence = queries.leave(request.clinic, today=today_of(request)).filter(pk=pk).first()
    if absence is None:
        return gone(request, verb="removed leave", kind="absence", pk=pk, back_to=reverse("setup:nurses"))
    answer = settle(
        request,
        partial(actions.remove_leave, absence=absence, by=request.user),
        title=f"{absence.member.user} works after all",
        said=f"{absence.member.user} works on those days.",
        back_to=reverse("setup:nurse", args=[absence.member_id]),
    )
    assert answer is not None
    return answer
