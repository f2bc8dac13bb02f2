"""Screens of times on offer: for the induction pair, for one infusion, and for moving what is booked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients.actions import record_view
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.domain.soft import Accepted
from scheduling.forms import (
    NOT_AN_OFFER,
    AcceptForm,
    LookForm,
    MoveForm,
    TypedMoveForm,
    TypedTimeForm,
    offer_text,
    read_offer,
)

from .passing import may_pass, warning_page
from .shown import cards, refused_page, status_of

TYPED_ID = "typed_%s"
MOST_SEATS = 12
"""No offer books more visits at once."""


@dataclass(frozen=True, slots=True)
class _Search:
    """One page of times: what it is for, how it looks for times, and what a click does.

    ``place`` books or moves, and takes what was typed beside the offer and the soft rules that are passed; ``seat_at``
    finds chair and nurse for a time typed by hand, where that is possible. ``moving`` tells moving from booking;
    ``visits`` are those being moved, read only where a page shows them. ``whole``: the offers are for the whole
    course, and ``only`` says how less of it is asked for. ``infusion`` is the one a typed time is for.
    """

    course: Any
    title: str
    button: str
    count: int
    times: Callable[[queries.Asked], queries.Times]
    place: Callable[[tuple[Seat, ...], dict[str, Any], Accepted | None], Any]
    seat_at: Callable[[datetime], Seat | Refusal] | None = None
    moving: bool = False
    visits: Callable[[], list[Any]] = list
    whole: bool = False
    only: str = ""
    infusion: int = 0

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "course": self.course,
            "patient": self.course.patient,
            "title": self.title,
            "button": self.button,
            "moving": self.moving,
            "anyway": "Move anyway" if self.moving else "Book anyway",
        }

    def move_form(self, typed: Any = None) -> MoveForm | None:
        if not self.moving:
            return None
        if typed is not None:
            return MoveForm(typed)
        versions = [visit.version for visit in self.visits()]
        return MoveForm(initial={"version": versions[0], "other_version": versions[-1]})

    def typed_form(self, typed: Any = None) -> TypedTimeForm | None:
        if self.seat_at is None:
            return None
        zone = self.course.clinic.zone
        if self.moving:
            first = {"version": self.visits()[0].version}
            return TypedMoveForm(typed, zone=zone, initial=first, auto_id=TYPED_ID)
        return TypedTimeForm(typed, zone=zone, auto_id=TYPED_ID)


def _said(request: StaffRequest, visits: Any, verb: str) -> None:
    days = [visit.starts_at.astimezone(request.clinic.zone) for visit in visits]
    words = " and ".join(f"{day:%A} {day.day} {day:%B %Y} at {day:%H:%M}" for day in days)
    messages.success(request, f"{verb}: {words}.")


def _whole(request: StaffRequest) -> bool:
    """Whether a click asks for the whole course: the offer with all that follows it."""
    return "whole" in request.POST and "only" not in request.POST


def _answer(request: StaffRequest, search: _Search) -> HttpResponse:
    """Show the times, or do what was clicked."""
    if request.method != "POST":
        record_view(patient=search.course.patient, by=request.user, page="times on offer")
        return _page(request, search)
    if "typed" in request.POST and search.seat_at is not None:
        return _place_typed(request, search)
    form = search.move_form(request.POST)
    if form is not None and not form.is_valid():
        return _page(request, search, form=form, status=422)
    text = request.POST.get("offer", "")
    seats = read_offer(text, min(len(text.split(" ")), MOST_SEATS) if _whole(request) else search.count)
    try:
        if seats is None:
            raise Refused(Refusal("unreadable_offer", NOT_AN_OFFER))
        accepted = AcceptForm(request.POST).accepted if "accept" in request.POST else None
        done = search.place(seats, form.cleaned_data if form else {}, accepted)
    except Refused as refused:
        page = warning_page if may_pass(request, refused) else refused_page
        return page(request, refused, form=form, **search.shown)
    _said(request, done, "Moved" if search.moving else "Booked")
    return redirect("scheduling:course", pk=search.course.pk)


def _place_typed(request: StaffRequest, search: _Search) -> HttpResponse:
    """Book or move to a time typed by hand; what is wrong with it is said beside its field."""
    form = search.typed_form(request.POST)
    assert form is not None
    assert search.seat_at is not None
    status = 422
    if form.is_valid() and form.starts is not None:
        try:
            seat = search.seat_at(form.starts)
            if isinstance(seat, Refusal):
                raise Refused(seat)
            done = search.place((seat,), form.cleaned_data, None)
        except Refused as refused:
            if isinstance(seat, Seat) and may_pass(request, refused):
                return warning_page(request, refused, offer=offer_text([seat]), **search.shown)
            show_refusal(form, refused)
            status = status_of(refused)
        else:
            _said(request, done, "Moved" if search.moving else "Booked")
            return redirect("scheduling:course", pk=search.course.pk)
    return _page(request, search, typed=form, status=status)


def _page(
    request: StaffRequest,
    search: _Search,
    *,
    form: Form | None = None,
    typed: Form | None = None,
    status: int = 200,
) -> HttpResponse:
    look = LookForm(request.GET or None)
    wanted = look.cleaned_data if look.is_bound and not look.errors else {}
    limits = queries.MORE if wanted.get("more") else queries.USUAL
    times = search.times(
        queries.Asked(wanted.get("start"), wanted.get("at"), limits, bool(wanted.get("handover")))
    )
    shown = {
        **search.shown,
        "visits": search.visits(),
        "look": look,
        "wanted": wanted,
        "times": times,
        "cards": cards(times.cards),
        "form": form or search.move_form(),
        "typed": typed or search.typed_form(),
        "free_url": f"{reverse('scheduling:free')}?infusion={search.infusion}" if search.infusion else "",
        "whole": search.whole,
        "only": search.only,
    }
    return render(request, "scheduling/times.html", shown, status=422 if look.errors else status)


@staff(Right.BOOK)
def pair(request: StaffRequest, pk: int) -> HttpResponse:
    """Times for both induction infusions together; one click books, or moves, both or neither."""
    course, now = queries.course(request.clinic, pk), timezone.now()
    plan = cache(lambda: queries.read_plan(course))
    # What the page was when it was clicked counts, not what became of the pair since.
    moving = "version" in request.POST if request.method == "POST" else None not in plan().pair_visits
    if request.method != "POST" and (plan().pair is None or moving != any(plan().pair_visits)):
        messages.error(request, "Only one of the two is left to book or to move. Do that one alone.")
        return redirect("scheduling:course", pk=pk)

    def place(seats: tuple[Seat, ...], typed: dict[str, Any], accepted: Accepted | None) -> Any:
        told: dict[str, Any] = {"course": course, "by": request.user, "now": now, "accepted": accepted}
        if not moving and _whole(request):
            return actions.book_course(seats=seats, **told)
        where = {"first": seats[0], "second": seats[1], **told}
        if not moving:
            return actions.book_pair(**where)
        versions = (typed["version"], typed["other_version"] or 0)
        return actions.move_pair(versions=versions, reason=typed["reason"], **where)

    def times(asked: queries.Asked) -> queries.Times:
        if not moving:
            return queries.course_times(plan(), now=now, asked=asked)
        booked = [visit.pk for visit in plan().pair_visits if visit]
        return queries.pair_times(plan(), now=now, asked=asked, without=booked)

    search = _Search(
        course=course,
        title="Move both induction infusions" if moving else "Times for the whole course",
        button="Move both" if moving else "Book the course",
        count=2,
        times=times,
        place=place,
        visits=lambda: [visit for visit in plan().pair_visits if visit] if moving else [],
        moving=moving,
        whole=not moving,
        only="Book the induction pair only, and hold nothing",
    )
    return _answer(request, search)


@staff(Right.BOOK)
def single(request: StaffRequest, pk: int) -> HttpResponse:
    """Times for one infusion of a course in its window."""
    planned, now = queries.planned_infusion(request.clinic, pk), timezone.now()
    plan = cache(lambda: queries.read_plan(queries.course(request.clinic, planned.course_id)))
    # The next infusion of a course is offered with all that follows it, as long as any of that is not held yet.
    whole = request.method != "POST" and queries.begins_the_rest(plan(), planned, now=now)

    def place(seats: tuple[Seat, ...], typed: dict[str, Any], accepted: Accepted | None) -> Any:
        told: dict[str, Any] = {"by": request.user, "now": now, "accepted": accepted}
        if _whole(request):
            return actions.book_course(course=planned.course, seats=seats, first=planned.ordinal, **told)
        return [actions.book_single(planned=planned, seat=seats[0], **told)]

    def times(asked: queries.Asked) -> queries.Times:
        if whole:
            return queries.course_times(plan(), now=now, asked=asked)
        return queries.single_times(plan(), planned, now=now, asked=asked)

    search = _Search(
        course=planned.course,
        infusion=planned.pk,
        title=f"Times for infusion {planned.ordinal}",
        button="Book and hold the rest" if whole else "Book",
        count=1,
        times=times,
        place=place,
        seat_at=lambda starts: queries.seat_at(plan(), planned, starts, now=now),
        whole=whole,
        only=f"Book infusion {planned.ordinal} only, and hold nothing",
    )
    return _answer(request, search)


@staff(Right.BOOK)
def move(request: StaffRequest, pk: int) -> HttpResponse:
    """Move one visit to another time, with a reason."""
    visit, now = queries.visit(request.clinic, pk), timezone.now()
    planned = visit.planned_infusion
    if planned is None:
        return _move_follow_up(request, visit)
    plan = cache(lambda: queries.read_plan(queries.course(request.clinic, planned.course_id)))

    def place(seats: tuple[Seat, ...], typed: dict[str, Any], accepted: Accepted | None) -> Any:
        told = {"version": typed["version"], "reason": typed["reason"], "by": request.user, "now": now}
        return [actions.move_visit(visit=visit, seat=seats[0], accepted=accepted, **told)]

    search = _Search(
        course=planned.course,
        infusion=planned.pk,
        title=f"Move infusion {planned.ordinal}",
        button="Move here",
        count=1,
        times=lambda asked: queries.single_times(plan(), planned, now=now, asked=asked, without=[visit.pk]),
        place=place,
        seat_at=lambda starts: queries.seat_at(plan(), planned, starts, now=now, without=[visit.pk]),
        visits=lambda: [visit],
        moving=True,
    )
    return _answer(request, search)


def _move_follow_up(request: StaffRequest, visit: Any) -> HttpResponse:
    """Move a follow-up: a time typed by hand, with free ones beside it."""
    now = timezone.now()
    first = {
        "version": visit.version,
        "day": request.GET.get("day") or None,
        "time": request.GET.get("time") or None,
    }
    form = TypedMoveForm(request.POST or None, zone=request.clinic.zone, initial=first)
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid() and form.starts is not None:
        typed = form.cleaned_data
        try:
            moved = actions.move_follow_up(
                visit=visit,
                starts_at=form.starts,
                version=typed["version"],
                reason=typed["reason"],
                by=request.user,
                now=now,
            )
        except Refused as refused:
            show_refusal(form, refused)
            status = status_of(refused)
        else:
            _said(request, [moved], "Moved")
            return redirect("scheduling:visit", pk=visit.pk)
    record_view(patient=visit.patient, by=request.user, page="times on offer")
    shown = {
        "visit": visit,
        "patient": visit.patient,
        "form": form,
        "free": queries.times_to_move_to(visit, now=now),
    }
    return render(request, "scheduling/move_follow_up.html", shown, status=status)
