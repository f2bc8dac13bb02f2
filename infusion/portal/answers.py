"""What a patient says about the next visit: I will come, I can't come, I'd like another time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinics.domain.refusals import Refused
from infusion.doors.throttle import too_many, used_up
from monitoring.queries import reading_of
from patients.actions import record_view
from scheduling.actions.answers import answer_visit
from scheduling.actions.waiting import leave
from scheduling.domain.answers import CANNOT_COME, CONFIRMED, OTHER_TIME, answer_refusal, at_once
from scheduling.models import Visit, VisitAnswer
from scheduling.queries import answers as answered
from scheduling.queries.waiting import entries_of

from . import queries
from .access import PatientRequest, patient_page
from .answer_form import AnswerForm, CannotComeForm, OtherTimeForm
from .unsent import take_up

SEARCHES, SEARCHED_WITHIN = 60, 600
"""How often one person may have free times looked for, and after how many seconds that is forgotten (product default):
each takes as long as many pages.
"""
HALVES = {"morning": "am", "afternoon": "pm"}


def answer_shown(visit: Visit | None, now: datetime) -> dict[str, Any]:
    """What the first page shows of the patient's answer about a visit, and what the buttons send."""
    if visit is None:
        return {}
    subject, rule = answered.subject_of(visit), answered.rule_of(visit.clinic)
    return {
        "answer": answered.standing_answer(visit),
        "may_answer": answer_refusal(subject, now=now) is None,
        "at_once": at_once(subject, rule, now=now),
        "is_soon": visit.starts_at < now + rule.notice,
        "answer_key": uuid4(),
    }


def gave_up(answer: VisitAnswer | None) -> bool:
    """Whether the patient's last word about a visit is that they cannot come, and the clinic has not answered it."""
    return answer is not None and answer.answer == CANNOT_COME and answer.state == "open"


@patient_page
@require_POST
def confirm(request: PatientRequest) -> HttpResponse:
    """I will come."""
    form, visit = AnswerForm(request.POST), _next(request)
    if not form.is_valid():
        messages.error(request, _("Please try again."))
    elif visit is None or form.cleaned_data["visit"] != visit.pk:
        messages.info(request, _what_became_of(request, form.cleaned_data["visit"]))
    elif isinstance(said := _said(request, visit, CONFIRMED, form.cleaned_data), str):
        messages.error(request, _words_for(said))
    else:
        held = queries.hold_now(visit, timezone.now())
        messages.success(request, _("We have your answer.") if held else _("Thank you. We expect you."))
    return redirect("portal:home")


@patient_page
def cannot_come(request: PatientRequest) -> HttpResponse:
    """I can't come: why, and what happens now; then another time can be chosen."""
    visit, now = _next(request), timezone.now()
    form = CannotComeForm(request.POST if request.method == "POST" else None, initial=_stands(visit))
    take_up(request, request.access, form)
    if _is_about_another(request, visit, form):
        return redirect("portal:home")
    row, status = _kept(request, visit, CANNOT_COME, form)
    if row is not None:
        for each in entries_of(request.patient):
            if each.planned_infusion_id == row.visit.planned_infusion_id:
                leave(entry=each, by=request.user, now=now)
        messages.success(request, _given_up(row, now))
        return redirect("portal:home" if row.state == "done" else "portal:other_time")
    record_view(patient=request.patient, by=request.user, page="portal cannot come")
    shown = {"form": form, "reading": reading_of(request.clinic, now=now), **_shown(visit, now)}
    return render(request, "portal/cannot_come.html", shown, status=status)


@patient_page
def other_time(request: PatientRequest) -> HttpResponse:
    """Times that are free, by day; one of them, or words, go to the clinic as a request."""
    visit, now = _next(request), timezone.now()
    form = OtherTimeForm(request.POST if request.method == "POST" else None, initial=_stands(visit))
    take_up(request, request.access, form)
    if _is_about_another(request, visit, form):
        return redirect("portal:home")
    row, status = _kept(request, visit, OTHER_TIME, form)
    if row is not None:
        messages.success(request, _asked_for(row))
        return redirect("portal:home")
    if used_up("times", request.user.pk, most=SEARCHES, within=SEARCHED_WITHIN):
        return too_many(request, wait=SEARCHED_WITHIN)
    part = request.GET.get("part", "")
    after = _day(request.GET.get("after", ""))
    shown = {"form": form, "part": part if part in HALVES else "", "from_day": after, **_shown(visit, now)}
    if shown.get("may_answer") and visit is not None:
        half = HALVES.get(part, "")
        shown["days"], shown["more_after"] = answered.times_for(visit, now=now, half=half, after=after)
    record_view(patient=request.patient, by=request.user, page="portal another time")
    return render(request, "portal/other_time.html", shown, status=status)


def _day(typed: str) -> date | None:
    """A day of a link's address; None for anything else."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _next(request: PatientRequest) -> Visit | None:
    return queries.upcoming(request.patient, timezone.now()).first()


def _stands(visit: Visit | None) -> dict[str, Any]:
    """What a fresh form says of the visit it shows."""
    return {"key": uuid4(), "visit": visit.pk, "version": visit.version} if visit else {}


def _shown(visit: Visit | None, now: datetime) -> dict[str, Any]:
    return {"visit": visit, **answer_shown(visit, now)}


def _is_about_another(request: PatientRequest, visit: Visit | None, form: AnswerForm) -> bool:
    """Whether a page that was left open, or pressed once more, speaks of a visit that is not the next one; says what
    became of it. It is not shown the next one in its place: one more press would answer for that.
    """
    if not form.is_bound or not form.is_valid():
        return False
    about = form.cleaned_data["visit"]
    if (visit is not None and about == visit.pk) or _answered_before(request, form) is not None:
        return False
    messages.info(request, _what_became_of(request, about))
    return True


def _answered_before(request: PatientRequest, form: AnswerForm) -> VisitAnswer | None:
    """What this very form brought when it was sent before."""
    return answered.answer_of_form(request.patient, form.cleaned_data["key"])


def _what_became_of(request: PatientRequest, pk: int) -> str:
    if queries.visits(request.patient).filter(pk=pk, status="cancelled").exists():
        return _("This visit is cancelled already. Nothing else was changed.")
    return _("Your visit has changed meanwhile, and nothing was sent. Here you see what stands now.")


def _kept(
    request: PatientRequest, visit: Visit | None, answer: str, form: AnswerForm
) -> tuple[VisitAnswer | None, int]:
    """The answer that a form brought, or None with the page's status; where it was refused the form says why, and
    shows the visit as it stands now.
    """
    if not form.is_bound:
        return None, 200
    if not form.is_valid():
        return None, 422
    before = _answered_before(request, form)
    if visit is None or before is not None:
        return before, 302
    said = _said(request, visit, answer, form.cleaned_data)
    if not isinstance(said, str):
        return said, 302
    form.take_up(visit)
    form.add_error(None, _words_for(said))
    return None, 409


def _said(request: PatientRequest, visit: Visit, answer: str, typed: dict[str, Any]) -> VisitAnswer | str:
    """Keep the answer; the code of the reason where it is refused."""
    told = {name: value for name, value in typed.items() if name != "visit"}
    try:
        return answer_visit(visit=visit, answer=answer, by=request.user, now=timezone.now(), **told)
    except Refused as refused:
        return refused.reasons[0].code


def _given_up(row: VisitAnswer, now: datetime) -> str:
    if row.state == "done":
        return _("Your visit is cancelled. We call you to find another time.")
    if row.starts_at < now + answered.rule_of(row.clinic).notice:
        return _("The clinic has your message. Your visit is soon: please call us as well.")
    return _("Thank you for telling us. The clinic has your message.")


def _asked_for(row: VisitAnswer) -> str:
    if row.state == "done":
        return _("Done: your visit has moved to the time you chose.")
    return _("We have your request. Your visit stays until we answer.")


def _words_for(code: str) -> str:
    known = {
        "stale": _("Your visit has changed meanwhile. You see the time it has now. Please answer again."),
        "too_many": _("You have answered many times today. Please call us instead."),
        "not_to_answer": _("This visit can no longer be changed here. Please call us."),
    }
    gone = _("Somebody else has just taken this time. Here are the times that are free now.")
    if code in ("time_gone", "chair_taken", "patient_busy", "nurse_busy", "raced"):
        return gone
    return known.get(code, _("We could not keep this. Please try again, or call us."))
