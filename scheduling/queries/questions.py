"""A question to the optimiser, read from the schedule: what may move where, and what is left of each day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from patients.models import Wishes
from scheduling.domain.booking import (
    clearance_refusal,
    interval_refusal,
    pair_refusal,
    person_refusal,
    window_refusal,
)
from scheduling.domain.capacity import DayCapacity, Phase, total_minutes
from scheduling.domain.proposals import Proposed, Spot
from scheduling.domain.replanning import Allowed, Place, Problem, ToPlace, Weights, day_of
from scheduling.models import PlannedInfusion, Replan, Visit

from .courses import signed, today_of
from .days import handovers_of, nurse_rules, phases_of, read_days
from .faults import faults
from .plan import CoursePlan, read_plan
from .replans import (
    Harm,
    Tolerance,
    can_be_planned,
    disruption_of,
    harms,
    is_touched,
    standing_on,
    tolerance_of,
    windows_to_plan,
)

NOTICE = timedelta(hours=1)
"""A visit is moved to no time sooner than this from now: the patient must get there. Product default, unverified."""

MINUTE = timedelta(minutes=1)
UNDER_WAY = "The visit has begun: who takes over is decided at the chair."
FOLLOW_UP = "A follow-up with a clinician: move it on its own page."
NO_DAY = "No other day in its window is open to it: a prescriber decides whether the course changes."


@dataclass(frozen=True, slots=True)
class Question:
    """What the optimiser is asked, and who it is about. ``small`` asks about the visits that cannot stay alone, with
    all others where they are; ``whole`` (None where that is all that is asked) lets the others move too. ``rows`` may
    be placed, ``fixed`` are touched and cannot be.
    """

    small: Problem
    whole: Problem | None
    rows: tuple[Proposed, ...]
    fixed: tuple[Proposed, ...]
    days: Mapping[date, DayCapacity]


@dataclass(frozen=True, slots=True)
class _Subject:
    """One infusion that is asked about: its course, the visit that holds it, if one does, and whether it is one that
    cannot stay as it is.
    """

    plan: CoursePlan
    planned: PlannedInfusion
    visit: Visit | None
    touched: bool
    harm: Harm


def read_question(replan: Replan, *, now: datetime) -> Question:
    """Read what was asked as it stands now."""
    tolerance = tolerance_of(replan)
    subjects, fixed = _subjects(replan, tolerance, now=now)
    wanted = {each.planned.pk: _days_for(each, replan, tolerance, now=now) for each in subjects}
    touched = [each for each in subjects if each.touched]
    small, days = _problem(replan, touched, wanted, now=now)
    whole = None
    if len(touched) < len(subjects):
        whole, days = _problem(replan, subjects, wanted, now=now)
    rows = tuple(_row(each, bool(wanted[each.planned.pk])) for each in subjects)
    return Question(small, whole, rows, tuple(fixed), days)


def _subjects(
    replan: Replan, tolerance: Tolerance, *, now: datetime
) -> tuple[list[_Subject], list[Proposed]]:
    """The infusions that may be placed, and the touched visits that may not."""
    clinic, what = replan.clinic, disruption_of(replan)
    if replan.kind == "windows":
        rows = windows_to_plan(clinic, replan.first_day, replan.last_day)
        order = harms([], rows)
        return [_Subject(read_plan(row.course), row, None, True, order[-row.pk]) for row in rows], []
    visits = standing_on(clinic, replan.first_day, replan.last_day, now=now)
    if what is None:
        faulty = {one.visit.pk for one in faults(clinic, replan.first_day, replan.last_day, now=now)}
    else:
        faulty = {visit.pk for visit in visits if is_touched(visit, what)}
    order = harms(visits)
    subjects, fixed = [], []
    for visit in visits:
        touched = visit.pk in faulty
        if can_be_planned(visit, now=now):
            if touched or what is None or tolerance.others:
                subjects.append(_subject(visit, touched, order[visit.pk]))
        elif touched:
            fixed.append(_fixed(visit, order[visit.pk]))
    return subjects, fixed


def _problem(
    replan: Replan, subjects: Sequence[_Subject], wanted: Mapping[int, list[date]], *, now: datetime
) -> tuple[Problem, dict[date, DayCapacity]]:
    """The question about some of the visits, with all others where they are."""
    clinic, tolerance, what = replan.clinic, tolerance_of(replan), disruption_of(replan)
    days = sorted({day for each in subjects for day in wanted[each.planned.pk]} | _own_days(subjects, clinic))
    capacity = read_days(clinic, days, now=now, without=[each.visit.pk for each in subjects if each.visit])
    if what is not None:
        for day in capacity.values():
            what.take_from(day)
    problem = Problem(
        days=tuple(day_of(capacity[day]) for day in days),
        visits=tuple(
            _to_place(each, wanted[each.planned.pk], capacity, tolerance, now=now) for each in subjects
        ),
        rules=nurse_rules(clinic),
        weights=_weights(replan, tolerance),
    )
    return problem, capacity


def _weights(replan: Replan, tolerance: Tolerance) -> Weights:
    """Little change, unless an early end or an even month is what was asked for."""
    if replan.kind == "windows":
        return Weights(crowded=1)
    return Weights(per_step_of_end=3) if tolerance.early else Weights()


def _subject(visit: Visit, touched: bool, harm: Harm) -> _Subject:
    assert visit.planned_infusion is not None
    course = visit.planned_infusion.course
    course.clinic, course.patient = visit.clinic, visit.patient
    plan = read_plan(course)
    planned = plan.infusion(visit.planned_infusion.ordinal)
    assert planned is not None
    return _Subject(plan, planned, visit, touched, harm)


def _own_days(subjects: Iterable[_Subject], clinic: Clinic) -> set[date]:
    return {local_date(each.visit.starts_at, clinic.zone) for each in subjects if each.visit}


def _phases(subject: _Subject) -> tuple[Phase, ...]:
    """What the visit is made up of: as it was booked, or as it would be on the day it is planned for."""
    if subject.visit is not None:
        return phases_of(subject.visit)
    return subject.plan.phases(subject.planned, subject.planned.planned_on)


def _days_for(subject: _Subject, replan: Replan, asked: Tolerance, *, now: datetime) -> list[date]:
    """The days on which an infusion may stand: its own, and those near enough on which it could be booked. Whether
    they are open, and a chair is free, is for the plan to find out.
    """
    clinic, plan = replan.clinic, subject.plan
    today = today_of(clinic, now)
    if subject.visit is None:
        window = plan.window(subject.planned)
        first, last = max(window.earliest, replan.first_day), min(window.latest, replan.last_day)
        own = None
    else:
        own = local_date(subject.visit.starts_at, clinic.zone)
        reach = asked.days if subject.touched or replan.kind == "day" else 0
        first, last = own - timedelta(days=reach), own + timedelta(days=reach)
    first = max(first, today)
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in every if day == own or _bookable(subject, day, today=today)]


def _bookable(subject: _Subject, day: date, *, today: date) -> bool:
    """Whether the infusion could be booked on another day: the person, the clearance, the window, the interval."""
    plan, planned, patient = subject.plan, subject.planned, subject.plan.course.patient
    own, others = plan.infusion_days(of=planned, besides=[planned.pk])
    against = [
        person_refusal(deceased=patient.deceased, years=patient.age_on(day)),
        clearance_refusal(signed(plan.course.clearance), today=today),
        window_refusal(day, plan.window(planned)),
        interval_refusal(
            plan.regimen,
            planned.ordinal,
            day,
            own_induction=own,
            others=others,
            opens=planned.first_of_group,
        ),
    ]
    if planned.ordinal == 1:
        for row in plan.induction:
            visit = plan.visit_of(row)
            if row.ordinal > 1 and visit is not None:
                on = local_date(visit.starts_at, plan.clinic.zone)
                against.append(pair_refusal(plan.regimen, day, row.ordinal, on))
    same_length = total_minutes(plan.phases(planned, day)) == total_minutes(_phases(subject))
    return same_length and not any(against)


def _to_place(
    subject: _Subject,
    days: list[date],
    capacity: Mapping[date, DayCapacity],
    asked: Tolerance,
    *,
    now: datetime,
) -> ToPlace:
    visit, phases = subject.visit, _phases(subject)
    own = _place(subject, capacity)
    allowed: list[Allowed] = []
    for day in days:
        begins = capacity[day].begins
        first, last = 0, capacity[day].steps * 5
        if visit is not None and not subject.touched:
            at = (visit.starts_at - capacity[_day(visit)].begins) // MINUTE
            first, last = at - asked.minutes, at + asked.minutes
        first = max(first, -(-(now + NOTICE - begins) // MINUTE))
        allowed += _around(subject, day, capacity[day], first, last, total_minutes(phases))
    if own is not None and own.day in days:
        # It may keep its time, however soon that is.
        allowed.append(Allowed(own.day, own.minute, own.minute))
    needed = _place_needed(subject)
    return ToPlace(
        key=subject.planned.pk,
        phases=phases,
        allowed=tuple(allowed),
        now=own,
        target=None if visit else subject.planned.planned_on,
        kinds=frozenset({needed}) if needed else frozenset(),
        harm=subject.harm.weight if subject.touched else 1,
    )


def _place_needed(subject: _Subject) -> str:
    """The kind of place the patient needs; empty for any."""
    rows = Wishes.objects.of(subject.plan.clinic).filter(patient=subject.plan.course.patient_id)
    return rows.values_list("place", flat=True).first() or ""


def _day(visit: Visit) -> date:
    return local_date(visit.starts_at, visit.clinic.zone)


def _place(subject: _Subject, capacity: Mapping[date, DayCapacity]) -> Place | None:
    visit = subject.visit
    if visit is None:
        return None
    day = _day(visit)
    begins = capacity[day].begins
    return Place(
        key=subject.planned.pk,
        day=day,
        minute=(visit.starts_at - begins) // MINUTE,
        chair=visit.chair_id or 0,
        nurse=visit.nurse_id or 0,
        handovers=tuple(((at - begins) // MINUTE, nurse) for at, nurse in handovers_of(visit)),
    )


def _around(
    subject: _Subject, day: date, capacity: DayCapacity, first: int, last: int, minutes: int
) -> list[Allowed]:
    """The minutes at which the visit may begin, with room for the patient's other visits of that day."""
    spans = [(first, last)]
    for other in subject.plan.visits:
        if other.planned_infusion_id == subject.planned.pk:
            continue
        begin = (other.starts_at - capacity.begins) // MINUTE
        end = -(-(other.ends_at - capacity.begins) // MINUTE)
        if end <= 0 or begin >= capacity.steps * 5:
            continue
        spans = [
            piece
            for low, high in spans
            for piece in ((low, min(high, begin - minutes)), (max(low, end), high))
        ]
    return [Allowed(day, low, high) for low, high in spans if low <= high]


def _spot(visit: Visit) -> Spot:
    return Spot(visit.starts_at, visit.ends_at, visit.chair_id or 0, visit.nurse_id or 0, handovers_of(visit))


def _row(subject: _Subject, allowed: bool) -> Proposed:
    visit, harm = subject.visit, subject.harm
    return Proposed(
        planned=subject.planned.pk,
        patient=subject.planned.patient_id,
        rank=harm.rank,
        harm=harm.words,
        affected=subject.touched,
        visit=visit.pk if visit else None,
        version=visit.version if visit else None,
        was=_spot(visit) if visit else None,
        because="" if allowed else NO_DAY,
    )


def _fixed(visit: Visit, harm: Harm) -> Proposed:
    return Proposed(
        planned=visit.planned_infusion_id or 0,
        patient=visit.patient_id,
        rank=harm.rank,
        harm=harm.words,
        affected=True,
        visit=visit.pk,
        version=visit.version,
        was=_spot(visit),
        because=UNDER_WAY if visit.kind == "infusion" else FOLLOW_UP,
    )
