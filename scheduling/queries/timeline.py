"""A course as its page shows it: what was given, what is booked, what is to be booked, and what is still needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from evaluation import queries as evaluation
from evaluation.domain.findings import Finding
from evaluation.domain.verdict import Verdict
from scheduling.domain.booking import Window
from scheduling.domain.status import MOVABLE
from scheduling.models import Course, PlannedInfusion, Visit

from .overrides import standing_overrides
from .plan import CoursePlan, read_plan

WAITING = ("pending", "booked", "arrived")


@dataclass(frozen=True, slots=True)
class Needs:
    """What is still needed for one visit: to be done now, and what is only asked nearer to its day."""

    verdict: Verdict
    now: tuple[Finding, ...]
    later: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One infusion of a course. ``state`` is the word of its chip; ``mark`` how the timeline draws it. ``to_find``:
    times may be looked for it alone, because it is due to be booked or the next that will be; ``outside``: its
    visit does not stand in its window; ``soon``: its window opens within the days in which it is booked, not held.
    """

    planned: PlannedInfusion
    visit: Visit | None
    state: str
    mark: str
    window: Window
    needs: Needs | None
    to_find: bool
    outside: bool
    soon: bool = False


def gates(clinic: Clinic, visits: Iterable[Visit], *, today: date) -> dict[int, Verdict]:
    """May treatment start? The gate of every infusion among the visits, judged for its own local day, by visit. The
    number of queries does not grow with the visits. What a prescriber has opened for a visit is open."""
    rows = [visit for visit in visits if visit.planned_infusion is not None]
    charts = evaluation.charts(clinic, [visit.patient for visit in rows]) if rows else {}
    overrides = standing_overrides(clinic, rows) if rows else {}
    found = {}
    for visit in rows:
        assert visit.planned_infusion is not None
        course = visit.planned_infusion.course
        found[visit.pk] = evaluation.gate_for(
            clinic=clinic,
            patient=visit.patient,
            on=local_date(visit.starts_at, clinic.zone),
            course_start=course.start_on,
            condition=course.diagnosis.condition,
            today=today,
            chart=charts[visit.patient_id],
            overrides=overrides.get(visit.pk, ()),
        )
    return found


def gates_ahead(clinic: Clinic, visits: Iterable[Visit], *, today: date) -> dict[int, Verdict]:
    """The gates of those infusions that are still to begin."""
    return gates(clinic, [visit for visit in visits if visit.status in WAITING], today=today)


def needs_of(verdict: Verdict, today: date) -> Needs:
    """What stands in the way of a visit, parted by whether it can be done yet."""
    now = tuple(verdict.due_now(today))
    return Needs(verdict, now, tuple(each for each in verdict.blocking if each not in now))


def timeline(plan: CoursePlan, *, now: datetime) -> list[Entry]:
    """Every infusion of a course in order. Infusions passed over, and those cancelled with the course, are kept."""
    today = local_date(now, plan.clinic.zone)
    visits = {row.pk: plan.visit_of(row) for row in plan.planned}
    for row in plan.planned:
        visit = visits[row.pk]
        if visit is not None:
            visit.patient, visit.planned_infusion = plan.course.patient, row
    verdicts = gates_ahead(plan.clinic, [visit for visit in visits.values() if visit], today=today)
    return [_entry(plan, row, visits[row.pk], verdicts, today) for row in plan.planned]


def next_infusions(course: Course, *, now: datetime) -> list[Entry]:
    """What of a course is still to come and not yet booked: the next two infusions, for the patient's page."""
    open_ones = [
        entry
        for entry in timeline(read_plan(course), now=now)
        if entry.state in ("to_book", "held", "planned", "overdue")
    ]
    return open_ones[:2]


def _entry(
    plan: CoursePlan,
    row: PlannedInfusion,
    visit: Visit | None,
    verdicts: dict[int, Verdict],
    today: date,
) -> Entry:
    verdict = verdicts.get(visit.pk) if visit else None
    needs = needs_of(verdict, today) if verdict else None
    window = plan.window(row)
    state, mark = _standing(row, visit, window, today, _soon(plan, window, today))
    outside = False
    if visit is not None and visit.status in MOVABLE:
        outside = not window.earliest <= local_date(visit.starts_at, plan.clinic.zone) <= window.latest
    soon = _soon(plan, window, today)
    return Entry(row, visit, state, mark, window, needs, _alone(plan, row, state, soon), outside, soon)


def _soon(plan: CoursePlan, window: Window, today: date) -> bool:
    return window.earliest <= today + timedelta(days=plan.clinic.hold_beyond_days)


def _alone(plan: CoursePlan, row: PlannedInfusion, state: str, soon: bool) -> bool:
    """Whether times may be looked for one infusion alone: it is due to be booked, or it is the next that will be.
    An induction pair of which neither is booked is looked for together."""
    if plan.pair is not None and row in plan.pair and plan.pair_visits == (None, None):
        return False
    before = [one for one in plan.planned if one.ordinal < row.ordinal and one.state == "planned"]
    if state == "held" and soon:
        return True
    return state == "to_book" or (state in ("planned", "held") and all(plan.visit_of(one) for one in before))


def _standing(
    row: PlannedInfusion, visit: Visit | None, window: Window, today: date, soon: bool
) -> tuple[str, str]:
    if row.state == "given":
        return "given", "is-done"
    if row.state != "planned":
        return row.state, "is-cancelled"
    if visit is not None:
        return "booked", "is-next"
    if window.latest < today:
        return "overdue", "is-planned"
    if row.held_at is not None:
        return "held", "is-held"
    if soon:
        return "to_book", "is-planned"
    return "planned", "is-planned"
