"""Screens of the disease scores: which one, its form that calculates as it is filled in, its correction."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinics.access import StaffRequest, staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.forms.refusals import show_refusal
from patients import queries as patients
from patients.actions import record_view

from . import queries, score_queries
from .actions.scores import record_score
from .domain.kinds import KINDS
from .domain.scores import SCORES, Score
from .domain.scoring import Calculated, calculate, given_again
from .domain.values import describe, read_day
from .forms.scores import ScoreForm, as_entered


def _today(request: StaffRequest) -> date:
    return local_date(timezone.now(), request.clinic.zone)


def _score(code: str) -> Score:
    if code not in SCORES:
        raise Http404
    return SCORES[code]


@staff(Right.RECORD_RESULTS)
def choose(request: StaffRequest, patient_pk: int) -> HttpResponse:
    """Which score: those of the patient's own conditions first."""
    patient = patients.patient(request.clinic, patient_pk)
    record_view(patient=patient, by=request.user, page="disease scores")
    own, others = score_queries.scores_for(patient)
    beside = [KINDS[code] for code in ("steroid_dose", "relapse", "neda_3")]
    shown = {"patient": patient, "own": own, "others": others, "beside": beside}
    return render(request, "evaluation/scores.html", shown)


def _form(request: StaffRequest, patient: Any, score: Score, entry: Any = None) -> ScoreForm:
    first: dict[str, Any] = {}
    if entry is not None:
        first = as_entered(score, entry.components)
        first |= {"observed_on": entry.result.observed_on.isoformat(), "note": entry.result.note}
    return ScoreForm(
        request.POST if request.method == "POST" else None,
        score=score,
        today=_today(request),
        born=patient.birth_date,
        correcting=entry is not None,
        initial=first,
    )


def _outcome(patient: Any, score: Score, form: ScoreForm, today: date, entry: Any = None) -> dict[str, Any]:
    """What comes of the entries as they stand, for the panel beside the form; nothing is written."""
    on_record = given_again(score, entry.components) if entry else {}
    found = calculate(score, form.given if form.is_bound else on_record)
    shown: dict[str, Any] = {"score": score, "outcome": None, "missing": [], "wrong": []}
    if isinstance(found, Calculated) and not (form.is_bound or entry):
        return shown  # ticks that nobody has looked at yet are no score of zero
    if isinstance(found, Calculated):
        on = read_day(str(form["observed_on"].value() or ""))
        before = score_queries.last_before(
            patient,
            score.kind,
            on if isinstance(on, date) else today,
            besides=entry.result if entry else None,
        )
        shown |= {"outcome": found, "words": describe(score.kind, found.value.text)}
        shown["also"] = [(KINDS[each.kind].label, describe(each.kind, each.text)) for each in found.also]
        shown["compared"] = score_queries.compared(score.kind, before, found.value.number, against="previous")
        return shown
    labels = {each.code: each.label for each in score.components}
    shown["missing"] = [labels[each.field] for each in found if each.code == "component_missing"]
    shown["wrong"] = [
        (labels[each.field], each.message) for each in found if each.code != "component_missing"
    ]
    return shown


@staff(Right.RECORD_RESULTS)
def score(request: StaffRequest, patient_pk: int, code: str) -> HttpResponse:
    """One score: filled in, calculated, recorded."""
    patient = patients.patient(request.clinic, patient_pk)
    if request.method == "GET":
        record_view(patient=patient, by=request.user, page="one disease score")
    return _one_score(request, patient, _score(code))


@require_POST
@staff(Right.RECORD_RESULTS)
def live(request: StaffRequest, patient_pk: int, code: str) -> HttpResponse:
    """What comes of the form as it stands, nothing written."""
    patient, chosen = patients.patient(request.clinic, patient_pk), _score(code)
    form = _form(request, patient, chosen)
    entry = score_queries.entry_called(patient, request.GET.get("correcting", ""))
    shown = _outcome(patient, chosen, form, _today(request), entry)
    return render(request, "evaluation/_score_live.html", shown)


@staff(Right.RECORD_RESULTS)
def correct(request: StaffRequest, pk: int) -> HttpResponse:
    """Correct one score with what it was calculated from: the old one is kept with the reason."""
    found = queries.result(request.clinic, pk)
    entry = score_queries.entry_of(found)
    if entry is None or entry.score not in SCORES:
        raise Http404
    if request.method == "GET":
        record_view(patient=found.patient, by=request.user, page="one disease score")
    return _one_score(request, found.patient, SCORES[entry.score], entry)


def _one_score(request: StaffRequest, patient: Any, chosen: Score, entry: Any = None) -> HttpResponse:
    form = _form(request, patient, chosen, entry)
    if request.method == "POST" and form.is_valid() and form.observed_on:
        try:
            made = record_score(
                clinic=request.clinic,
                patient=patient,
                score=chosen.code,
                given=form.given,
                observed_on=form.observed_on,
                note=form.cleaned_data["note"],
                by=request.user,
                now=timezone.now(),
                supersedes=entry.result if entry else None,
                correction_reason=form.cleaned_data.get("correction_reason", ""),
            )
        except Refused as refused:
            show_refusal(form, refused)
        else:
            words = describe(chosen.kind, made.result.value)
            messages.success(request, f"{chosen.label} is on record: {words}.")
            return redirect("evaluation:results", patient_pk=patient.pk)
    shown = _outcome(patient, chosen, form, _today(request), entry)
    shown["old"] = queries.shown(entry.result) if entry else None
    shown |= {"patient": patient, "form": form, "correcting": entry, "rounding": SCORES.rounding}
    return render(request, "evaluation/score.html", shown, status=422 if form.is_bound else 200)
