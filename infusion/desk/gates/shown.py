"""What the pages of the gate show: visits that will fail it with what can be done, and the sheet of one visit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from clinics.domain.calendar import local_date
from clinics.models import Clinic, StaffTask
from clinics.queries import open_tasks
from evaluation.domain.findings import Finding, Verdict
from evaluation.domain.kinds import KINDS
from scheduling.models import Visit
from treatment import queries as treatment

HORIZONS = (3, 14, 28)
"""How many days ahead visits are looked at: at the last moment, while a test can be repeated, while it is early."""
ACTORS = ("nurse", "prescriber", "front desk")
ORDER, CALL = "gate_order", "gate_call"
LABORATORY = "screening"


@dataclass(frozen=True, slots=True)
class Record:
    """One result that is wanted, and the page on which it is recorded."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement that will not be met, and what of it can be recorded by the colleague."""

    finding: Finding
    records: tuple[Record, ...]

    @property
    def is_test(self) -> bool:
        return self.finding.requirement.section == LABORATORY and bool(self.finding.lacks)


@dataclass(frozen=True, slots=True)
class Failing:
    """One visit that will fail its gate: what is needed, who must act, and what was asked for already."""

    visit: Visit
    on: date
    days_left: int
    needs: tuple[Need, ...]
    asked: tuple[StaffTask, ...]

    @property
    def actors(self) -> tuple[str, ...]:
        return tuple(actor for actor in ACTORS if any(need.finding.acts == actor for need in self.needs))

    @property
    def tests(self) -> tuple[Need, ...]:
        return tuple(need for need in self.needs if need.is_test)

    @property
    def is_ordered(self) -> bool:
        return any(task.kind == ORDER for task in self.asked)

    @property
    def is_called(self) -> bool:
        return any(task.kind == CALL for task in self.asked)

    @property
    def horizon(self) -> int:
        return next(days for days in HORIZONS if self.days_left <= days)


def failing(clinic: Clinic, *, now: datetime, roles: Iterable[str] = ()) -> list[Failing]:
    """The visits of the next four weeks whose gate will stay shut unless somebody acts, soonest first, with what can
    be done already. ``roles`` are the kinds of evidence the colleague may record. Queries do not grow with the visits.
    """
    today = local_date(now, clinic.zone)
    ahead = treatment.booked_between(clinic, now, now + timedelta(days=HORIZONS[-1]))
    verdicts = treatment.gates(clinic, ahead, today=today)
    asked = _asked(clinic)
    rows = []
    for visit in ahead:
        due = verdicts[visit.pk].due_now(today)
        if due:
            on = local_date(visit.starts_at, clinic.zone)
            needs = needs_of(visit, due, roles, back=reverse("gates:ahead"))
            rows.append(Failing(visit, on, (on - today).days, needs, tuple(asked[visit.pk])))
    return rows


def needs_of(visit: Visit, due: Sequence[Finding], roles: Iterable[str], *, back: str) -> tuple[Need, ...]:
    """Each finding with the results that would mend it, as far as the colleague may record them."""
    may = frozenset(roles)
    return tuple(Need(finding, _records(visit, finding, may, back)) for finding in due)


def _records(visit: Visit, finding: Finding, roles: frozenset[str], back: str) -> tuple[Record, ...]:
    where = reverse("evaluation:record", args=[visit.patient_id])
    kinds = [KINDS[code] for code in dict.fromkeys(finding.lacks or _answered_by(finding))]
    return tuple(
        Record(kind.label, f"{where}?{urlencode({'kind': kind.code, 'next': back})}")
        for kind in kinds
        if kind.role in roles
    )


def _answered_by(finding: Finding) -> tuple[str, ...]:
    """The kinds whose newer answer would change what stands in the way."""
    return tuple(each.kind for each in finding.evidence)


def _asked(clinic: Clinic) -> dict[int, list[StaffTask]]:
    """The open tasks that were asked for from these pages, by visit."""
    found: dict[int, list[StaffTask]] = defaultdict(list)
    for task in open_tasks(clinic).filter(kind__in=[ORDER, CALL]):
        found[visit_of_cause(task.cause)].append(task)
    return found


def cause_of(kind: str, visit: Visit, today: date) -> str:
    """What tells one request from another: the same one is asked once a day."""
    return f"{kind}:{visit.pk}:{today.isoformat()}"


def visit_of_cause(cause: str) -> int:
    return int(cause.split(":")[1])


def asked_of(visit: Visit) -> tuple[StaffTask, ...]:
    """The open requests for one visit."""
    return tuple(_asked(visit.clinic)[visit.pk])


@dataclass(frozen=True, slots=True)
class Sheet:
    """The gate of one visit: what stands in the way now, what is asked nearer to the day, what was opened, the rest."""

    verdict: Verdict
    now: tuple[Need, ...]
    later: tuple[Finding, ...]
    opened: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    met: tuple[Finding, ...]
    reported: bool

    @property
    def tests(self) -> tuple[Need, ...]:
        return tuple(need for need in self.now if need.is_test)

    @property
    def never(self) -> tuple[Finding, ...]:
        """What no override opens."""
        return tuple(need.finding for need in self.now if need.finding.final)


def sheet_of(visit: Visit, verdict: Verdict, *, today: date, roles: Iterable[str]) -> Sheet:
    due = verdict.due_now(today)
    opened = verdict.opened
    return Sheet(
        verdict,
        now=needs_of(visit, due, roles, back=reverse("gates:sheet", args=[visit.pk])),
        later=tuple(each for each in verdict.blocking if each not in due),
        opened=opened,
        warnings=tuple(each for each in verdict.warnings if each not in opened),
        met=tuple(each for each in verdict.findings if each.word == "met"),
        reported=any(each.code == "nurse_call" and each.blocks for each in verdict.findings),
    )
