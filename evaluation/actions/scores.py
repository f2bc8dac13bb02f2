"""Recording disease scores: calculated from what was entered, kept with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from evaluation import score_queries
from evaluation.domain.scores import SCORES
from evaluation.domain.scoring import Calculated, calculate
from evaluation.domain.values import Value
from evaluation.models import Result, ScoreEntry
from patients.models import Patient

from .evidence import held_patient, note_down, record_result


@transaction.atomic
def record_score(
    *,
    clinic: Clinic,
    patient: Patient,
    score: str,
    given: Mapping[str, str],
    observed_on: date,
    by: User | None,
    now: datetime,
    note: str = "",
    supersedes: Result | None = None,
    correction_reason: str = "",
) -> ScoreEntry:
    """Calculate a score from what was entered and record it as a result, with what it was calculated from.

    Refused with the component (or observed_on, note, correction_reason) that something is wrong with. The same
    entries for the same day are not written twice. A correction keeps the old result and its entries.
    """
    found = calculate(SCORES[score], given)
    if isinstance(found, tuple):
        raise Refused(*found)
    held = held_patient(clinic, patient)
    if supersedes is not None and score_queries.entry_of(supersedes) is None:
        raise Refused(Refusal("not_a_score", "This result was not calculated here."))
    if supersedes is None and (same := _same(held, found, observed_on)):
        return same

    def write(value: Value, before: Result | None) -> Result:
        return record_result(
            clinic=clinic,
            patient=held,
            kind=value.kind,
            value=value.text,
            unit=value.unit,
            observed_on=observed_on,
            by=by,
            now=now,
            note=note,
            supersedes=before,
            correction_reason=correction_reason if before else "",
        )

    entry = ScoreEntry.objects.create(
        clinic=clinic,
        patient=held,
        result=write(found.value, supersedes),
        score=score,
        components=dict(found.entered),
        rules_version=SCORES.version,
    )
    entry.also.set(_written_along(held, found, observed_on, supersedes, write))
    note_down(held, by, "calculated score", entry, {"score": score, "entered": dict(found.entered)})
    return entry


def _same(patient: Patient, found: Calculated, observed_on: date) -> ScoreEntry | None:
    """The entry that says the same of the same day already, if one stands."""
    rows = ScoreEntry.objects.of(patient.clinic).filter(
        patient=patient,
        score=found.score.code,
        result__observed_on=observed_on,
        result__superseded_by__isnull=True,
    )
    return next((row for row in rows if row.components == dict(found.entered)), None)


def _written_along(
    patient: Patient,
    found: Calculated,
    observed_on: date,
    supersedes: Result | None,
    write: Callable[[Value, Result | None], Result],
) -> list[Result]:
    """The results of other kinds that were entered on the way. What stands already is not written again; what
    a corrected score had written is corrected with it.
    """
    before = {row.kind: row for row in score_queries.written_along(supersedes)} if supersedes else {}
    rows = []
    for value in found.also:
        mine = before.get(value.kind)
        if mine is not None and (mine.value, mine.observed_on) == (value.text, observed_on):
            rows.append(mine)
        elif mine is not None or not score_queries.stands(patient, value.kind, value.text, observed_on):
            rows.append(write(value, mine))
    return rows
