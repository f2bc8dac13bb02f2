"""A course planned anew: as it is written, and as it would stand after a change that is only being looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal
from clinics.queries import calendar
from regimens.domain.definition import Regimen
from regimens.domain.sequence import Retreatment as Started
from regimens.domain.sequence import longest_group
from scheduling.domain.booking import Seat
from scheduling.domain.course import GivenDose, PlannedDose, horizon_until, plan_course
from scheduling.domain.series import DEFER, Decision, deferral_refusal
from scheduling.models import STANDING, Course, DoseDecision, PlannedInfusion, Retreatment, Visit

from .courses import day_of, history, regimen, today_of
from .doses import Amounts, amounts_of
from .plan import CoursePlan


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to change from infusion ``ordinal`` on: the course's first day, or a decision. ``seats`` are the times
    chosen by a person, by ordinal; ``held`` are the infusions whose booked time is given up for a held window. A
    ``prescriber`` may move the first infusion to a day outside its window. ``alone``: the other booked visits keep
    their times.
    """

    ordinal: int
    start: date | None = None
    decision: Decision | None = None
    seats: Mapping[int, Seat] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    prescriber: bool = False
    alone: bool = False


def standing_decisions(course: Course) -> list[DoseDecision]:
    """What was decided about single doses of a course and was not undone, oldest first."""
    rows = DoseDecision.objects.of(course.clinic).filter(course=course, undone_at__isnull=True)
    return list(rows.select_related("by").order_by("at", "id"))


def decided(course: Course) -> tuple[Decision, ...]:
    """The same as values."""
    return tuple(Decision(row.ordinal, row.kind, row.days, row.carries) for row in standing_decisions(course))


def plan_anew(
    course: Course,
    rows: Iterable[PlannedInfusion],
    *,
    now: datetime,
    start: date | None = None,
    decisions: Iterable[Decision] = (),
    what: Regimen | None = None,
    begun: Iterable[Started] | None = None,
) -> tuple[PlannedDose, ...] | Refusal:
    """The infusions of a course still to be given, from ``start`` (by default its own) and with these decisions; by its
    own regimen, or by another one that is only being looked at (``what``), and with its own retreatments or others
    (``begun``).
    """
    begin, decisions, rows = start or course.start_on, tuple(decisions), list(rows)
    what = what or regimen(course)
    given = [GivenDose(row.ordinal, row.given_on) for row in rows if row.given_on is not None]
    last = max((dose.on for dose in given), default=None)
    anchor = next((dose.on for dose in given if dose.n == 1), begin)
    until, today = horizon_until(anchor, last), today_of(course.clinic, now)
    further = 180 + sum(max(each.days, 0) for each in decisions)
    ends = until + timedelta(days=min(further, (date.max - until).days))
    opening = calendar(course.clinic, min(anchor, today) - timedelta(days=60), ends)
    return plan_course(
        what,
        start=begin,
        until=until,
        closed=opening.closed_because,
        given=given,
        history=history(course.patient).given,
        today=today,
        decisions=decisions,
        retreatments=started(course, what) if begun is None else begun,
        booked=_booked(course, what),
    )


def started(course: Course, what: Regimen) -> tuple[Started, ...]:
    """The retreatments a prescriber started in a course. No query where the regimen has none."""
    if not what.retreatment:
        return ()
    rows = Retreatment.objects.of(course.clinic).filter(course=course).order_by("ordinal")
    return tuple(Started(row.ordinal, row.start_on) for row in rows)


def _booked(course: Course, what: Regimen) -> dict[int, date]:
    """On which days a course's infusions are booked, where others count from that: no query where none do."""
    if longest_group(what) < 2 and not (what.maintenance and what.maintenance.start_days[1]):
        return {}
    rows = Visit.objects.of(course.clinic).filter(planned_infusion__course=course, status__in=STANDING)
    return {
        visit.planned_infusion.ordinal: day_of(visit, course.clinic)
        for visit in rows.select_related("planned_infusion")
        if visit.planned_infusion is not None
    }


def dose_fields(dose: PlannedDose, amounts: Amounts) -> dict[str, object] | Refusal:
    """A planned dose as its row keeps it; or why its milligrams cannot be reckoned."""
    amount = amounts.fields(dose.dose)
    if isinstance(amount, Refusal):
        return amount
    alone = dose.opens == (1 if dose.phase == "induction" else dose.n)
    return {
        **amount,
        "phase": dose.phase.value,
        "opens_with": None if alone else dose.opens,
        "target_on": dose.target,
        "earliest_on": dose.earliest,
        "latest_on": dose.latest,
        "planned_on": dose.planned_on or dose.target,
        "moved_reason": dose.moved_reason,
        "concern": dose.concern,
        "state": "planned",
    }


def outlook(plan: CoursePlan, ask: Ask, *, now: datetime) -> CoursePlan | Refusal:
    """The course as it would be planned after the change; its visits are where they stand now."""
    decisions = (*decided(plan.course), *([ask.decision] if ask.decision else []))
    doses = plan_anew(plan.course, plan.planned, now=now, start=ask.start, decisions=decisions)
    if isinstance(doses, Refusal):
        return doses
    amounts, fields, rows = amounts_of(plan.course, plan.planned), {}, []
    for dose in doses:
        wanted = dose_fields(dose, amounts)
        if isinstance(wanted, Refusal):
            return wanted
        fields[dose.n] = wanted
    for row in plan.planned:
        after = copy(row)
        if row.state == "planned" and row.ordinal in fields:
            for name, value in fields[row.ordinal].items():
                setattr(after, name, value)
        elif row.state == "planned":
            after.state = "omitted"
        rows.append(after)
    course = copy(plan.course)
    course.start_on = ask.start or course.start_on
    return replace(plan, course=course, planned=tuple(rows))


def moved_with_all(plan: CoursePlan, visit: Visit, seat: Seat) -> Ask | Refusal:
    """What it means to move a visit to a time "and what follows".

    Before the course has begun its first infusion takes the whole series along, because the series counts from it. Any
    other infusion is deferred by as many days as its visit moves, and so is all that follows: a prescriber's decision.
    """
    row = next((each for each in plan.planned if each.pk == visit.planned_infusion_id), None)
    if row is None or row.state != "planned":
        return Refusal("not_planned", "This infusion is no longer planned. Look at the course again.")
    was, day = local_date(visit.starts_at, plan.clinic.zone), local_date(seat.starts, plan.clinic.zone)
    if was == day:
        words = "It stays on its day, so nothing follows. Move only this infusion, or choose another day."
        return Refusal("nothing_follows", words, "day")
    if row.ordinal == 1:
        return Ask(1, start=day, seats={1: seat})
    refusal = deferral_refusal((day - was).days)
    if refusal is not None:
        return refusal
    decision = Decision(row.ordinal, DEFER, (day - was).days, carries=True)
    return Ask(row.ordinal, decision=decision, seats={row.ordinal: seat})


def moved_alone(plan: CoursePlan, visit: Visit, seat: Seat) -> Ask | Refusal:
    """What it means to move a visit alone: the others keep their times. Windows still count from the first infusion."""
    row = next((each for each in plan.planned if each.pk == visit.planned_infusion_id), None)
    if row is None or row.state != "planned":
        return Refusal("not_planned", "This infusion is no longer planned. Look at the course again.")
    start = local_date(seat.starts, plan.clinic.zone) if row.ordinal == 1 else None
    return Ask(row.ordinal, start=start, seats={row.ordinal: seat}, alone=True)


def decision_asked(plan: CoursePlan, decision: Decision, *, now: datetime) -> Ask | Refusal:
    """A decision about one dose, or why it cannot be taken."""
    row = plan.infusion(decision.n)
    if row is None or row.state != "planned":
        return Refusal("not_planned", "This infusion is no longer planned. Look at the course again.")
    if decision.n == 1:
        words = "The series counts from its first infusion. Begin the course on another day, or stop it."
        return Refusal("first_infusion", words)
    ask = Ask(decision.n, decision=decision)
    if decision.kind != DEFER:
        return ask
    refusal = deferral_refusal(decision.days)
    if refusal is not None:
        return refusal
    after = outlook(plan, ask, now=now)
    if isinstance(after, Refusal):
        return after
    new = after.infusion(decision.n)
    if new is not None and new.target_on != row.target_on + timedelta(days=decision.days):
        words = (
            f"Infusion {decision.n} cannot stand so soon: {new.moved_reason or 'its day would not change'}."
        )
        return Refusal("interval_too_short", words, "days")
    return ask
