"""What other rooms tell the gate: reactions, reported infections and decisions to go on, each as a row of its own.

Every fact is known by its ``source_id``: told again it changes nothing, told differently it supersedes what it said.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from evaluation import queries
from evaluation.domain.answers import Answer
from evaluation.domain.values import Value, parse_value
from evaluation.models import Result
from patients.models import Patient

from .evidence import LONGEST_NOTE, held_patient, note_down, sentence, write_row

CONTINUATIONS = ("continue", "extend", "stop")
GRADES = range(5)
LONGEST_SOURCE = 120
VERBS = {
    "infusion_reaction": "noted reaction",
    "infection_report": "noted reported infection",
    "continuation": "noted decision to go on",
}


@transaction.atomic
def note_reaction(
    *, patient: Patient, grade: int, on: date, words: str, source_id: str, by: User | None, now: datetime
) -> Result:
    """An infusion reaction of CTCAE grade 1 to 4; 0 takes back one that was none after all.

    From grade 3 a prescriber's review is asked before the next infusion; after grade 4 a newly signed evaluation.
    """
    if grade not in GRADES:
        raise Refused(Refusal("grade_impossible", "A reaction is graded from 1 to 4, or none.", "grade"))
    choice = f"grade_{grade}" if grade else "none"
    return _noted(patient, "infusion_reaction", choice, on, words, source_id, by, now)


@transaction.atomic
def note_reported_infection(
    *, patient: Patient, on: date, words: str, source_id: str, by: User | None, now: datetime
) -> Result:
    """The patient reported an infection: the gate asks for a nurse's call until one is recorded."""
    return _noted(patient, "infection_report", "open", on, words, source_id, by, now)


@transaction.atomic
def close_reported_infection(
    *,
    patient: Patient,
    outcome: str,
    cleared: bool,
    on: date,
    by: User,
    now: datetime,
    source_id: str = "",
) -> list[Result]:
    """A nurse called about every infection that is reported and not cleared, or about the one of a source alone, which
    then stands as this call found it. Not cleared holds until the next call.
    """
    held = held_patient(patient.clinic, patient)
    outcome = sentence(outcome, "outcome", LONGEST_NOTE, needed="Say what the call found.")
    value = _value("infection_report", "cleared" if cleared else "not_cleared")
    standing = queries.standing_results(held).filter(kind="infection_report")
    waiting = list(
        standing.filter(source_id=source_id).exclude(value=value.text)
        if source_id
        else standing.exclude(value="cleared")
    )
    rows = []
    for row in waiting:
        if on < row.observed_on:
            raise Refused(Refusal("call_before_report", "The call cannot be before the report.", "on"))
        rows.append(
            write_row(
                held,
                Answer(value, on, note=outcome),
                by,
                local_date(now, held.clinic.zone),
                None,
                row,
                "a nurse called",
                row.source_id,
            )
        )
    if not rows and source_id:
        return []
    if not rows:
        raise Refused(Refusal("nothing_reported", "No reported infection waits for a call."))
    changes = {"value": value.text, "on": on.isoformat(), "outcome": outcome}
    note_down(held, by, "closed reported infection", rows[0], changes)
    return rows


@transaction.atomic
def note_continuation(
    *, patient: Patient, decision: str, on: date, reason: str, source_id: str, by: User | None, now: datetime
) -> Result:
    """Whether the treatment goes on: ``continue``, ``extend`` or ``stop``. After a stop the gate stays shut until a
    newly signed evaluation.
    """
    if decision not in CONTINUATIONS:
        raise Refused(Refusal("decision_unknown", "Choose continue, extend or stop.", "decision"))
    return _noted(patient, "continuation", decision, on, reason, source_id, by, now)


def _value(kind: str, choice: str) -> Value:
    value = parse_value(kind, choice)
    assert isinstance(value, Value)
    return value


def _noted(
    patient: Patient,
    kind: str,
    choice: str,
    on: date,
    words: str,
    source_id: str,
    by: User | None,
    now: datetime,
) -> Result:
    held = held_patient(patient.clinic, patient)
    words = sentence(words, "words", LONGEST_NOTE)
    source_id = sentence(source_id, "source_id", LONGEST_SOURCE, needed="Say what this was taken from.")
    told = list(queries.results_of(held).filter(kind=kind, source_id=source_id).order_by("pk"))
    before = told[-1] if told else None
    # What a nurse's call made of a report does not change what was reported.
    same = next((row for row in reversed(told) if row.value not in ("cleared", "not_cleared")), None)
    if before is not None and same is not None:
        if (same.value, same.observed_on, same.note) == (choice, on, words):
            return before
        reason = "told differently by its source"
    else:
        reason = ""
    row = write_row(
        held,
        Answer(_value(kind, choice), on, note=words),
        by,
        local_date(now, held.clinic.zone),
        None,
        before,
        reason,
        source_id,
    )
    changes = {"kind": kind, "value": [before.value if before else "", choice], "on": on.isoformat()}
    note_down(held, by, VERBS[kind], row, changes | {"words": words, "source": source_id})
    return row
