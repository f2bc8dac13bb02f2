"""What a patient sees of their own record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from evaluation.domain.findings import Finding, Standing, Verdict
from evaluation.domain.requirements import Effect, Scope
from monitoring.models import FollowUp
from monitoring.queries import (
    HealthCheckRow,
    ReportRow,
    checks_of,
    health_check_rows,
    may_answer_now,
    reports_of,
)
from patients.models import Patient
from scheduling.models import STANDING, HoldInstruction, PlannedInfusion, Visit, VisitVersion
from scheduling.queries import gates_ahead, hold_instructions


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is planned and not yet booked: about when, between which days it may be, and what."""

    about: date
    kind: str  # "infusion", "follow_up" or "check" (a laboratory test)
    title: str
    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Holding:
    """What is still needed for one infusion, in plain words, each with how it stands: ``missing``, ``lapses`` (good
    now, too old by then), ``later`` (asked nearer to the day), ``day`` (the clinic asks on the day itself), ``calls``
    (a nurse calls first), ``held`` (a nurse has called, and it waits on) or ``waits`` (the doctor must decide first).
    """

    visit: Visit
    rows: tuple[tuple[str, str], ...]


def holding(clinic: Clinic, visits: Iterable[Visit], *, today: date) -> list[Holding]:
    """What holds each of the patient's infusions to come, from the same gate the clinic sees."""
    infusions = [visit for visit in visits if visit.kind == "infusion"]
    verdicts = gates_ahead(clinic, infusions, today=today)
    return [Holding(visit, _rows(verdicts[visit.pk], today)) for visit in infusions if visit.pk in verdicts]


def _rows(verdict: Verdict, today: date) -> tuple[tuple[str, str], ...]:
    due = verdict.due_now(today)
    said = {_plain(each): _state(each, each in due) for each in reversed(verdict.blocking) if each.patient}
    return tuple((state, words) for words, state in reversed(said.items()))


def _plain(finding: Finding) -> str:
    """What the patient reads, in the reader's language."""
    until = date_format(finding.hold_until, "j F Y") if finding.hold_until else ""
    return _(finding.patient).format(until=until)


def _state(finding: Finding, due: bool) -> str:
    needs, holds = finding.requirement, finding.effect in (Effect.HOLD, Effect.REFUSE)
    if needs.role == "derived" and needs.acts == "nurse":
        return "held" if holds else "calls"
    if holds or needs.role == "derived":
        return "waits"
    if needs.scope == Scope.INFUSION and needs.maximum_age_days in (0, 1):
        return "day"
    if not due:
        return "later"
    return "lapses" if finding.standing == Standing.WILL_LAPSE else "missing"


def hold_of(visit: Visit | None, checks: Iterable[HealthCheckRow], held: Iterable[Holding]) -> str:
    """Why the patient's next infusion waits, the strongest reason first: ``on_hold`` (an infection was told, and no
    nurse has called yet), ``held`` (it waits on after the call), ``calls`` (a nurse calls about something else) or
    ``waits`` (the doctor must decide). Empty where it stands as booked, and once the patient is here.
    """
    if visit is None or visit.status not in ("pending", "booked"):
        return ""
    states = {state for each in held if each.visit == visit for state, _words in each.rows}
    waiting = [row for row in checks if row.call == "waiting"]
    found = {
        "on_hold": "calls" in states or any(row.check.is_infection for row in waiting),
        "held": "held" in states or any(row.call == "held" for row in checks),
        "calls": bool(waiting),
        "waits": "waits" in states,
    }
    return next((hold for hold, stands in found.items() if stands), "")


def hold_now(visit: Visit, now: datetime) -> str:
    """The same for one visit by itself."""
    if visit.kind != "infusion":
        return ""
    today = local_date(now, visit.clinic.zone)
    return hold_of(visit, health_check_rows(visit), holding(visit.clinic, [visit], today=today))


def visits(patient: Patient) -> QuerySet[Visit]:
    return (
        Visit.objects.of(patient.clinic)
        .filter(patient=patient)
        .select_related(
            "clinic", "patient", "chair", "planned_infusion", "planned_infusion__course__diagnosis"
        )
    )


def upcoming(patient: Patient, now: datetime) -> QuerySet[Visit]:
    """Booked visits that have not ended, soonest first."""
    return (
        visits(patient)
        .filter(status__in=("pending", "booked", "arrived"), ends_at__gt=now)
        .order_by("starts_at")
    )


def next_infusion(patient: Patient, now: datetime) -> Visit | None:
    """The patient's next infusion that has not ended, if one is booked."""
    return upcoming(patient, now).filter(kind="infusion").first()


def to_hold(visit: Visit | None) -> list[HoldInstruction]:
    """What a prescriber asks the patient to hold for an infusion, with its days."""
    if visit is None:
        return []
    return hold_instructions(visit.patient, on=local_date(visit.starts_at, visit.clinic.zone))


def may_come_earlier(visit: Visit | None, now: datetime) -> bool:
    """Whether there is an infusion to come, after today, for which an earlier time could be found."""
    if visit is None or visit.kind != "infusion" or visit.status not in ("pending", "booked"):
        return False
    zone = visit.clinic.zone
    return local_date(visit.starts_at, zone) > local_date(now, zone)


def past(patient: Patient, now: datetime) -> QuerySet[Visit]:
    """Visits that took place or were missed, newest first."""
    rows = visits(patient).filter(status__in=("fulfilled", "noshow")) | visits(patient).filter(
        status__in=("booked", "arrived"), ends_at__lte=now
    )
    return rows.order_by("-starts_at")


RECENT = timedelta(days=14)
"""How long the first page goes on showing what was reported last."""


def recent_report(patient: Patient, now: datetime) -> ReportRow | None:
    """What was reported last about the patient, while it is open or recent."""
    newest = next(iter(reports_of(patient)), None)
    if newest is None or (newest.closed is not None and newest.closed.at < now - RECENT):
        return None
    return newest


def health_check_of(visit: Visit | None, now: datetime) -> dict[str, Any]:
    """The health check of the next infusion, for the first page: whether it is open, what was answered, what waits."""
    rows = health_check_rows(visit) if visit is not None else []
    return {
        "check_open": visit is not None and may_answer_now(visit, now),
        "checks": rows,
        "check_waits": any(row.call == "waiting" for row in rows),
        "check_held": any(row.call == "held" for row in rows),
    }


def still_to_book(patient: Patient) -> list[Due]:
    """What the course and the follow-up plan for and nobody has booked yet, in order of time."""
    standing = Visit.objects.of(patient.clinic).filter(planned_infusion=OuterRef("pk"), status__in=STANDING)
    planned = (
        PlannedInfusion.objects.of(patient.clinic)
        .filter(patient=patient, state="planned", course__state="active")
        .filter(~Exists(standing))
    )
    follow_ups = FollowUp.objects.of(patient.clinic).filter(patient=patient, state="due", visit__isnull=True)
    found = [Due(row.planned_on, "infusion", "", row.earliest_on, row.latest_on) for row in planned]
    found += [Due(row.due_on, "follow_up", row.title, row.earliest_on, row.latest_on) for row in follow_ups]
    return sorted(found, key=lambda due: (due.about, due.kind))


def tests_due(patient: Patient, today: date) -> list[Due]:
    """The laboratory tests that are still to come and that no visit is booked for, one for each day."""
    rows = {
        row.check.due_on: Due(
            row.check.due_on, "check", row.check.rule.visit_title, row.check.earliest, row.check.latest
        )
        for row in checks_of(patient, today=today)
        if row.check.rule.kinds and row.visit is None
    }
    return sorted(rows.values(), key=lambda due: due.about)


def still_to_come(patient: Patient, today: date) -> list[Due]:
    """Everything that is due and not booked, laboratory tests included, in order of time."""
    rows = [*still_to_book(patient), *tests_due(patient, today)]
    return sorted(rows, key=lambda due: (due.about, due.kind))


FEED_BACK, FEED_AHEAD = timedelta(days=92), timedelta(days=366)
"""How far a calendar feed reaches into the past and ahead (product default)."""

CANCELLED_SHOWN = timedelta(days=60)
"""How long a feed goes on saying that a visit was cancelled, so that calendars which looked in between take it out."""


def feed_visits(patient: Patient, now: datetime) -> list[tuple[Visit, VisitVersion, str]]:
    """The patient's visits as a calendar shows them: each with its newest version, and the key its name is made of."""
    rows = (
        VisitVersion.objects.of(patient.clinic)
        .filter(
            patient=patient,
            visit__starts_at__gte=now - FEED_BACK,
            visit__starts_at__lte=now + FEED_AHEAD,
            visit__status__in=("pending", "booked", "arrived", "fulfilled", "cancelled"),
        )
        .select_related("visit")
        .order_by("visit__starts_at", "visit_id", "version")
    )
    versions: dict[int, list[VisitVersion]] = {}
    for row in rows:
        versions.setdefault(row.visit_id, []).append(row)
    return [
        (newest.visit, newest, str(first.batch))
        for first, newest in ((found[0], found[-1]) for found in versions.values())
        if newest.visit.status != "cancelled" or newest.at > now - CANCELLED_SHOWN
    ]
