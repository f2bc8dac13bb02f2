"""Booking and moving infusions: lock the chairs and nurses in one order, read the day, decide purely, write.

Whoever was slower is told so, with the nearest free times. Behind it all stand the database's own walls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Q

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.models import Chair, User
from clinics.prepared import Given, Prepared
from scheduling.domain.booking import Seat, was_raced
from scheduling.domain.soft import SOFT, Accepted
from scheduling.domain.status import STANDING
from scheduling.models import Course, PlannedInfusion, Visit
from scheduling.queries import LONGEST, CoursePlan, handovers_of, nearest, planned_of, read_plan

from .breaches import note_breaches
from .changes import note_change, standing
from .holds import convert, hold_what_follows
from .judging import Objection, Wanted, accept, against_the_person, anchor_of, objections, taken, visits_of
from .planning import begin_on, follow_booked
from .transactions import lock_course, lock_places, whole
from .visits import NO_REASON, move_to, named, new_infusion


@dataclass(frozen=True, slots=True)
class _Order:
    """What was asked for: by whom, when, why it is moved, and which soft rules are passed knowingly. ``holds``: what
    follows the wanted infusions is held in the same stroke.
    """

    by: User | None
    now: datetime
    accepted: Accepted | None = None
    reason: str = ""
    moving: bool = False
    holds: bool = False


def book_pair(
    *,
    course: Course,
    first: Seat,
    second: Seat,
    by: User | None,
    now: datetime,
    accepted: Accepted | None = None,
) -> tuple[Visit, Visit]:
    """Book the induction pair, both visits or neither; the course's dates count from the first one's day.

    The same pair booked twice by the same person is one booking. Refused without a standing clearance, after
    death or under 18, outside the windows, inside the minimum interval, in the past, on closed days or
    outside opening hours, where chair or nurse are taken, and where held windows need the room: then with the
    nearest free pairs as alternatives. Soft rules among ``accepted`` are passed and the breach is recorded.
    """
    wanted = [Wanted(1, first), Wanted(2, second)]
    visits = _placed(course, wanted, _Order(by, now, accepted))
    return visits[0], visits[1]


def book_single(
    *,
    planned: PlannedInfusion,
    seat: Seat,
    by: User | None,
    now: datetime,
    accepted: Accepted | None = None,
) -> Visit:
    """Book one infusion of a course in its window; a held window becomes this time. Refused as book_pair."""
    wanted = [Wanted(planned.ordinal, seat)]
    return _placed(planned.course, wanted, _Order(by, now, accepted))[0]


def book_course(
    *,
    course: Course,
    seats: Sequence[Seat],
    by: User | None,
    now: datetime,
    accepted: Accepted | None = None,
    first: int = 1,
) -> list[Visit]:
    """Book the infusions from the ``first`` on at the given seats and hold the windows of all that follow, to the
    horizon: everything or nothing. Clicked twice it is one booking.

    Refused as book_pair, and where a window that is to be held has no room (a soft rule).
    """

    rows = [row for row in planned_of(course) if row.ordinal >= first and row.state == "planned"]
    ordinals = [row.ordinal for row in rows[: len(seats)]]
    # Seats beyond the plan are answered as infusions that are no longer planned.
    ordinals += range(
        max([first - 1, *ordinals]) + 1, max([first - 1, *ordinals]) + 1 + len(seats) - len(rows)
    )
    wanted = [Wanted(ordinal, seat) for ordinal, seat in zip(ordinals, seats, strict=True)]
    return _placed(course, wanted, _Order(by, now, accepted, holds=True))


def move_visit(
    *,
    visit: Visit,
    seat: Seat,
    version: int,
    reason: str,
    by: User | None,
    now: datetime,
    accepted: Accepted | None = None,
) -> Visit:
    """Move one infusion visit, with a reason. ``version`` is the one the page showed. Refused as book_pair,
    on a stale page, and where a booked day 15 would fall out of its window.
    """
    if visit.planned_infusion is None:
        raise ValueError("a follow-up is moved by move_follow_up")
    wanted = [Wanted(visit.planned_infusion.ordinal, seat, version)]
    order = _Order(by, now, accepted, reason, moving=True)
    return _placed(visit.planned_infusion.course, wanted, order)[0]


def move_pair(
    *,
    course: Course,
    first: Seat,
    second: Seat,
    versions: tuple[int, int],
    reason: str,
    by: User | None,
    now: datetime,
    accepted: Accepted | None = None,
) -> tuple[Visit, Visit]:
    """Move both visits of a booked induction pair, or neither; the patient gets one notice. Refused as
    move_visit.
    """
    wanted = [Wanted(1, first, versions[0]), Wanted(2, second, versions[1])]
    visits = _placed(course, wanted, _Order(by, now, accepted, reason, moving=True))
    return visits[0], visits[1]


def _placed(course: Course, wanted: Sequence[Wanted], order: _Order) -> list[Visit]:
    """Place every wanted infusion or none. A lost race carries the nearest free times."""
    if order.moving and not order.reason.strip():
        raise Refused(NO_REASON)
    seen: list[CoursePlan] = []
    try:
        _refuse_if_gone(course, wanted, now=order.now)
        return whole(lambda: _attempt(course, wanted, seen, order))
    except Refused as refused:
        if not was_raced(refused.codes):
            raise
        plan = seen[-1] if seen else read_plan(course)
        rows = [(plan.infusion(each.ordinal), each.seat) for each in wanted]
        moved = [visit.pk for visit in visits_of(plan, wanted)] if order.moving else []
        found = nearest(plan, [(row, seat) for row, seat in rows if row], now=order.now, without=moved)
        raise Refused(*refused.reasons, alternatives=found) from refused


def _refuse_if_gone(course: Course, wanted: Sequence[Wanted], *, now: datetime) -> None:
    """Tell whoever comes late at once, without waiting for a lock: one query, where nothing weightier is against it.

    The patient's own visits are left to the decision behind the locks, which knows a click answered before.
    """
    if against_the_person(course, wanted, now=now):
        return
    at: dict[str, Any] = {f"chair{place}": each.seat.chair for place, each in enumerate(wanted)}
    at |= {f"starts{place}": each.seat.starts for place, each in enumerate(wanted)}
    at |= {f"since{place}": each.seat.starts - LONGEST for place, each in enumerate(wanted)}
    gone = _sitting(len(wanted)).first(clinic=course.clinic_id, patient=course.patient_id, **at)
    if gone is not None:
        chair, name, starts, ends = gone
        seat = next(
            each.seat for each in wanted if each.seat.chair == chair and starts <= each.seat.starts < ends
        )
        raise Refused(taken(name, seat, course.clinic))


@cache
def _sitting(count: int) -> Prepared:
    """Who else sits in so many chairs, each at a moment of its own."""
    at = [
        Q(
            chair=Given(f"chair{place}"),
            starts_at__range=(Given(f"since{place}"), Given(f"starts{place}")),
            ends_at__gt=Given(f"starts{place}"),
        )
        for place in range(count)
    ]
    return Prepared(
        lambda: (
            Visit.objects.of(Given("clinic"))
            .filter(reduce(or_, at), status__in=STANDING)
            .exclude(patient=Given("patient"))
            .order_by("starts_at", "pk")
            .values_list("chair", "chair__name", "starts_at", "ends_at")
        )
    )


def _attempt(course: Course, wanted: Sequence[Wanted], seen: list[CoursePlan], order: _Order) -> list[Visit]:
    course = lock_course(course)
    plan = read_plan(course)
    seen.append(plan)
    done = _done_already(plan, wanted, order.by)
    if done:
        return done
    chairs = lock_places(plan.clinic, [each.seat.chair for each in wanted], _nurses(wanted))
    found = objections(plan, wanted, now=order.now, moving=order.moving)
    # What is held in the same stroke is judged with the rest, so that one warning names everything.
    judged: dict[str, Any] = {"accepted": order.accepted, "clinic": plan.clinic, "by": order.by}
    if not order.holds or any(each.refusal.code not in SOFT for each in found):
        accept(found, **judged)
    batch, before = uuid4(), standing(course, plan.planned)
    visits = _written(plan, wanted, chairs, batch, order)
    convert([row for row in (plan.infusion(each.ordinal) for each in wanted) if row is not None])
    anchor = anchor_of(plan, wanted)
    if anchor is not None:
        begin_on(course=course, day=anchor, by=order.by, now=order.now)
    follow_booked(course=course, ordinals=[each.ordinal for each in wanted], now=order.now)
    held = 0
    if order.holds:
        rows, further = hold_what_follows(
            course, after=max(each.ordinal for each in wanted), by=order.by, now=order.now
        )
        found, held = [*found, *further], len(rows)
        accept(found, **judged)
    if found and order.accepted is not None:
        _breached(found, wanted, visits, order)
    note_change(
        plan.clinic,
        course.patient,
        course,
        batch,
        "move" if order.moving else "book",
        _in_short(visits, held, moving=order.moving),
        before,
        order.by,
        order.now,
    )
    return visits


def _nurses(wanted: Sequence[Wanted]) -> list[int]:
    """Every nurse the wanted seats name, whoever takes over included."""
    return [nurse for each in wanted for nurse in (each.seat.nurse, *(to for _, to in each.seat.handovers))]


def _written(
    plan: CoursePlan, wanted: Sequence[Wanted], chairs: dict[int, Chair], batch: UUID, order: _Order
) -> list[Visit]:
    """Write every visit with its version, newly booked or moved."""
    visits = []
    for each in wanted:
        planned = plan.infusion(each.ordinal)
        assert planned is not None
        phases = plan.phases(planned, local_date(each.seat.starts, plan.clinic.zone))
        now = plan.visit_of(planned)
        told: dict[str, Any] = {"by": order.by, "now": order.now, "batch": batch}
        if now is None:
            visit = new_infusion(
                planned=planned, seat=each.seat, chair=chairs[each.seat.chair], phases=phases, **told
            )
        else:
            now.planned_infusion = planned
            visit = move_to(now, each.seat, phases, reason=order.reason.strip(), **told)
        visits.append(visit)
    return visits


def _breached(
    found: Sequence[Objection], wanted: Sequence[Wanted], visits: Sequence[Visit], order: _Order
) -> None:
    """Note what was broken, on the visit it is about; what is about none of them alone, on the first."""
    assert order.accepted is not None
    own = {each.ordinal for each in wanted}
    for number, (each, visit) in enumerate(zip(wanted, visits, strict=True)):
        theirs = [
            one.refusal
            for one in found
            if one.ordinal == each.ordinal or (number == 0 and one.ordinal not in own)
        ]
        note_breaches(visit, theirs, reason=order.accepted.reason, by=order.by, now=order.now)


def _in_short(visits: Sequence[Visit], held: int, *, moving: bool) -> str:
    words = f"{'Moved' if moving else 'Booked'} {' and '.join(named(visit) for visit in visits)}"
    return f"{words}; held {held} more" if held else words


def _done_already(plan: CoursePlan, wanted: Sequence[Wanted], by: User | None) -> list[Visit]:
    """The visits, where this very click was answered before: the same person, times, chairs and nurses."""
    found = []
    for each in wanted:
        planned = plan.infusion(each.ordinal)
        visit = plan.visit_of(planned) if planned else None
        if visit is None or seat_of(visit) != each.seat:
            return []
        if each.version is None and visit.booked_by_id != (by.pk if by else None):
            return []
        if each.version is not None and visit.version != each.version + 1:
            return []
        found.append(visit)
    return found


def seat_of(visit: Visit) -> Seat:
    """Where and with whom a visit stands."""
    return Seat(visit.starts_at, visit.chair_id or 0, visit.nurse_id or 0, handovers_of(visit))
