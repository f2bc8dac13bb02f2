"""Reading health checks: whom the clinic asks what, what was answered for a visit, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from clinics.domain.calendar import day_bounds, local_date
from clinics.models import Clinic, StaffTask
from evaluation.models import Result
from evaluation.queries import subject_of
from evaluation.rule_queries import catalogue_of
from monitoring.domain.health_check import (
    CHOICES,
    HEALTH_CHECK,
    SHOWN,
    Outcome,
    Question,
    is_late,
    may_answer,
)
from monitoring.domain.standing import Words
from monitoring.domain.triage import VERIFIED
from monitoring.models import HealthCheck
from patients.models import Patient
from scheduling.models import Visit

WAITING, HELD, SETTLED = "waiting", "held", "settled"


@dataclass(frozen=True, slots=True)
class HealthCheckRow:
    """One answered check as a screen shows it. ``call`` says how the nurse's call stands: ``waiting``, ``held`` (the
    infusion still waits after it), ``settled``, or empty where none is needed.
    """

    check: HealthCheck
    call: str
    task: StaffTask | None = None

    @property
    def words(self) -> Words:
        return SHOWN[Outcome(self.check.outcome)]

    @property
    def answers(self) -> list[tuple[str, str]]:
        """Each question with its answer, in words."""
        known = dict(CHOICES)
        return [
            (HEALTH_CHECK.words_of(code), known.get(answer, answer))
            for code, answer in self.check.answers.items()
        ]

    @property
    def reasons(self) -> list[dict[str, object]]:
        """The rules that fitted, as kept, each with whether its source was read."""
        return [row | {"verified": row.get("status") in VERIFIED} for row in self.check.reasons]


def questions_for(patient: Patient, visit: Visit) -> tuple[Question, ...]:
    """What this patient is asked: whom a question concerns is said by its requirement; unknown asks."""
    on, subject = local_date(visit.starts_at, patient.clinic.zone), subject_of(patient)
    concerned = {
        each.code: each.applies.concerns(subject, on) is not False if each.applies else True
        for each in catalogue_of(patient.clinic).requirements
    }
    return tuple(each for each in HEALTH_CHECK.questions if concerned.get(each.applies, True))


def next_to_check(patient: Patient, now: datetime) -> Visit | None:
    """The patient's next infusion that has not begun."""
    rows = Visit.objects.of(patient.clinic).filter(
        patient=patient, kind="infusion", status__in=["pending", "booked"], starts_at__gt=now
    )
    return rows.select_related("clinic", "patient").order_by("starts_at").first()


def may_answer_now(visit: Visit, now: datetime) -> bool:
    """Whether the check of a visit can be answered, for the first time or again."""
    zone = visit.clinic.zone
    stands = visit.kind == "infusion" and visit.status in ("pending", "booked") and visit.starts_at > now
    return stands and may_answer(local_date(visit.starts_at, zone), local_date(now, zone), HEALTH_CHECK)


def checks_of_visit(visit: Visit) -> QuerySet[HealthCheck]:
    """What was answered for a visit as it stands now, newest first: what was said before its days of asking began was
    said about another day, and counts no longer.
    """
    opens = local_date(visit.starts_at, visit.clinic.zone) - timedelta(days=HEALTH_CHECK.days("opens_days"))
    return (
        HealthCheck.objects.of(visit.clinic)
        .filter(visit=visit, at__gte=day_bounds(opens, visit.clinic.zone)[0])
        .select_related("patient", "by", "clinic")
    )


def health_check_open(visit: Visit, now: datetime) -> bool:
    """Whether the check of a visit may be answered and has not been."""
    return may_answer_now(visit, now) and not checks_of_visit(visit).exists()


def is_on_hold(visit: Visit) -> bool:
    """Whether the patient's answers hold the infusion, and nobody has said since that it may be given."""
    return any(
        row.check.outcome == Outcome.HOLD and row.call in (WAITING, HELD) for row in health_check_rows(visit)
    )


def health_check_of_form(patient: Patient, key: UUID) -> HealthCheck | None:
    """The check that this filled-in form made already, if it did."""
    return HealthCheck.objects.of(patient.clinic).filter(patient=patient, key=key).first()


def health_check_source(check: HealthCheck) -> str:
    """The name under which the evaluation and the tasks know a check."""
    return f"health_check:{check.pk}"


def health_check_rows(visit: Visit) -> list[HealthCheckRow]:
    """Everything answered for a visit, newest first, each with how the nurse's call stands."""
    return _rows(visit.clinic, checks_of_visit(visit))


def leading(rows: Sequence[HealthCheckRow]) -> HealthCheckRow | None:
    """The answer that counts for what happens now: the strongest that a call has not settled, else the newest. An older
    page sent late, or one answer forgotten, says nothing away.
    """
    unsettled = [row for row in rows if row.call in (WAITING, HELD)]
    return min(unsettled, key=lambda row: Outcome(row.check.outcome).rank, default=next(iter(rows), None))


def _rows(clinic: Clinic, found: Iterable[HealthCheck]) -> list[HealthCheckRow]:
    checks = list(found)
    sources = [health_check_source(each) for each in checks if each.outcome != Outcome.CLEAR]
    if not sources:
        return [HealthCheckRow(each, "") for each in checks]
    tasks = {row.cause: row for row in StaffTask.objects.of(clinic).filter(cause__in=sources)}
    told = {
        row.source_id: row.value
        for row in Result.objects.of(clinic).filter(
            kind="infection_report", source_id__in=sources, superseded_by__isnull=True
        )
    }
    rows = []
    for each in checks:
        source = health_check_source(each)
        task = tasks.get(source)
        rows.append(HealthCheckRow(each, _call(each, told.get(source), task), task))
    return rows


def _call(check: HealthCheck, infection: str | None, task: StaffTask | None) -> str:
    if check.outcome == Outcome.CLEAR:
        return ""
    if check.is_infection and infection != "cleared":
        return HELD if infection == "not_cleared" else WAITING
    if check.is_infection:
        return SETTLED
    return SETTLED if task is not None and task.closed_at is not None else WAITING


def unanswered_checks(clinic: Clinic, now: datetime) -> list[Visit]:
    """The infusions of today and tomorrow whose patients have a way into the portal and have not answered."""
    today = local_date(now, clinic.zone)
    last = day_bounds(today + timedelta(days=HEALTH_CHECK.days("late_days")), clinic.zone)[1]
    rows = (
        Visit.objects.of(clinic)
        .filter(kind="infusion", status__in=["pending", "booked"], starts_at__gt=now, starts_at__lt=last)
        .filter(
            patient__portalaccess__revoked_at__isnull=True, patient__portalaccess__confirmed_at__isnull=False
        )
        .select_related("clinic", "patient")
        .distinct()
        .order_by("starts_at", "pk")
    )
    visits = [row for row in rows if is_late(local_date(row.starts_at, clinic.zone), today, HEALTH_CHECK)]
    since = day_bounds(today - timedelta(days=HEALTH_CHECK.days("opens_days")), clinic.zone)[0]
    answered: dict[int, datetime] = {}
    for check in HealthCheck.objects.of(clinic).filter(visit__in=visits, at__gte=since).order_by("at"):
        answered[check.visit_id] = check.at
    return [row for row in visits if not _counts(row, answered.get(row.pk))]


def _counts(visit: Visit, at: datetime | None) -> bool:
    """Whether an answer was given within the days in which the visit asks, as it stands now."""
    zone = visit.clinic.zone
    return at is not None and may_answer(
        local_date(visit.starts_at, zone), local_date(at, zone), HEALTH_CHECK
    )
