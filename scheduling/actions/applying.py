"""Applying a plan: what staff accept of it, whole or not at all, behind the same locks and checks as any booking."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from scheduling.domain.booking import Seat, time_refusal
from scheduling.domain.capacity import DayCapacity, Occupied, Phase
from scheduling.domain.course import in_words
from scheduling.domain.proposals import Proposed, Spot, kind_of, rows_of
from scheduling.domain.status import MOVABLE
from scheduling.models import Course, Replan, Visit
from scheduling.queries import (
    CoursePlan,
    held_near,
    kept_refusals,
    not_the_place,
    occupied,
    phases_of,
    place_needed,
    plenty_left,
    read_days,
    read_plan,
)
from scheduling.queries.replans import disruption_of

from .calling import open_calls
from .changes import note_change, standing
from .happened import note_disruption
from .holds import convert
from .judging import Wanted, against_the_course, against_the_date
from .planning import begin_on, follow_booked
from .transactions import lock_clinic, lock_course, lock_places, whole
from .visits import new_infusion, stored, versioned

READY = ("done", "stopped")
NOT_READY = Refusal("not_ready", "This plan was laid aside or is not ready. Look at it again.")
NOTHING_CHOSEN = Refusal("nothing_chosen", "Choose at least one visit, or lay the whole plan aside.", "keys")
NOT_OF_THE_PLAN = Refusal("not_of_the_plan", "This is not a visit of the plan. Look at it again.", "keys")


@dataclass(slots=True)
class _Move:
    """One accepted visit of a plan, behind the locks. ``visit`` is None where a reserved window gets its time."""

    row: Proposed
    plan: CoursePlan
    to: Spot
    phases: tuple[Phase, ...]
    visit: Visit | None

    @property
    def wanted(self) -> Wanted:
        planned = self.plan.infusion(self.ordinal)
        assert planned is not None
        return Wanted(planned.ordinal, self.seat, self.row.version)

    @property
    def ordinal(self) -> int:
        return next(each.ordinal for each in self.plan.planned if each.pk == self.row.planned)

    @property
    def seat(self) -> Seat:
        return Seat(self.to.starts, self.to.chair, self.to.nurse, self.to.handovers)

    @property
    def day(self) -> date:
        return local_date(self.to.starts, self.plan.clinic.zone)

    @property
    def was_on(self) -> date | None:
        return local_date(self.row.was.starts, self.plan.clinic.zone) if self.row.was else None

    @property
    def takes(self) -> Occupied:
        return Occupied(
            self.to.starts,
            self.to.ends,
            self.to.chair,
            self.to.nurse,
            self.phases,
            handovers=self.to.handovers,
        )

    def named(self, refusal: Refusal) -> Refusal:
        patient = self.plan.course.patient
        return Refusal(refusal.code, f"{patient} ({patient.record_number}): {refusal.message}", "keys")


@dataclass(slots=True)
class _Batch:
    """What one patient's moves are noted under, and what stood before."""

    key: UUID = field(default_factory=uuid4)
    before: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def apply_replan(
    *, replan: Replan, keys: Collection[str], by: User, now: datetime, may_close: bool = False
) -> Replan:
    """Move every accepted visit of a plan, or none. Each patient's moves are one change and one notice, and can be
    undone like any other; what had happened (an absence, a closure, a broken chair) is written with them.

    Applied already, it stays as it is. Refused, with names, where a visit has changed since or no longer fits.
    """
    return whole(lambda: _attempt(replan, frozenset(keys), by, now, may_close))


def _attempt(replan: Replan, keys: frozenset[str], by: User, now: datetime, may_close: bool) -> Replan:
    held = Replan.objects.of(replan.clinic).select_for_update(no_key=True).get(pk=replan.pk)
    held.clinic = replan.clinic
    if held.state == "applied":
        return held
    if held.state not in READY:
        raise Refused(NOT_READY)
    rows = rows_of(held.answer)
    chosen = [row for row in rows if row.key in keys and row.moves]
    if keys - {row.key for row in rows}:
        raise Refused(NOT_OF_THE_PLAN)
    if not chosen:
        raise Refused(NOTHING_CHOSEN)
    moves = _locked(held.clinic, chosen)
    if changed := _changed_since(moves, chosen, held.clinic):
        raise Refused(*changed)
    note_disruption(replan=held, by=by, now=now, may_close=may_close)
    if refusals := _refusals(held.clinic, moves, now=now):
        raise Refused(*refusals)
    batches = _write(held, moves, by=by, now=now)
    open_calls(held, rows, frozenset(row.key for row in chosen), now=now)
    held.state, held.applied_by, held.applied_at, held.batch = "applied", by, now, uuid4()
    held.params["accepted"] = sorted(row.key for row in chosen)
    held.save(update_fields=["state", "applied_by", "applied_at", "batch", "params"])
    record(
        clinic=held.clinic,
        by=by,
        verb="applied a plan",
        subject=held,
        changes={"moved": len(chosen), "of": len(rows), "patients": len(batches)},
    )
    return held


# --- locks and what changed since -----------------------------------------------------------------------------------


def _locked(clinic: Clinic, chosen: Sequence[Proposed]) -> list[_Move]:
    """Hold every course, chair and nurse the plan touches, each kind in the order of its keys, and read them."""
    courses = Course.objects.of(clinic).filter(planned_infusions__in=[row.planned for row in chosen])
    plans = [read_plan(lock_course(course)) for course in courses.distinct().order_by("pk")]
    by_planned = {row.pk: plan for plan in plans for row in plan.planned}
    spots = [spot for row in chosen for spot in (row.was, row.to) if spot is not None]
    lock_places(
        clinic,
        {spot.chair for spot in spots if spot.chair},
        {nurse for spot in spots for nurse in (spot.nurse, *(one for _, one in spot.handovers)) if nurse},
    )
    moves = []
    for row in chosen:
        plan = by_planned.get(row.planned)
        if plan is None or row.to is None:
            raise Refused(NOT_OF_THE_PLAN)
        planned = next(each for each in plan.planned if each.pk == row.planned)
        visit = plan.visit_of(planned)
        phases = phases_of(visit) if visit else plan.phases(planned, local_date(row.to.starts, clinic.zone))
        moves.append(_Move(row, plan, row.to, phases, visit))
    return moves


def _changed_since(moves: Sequence[_Move], chosen: Sequence[Proposed], clinic: Clinic) -> list[Refusal]:
    """Whose visit is not what the plan knew: moved, cancelled, arrived or booked meanwhile."""
    found = []
    for move in moves:
        now_is = (move.visit.pk, move.visit.version) if move.visit else (None, None)
        if now_is != (move.row.visit, move.row.version):
            words = "this visit was changed after the plan was made. Ask again."
            found.append(move.named(Refusal("changed_since", words)))
    return found


# --- the checks of any booking ---------------------------------------------------------------------------------------


def _refusals(clinic: Clinic, moves: Sequence[_Move], *, now: datetime) -> list[Refusal]:
    """Every reason against the moves taken together, each with the patient's name."""
    found = [each for course in _by_course(moves) for each in _against_dates(course, now=now)]
    return list(dict.fromkeys(found or _against_places(clinic, moves, now=now)))


def _by_course(moves: Sequence[_Move]) -> list[list[_Move]]:
    grouped: dict[int, list[_Move]] = {}
    for move in moves:
        grouped.setdefault(move.plan.course.pk, []).append(move)
    return list(grouped.values())


def _against_dates(moves: Sequence[_Move], *, now: datetime) -> list[Refusal]:
    """Course, person and dates. A visit that keeps its day keeps its dates: only the hour is new."""
    plan, wanted = moves[0].plan, [move.wanted for move in moves]
    found = []
    for move, each in zip(moves, wanted, strict=True):
        reasons = against_the_course(plan, [each], now=now, moving=move.visit is not None)
        if not reasons and move.day != move.was_on:
            reasons = against_the_date(plan, each, wanted, now=now)
        elif not reasons and (passed := time_refusal(move.to.starts, now=now)):
            reasons = [passed]
        found += [move.named(refusal) for refusal in reasons]
    return found


def _against_places(clinic: Clinic, moves: Sequence[_Move], *, now: datetime) -> list[Refusal]:
    """Chairs, nurses and the patients' other visits, with every accepted visit in its new place."""
    moving = [move.visit.pk for move in moves if move.visit]
    capacity = read_days(clinic, {move.day for move in moves}, now=now, without=moving)
    found = []
    for move in moves:
        day, to = capacity[move.day], move.to
        if move.plan.clashing(to.starts, to.ends, besides=moving):
            busy = Refusal("patient_busy", "has another visit at that time.")
            found.append(move.named(busy))
        reasons = list(day.refusals(to.starts, move.phases, to.chair, to.nurse, to.handovers))
        if move.visit is None or move.visit.chair_id != to.chair:
            reasons += not_the_place(day, move.seat, place_needed(move.plan))
        found += [move.named(refusal) for refusal in reasons]
        day.add(move.takes)
    return found or _against_holds(clinic, moves, capacity, now=now)


def _against_holds(
    clinic: Clinic, moves: Sequence[_Move], capacity: Mapping[date, DayCapacity], *, now: datetime
) -> list[Refusal]:
    """Room on other days that reserved windows need."""
    added: dict[date, list[Occupied]] = {}
    removed: dict[date, list[Occupied]] = {}
    for move in moves:
        if move.day == move.was_on:
            continue
        added.setdefault(move.day, []).append(move.takes)
        if move.visit is not None and move.was_on is not None:
            removed.setdefault(move.was_on, []).append(occupied(move.visit))
    windows = held_near(clinic, added)
    if not windows or plenty_left(windows, {day: capacity[day] for day in added}, {day: [] for day in added}):
        return []
    lock_clinic(clinic)
    own = [move.row.planned for move in moves if move.visit is None]
    return kept_refusals(clinic, held_near(clinic, added), added, removed, now=now, own=own)


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(replan: Replan, moves: Sequence[_Move], *, by: User, now: datetime) -> dict[int, _Batch]:
    """Lift every visit out of its chair, then set each down in its new place.

    Visits may want each other's places, in a ring even: while all of them are lifted none stands in another's way,
    and the database's walls judge every one as it is set down. Nobody sees them lifted: it is one transaction.
    """
    batches: dict[int, _Batch] = {}
    for move in moves:
        course = move.plan.course
        if course.patient_id not in batches:
            batches[course.patient_id] = _Batch(before=standing(course, move.plan.planned))
    lifted = [move.visit.pk for move in moves if move.visit]
    rows = Visit.objects.of(replan.clinic).filter(pk__in=lifted, status__in=MOVABLE)
    if rows.update(status="proposed") != len(lifted):
        raise Refused(NOT_READY)
    reason = reason_of(replan)
    for move in moves:
        batch = batches[move.plan.course.patient_id]
        if move.visit is None:
            _book(move, by=by, now=now, batch=batch.key)
        else:
            _set_down(move, move.visit, by=by, now=now, batch=batch.key, reason=reason)
        batch.said.append(_said(move))
    for move in moves:
        if move.ordinal == 1 and move.day != move.was_on:
            begin_on(course=move.plan.course, day=move.day, by=by, now=now)
    for course in {move.plan.course.pk: move.plan.course for move in moves}.values():
        moved = [move.ordinal for move in moves if move.plan.course.pk == course.pk]
        follow_booked(course=course, ordinals=moved, now=now)
        batch = batches[course.patient_id]
        summary = f"Re-planned {' and '.join(batch.said)}"
        note_change(
            replan.clinic, course.patient, course, batch.key, "replan", summary, batch.before, by, now
        )
    return batches


def _set_down(move: _Move, visit: Visit, *, by: User, now: datetime, batch: UUID, reason: str) -> None:
    fields: dict[str, Any] = {
        "starts_at": move.to.starts,
        "ends_at": move.to.ends,
        "chair_id": move.to.chair,
        "nurse_id": move.to.nurse,
        "phases": stored(move.phases),
        "handovers": [[at.isoformat(), nurse] for at, nurse in move.to.handovers],
    }
    before = {name: getattr(visit, name) for name in fields}
    rows = Visit.objects.of(visit.clinic).filter(pk=visit.pk, version=visit.version, status="proposed")
    rows.update(version=F("version") + 1, status=visit.status, **fields)
    visit.refresh_from_db(fields=["version", "status", *fields])
    versioned(visit, "moved", by, now, batch, reason, before)


def _book(move: _Move, *, by: User, now: datetime, batch: UUID) -> None:
    planned = next(each for each in move.plan.planned if each.pk == move.row.planned)
    chair = lock_places(planned.clinic, [move.to.chair], [])[move.to.chair]
    new_infusion(
        planned=planned, seat=move.seat, chair=chair, phases=move.phases, by=by, now=now, batch=batch
    )
    convert([planned])


def _said(move: _Move) -> str:
    zone = move.plan.clinic.zone
    at = move.to.starts.astimezone(zone)
    if kind_of(move.row, zone) == "hand":
        return f"infusion {move.ordinal} to another chair or nurse"
    return f"infusion {move.ordinal} to {in_words(at.date())} at {at:%H:%M}"


def reason_of(replan: Replan) -> str:
    """Why visits were moved, as their history says it."""
    what = disruption_of(replan)
    if what is None:
        return "Day re-planned" if replan.kind == "day" else "Reserved window planned"
    words = {"nurse": "Nurse away", "chair": "Chair out of service", "closed": "Clinic closed"}[what.cause]
    return f"{words}: {what.reason}"[:250] if what.reason else words
