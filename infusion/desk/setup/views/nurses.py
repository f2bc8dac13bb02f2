"""Nurses' weeks: shifts with their breaks, as they stand on the days of a week."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from clinics import actions, queries
from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from clinics.forms import LeaveForm, ShiftChangeForm, ShiftForm
from infusion.desk.domain.dates import day_of
from infusion.desk.setup.saving import gone, is_sent, mark_of, settle
from infusion.desk.setup.weeks import later_shifts, week, weeks

from .asked import monday_asked, status_of, today_of, typed


@staff(Right.MANAGE_CLINIC)
def nurses(request: StaffRequest) -> HttpResponse:
    """Every nurse's week at a glance."""
    monday, today = monday_asked(request), today_of(request)
    shown = {
        "rows": weeks(request.clinic, monday, today=today),
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "today": today,
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
    }
    return render(request, "desk/setup/nurses.html", shown)


@staff(Right.MANAGE_CLINIC)
def nurse(request: StaffRequest, pk: int) -> HttpResponse:
    """One nurse's week, and one more shift."""
    member = queries.or_404(queries.nurses(request.clinic).select_related("clinic"), pk=pk)
    today = today_of(request)
    form = ShiftForm(typed(request), initial={"first_day": today})
    if is_sent(request) and form.is_valid():
        change = partial(actions.add_shifts, member=member, by=request.user, today=today, **form.shifts)
        answer = settle(
            request,
            change,
            title=f"Put {member.user} on duty",
            said=f"The shifts of {member.user} are saved.",
            back_to=reverse("setup:nurse", args=[pk]),
            form=form,
        )
        if answer is not None:
            return answer
    return nurse_page(request, member, form, LeaveForm())


def nurse_page(
    request: StaffRequest, member: queries.Membership, form: ShiftForm, leave_form: LeaveForm
) -> HttpResponse:
    """The nurse's page with its two forms."""
    monday, today = monday_asked(request), today_of(request)
    shown = {
        "member": member,
        "form": form,
        "leave_form": leave_form,
        "week": week(member, monday, today=today),
        "later": later_shifts(member, sunday=monday + timedelta(days=6)),
        "leave": queries.leave(request.clinic, today=today).filter(member=member),
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "today": today,
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
    }
    return render(request, "desk/setup/nurse.html", shown, status=status_of(request))


@staff(Right.MANAGE_CLINIC)
def shift(request: StaffRequest, pk: int) -> HttpResponse:
    """One weekly shift: changed, or ended, from a day on."""
    shift = queries.shifts(request.clinic).filter(pk=pk).first()
    if shift is None:
        return gone(request, verb="ended shift", kind="shift", pk=pk, back_to=reverse("setup:nurses"))
    today, duty = today_of(request), actions.duty_of(shift)
    initial = ShiftChangeForm.initial_of(duty, day_of(request.GET.get("from", "")) or today)
    form = ShiftChangeForm(typed(request), initial=initial)
    if is_sent(request) and form.is_valid():
        ends = "end" in request.POST
        answer = settle(
            request,
            form.ending(shift, by=request.user, today=today)
            if ends
            else form.changing(shift, by=request.user, today=today),
            title="End this shift" if ends else "Change this shift",
            said=f"The {'shift has ended' if ends else 'shift is changed'} for {shift.member.user} from that day on.",
            back_to=reverse("setup:nurse", args=[shift.member_id]),
            form=form,
        )
        if answer is not None:
            return answer
    mark = mark_of(request, form, actions.shift_mark(shift))
    shown = {"form": form, "shift": shift, "duty": duty, "mark": mark, "member": shift.member}
    return render(request, "desk/setup/shift.html", shown, status=status_of(request))
