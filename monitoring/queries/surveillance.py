"""Reading laboratory checks: what is known of each patient, in a fixed number of queries, and what is due of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from clinics.domain.calendar import local_date
from clinics.models import Clinic, StaffTask
from evaluation.domain.kinds import KINDS
from evaluation.domain.values import read_stored
from evaluation.models import Result
from evaluation.rule_queries import catalogue_of
from monitoring.domain.standing import SHOWN, Standing, Words
from monitoring.domain.surveillance import (
    CHECKS,
    CheckDue,
    Closed,
    Facts,
    Seen,
    Shape,
    check_named,
    checks_due,
)
from monitoring.models import CheckVisit, WatchStep
from patients.models import Diagnosis, EarlierInfusion, Patient
from scheduling.models import PlannedInfusion, Visit

LAB_CHECK = "lab_check"
"""What a task of an overdue check is called."""
READ = frozenset(kind for rule in CHECKS for kind in (*rule.kinds, *(test.kind for test in rule.when)))
"""The kinds of results the rules look at."""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A patient's check with where it stands today."""

    patient: Patient
    check: CheckDue
    standing: Standing
    visit: Visit | None = None

    @property
    def words(self) -> Words:
        return SHOWN[self.standing]

    @property
    def kind(self) -> str:
        """The kind of result that satisfies it; empty where a person decides."""
        return self.check.rule.kinds[0] if self.check.rule.kinds else ""

    @property
    def kind_label(self) -> str:
        return KINDS[self.kind].label if self.kind else ""


@dataclass(frozen=True, slots=True)
class ClosedWatch:
    """A watch that stands closed, with who closed it and why."""

    title: str
    step: WatchStep


def facts_of(clinic: Clinic, patients: Iterable[int] | None = None) -> dict[int, Facts]:
    """What is known, by patient, of everybody who was ever infused: in a fixed number of queries."""
    only = {} if patients is None else {"patient__in": list(patients)}
    infusions: dict[int, set[date]] = defaultdict(set)
    given = PlannedInfusion.objects.of(clinic).filter(state="given", **only)
    earlier = EarlierInfusion.objects.of(clinic).filter(**only)
    for rows in (given, earlier):
        for patient, on in rows.values_list("patient_id", "given_on"):
            if on is not None:
                infusions[patient].add(on)
    conditions: dict[int, set[str]] = defaultdict(set)
    confirmed = Diagnosis.objects.of(clinic).filter(state="confirmed", **only)
    for patient, condition in confirmed.values_list("patient_id", "condition"):
        conditions[patient].add(condition)
    results: dict[int, set[Seen]] = defaultdict(set)
    standing = Result.objects.of(clinic).filter(kind__in=READ, superseded_by__isnull=True, **only)
    for pk, patient, kind, value, on in standing.values_list(
        "pk", "patient_id", "kind", "value", "observed_on"
    ):
        read = read_stored(kind, value) if KINDS[kind].is_numeric else None
        results[patient].add(Seen(kind, on, value, read.number if read else None, pk))
    doses, courses = _planned(clinic, only)
    closed, thresholds = _closed(clinic, only), catalogue_of(clinic).thresholds
    return {
        patient: Facts(
            infusions=frozenset(days),
            conditions=frozenset(conditions[patient]),
            results=frozenset(results[patient]),
            closed=frozenset(closed[patient]),
            next_dose_on=doses.get(patient),
            next_course_on=courses.get(patient),
            thresholds=thresholds,
        )
        for patient, days in infusions.items()
    }


def _planned(clinic: Clinic, only: dict[str, list[int]]) -> tuple[dict[int, date], dict[int, date]]:
    """The next infusion planned, and the next that is not inside an induction, by patient."""
    doses: dict[int, date] = {}
    courses: dict[int, date] = {}
    rows = PlannedInfusion.objects.of(clinic).filter(state="planned", course__state="active", **only)
    for patient, phase, on in rows.order_by("planned_on").values_list("patient_id", "phase", "planned_on"):
        doses.setdefault(patient, on)
        if phase != "induction":
            courses.setdefault(patient, on)
    return doses, courses


def _closed(clinic: Clinic, only: dict[str, list[int]]) -> dict[int, set[Closed]]:
    newest: dict[tuple[int, str], WatchStep] = {}
    for step in WatchStep.objects.of(clinic).filter(**only).order_by("at", "id"):
        newest[step.patient_id, step.rule] = step
    found: dict[int, set[Closed]] = defaultdict(set)
    for (patient, rule), step in newest.items():
        if step.kind == "closed":
            found[patient].add(Closed(rule, step.on))
    return found


def checks(clinic: Clinic, *, today: date) -> list[CheckRow]:
    """Every open check of the clinic's living patients, soonest due first."""
    facts = facts_of(clinic)
    living = Patient.objects.of(clinic).filter(deceased=False).select_related("clinic").in_bulk(list(facts))
    booked = _booked(clinic, {})
    rows = [row for pk, patient in living.items() for row in _rows(patient, facts[pk], booked, today)]
    return sorted(rows, key=lambda row: (row.check.due_on, row.patient.pk, row.check.rule.code))


def checks_of(patient: Patient, *, today: date) -> list[CheckRow]:
    """A patient's open checks, soonest due first."""
    facts = facts_of(patient.clinic, [patient.pk]).get(patient.pk)
    if facts is None or patient.deceased:
        return []
    return _rows(patient, facts, _booked(patient.clinic, {"patient": patient}), today)


def is_test_outstanding(patient: Patient, *, before: date, today: date) -> bool:
    """Whether a laboratory test is to be had before a course that starts on a day, and no visit is booked for it."""
    return any(
        row.check.rule.shape is Shape.BEFORE_NEXT
        and row.check.counted_from == before
        and row.check.rule.kinds
        and row.standing is not Standing.BOOKED
        for row in checks_of(patient, today=today)
    )


def _rows(
    patient: Patient, facts: Facts, booked: dict[tuple[int, str], Visit], today: date
) -> list[CheckRow]:
    rows = []
    for check in checks_due(facts, CHECKS):
        visit = booked.get((patient.pk, check.rule.code))
        on = local_date(visit.starts_at, patient.clinic.zone) if visit else None
        rows.append(CheckRow(patient, check, check.standing(today, on), visit))
    return rows


def _booked(clinic: Clinic, only: dict[str, Patient]) -> dict[tuple[int, str], Visit]:
    """The visits that are booked for checks and have not taken place, by patient and rule."""
    rows = CheckVisit.objects.of(clinic).filter(visit__status__in=["pending", "booked", "arrived"], **only)
    found = rows.select_related("visit__nurse__user").order_by("visit__starts_at")
    return {(row.patient_id, row.rule): row.visit for row in found}


def closed_watches(patient: Patient, *, today: date) -> list[ClosedWatch]:
    """The watches of a patient that stand closed: those a person closed since the last infusion."""
    is_open = {row.check.rule.code for row in checks_of(patient, today=today)}
    newest = {step.rule: step for step in watch_steps(patient)}
    facts = facts_of(patient.clinic, [patient.pk]).get(patient.pk, Facts())
    last = max(facts.infusions, default=date.max)
    found = []
    for code, step in newest.items():
        rule = check_named(code)
        if rule is not None and step.kind == "closed" and step.on >= last and code not in is_open:
            found.append(ClosedWatch(rule.title, step))
    return found


def watch_steps(patient: Patient) -> list[WatchStep]:
    """Every closing and reopening of a patient's watches, oldest first."""
    rows = WatchStep.objects.of(patient.clinic).filter(patient=patient).select_related("by")
    return list(rows.order_by("at", "id"))


def causes_of_checks(clinic: Clinic) -> set[str]:
    """The causes for which a task was ever opened because a check was overdue."""
    return set(StaffTask.objects.of(clinic).filter(kind=LAB_CHECK).values_list("cause", flat=True))
