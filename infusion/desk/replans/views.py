"""Screens of re-planning: what has happened, whom it touches, the plan as it is worked out, and what is accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.queries import chairs, nurses
from scheduling import actions, tasks
from scheduling.domain.proposals import LOST, UNHEARD, Ending
from scheduling.queries import replans as queries
from scheduling.queries.replans import Tolerance

from ..domain.dates import day_of
from . import shown
from .forms import DayForm, DisruptionForm, MonthForm, ProposeForm

READY = ("done", "stopped")
MOST_KEYS = 500


def _may_close(request: StaffRequest) -> bool:
    return request.membership.may(Right.CLOSE_DAY)


def _frame(request: StaffRequest, here: str, **more: Any) -> dict[str, Any]:
    """What the three pages of questions have in common."""
    now = timezone.now()
    chair_names, people = queries.names(request.clinic)
    recent = [
        {
            "pk": row.pk,
            "asked_by": row.asked_by,
            "created_at": row.created_at,
            "state": queries.state_of(row, now=now),
            "title": shown.title_of(
                row.kind, row.first_day, row.last_day, queries.disruption_of(row), chair_names, people
            ),
        }
        for row in queries.recent_replans(request.clinic)
    ]
    return {"here": here, "recent": recent, **more}


@staff(Right.BOOK)
def start(request: StaffRequest) -> HttpResponse:
    """What has happened; then the visits it touches, by harm, and what a plan may do about them."""
    now = timezone.now()
    today = local_date(now, request.clinic.zone)
    sent = request.GET if "cause" in request.GET else None
    first = day_of(request.GET.get("day", "")) or today
    form = DisruptionForm(
        sent,
        nurses={member.pk: str(member.user) for member in nurses(request.clinic)},
        chairs={chair.pk: chair.name for chair in chairs(request.clinic)},
        today=today,
        initial={"first_day": max(first, today), "last_day": max(first, today)},
    )
    if sent is None or not form.is_valid():
        status = 422 if sent is not None else 200
        return render(request, "replans/start.html", _frame(request, "start", form=form), status=status)
    return _disruption(request, form)


def _disruption(request: StaffRequest, form: DisruptionForm) -> HttpResponse:
    """The touched visits by harm; sent, it asks for a plan."""
    what = form.what()
    rows = shown.touched(request.clinic, what, now=timezone.now())
    plannable = sum(row.plannable for row in rows)
    data = request.POST if request.method == "POST" else None
    propose = ProposeForm(data, cause=what.cause, may_close=_may_close(request))
    if data is not None and propose.is_valid():
        answer = _propose(request, form, propose, at_once=not plannable)
        if answer is not None:
            return answer
    names = queries.names(request.clinic)
    context = {
        "what": what,
        "title": shown.title_of("disruption", what.first, what.last, what, *names),
        "rows": rows,
        "plannable": plannable,
        "form": propose,
        "back": f"?day={what.first.isoformat()}",
        "may_close": _may_close(request),
    }
    return render(request, "replans/touched.html", context, status=422 if data is not None else 200)


def _propose(
    request: StaffRequest, form: DisruptionForm, propose: ProposeForm, *, at_once: bool
) -> HttpResponse | None:
    """Ask for the plan and, where that is wanted or nobody is to be moved (``at_once``), enter what has happened.
    None, with the reasons in the form, where it is refused.
    """
    now, what = timezone.now(), form.what(propose.cleaned_data["reason"])
    try:
        replan = actions.ask_replan(
            clinic=request.clinic,
            kind="disruption",
            first_day=what.first,
            last_day=what.last,
            asked=propose.tolerance(),
            by=request.user,
            now=now,
            what=what,
            note=propose.cleaned_data["note_now"] or at_once,
            may_close=_may_close(request),
        )
    except Refused as refused:
        for reason in refused.reasons:
            propose.add_error("reason" if reason.field == "reason" else None, reason.message)
        return None
    tasks.hand_over(replan.pk)
    return redirect("replans:plan", pk=replan.pk)


@staff(Right.BOOK)
def day(request: StaffRequest) -> HttpResponse:
    """Ask for a better plan of a day, within what its patients bear."""
    first = day_of(request.GET.get("day", "")) or local_date(timezone.now(), request.clinic.zone)
    form = DayForm(request.POST or None, initial={"on": first, "minutes": 60, "days": 0})
    if request.method == "POST" and form.is_valid():
        on = form.cleaned_data["on"]
        answer = _ask(request, form, kind="day", first_day=on, last_day=on, asked=form.tolerance())
        if answer is not None:
            return answer
    status = 422 if form.is_bound else 200
    return render(request, "replans/day.html", _frame(request, "day", form=form), status=status)


@staff(Right.BOOK)
def month(request: StaffRequest) -> HttpResponse:
    """Ask for times for the reserved windows of a month."""
    ahead = local_date(timezone.now(), request.clinic.zone) + timedelta(days=request.clinic.hold_beyond_days)
    form = MonthForm(request.POST or None, initial={"month": f"{ahead:%Y-%m}"})
    if request.method == "POST" and form.is_valid():
        first, last = form.days()
        answer = _ask(request, form, kind="windows", first_day=first, last_day=last, asked=Tolerance(0, 0))
        if answer is not None:
            return answer
    status = 422 if form.is_bound else 200
    return render(request, "replans/month.html", _frame(request, "month", form=form), status=status)


def _ask(request: StaffRequest, form: Any, **question: Any) -> HttpResponse | None:
    """Note the question and hand it over; None, with the reasons in the form, where it is refused."""
    try:
        replan = actions.ask_replan(clinic=request.clinic, by=request.user, now=timezone.now(), **question)
    except Refused as refused:
        for reason in refused.reasons:
            form.add_error("on" if "on" in form.fields else None, reason.message)
        return None
    tasks.hand_over(replan.pk)
    return redirect("replans:plan", pk=replan.pk)


@staff(Right.BOOK)
def plan(request: StaffRequest, pk: int) -> HttpResponse:
    """One question: how far it is, or its answer beside what stands."""
    return _plan(request, pk)


def _plan(request: StaffRequest, pk: int, *, refused: Refused | None = None) -> HttpResponse:
    replan, now = queries.replan(request.clinic, pk), timezone.now()
    state = queries.state_of(replan, now=now)
    what = queries.disruption_of(replan)
    context = _under_way(request, replan, state) | {
        "title": shown.title_of(
            replan.kind, replan.first_day, replan.last_day, what, *queries.names(request.clinic)
        ),
        "what": what,
        "tolerance": queries.tolerance_of(replan),
        "may_close": _may_close(request),
        "ready": state in READY,
        "reasons": list(dict.fromkeys(each.message for each in refused.reasons)) if refused else [],
        "chosen": frozenset(request.POST.getlist("keys")) if refused else None,
    }
    if replan.answer:
        context["plan"] = shown.plan_of(replan, now=now, draw=state in READY)
        actions.record_plan_view(replan=replan, by=request.user)
    return render(request, "replans/plan.html", context, status=409 if refused else 200)


def _under_way(request: StaffRequest, replan: Any, state: str) -> dict[str, Any]:
    unheard = state == "waiting" and timezone.now() - replan.created_at > UNHEARD
    heard = replan.progress
    so_far = Ending(False, False, 0, heard.get("objective"), heard.get("bound"))
    return {
        "replan": replan,
        "state": state,
        "lost": state == LOST,
        "unheard": unheard,
        "gap": so_far.percent,
    }


@staff(Right.BOOK, watching=True)
def progress(request: StaffRequest, pk: int) -> HttpResponse:
    """How far a question is, asked for by the page itself; once it is answered the page is drawn anew."""
    replan = queries.replan(request.clinic, pk)
    state = queries.state_of(replan, now=timezone.now())
    answer = render(request, "replans/_progress.html", _under_way(request, replan, state))
    if state not in ("waiting", "solving"):
        answer["HX-Refresh"] = "true"
    return answer


@staff(Right.BOOK)
@require_POST
def stop(request: StaffRequest, pk: int) -> HttpResponse:
    """End the search; the best plan so far is kept."""
    actions.stop_replan(replan=queries.replan(request.clinic, pk), by=request.user, now=timezone.now())
    return redirect("replans:plan", pk=pk)


@staff(Right.BOOK)
@require_POST
def here(request: StaffRequest, pk: int) -> HttpResponse:
    """Work a question out at once that no worker has begun."""
    replan = queries.replan(request.clinic, pk)
    actions.work_out(pk=replan.pk, here=True)
    return redirect("replans:plan", pk=pk)


@staff(Right.BOOK)
@require_POST
def again(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask the same question about the schedule as it stands now."""
    replan = actions.ask_again(replan=queries.replan(request.clinic, pk), by=request.user, now=timezone.now())
    tasks.hand_over(replan.pk)
    return redirect("replans:plan", pk=replan.pk)


@staff(Right.BOOK)
@require_POST
def apply(request: StaffRequest, pk: int) -> HttpResponse:
    """Accept the ticked visits of a plan: all of them are moved, or none."""
    try:
        replan = actions.apply_replan(
            replan=queries.replan(request.clinic, pk),
            keys=request.POST.getlist("keys")[:MOST_KEYS],
            by=request.user,
            now=timezone.now(),
            may_close=_may_close(request),
        )
    except Refused as refused:
        return _plan(request, pk, refused=refused)
    moved = len(replan.params["accepted"])
    messages.success(
        request, f"{moved} visit{'s' if moved != 1 else ''} re-planned. Each patient gets one notice."
    )
    return redirect("replans:plan", pk=pk)


@staff(Right.BOOK)
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Accept nothing of a plan."""
    actions.discard_replan(replan=queries.replan(request.clinic, pk), by=request.user, now=timezone.now())
    messages.success(request, "The plan is laid aside. Nothing was moved.")
    return redirect("replans:plan", pk=pk)


@staff(Right.BOOK)
@require_POST
def note(request: StaffRequest, pk: int) -> HttpResponse:
    """Enter what has happened without moving anybody."""
    replan = queries.replan(request.clinic, pk)
    try:
        actions.note_disruption(
            replan=replan, by=request.user, now=timezone.now(), may_close=_may_close(request)
        )
    except Refused as refused:
        return _plan(request, pk, refused=refused)
    messages.success(request, "Noted. Nothing new is offered there.")
    return redirect("replans:plan", pk=pk)
