"""What becomes of a patient's report: sorted and kept, read, escalated when nobody reads it, closed with an answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, User
from clinics.queries import open_tasks, or_404
from evaluation import actions as evaluation
from monitoring import queries
from monitoring.domain.triage import SIDE_EFFECTS, Told, triage
from monitoring.models import ReportStep, SideEffectReport
from patients.models import Patient

LONGEST_WORDS, LONGEST_ANSWER, LONGEST_NOTE = 2000, 1000, 500
OLDEST = timedelta(days=2 * 365)
LOWEST, HIGHEST = Decimal(30), Decimal(45)
"""Temperatures in °C that a living person can have: beyond them it is a slip of the keyboard."""
A_DAY = 20
"""Reports about one patient in 24 hours: more than that is a stuck key, and the patient is asked to call."""
ESCALATED_TO = (Role.PRESCRIBER, Role.MANAGER)


@transaction.atomic
def report_side_effects(
    *,
    patient: Patient,
    key: UUID,
    symptoms: frozenset[str],
    since: date | None,
    temperature: Decimal | None,
    words: str,
    by: User,
    now: datetime,
) -> SideEffectReport:
    """Keep what a patient reports, sorted by the rules as they stand. The same form sent twice is one report.

    A sign of infection is made known to the evaluation, so that the next infusion waits for a nurse's call. Refused
    empty, with a day or a temperature that cannot be, and after far too many in a day.
    """
    held = or_404(Patient.objects.of(patient.clinic).select_for_update(), pk=patient.pk)
    before = queries.last_of_form(held, key)
    if before is not None:
        return before
    today = local_date(now, patient.clinic.zone)
    told = Told(symptoms, since, temperature, words.strip())
    if problems := _problems(told, today):
        raise Refused(*problems)
    if queries.of_reporter(held, since=now - timedelta(days=1)) >= A_DAY:
        raise Refused(Refusal("too_many", "You have sent many reports today. Please call us instead."))
    found = triage(told, queries.known_of(held, today=today), SIDE_EFFECTS)
    row = SideEffectReport.objects.create(
        clinic=patient.clinic,
        patient=held,
        key=key,
        reported_by=by,
        reported_at=now,
        symptoms=sorted(symptoms),
        since=since,
        temperature=temperature,
        words=told.words,
        urgency=found.urgency.value,
        is_emergency=found.emergency,
        is_infection=found.infection,
        reasons=[
            {"code": rule.code, "words": rule.words, "source": rule.source, "status": rule.status}
            for rule in found.rules
        ],
    )
    _note(row, "reported side effects", by, urgency=row.urgency, symptoms=row.symptoms)
    if row.is_infection:
        evaluation.note_reported_infection(
            patient=held, on=today, words=_in_short(row), source_id=_source(row), by=by, now=now
        )
    return row


def _problems(told: Told, today: date) -> list[Refusal]:
    known = {each.code for each in SIDE_EFFECTS.symptoms}
    found = []
    if not told.symptoms <= known:
        found.append(Refusal("symptom_unknown", "Choose from the list.", "symptoms"))
    if not (told.symptoms or told.words or told.temperature is not None):
        found.append(
            Refusal("nothing_told", "Tick what you notice, or write it in your own words.", "symptoms")
        )
    if told.since is not None and not today - OLDEST <= told.since <= today:
        late = told.since > today
        words = "This day has not come yet." if late else "This is long ago. Check the year."
        found.append(Refusal("day_impossible", words, "since"))
    if told.temperature is not None and not LOWEST <= told.temperature <= HIGHEST:
        found.append(
            Refusal("temperature_impossible", "This temperature cannot be. Check it.", "temperature")
        )
    if problem := problem_with_text(told.words):
        found.append(Refusal("words_unreadable", problem, "words"))
    if len(told.words) > LONGEST_WORDS:
        found.append(Refusal("words_too_long", f"At most {LONGEST_WORDS} letters, please.", "words"))
    return found


@transaction.atomic
def read_report(*, report: SideEffectReport, by: User, now: datetime) -> SideEffectReport:
    """A person has read the report; the tasks of its escalation are done with that. Refused where somebody did."""
    held = _held(report)
    if any(step.kind == "read" for step in held.steps.all()):
        raise Refused(Refusal("already_read", "A colleague has read this report meanwhile."))
    _read(held, by, now)
    return queries.report(held.clinic, held.pk)


@transaction.atomic
def answer_report(
    *,
    report: SideEffectReport,
    outcome: str,
    answer: str,
    by: User,
    now: datetime,
    note: str = "",
    cleared: bool | None = None,
) -> SideEffectReport:
    """Close a report with what came of it and what the patient reads. ``cleared`` says of a reported infection whether
    it no longer stands in the way of an infusion; the evaluation hears it of this report, and of no other.

    Refused without an outcome, an answer or, for an infection, that decision, and where a colleague closed it.
    """
    held = _held(report)
    done = {step.kind for step in held.steps.all()}
    if "closed" in done:
        raise Refused(Refusal("already_closed", "A colleague has closed this report meanwhile."))
    answer, note = answer.strip(), note.strip()
    if problems := _answer_problems(held, outcome, answer, note, cleared):
        raise Refused(*problems)
    if "read" not in done:
        _read(held, by, now)
    step = _step(held, "closed", by, now, outcome=outcome, answer=answer, note=note)
    _note(held, "closed report", by, outcome=outcome, answer=answer, note=note, cleared=cleared)
    if held.is_infection:
        evaluation.close_reported_infection(
            patient=held.patient,
            outcome=f"{step.get_outcome_display()}: {note or answer}"[:250],
            cleared=bool(cleared),
            on=local_date(now, held.clinic.zone),
            by=by,
            now=now,
            source_id=_source(held),
        )
    return queries.report(held.clinic, held.pk)


def _answer_problems(
    report: SideEffectReport, outcome: str, answer: str, note: str, cleared: bool | None
) -> list[Refusal]:
    found = []
    if outcome not in dict(ReportStep.OUTCOMES):
        found.append(Refusal("outcome_missing", "Choose what came of it.", "outcome"))
    if not answer:
        found.append(Refusal("answer_missing", "Write what the patient reads.", "answer"))
    for field, text, longest in (("answer", answer, LONGEST_ANSWER), ("note", note, LONGEST_NOTE)):
        if problem := problem_with_text(text):
            found.append(Refusal("text_unreadable", problem, field))
        if len(text) > longest:
            found.append(Refusal("text_too_long", f"At most {longest} letters, please.", field))
    if report.is_infection and cleared is None:
        words = "Say whether it stands in the way of the next infusion."
        found.append(Refusal("cleared_missing", words, "cleared"))
    return found


def escalate_everywhere(*, now: datetime) -> int:
    """Escalate in every clinic what nobody read in time; returns how many reports."""
    return sum(escalate(clinic=clinic, now=now) for clinic in queries.every_clinic())


def escalate(*, clinic: Clinic, now: datetime) -> int:
    """Make known to prescribers and the manager each "call now" that nobody read in the clinic's working minutes."""
    return sum(escalate_one(row.report, now) for row in queries.to_escalate(clinic, now=now))


@transaction.atomic
def escalate_one(report: SideEffectReport, now: datetime) -> bool:
    """Escalate one report, unless somebody has read or escalated it meanwhile."""
    held = _held(report)
    if held.steps.all():
        return False
    _step(held, "escalated", None, now)
    minutes = held.clinic.call_now_minutes
    for role in ESCALATED_TO:
        trail.open_task(
            clinic=held.clinic,
            kind="report",
            role=role,
            due_on=local_date(now, held.clinic.zone),
            reason=f"A patient's report says “call now”, and nobody has read it in time ({minutes} working minutes).",
            cause=_cause(held, role),
            record_number=held.patient.record_number,
        )
    _note(held, "escalated report", None, minutes=minutes)
    return True


def _cause(report: SideEffectReport, role: Role) -> str:
    return f"report-unread:{report.pk}:{role.value}"


def _source(report: SideEffectReport) -> str:
    return f"side-effect-report-{report.pk}"


def _in_short(report: SideEffectReport) -> str:
    """A report in one line, for what it is handed to."""
    parts = list(SIDE_EFFECTS.words_of(report.symptoms))
    parts += [f"{report.temperature} °C"] if report.temperature is not None else []
    return "; ".join(parts or [report.words])[:250]


def _read(report: SideEffectReport, by: User, now: datetime) -> None:
    _step(report, "read", by, now)
    _note(report, "read report", by)
    causes = [_cause(report, role) for role in ESCALATED_TO]
    for task in open_tasks(report.clinic).filter(cause__in=causes):
        trail.close_task(task=task, outcome="The report has been read.", by=by, now=now)


def _step(report: SideEffectReport, kind: str, by: User | None, now: datetime, **more: str) -> ReportStep:
    try:
        with transaction.atomic():
            return ReportStep.objects.create(
                clinic=report.clinic, patient=report.patient, report=report, kind=kind, by=by, at=now, **more
            )
    except IntegrityError as race:
        raise Refused(Refusal("already_done", "A colleague has done this meanwhile.")) from race


def _held(report: SideEffectReport) -> SideEffectReport:
    """The report as it stands now, held until the transaction ends: locked first, read afterwards."""
    or_404(SideEffectReport.objects.of(report.clinic).select_for_update(), pk=report.pk)
    return queries.report(report.clinic, report.pk)


def _note(row: SideEffectReport, verb: str, by: User | None, **changes: object) -> None:
    trail.record(
        clinic=row.clinic,
        by=by,
        verb=verb,
        subject=row,
        record_number=row.patient.record_number,
        changes=changes,
    )
