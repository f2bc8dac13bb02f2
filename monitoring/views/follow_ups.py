"""Screens of what follows: what is overdue, due and coming; booking a follow-up, closing one, deciding at one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from monitoring import actions, queries
from monitoring.domain.standing import SHOWN
from monitoring.domain.surveillance import CHECKS
from monitoring.forms import BookForm, CloseForm, DecisionForm
from patients.actions import record_view
from patients.queries import patient as patient_of


def _today(request: StaffRequest) -> date:
    return local_date(timezone.now(), request.clinic.zone)


WHAT = [
    ("", "Everything"),
    ("visits", "Follow-up visits"),
    ("checks", "Laboratory checks"),
    *((rule.code, rule.title) for rule in CHECKS),
]
SHOWN_OF_EACH = 100
"""Rows shown under one heading; the rest is counted."""


@staff(Right.VIEW_PATIENTS)
def follow_up_list(request: StaffRequest) -> HttpResponse:
    """What is overdue, due, booked and coming: visits and laboratory checks in one list."""
    asked = request.GET.get("what", "")
    what = asked if asked in dict(WHAT) else ""
    found = queries.entries(request.clinic, today=_today(request), what=what)
    groups = [
        (standing.value, SHOWN[standing], rows[:SHOWN_OF_EACH], len(rows)) for standing, rows in found.items()
    ]
    record(
        clinic=request.clinic, by=request.user, verb="viewed", changes={"page": "follow-ups", "what": what}
    )
    shown = {"groups": groups, "total": sum(map(len, found.values())), "choices": WHAT, "what": what}
    return render(request, "monitoring/list.html", shown)


@staff(Right.VIEW_PATIENTS)
def panel(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """A patient's follow-ups, for the patient's page; a page of its own without JavaScript."""
    patient = patient_of(request.clinic, patient_pk)
    record_view(patient=patient, by=request.user, page="follow-ups")
    rows = queries.shown(queries.of_patient(patient), clinic=request.clinic, today=_today(request))
    answers = request.membership.may(Right.ANSWER_REPORTS)
    shown = {
        "patient": patient,
        "rows": rows,
        "checks": queries.checks_of(patient, today=_today(request)),
        "closed": queries.closed_watches(patient, today=_today(request)),
        "reports": queries.reports_of(patient) if answers else [],
    }
    template = "monitoring/_panel.html" if request.htmx else "monitoring/panel.html"
    return render(request, template, shown)


def _wanted(request: StaffRequest, times: list[datetime]) -> dict[str, Any]:
    """The time the address names or, without one, the first that is free."""
    asked: dict[str, Any] = {
        "day": request.GET.get("day", ""),
        "time": request.GET.get("time", ""),
        "minutes": 30,
    }
    if not asked["day"] and times:
        first = times[0].astimezone(request.clinic.zone)
        asked |= {"day": first.date().isoformat(), "time": f"{first:%H:%M}"}
    return asked


@staff(Right.BOOK)
def book(request: StaffRequest, pk: int) -> HttpResponse:
    """Book a follow-up in its window."""
    row, now = queries.follow_up(request.clinic, pk), timezone.now()
    asked = Asked(
        patient=row.patient,
        title=row.title,
        purpose=row.purpose,
        due_on=row.due_on,
        window=actions.bookable(row, local_date(now, request.clinic.zone)),
        times=queries.free_times(row, now=now),
    )
    return _booking(request, asked, partial(actions.book, follow_up=row), now=now)


@staff(Right.BOOK)
def book_check(request: StaffRequest, patient_pk: int, rule: str) -> HttpResponse:
    """Book a visit for a laboratory check in its window."""
    patient, now = patient_of(request.clinic, patient_pk), timezone.now()
    today = local_date(now, request.clinic.zone)
    rows = queries.checks_of(patient, today=today)
    row = next((each for each in rows if each.check.rule.code == rule), None)
    if row is None:
        raise Http404
    window = actions.check_window(row, today)
    asked = Asked(
        patient=patient,
        title=row.check.rule.title,
        purpose=row.check.rule.purpose,
        due_on=row.check.due_on,
        window=window,
        times=queries.free_between(
            request.clinic,
            patient,
            first=max(min(row.check.due_on, window.latest), window.earliest),
            last=window.latest,
            now=now,
        ),
    )
    return _booking(request, asked, partial(actions.book_check, patient=patient, rule=rule), now=now)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visit is booked for: whose, its days, and a few times that are free."""

    patient: Any
    title: str
    purpose: str
    due_on: date
    window: Any
    times: list[datetime]


def _booking(request: StaffRequest, asked: Asked, act: Callable[..., Any], *, now: datetime) -> HttpResponse:
    """The page on which a time is chosen, and what becomes of it."""
    form = BookForm(request.POST or None, clinic=request.clinic, initial=_wanted(request, asked.times))
    if request.method == "POST" and form.is_valid() and form.starts_at:
        typed = form.cleaned_data
        person = next((one for one in queries.clinicians(request.clinic) if one.pk == typed["nurse"]), None)
        try:
            visit = act(
                starts_at=form.starts_at, minutes=typed["minutes"], nurse=person, by=request.user, now=now
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            at = visit.starts_at.astimezone(request.clinic.zone)
            messages.success(request, f"Booked: {asked.title}, {at:%A} {at.day} {at:%B %Y} at {at:%H:%M}.")
            return redirect("patients:detail", pk=asked.patient.pk)
    shown = {"row": asked, "form": form, "window": asked.window, "times": asked.times}
    return render(request, "monitoring/book.html", shown, status=422 if form.is_bound else 200)


@staff(Right.RUN_DAY)
def close(request: StaffRequest, pk: int) -> HttpResponse:
    row = queries.follow_up(request.clinic, pk)
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.close(
                follow_up=row, outcome=form.cleaned_data["outcome"], by=request.user, now=timezone.now()
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"Closed: {row.title} of {row.patient}.")
            return redirect("patients:detail", pk=row.patient_id)
    return render(
        request, "monitoring/close.html", {"row": row, "form": form}, status=422 if form.is_bound else 200
    )


@staff(Right.PRESCRIBE)
def decide(request: StaffRequest, pk: int) -> HttpResponse:
    """Continue, extend or stop; extending leads on to the next dose, stopping to the course."""
    row = queries.follow_up(request.clinic, pk)
    form = DecisionForm(
        request.POST if request.method == "POST" else None,
        initial={"decision": row.decision, "reason": row.decision_reason},
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            actions.decide(
                follow_up=row,
                decision=typed["decision"],
                reason=typed["reason"],
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            return _after_decision(request, queries.follow_up(request.clinic, pk))
    record_view(patient=row.patient, by=request.user, page="decision on further treatment")
    shown = {"row": row, "form": form, "next_dose": queries.next_dose(row)}
    return render(request, "monitoring/decide.html", shown, status=422 if form.is_bound else 200)


def _after_decision(request: StaffRequest, row: Any) -> HttpResponse:
    said = f"Decided for {row.patient}: {row.get_decision_display().lower()}."
    following = queries.next_dose(row)
    if row.decision == "extend" and following is not None:
        messages.success(request, f"{said} Say here by how much the next infusion is deferred.")
        return redirect("series:decide", pk=following.pk)
    if row.decision == "stop" and row.planned_infusion.course.state == "active":
        messages.warning(request, f"{said} The gate stays shut. Stop the course here too.")
        return redirect("scheduling:stop", pk=row.planned_infusion.course_id)
    messages.success(request, said)
    return redirect("patients:detail", pk=row.patient_id)
