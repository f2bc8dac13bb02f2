"""Reading patients' reports: how each stands, what the rules need to know, and when somebody reads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from clinics.queries import calendar, or_404
from evaluation.domain.values import read_stored
from evaluation.queries import standing_results
from evaluation.rule_queries import catalogue_of
from monitoring.domain.standing import Words
from monitoring.domain.triage import SHOWN, SIDE_EFFECTS, VERIFIED, Known, Urgency
from monitoring.domain.working import FARTHEST, Reading, after_working, reading
from monitoring.models import ReportStep, SideEffectReport
from patients.models import EarlierInfusion, Patient
from scheduling.models import PlannedInfusion

CLOSED_SHOWN = 50
"""Closed reports on the worklist, newest first; the rest stand with their patients."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report with the steps that were taken, as a screen shows it. ``escalates_at``: when, if nobody reads it."""

    report: SideEffectReport
    read: ReportStep | None
    escalated: ReportStep | None
    closed: ReportStep | None
    escalates_at: datetime | None = None

    @property
    def urgency(self) -> Urgency:
        return Urgency(self.report.urgency)

    @property
    def words(self) -> Words:
        return SHOWN[self.urgency]

    @property
    def symptoms(self) -> tuple[str, ...]:
        return SIDE_EFFECTS.words_of(self.report.symptoms)

    @property
    def state(self) -> str:
        """``closed``, ``read``, ``escalated`` or ``waiting``."""
        if self.closed is not None:
            return "closed"
        if self.read is not None:
            return "read"
        return "escalated" if self.escalated is not None else "waiting"

    @property
    def reasons(self) -> list[dict[str, object]]:
        """The rules that fitted, as kept, each with whether its source was read."""
        return [row | {"verified": row.get("status") in VERIFIED} for row in self.report.reasons]


def _reports(clinic: Clinic) -> QuerySet[SideEffectReport]:
    rows = SideEffectReport.objects.of(clinic).select_related("clinic", "patient", "reported_by")
    return rows.prefetch_related("steps__by")


def report(clinic: Clinic, pk: int) -> SideEffectReport:
    """One report of the clinic, or 404."""
    return or_404(_reports(clinic), pk=pk)


def own_report(patient: Patient, pk: int) -> SideEffectReport:
    """One report about this patient, or 404."""
    return or_404(_reports(patient.clinic).filter(patient=patient), pk=pk)


def row_of(found: SideEffectReport) -> ReportRow:
    """A report with its steps, and with when it is escalated if it still waits."""
    return _rows(found.clinic, [found])[0]


def _rows(clinic: Clinic, found: Iterable[SideEffectReport]) -> list[ReportRow]:
    rows = []
    for each in found:
        steps = {step.kind: step for step in each.steps.all()}
        rows.append(ReportRow(each, steps.get("read"), steps.get("escalated"), steps.get("closed")))
    waiting = [row for row in rows if _waits(row)]
    if not waiting:
        return rows
    first = min(local_date(row.report.reported_at, clinic.zone) for row in waiting)
    opened = calendar(clinic, first, first + timedelta(days=2 * FARTHEST))
    return [
        ReportRow(
            row.report,
            row.read,
            row.escalated,
            row.closed,
            # A clinic that names no opening hours has no working minutes to wait for.
            after_working(opened, clinic.zone, row.report.reported_at, clinic.call_now_minutes)
            or row.report.reported_at
            if _waits(row)
            else None,
        )
        for row in rows
    ]


def _waits(row: ReportRow) -> bool:
    return row.urgency is Urgency.CALL_NOW and row.state in ("waiting", "escalated")


def _open(clinic: Clinic) -> QuerySet[SideEffectReport]:
    closed = ReportStep.objects.of(clinic).filter(kind="closed").values("report")
    return _reports(clinic).exclude(pk__in=closed)


def open_reports(clinic: Clinic) -> list[ReportRow]:
    """What nobody has closed yet: the most urgent first, then the longest waiting."""
    rows = _rows(clinic, _open(clinic))
    return sorted(rows, key=lambda row: (row.urgency.rank, row.report.reported_at, row.report.pk))


def closed_reports(clinic: Clinic) -> list[ReportRow]:
    """What was closed last, newest first."""
    closed = ReportStep.objects.of(clinic).filter(kind="closed").order_by("-at", "-id")[:CLOSED_SHOWN]
    order = {pk: place for place, pk in enumerate(closed.values_list("report", flat=True))}
    rows = _rows(clinic, _reports(clinic).filter(pk__in=list(order)))
    return sorted(rows, key=lambda row: order[row.report.pk])


def reports_of(patient: Patient) -> list[ReportRow]:
    """All of a patient's reports, newest first."""
    return _rows(patient.clinic, _reports(patient.clinic).filter(patient=patient))


def unread_calls(clinic: Clinic) -> list[ReportRow]:
    """The reports that say "call now" and that nobody has read."""
    seen = ReportStep.objects.of(clinic).filter(kind="read").values("report")
    rows = _open(clinic).filter(urgency=Urgency.CALL_NOW).exclude(pk__in=seen)
    return _rows(clinic, rows.order_by("reported_at", "id"))


def to_escalate(clinic: Clinic, *, now: datetime) -> list[ReportRow]:
    """The unread calls whose working minutes are over and that were not escalated yet."""
    return [
        row
        for row in unread_calls(clinic)
        if row.escalated is None and row.escalates_at is not None and row.escalates_at <= now
    ]


def last_of_form(patient: Patient, key: UUID) -> SideEffectReport | None:
    """The report that this filled-in form made already, if it did."""
    return SideEffectReport.objects.of(patient.clinic).filter(patient=patient, key=key).first()


def of_reporter(patient: Patient, *, since: datetime) -> int:
    """How many reports came in about a patient since an instant."""
    return SideEffectReport.objects.of(patient.clinic).filter(patient=patient, reported_at__gt=since).count()


def known_of(patient: Patient, *, today: date) -> Known:
    """What the record adds to a report: days of infusions, the newest neutrophil count, and what is low here."""
    clinic = patient.clinic
    given = PlannedInfusion.objects.of(clinic).filter(patient=patient, given_on__isnull=False, state="given")
    earlier = EarlierInfusion.objects.of(clinic).filter(patient=patient)
    days = {*given.values_list("given_on", flat=True), *earlier.values_list("given_on", flat=True)}
    newest = standing_results(patient).filter(kind="neutrophils").first()
    value = read_stored(newest.kind, newest.value) if newest is not None else None
    return Known(
        reported_on=today,
        infusions=frozenset(day for day in days if day is not None),
        neutrophils=value.number if value is not None else None,
        thresholds=catalogue_of(clinic).thresholds,
    )


def reading_of(clinic: Clinic, *, now: datetime) -> Reading:
    """When a report that comes in now is read."""
    today = local_date(now, clinic.zone)
    return reading(calendar(clinic, today, today + timedelta(days=FARTHEST)), clinic.zone, now)
