"""Screens of a series: move one and what follows, decide about one dose, and undo the latest change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from patients.actions import record_view
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.domain.series import DEFER
from scheduling.domain.status import MOVABLE
from scheduling.forms import NOT_AN_OFFER, TypedTimeForm, offer_text, read_offer
from scheduling.queries import Ask, CoursePlan

from .forms import ALONE, FOLLOWING, DecideForm
from .preview import Preview

MOVED = "Moved. The patient is told in one notice."
TITLES = {"defer": "Defer", "omit": "Leave out", "cease": "End the series before"}
DONE = {
    "defer": "Deferred. The patient is told in one notice.",
    "omit": "Left out. If it was booked, its time is free again.",
    "cease": "The series has ended. What was booked is cancelled.",
}


@staff(Right.BOOK)
def move(request: StaffRequest, pk: int) -> HttpResponse:
    """Move an infusion and what follows it: choose a time, look at everything it changes, confirm."""
    visit, now = queries.visit(request.clinic, pk), timezone.now()
    if visit.planned_infusion is None:
        raise Http404
    form, seat = _asked(request, visit)
    if seat is None:
        return _choose(request, visit, form)
    preview = _preview(request, visit, seat)
    if "confirm" not in request.POST:
        return preview.page(now=now)

    def write(seats: dict[int, Seat], held: frozenset[int], versions: dict[int, int], **told: Any) -> None:
        if _alone(request):
            told.pop("batch")
            actions.move_visit(visit=visit, seat=seat, version=versions.get(visit.pk, 0), **told)
            return
        more: dict[str, Any] = {"seats": seats, "held": held, "versions": versions}
        prescriber = request.membership.may(Right.PRESCRIBE)
        actions.move_series(visit=visit, seat=seat, prescriber=prescriber, **more, **told)

    refused = preview.confirmed(write, now=now)
    if refused is not None:
        return refused
    messages.success(request, MOVED)
    return redirect("scheduling:course", pk=preview.course.pk)


def _alone(request: StaffRequest) -> bool:
    return request.POST.get("scope") == ALONE


def _preview(request: StaffRequest, visit: Any, seat: Seat) -> Preview:
    """The preview of moving a visit to a time, alone or with what follows it."""
    alone, scope = _alone(request), ALONE if _alone(request) else FOLLOWING

    def asked(plan: CoursePlan) -> Ask | Refusal:
        current = next((each for each in plan.visits if each.pk == visit.pk), None)
        if current is None or current.status not in MOVABLE:
            return actions.not_movable(current or visit)
        found = (queries.moved_alone if alone else queries.moved_with_all)(plan, current, seat)
        if isinstance(found, Refusal):
            return found
        return replace(found, prescriber=request.membership.may(Right.PRESCRIBE))

    return Preview(
        request=request,
        course=visit.planned_infusion.course,
        title=f"Move infusion {visit.planned_infusion.ordinal}",
        button="Move only this" if alone else "Move all of it",
        asked=asked,
        carried={"offer": offer_text([seat]), "scope": scope},
        more={"visit": visit, "scope": scope, "moving": True},
    )


def _asked(request: StaffRequest, visit: Any) -> tuple[TypedTimeForm, Seat | None]:
    """The time asked for, from an offer or typed by hand; what is wrong with it is said in the form."""
    zone = request.clinic.zone
    local = visit.starts_at.astimezone(zone)
    first = {"day": local.date(), "time": local.time()}
    if request.method != "POST":
        return TypedTimeForm(zone=zone, initial=first), None
    if "typed" not in request.POST:
        seats = read_offer(request.POST.get("offer", ""), 1)
        form = TypedTimeForm({"day": str(first["day"]), "time": f"{local:%H:%M}"}, zone=zone)
        if seats is None:
            form.add_error(None, NOT_AN_OFFER)
        return form, seats[0] if seats else None
    form = TypedTimeForm(request.POST, zone=zone)
    if not form.is_valid() or form.starts is None:
        return form, None
    plan = queries.read_plan(queries.course(request.clinic, visit.planned_infusion.course_id))
    row = plan.infusion(visit.planned_infusion.ordinal) or visit.planned_infusion
    found = queries.seat_at(plan, row, form.starts, now=timezone.now(), without=[visit.pk])
    if isinstance(found, Refusal):
        form.add_error(found.field if found.field in form.fields else None, found.message)
        return form, None
    return form, found


def _choose(request: StaffRequest, visit: Any, form: TypedTimeForm) -> HttpResponse:
    record_view(patient=visit.patient, by=request.user, page="move a series")
    shown = {
        "visit": visit,
        "patient": visit.patient,
        "course": visit.planned_infusion.course,
        "form": form,
        "first": visit.planned_infusion.ordinal == 1,
    }
    return render(request, "series/choose.html", shown, status=422 if form.is_bound else 200)


@staff(Right.PRESCRIBE)
def decide(request: StaffRequest, pk: int) -> HttpResponse:
    """Defer an infusion, leave it out or end the series: choose, look at everything it changes, confirm."""
    planned, now = queries.planned_infusion(request.clinic, pk), timezone.now()
    form = DecideForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid() or "change" in request.POST:
        record_view(patient=planned.patient, by=request.user, page="decide about an infusion")
        shown = {"planned": planned, "patient": planned.patient, "course": planned.course, "form": form}
        status = 422 if form.is_bound and not form.is_valid() else 200
        return render(request, "series/decide.html", shown, status=status)
    decision = form.decision(planned.ordinal)
    carried = {"kind": decision.kind}
    if decision.kind == DEFER:
        carried |= {"days": str(decision.days)} | ({"carries": "on"} if decision.carries else {})
    preview = Preview(
        request=request,
        course=planned.course,
        title=f"{TITLES[decision.kind]} infusion {planned.ordinal}",
        button="Confirm the decision",
        asked=lambda plan: queries.decision_asked(plan, decision, now=now),
        carried=carried,
        more={"planned": planned},
    )
    if "confirm" not in request.POST:
        return preview.page(now=now)
    refused = preview.confirmed(
        lambda **told: actions.decide(planned=planned, decision=decision, **told), now=now
    )
    if refused is not None:
        return refused
    messages.success(request, DONE[decision.kind])
    return redirect("scheduling:course", pk=planned.course_id)


@require_POST
@staff(Right.BOOK)
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Undo a change of a patient's schedule while its notice has not left."""
    change = queries.schedule_change(request.clinic, pk)
    if not request.membership.may(queries.right_to_undo(change)):
        raise PermissionDenied
    try:
        actions.undo_change(change=change, by=request.user, now=timezone.now())
    except Refused as refused:
        for reason in dict.fromkeys(each.message for each in refused.reasons):
            messages.error(request, reason)
    else:
        messages.success(request, "Undone. The patient is told nothing of it.")
    if change.course_id is not None:
        return redirect("scheduling:course", pk=change.course_id)
    return redirect("patients:detail", pk=change.patient_id)
