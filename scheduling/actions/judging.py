"""What is against booking or moving infusions, decided behind the locks: the weightier kinds first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from clinics.queries import members
from scheduling.domain.booking import (
    FARTHEST,
    TOO_FAR,
    Seat,
    clearance_refusal,
    interval_refusal,
    just_taken,
    pair_refusal,
    person_refusal,
    time_refusal,
    window_refusal,
)
from scheduling.domain.capacity import DayCapacity, Occupied, total_minutes
from scheduling.domain.course import in_words
from scheduling.domain.soft import NO_ACCEPTED_REASON, SOFT, Accepted, only_soft, sort_out
from scheduling.domain.status import MOVABLE
from scheduling.models import Course, Visit
from scheduling.queries import (
    CoursePlan,
    held_near,
    kept_refusals,
    not_the_place,
    occupied,
    place_needed,
    plenty_left,
    read_days,
    signed,
    today_of,
)

from .transactions import lock_clinic
from .visits import STALE, not_movable

NO_PAIR = Refusal("no_pair", "This course has no induction pair left to book.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One infusion and the seat wanted for it; ``version`` is the visit's that the page showed, None to book anew."""

    ordinal: int
    seat: Seat
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason against it, and the infusion it is about; 0 for all of them."""

    refusal: Refusal
    ordinal: int = 0


def visits_of(plan: CoursePlan, wanted: Sequence[Wanted]) -> list[Visit]:
    """The standing visits of the wanted infusions."""
    rows = [plan.infusion(each.ordinal) for each in wanted]
    visits = [plan.visit_of(row) for row in rows if row is not None]
    return [visit for visit in visits if visit is not None]


def anchor_of(plan: CoursePlan, wanted: Sequence[Wanted]) -> date | None:
    """The day of the course's first infusion, where that is among the wanted."""
    for each in wanted:
        if each.ordinal == 1:
            return local_date(each.seat.starts, plan.clinic.zone)
    return None


def objections(plan: CoursePlan, wanted: Sequence[Wanted], *, now: datetime, moving: bool) -> list[Objection]:
    """Every reason against it: course and person; then dates; then, unless the dates are impossible, the places."""
    first = against_the_course(plan, wanted, now=now, moving=moving)
    if first:
        return [Objection(refusal) for refusal in first]
    dates = [
        Objection(refusal, each.ordinal)
        for each in wanted
        for refusal in against_the_date(plan, each, wanted, now=now)
    ]
    if any(each.refusal.code not in SOFT for each in dates):
        return dates
    return dates + _against_the_places(plan, wanted, now=now)


def accept(
    found: Sequence[Objection], accepted: Accepted | None, *, clinic: Clinic, by: User | None
) -> list[Objection]:
    """The soft rules that are broken knowingly. Refused with every reason where one was not accepted, may not be
    passed by this colleague, or is absolute; and where there is no word why.
    """
    if not found:
        return []
    passed = _passable(accepted, clinic, by) if accepted is not None else frozenset()
    refusals = [each.refusal for each in found]
    if sort_out(refusals, passed)[0]:
        raise Refused(*dict.fromkeys(refusals))
    if accepted is None or not accepted.reason.strip():
        raise Refused(*dict.fromkeys(refusals), NO_ACCEPTED_REASON)
    return list(found)


def _passable(accepted: Accepted, clinic: Clinic, by: User | None) -> frozenset[str]:
    """Those of the accepted rules that this colleague may pass. The system passes none."""
    member = members(clinic).filter(user=by, is_active=True).first() if by is not None else None
    if member is None:
        return frozenset()
    return frozenset(code for code in accepted.codes if code in SOFT and member.may(SOFT[code]))


def against_the_course(
    plan: CoursePlan, wanted: Sequence[Wanted], *, now: datetime, moving: bool
) -> list[Refusal]:
    if plan.pair is None and {each.ordinal for each in wanted} >= {1, 2}:
        return [NO_PAIR]
    found = against_the_person(plan.course, wanted, now=now)
    for each in wanted:
        refusal = _against_the_infusion(plan, each, moving)
        if refusal is not None:
            found.append(refusal)
    return list(dict.fromkeys(found))


def against_the_person(course: Course, wanted: Iterable[Wanted], *, now: datetime) -> list[Refusal]:
    """An ended course, death, youth, and a clearance that does not stand."""
    days = [local_date(each.seat.starts, course.clinic.zone) for each in wanted]
    first = min(days, default=today_of(course.clinic, now))
    patient = course.patient
    found = [
        None if course.state == "active" else Refusal("course_not_active", "This course has ended."),
        person_refusal(deceased=patient.deceased, years=patient.age_on(first)),
        clearance_refusal(signed(course.clearance), today=today_of(course.clinic, now)),
    ]
    return [refusal for refusal in found if refusal is not None]


def _against_the_infusion(plan: CoursePlan, each: Wanted, moving: bool) -> Refusal | None:
    """Whether the infusion can be booked, or its visit moved, at all."""
    planned = plan.infusion(each.ordinal)
    if planned is None or planned.state != "planned":
        return Refusal("not_planned", "This infusion is no longer planned. Look at the course again.")
    visit = plan.visit_of(planned)
    if not moving and visit is not None:
        on = in_words(local_date(visit.starts_at, plan.clinic.zone))
        return Refusal("already_booked", f"Infusion {planned.ordinal} is booked already, on {on}.")
    if moving and (visit is None or visit.version != each.version):
        return STALE
    if visit is not None and visit.status not in MOVABLE:
        return not_movable(visit)
    return None


def against_the_date(
    plan: CoursePlan, each: Wanted, wanted: Sequence[Wanted], *, now: datetime
) -> list[Refusal]:
    planned = plan.infusion(each.ordinal)
    assert planned is not None
    keys = {row.pk for row in (plan.infusion(other.ordinal) for other in wanted) if row is not None}
    day = local_date(each.seat.starts, plan.clinic.zone)
    own, others = plan.infusion_days(of=planned, besides=keys)
    for other in wanted:
        if other is not each:
            place = own if plan.infusion(other.ordinal) in plan.group(planned) else others
            place.append(local_date(other.seat.starts, plan.clinic.zone))
    found = [
        time_refusal(each.seat.starts, now=now),
        window_refusal(day, plan.window(planned, anchor=anchor_of(plan, wanted))),
        TOO_FAR if each.seat.starts > now + FARTHEST else None,
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
        kept = [(row, plan.visit_of(row)) for row in plan.induction if row.ordinal > 1]
        found += [
            pair_refusal(plan.regimen, day, row.ordinal, local_date(visit.starts_at, plan.clinic.zone))
            for row, visit in kept
            if visit is not None and row.pk not in keys
        ]
    refusals = [refusal for refusal in found if refusal is not None]
    # What lies in the past is out of its window too; one reason says it.
    return refusals[:1] if refusals and refusals[0].code == "in_the_past" else refusals


def _against_the_places(plan: CoursePlan, wanted: Sequence[Wanted], *, now: datetime) -> list[Objection]:
    """Chair, nurse and patient at the wanted times, as they stand behind the locks, and the room that is held."""
    moving = visits_of(plan, wanted)
    keys = [visit.pk for visit in moving]
    days = {local_date(each.seat.starts, plan.clinic.zone) for each in wanted}
    capacity = read_days(plan.clinic, days, now=now, without=keys)
    needed = place_needed(plan)
    found: list[Objection] = []
    for each in wanted:
        visit, day = occupied_by(plan, each)
        if plan.clashing(visit.starts, visit.ends, besides=keys):
            busy = Refusal("patient_busy", "The patient has another visit at that time.", "time")
            found.append(Objection(busy, each.ordinal))
            continue
        seat = each.seat
        reasons = list(
            capacity[day].refusals(seat.starts, visit.phases, seat.chair, seat.nurse, seat.handovers)
        )
        # A day on which the clinic is closed says it all.
        reasons = [one for one in reasons if one.code == "closed_day"] or reasons
        reasons += not_the_place(capacity[day], seat, needed)
        found += [Objection(_as_taken(one, capacity[day], seat, plan), each.ordinal) for one in reasons]
    if only_soft([each.refusal for each in found]) or not found:
        found += _against_the_holds(plan, wanted, moving, capacity, now=now)
    return found


def occupied_by(plan: CoursePlan, each: Wanted) -> tuple[Occupied, date]:
    """What a wanted infusion takes of its day."""
    planned = plan.infusion(each.ordinal)
    assert planned is not None
    day = local_date(each.seat.starts, plan.clinic.zone)
    phases, seat = plan.phases(planned, day), each.seat
    ends = seat.starts + timedelta(minutes=total_minutes(phases))
    return Occupied(seat.starts, ends, seat.chair, seat.nurse, phases, handovers=seat.handovers), day


def _against_the_holds(
    plan: CoursePlan,
    wanted: Sequence[Wanted],
    moving: Sequence[Visit],
    capacity: dict[date, DayCapacity],
    *,
    now: datetime,
) -> list[Objection]:
    """Room that held windows need. One query where nothing is held near; where it is scarce, whoever books there
    takes turns behind the clinic's row.
    """
    windows = held_near(plan.clinic, capacity)
    if not windows:
        return []
    added: dict[date, list[Occupied]] = {}
    for each in wanted:
        visit, day = occupied_by(plan, each)
        added.setdefault(day, []).append(visit)
    if plenty_left(windows, capacity, added):
        return []
    lock_clinic(plan.clinic)
    windows = held_near(plan.clinic, capacity)
    removed: dict[date, list[Occupied]] = {}
    for standing in moving:
        day = local_date(standing.starts_at, plan.clinic.zone)
        removed.setdefault(day, []).append(occupied(standing))
    rows = [plan.infusion(each.ordinal) for each in wanted]
    own = [row.pk for row in rows if row is not None and row.held_at is not None]
    return [
        Objection(refusal)
        for refusal in kept_refusals(plan.clinic, windows, added, removed, now=now, own=own)
    ]


def _as_taken(refusal: Refusal, day: DayCapacity, seat: Seat, plan: CoursePlan) -> Refusal:
    """A chair that was offered and is taken now went to somebody quicker."""
    return refusal if refusal.code != "chair_taken" else taken(day.chairs[seat.chair].name, seat, plan.clinic)


def taken(chair: str, seat: Seat, clinic: Clinic) -> Refusal:
    """Who comes late is told which chair and time went to somebody else."""
    local = seat.starts.astimezone(clinic.zone)
    return just_taken(f"{chair}, {in_words(local.date())} at {local:%H:%M}")
