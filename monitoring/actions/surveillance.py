"""Laboratory checks: booked as visits, ended by a person's word and opened again, and tasks when overdue."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Model

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, Membership, User
from clinics.queries import open_tasks, or_404
from monitoring import queries
from monitoring.domain.standing import Standing
from monitoring.models import CheckVisit, WatchStep
from monitoring.queries import CheckRow
from patients.models import Patient
from scheduling import actions as scheduling
from scheduling.domain.booking import Window
from scheduling.domain.course import in_words
from scheduling.models import Visit

from .follow_ups import LATE

LONGEST_REASON = 250


@transaction.atomic
def close_watch(*, patient: Patient, rule: str, reason: str, by: User, now: datetime) -> WatchStep:
    """End a check with a reason: it stays closed until it is opened again or another infusion is given.

    Refused without a reason, and where the check is not open (any more).
    """
    held = _held(patient)
    words = _reason(reason)
    today = local_date(now, held.clinic.zone)
    if rule not in {row.check.rule.code for row in queries.checks_of(held, today=today)}:
        raise Refused(Refusal("not_open", "This check is not open any more: look again."))
    return _step(held, rule, "closed", words, by, now)


@transaction.atomic
def reopen_watch(*, patient: Patient, rule: str, reason: str, by: User, now: datetime) -> WatchStep:
    """Open a watch again that a person has closed. Refused without a reason, and where it does not stand closed."""
    held = _held(patient)
    words = _reason(reason)
    today = local_date(now, held.clinic.zone)
    if rule not in {each.step.rule for each in queries.closed_watches(held, today=today)}:
        raise Refused(Refusal("not_closed", "This check does not stand closed: look again."))
    return _step(held, rule, "reopened", words, by, now)


@transaction.atomic
def book_check(
    *,
    patient: Patient,
    rule: str,
    starts_at: datetime,
    minutes: int,
    by: User,
    now: datetime,
    nurse: Membership | None = None,
) -> Visit:
    """Book a visit for a check that is open; what satisfies the check is still the result.

    Refused where it is not open or booked already, outside its days, and as ``scheduling.actions.book_follow_up``.
    """
    held = _held(patient)
    today = local_date(now, held.clinic.zone)
    row = next((each for each in queries.checks_of(held, today=today) if each.check.rule.code == rule), None)
    if row is None:
        raise Refused(Refusal("not_open", "This check is not open any more: look again."))
    if row.standing is Standing.BOOKED and row.visit is not None:
        if (row.visit.starts_at, row.visit.booked_by_id) == (starts_at, by.pk):
            return row.visit
        on = row.visit.starts_at.astimezone(held.clinic.zone)
        raise Refused(
            Refusal("already_booked", f"It is booked already, on {in_words(on.date())} at {on:%H:%M}.")
        )
    visit = scheduling.book_follow_up(
        patient=held,
        title=row.check.rule.visit_title,
        starts_at=starts_at,
        minutes=minutes,
        by=by,
        now=now,
        nurse=nurse,
        window=check_window(row, today),
    )
    booked, made = CheckVisit.objects.get_or_create(
        visit=visit, defaults={"clinic": held.clinic, "patient": held, "rule": rule}, clinic=held.clinic
    )
    if made:
        _note(held, "booked laboratory check", booked, by, rule=rule, visit=visit.pk)
    return visit


def check_window(row: CheckRow, today: date) -> Window:
    """The days a check may be booked on: its window or, once that has closed, the next weeks."""
    if row.check.latest >= today:
        return Window(row.check.earliest, row.check.latest)
    return Window(today, today + LATE)


def _held(patient: Patient) -> Patient:
    rows = Patient.objects.of(patient.clinic).select_related("clinic").select_for_update(of=("self",))
    return or_404(rows, pk=patient.pk)


def _reason(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise Refused(Refusal("reason_missing", "Say in a few words why.", "reason"))
    if problem := problem_with_text(words):
        raise Refused(Refusal("reason_unreadable", problem, "reason"))
    if len(words) > LONGEST_REASON:
        raise Refused(Refusal("reason_too_long", f"At most {LONGEST_REASON} letters, please.", "reason"))
    return words


def _step(patient: Patient, rule: str, kind: str, reason: str, by: User, now: datetime) -> WatchStep:
    step = WatchStep.objects.create(
        clinic=patient.clinic,
        patient=patient,
        rule=rule,
        kind=kind,
        on=local_date(now, patient.clinic.zone),
        at=now,
        reason=reason,
        by=by,
    )
    verb = "closed watch" if kind == "closed" else "reopened watch"
    _note(patient, verb, step, by, rule=rule, reason=reason)
    return step


def _note(patient: Patient, verb: str, subject: Model, by: User, **changes: object) -> None:
    trail.record(
        clinic=patient.clinic,
        by=by,
        verb=verb,
        subject=subject,
        record_number=patient.record_number,
        changes=changes,
    )


def task_everywhere(*, now: datetime) -> int:
    """Look after the tasks of overdue checks in every clinic; returns how many were opened or closed."""
    return sum(task_overdue_checks(clinic=clinic, now=now) for clinic in queries.every_clinic())


@transaction.atomic
def task_overdue_checks(*, clinic: Clinic, now: datetime) -> int:
    """Ask nurses for every check that is overdue, and take back what is not overdue any more. Returns how many tasks
    were opened or closed; run twice nothing happens the second time.
    """
    today = local_date(now, clinic.zone)
    overdue = {
        _cause(row.patient, row.check.rule.code, row.check.latest): row
        for row in queries.checks(clinic, today=today)
        if row.standing is Standing.OVERDUE
    }
    asked, changed = queries.causes_of_checks(clinic), 0
    for cause, row in overdue.items():
        if cause not in asked:
            trail.open_task(
                clinic=clinic,
                kind=queries.LAB_CHECK,
                role=Role.NURSE,
                due_on=row.check.latest,
                reason=f"{row.check.rule.title}: overdue since {in_words(row.check.latest)}.",
                cause=cause,
                record_number=row.patient.record_number,
            )
            changed += 1
    for task in open_tasks(clinic).filter(kind=queries.LAB_CHECK).exclude(cause__in=list(overdue)):
        trail.close_task(task=task, outcome="No longer overdue.", by=None, now=now)
        changed += 1
    return changed


def _cause(patient: Patient, rule: str, latest: date) -> str:
    return f"check:{patient.pk}:{rule}:{latest.isoformat()}"
