"""What becomes of a health check: kept, sorted, made known to the gate and to a nurse, and closed by a call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.domain.text import problem_with_text
from clinics.models import User
from clinics.queries import open_tasks, or_404
from evaluation import actions as evaluation
from monitoring import queries
from monitoring.domain.health_check import CHOICES, HEALTH_CHECK, OWN_WORDS, Outcome, sort_answers
from monitoring.models import HealthCheck
from patients.models import Patient
from patients.phones import readable
from scheduling.domain.course import in_words
from scheduling.models import Visit

LONGEST_OTHER = 1000
CHECKS_A_DAY = 20
"""Answers about one visit: more than that is a stuck key, and the patient is asked to call."""
NOT_NOW = Refusal(
    "check_not_open", "These questions are not open now: the visit has changed. Call us if you are not well."
)


@transaction.atomic
def answer_health_check(
    *, visit: Visit, answers: Mapping[str, str], words: str, key: UUID, by: User, now: datetime
) -> HealthCheck:
    """Keep what a patient answers before an infusion, sorted by the rules as they stand. The same form sent twice is
    one answer; a later one counts instead, and what an earlier one put on hold stays so until a nurse has called.

    A sign of infection is made known to the evaluation, so that the infusion waits for that call; whatever else is
    told asks a nurse to talk with the patient. Refused where a question has no answer, outside the days of asking, and
    after far too many.
    """
    held = or_404(Patient.objects.of(visit.clinic).select_for_update(), pk=visit.patient_id)
    before = queries.health_check_of_form(held, key)
    if before is not None:
        return before
    standing = or_404(Visit.objects.of(visit.clinic).select_related("clinic", "patient"), pk=visit.pk)
    if not queries.may_answer_now(standing, now):
        raise Refused(NOT_NOW)
    words = words.strip()
    asked = [each.code for each in queries.questions_for(held, standing)]
    if problems := _problems(asked, answers, words):
        raise Refused(*problems)
    if queries.checks_of_visit(standing).count() >= CHECKS_A_DAY:
        raise Refused(Refusal("too_many", "You have answered many times. Please call us instead."))
    found = sort_answers(answers, words, HEALTH_CHECK)
    row = HealthCheck.objects.create(
        clinic=held.clinic,
        patient=held,
        visit=standing,
        key=key,
        answers={code: answers[code] for code in asked},
        words=words,
        outcome=found.outcome.value,
        is_infection=found.infection,
        reasons=[{"words": rule.words, "source": rule.source, "status": rule.status} for rule in found.rules],
        by=by,
        at=now,
    )
    _note(row, "answered health check", by, outcome=row.outcome, answers=row.answers)
    if found.infection:
        evaluation.note_reported_infection(
            patient=held,
            on=local_date(now, held.clinic.zone),
            words=f"Health check: {_in_short(row)}"[:250],
            source_id=queries.health_check_source(row),
            by=by,
            now=now,
        )
    if found.outcome is not Outcome.CLEAR:
        _ask_a_nurse(row, now)
    return row


def _problems(asked: list[str], answers: Mapping[str, str], words: str) -> list[Refusal]:
    known = dict(CHOICES)
    found = [
        Refusal("answer_missing", "Choose an answer.", code)
        for code in asked
        if answers.get(code) not in known
    ]
    if set(answers) - set(asked):
        found.append(Refusal("question_unknown", "These questions have changed. Look at them again."))
    if problem := problem_with_text(words):
        found.append(Refusal("words_unreadable", problem, OWN_WORDS))
    if len(words) > LONGEST_OTHER:
        found.append(Refusal("words_too_long", f"At most {LONGEST_OTHER} letters, please.", OWN_WORDS))
    return found


def _ask_a_nurse(row: HealthCheck, now: datetime) -> None:
    """Ask a nurse to call: today while the clinic is open, else on its next open day, and never after the visit."""
    zone = row.clinic.zone
    reading, visit_on = queries.reading_of(row.clinic, now=now), local_date(row.visit.starts_at, zone)
    due = now if reading.is_open or reading.opens_at is None else reading.opens_at
    hold = "The infusion is on hold until then. " if row.is_infection else ""
    phone = readable(row.patient.phone) or "no telephone number known"
    reason = (
        f"Call {row.patient} ({phone}) before the infusion on {in_words(visit_on)}. {hold}"
        f"Health check: {_in_short(row)}"
    )
    trail.open_task(
        clinic=row.clinic,
        kind="health_check",
        role=Role.NURSE,
        due_on=min(local_date(due, zone), visit_on),
        reason=reason[:500],
        cause=queries.health_check_source(row),
        record_number=row.patient.record_number,
    )


def _in_short(row: HealthCheck) -> str:
    """What was not answered with no, in one line."""
    parts = [
        f"{code.replace('_', ' ')}: {'yes' if answer == 'yes' else 'not sure'}"
        for code, answer in row.answers.items()
        if answer != "no"
    ]
    parts += [f"“{row.words}”"] if row.words else []
    return "; ".join(parts)


@transaction.atomic
def note_nurse_call(
    *, patient: Patient, outcome: str, cleared: bool, on: date, by: User, now: datetime
) -> None:
    """A nurse called about what is reported: the evaluation hears what the call found, and the calls that health checks
    asked for are done.
    """
    evaluation.close_reported_infection(
        patient=patient, outcome=outcome, cleared=cleared, on=on, by=by, now=now
    )
    rows = HealthCheck.objects.of(patient.clinic).filter(patient=patient, is_infection=True)
    causes = [queries.health_check_source(row) for row in rows]
    for task in open_tasks(patient.clinic).filter(cause__in=causes):
        trail.close_task(task=task, outcome=outcome, by=by, now=now)


def _note(row: HealthCheck, verb: str, by: User, **changes: object) -> None:
    trail.record(
        clinic=row.clinic,
        by=by,
        verb=verb,
        subject=row,
        record_number=row.patient.record_number,
        changes=changes,
    )
