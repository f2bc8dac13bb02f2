"""Undoing a change of a patient's schedule as long as its notice has not left."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError
from django.utils.dateparse import parse_datetime

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling import walls
from scheduling.domain import status as words
from scheduling.domain.booking import clearance_refusal, just_taken, person_refusal
from scheduling.models import (
    Course,
    DoseDecision,
    PlannedInfusion,
    RuleBreach,
    ScheduleChange,
    Visit,
    VisitVersion,
    WaitlistEntry,
)
from scheduling.queries import (
    NOT_LATEST,
    occupied,
    planned_of,
    read_days,
    signed,
    today_of,
    undo_refusal,
)

from .changes import DATES, WORDS
from .planning import replan
from .transactions import lock_course, lock_places, whole
from .visits import changed

CHANGED_SINCE = Refusal(
    "changed_since", "A colleague has changed this visit since. Look at it again, then decide."
)
GIVEN_SINCE = Refusal("given_since", "An infusion of this course was given since. Move what is left instead.")
NOT_KNOWN = Refusal("not_known", "What stood before this change was not kept. Move it again instead.")

# What may have come about at the freed place since; that the place itself no longer fits, it did before as well.
TAKEN = frozenset({"chair_taken", "nurse_full", "nurse_starting", "prep_full", "kept_for_waitlist"})


def undo_change(*, change: ScheduleChange, by: User | None, now: datetime) -> ScheduleChange:
    """Put everything a change did back to what stood before it: its visits, the course's start and windows, what was
    decided. A visit it had booked is taken back; one it had cancelled stands again; whom it had brought forward from
    the waiting list waits again. The patient, who has heard nothing yet, is told nothing.

    A change that was undone already is left as it is. Refused once the clinic's notice delay has passed, when it is not
    the patient's latest change, when a visit was changed or an infusion given since, when somebody took the freed
    place, and when a visit would stand again after death or without a clearance that stands.
    """

    def attempt() -> ScheduleChange:
        course = lock_course(change.course) if change.course else None
        row = ScheduleChange.objects.of(change.clinic).select_for_update(no_key=True).get(pk=change.pk)
        if row.undone_at is not None:
            return row
        row.clinic, row.patient = change.clinic, change.patient
        refusal = undo_refusal(row, now=now)
        if refusal is not None:
            raise Refused(refusal)
        pairs = _pairs(row)
        _refuse_the_person(row, course, pairs, now=now)
        _refuse_if_taken(row, pairs, now=now)
        batch = uuid4()
        _restore_visits(row, pairs, batch, by=by, now=now)
        if course is not None:
            _restore_course(course, row, now=now)
        _wait_again(row, [visit for visit, _ in pairs], by=by)
        row.undone_at = now
        row.save(update_fields=["undone_at"])
        record(
            clinic=row.clinic,
            by=by,
            verb="undid change",
            subject=row,
            record_number=row.patient.record_number,
            changes={"change": row.summary, "visits": len(pairs)},
        )
        return row

    try:
        return whole(attempt)
    except IntegrityError as error:
        if walls.broken(error) or "one_active_course" in str(error):
            raise Refused(NOT_LATEST) from error
        raise


def _pairs(row: ScheduleChange) -> list[tuple[Visit, VisitVersion | None]]:
    """Each visit of the batch, held, with the version before the change (None where the change booked it)."""
    wrote = list(VisitVersion.objects.of(row.clinic).filter(patient=row.patient_id, batch=row.batch))
    first = {each.visit_id: min(v.version for v in wrote if v.visit_id == each.visit_id) for each in wrote}
    visits = Visit.objects.of(row.clinic).filter(pk__in=first).order_by("pk")
    held = list(visits.select_for_update(no_key=True))
    newest = {each.visit_id: max(v.version for v in wrote if v.visit_id == each.visit_id) for each in wrote}
    if any(visit.version != newest[visit.pk] for visit in held):
        raise Refused(CHANGED_SINCE)
    earlier = {
        (each.visit_id, each.version): each
        for each in VisitVersion.objects.of(row.clinic).filter(visit__in=list(first)).select_related("chair")
    }
    found = []
    for visit in held:
        visit.clinic, visit.patient = row.clinic, row.patient
        before = earlier.get((visit.pk, first[visit.pk] - 1))
        if before is None and first[visit.pk] > 1:
            raise Refused(NOT_KNOWN)
        if before is not None and not before.phases:
            raise Refused(NOT_KNOWN)
        found.append((visit, before))
    return found


def _refuse_the_person(
    row: ScheduleChange,
    course: Course | None,
    pairs: Collection[tuple[Visit, VisitVersion | None]],
    *,
    now: datetime,
) -> None:
    """A visit that was given up comes to stand again only as it could be booked now: not after death, not under 18, and
    an infusion not without a clearance that stands. A visit that only moves back stands either way.
    """
    again = [
        (visit, before)
        for visit, before in pairs
        if before and before.status in words.STANDING and visit.status not in words.STANDING
    ]
    if not again:
        return
    row.patient.refresh_from_db(fields=["deceased"])
    first = min(local_date(before.starts_at, row.clinic.zone) for _, before in again)
    against = [person_refusal(deceased=row.patient.deceased, years=row.patient.age_on(first))]
    if course is not None and any(visit.kind == "infusion" for visit, _ in again):
        against.append(clearance_refusal(signed(course.clearance), today=today_of(row.clinic, now)))
    if any(against):
        raise Refused(*[each for each in against if each])


def _refuse_if_taken(
    row: ScheduleChange, pairs: Collection[tuple[Visit, VisitVersion | None]], *, now: datetime
) -> None:
    """Behind the locks of the chairs and nurses: whether every place that was freed is free still."""
    back = [(visit, before) for visit, before in pairs if before and before.status in words.STANDING]
    if not back:
        return
    chairs = [before.chair_id for _, before in back if before.chair_id]
    nurses = [before.nurse_id for _, before in back if before.nurse_id]
    lock_places(row.clinic, chairs, nurses)
    zone = row.clinic.zone
    days = {local_date(before.starts_at, zone) for _, before in back}
    capacity = read_days(row.clinic, days, now=now, without=[visit.pk for visit, _ in pairs])
    for visit, before in back:
        if before.starts_at < now:
            raise Refused(Refusal("in_the_past", "The time it had before has passed already.", "time"))
        if before.chair_id is None or before.nurse_id is None:
            continue
        was = occupied(_as(visit, before))
        found = capacity[local_date(before.starts_at, zone)].refusals(
            was.starts, was.phases, before.chair_id, before.nurse_id, was.handovers
        )
        knowingly = {
            code for breach in RuleBreach.objects.of(row.clinic).filter(visit=visit) for code in breach.codes
        }
        against = [each for each in found if each.code in TAKEN and each.code not in knowingly]
        if against:
            where = before.chair_name or "the place"
            raise Refused(
                just_taken(f"{where}, {before.starts_at.astimezone(zone):%d %B %Y at %H:%M}"), *against
            )


def _as(visit: Visit, before: VisitVersion) -> Visit:
    """The visit as it stood in a version, not saved."""
    return Visit(
        pk=visit.pk,
        kind=visit.kind,
        starts_at=before.starts_at,
        ends_at=before.ends_at,
        chair_id=before.chair_id,
        nurse_id=before.nurse_id,
        phases=before.phases,
        handovers=before.handovers,
    )


def _restore_visits(
    row: ScheduleChange,
    pairs: list[tuple[Visit, VisitVersion | None]],
    batch: UUID,
    *,
    by: User | None,
    now: datetime,
) -> None:
    """Append to each visit what it was before; those booked by the change first, because they free their places."""
    reason = f"Undone: {row.summary}"[:250]
    told: dict[str, Any] = {"by": by, "now": now, "batch": batch, "reason": reason}
    for visit, before in pairs:
        if before is None:
            changed(visit, "cancelled", status="cancelled", **told)
    moved = [(visit, before) for visit, before in pairs if before is not None]
    later = [each for each in moved if each[1].starts_at > each[0].starts_at]
    sooner = [each for each in moved if each[1].starts_at <= each[0].starts_at]
    for visit, before in (
        *sorted(later, key=lambda each: each[0].starts_at, reverse=True),
        *sorted(sooner, key=lambda each: each[0].starts_at),
    ):
        stood = before.status in words.STANDING and visit.status not in words.STANDING
        changed(
            visit,
            "booked" if stood else "moved",
            starts_at=before.starts_at,
            ends_at=before.ends_at,
            chair_id=before.chair_id,
            nurse_id=before.nurse_id,
            phases=before.phases,
            handovers=before.handovers,
            status=before.status,
            **told,
        )


def _restore_course(course: Course, row: ScheduleChange, *, now: datetime) -> None:
    """Put back the course's start, what was decided, and its planned infusions, then plan it anew."""
    decided = DoseDecision.objects.of(course.clinic).filter(course=course, batch=row.batch)
    decided.filter(undone_at__isnull=True).update(undone_at=now)
    was = row.before
    if not was:
        return
    rows, stood = planned_of(course), was["planned"]
    if any(
        each.state == "given" and stood.get(str(each.ordinal), {}).get("state") == "planned" for each in rows
    ):
        raise Refused(GIVEN_SINCE)
    ended = course.state != was["state"]
    course.start_on, course.state = date.fromisoformat(was["start_on"]), was["state"]
    if ended:
        course.ended_reason, course.ended_at = "", None
    course.save(update_fields=["start_on", "state", "ended_reason", "ended_at"])
    for each in rows:
        if each.state != "given" and str(each.ordinal) in stood:
            _restore_row(each, stood[str(each.ordinal)])
    replan(course, now=now)


def _restore_row(row: PlannedInfusion, was: dict[str, Any]) -> None:
    values: dict[str, Any] = {name: date.fromisoformat(was[name]) for name in DATES}
    values |= {name: was[name] for name in WORDS}
    values |= {
        "held_at": parse_datetime(was["held_at"]) if was["held_at"] else None,
        "held_minutes": was["held_minutes"],
    }
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differing:
        setattr(row, name, values[name])
    if differing:
        row.save(update_fields=differing)


def _wait_again(row: ScheduleChange, visits: Collection[Visit], *, by: User | None) -> None:
    """Whoever came earlier from the waiting list by this very change keeps the place in it, unless put there anew."""
    entries = WaitlistEntry.objects.of(row.clinic).filter(
        planned_infusion__in=[visit.planned_infusion_id for visit in visits if visit.planned_infusion_id]
    )
    waiting = set(entries.filter(state="waiting").values_list("planned_infusion_id", flat=True))
    for entry in entries.filter(state="moved", ended_at=row.at).exclude(planned_infusion__in=waiting):
        entry.state, entry.ended_at = "waiting", None
        entry.save(update_fields=["state", "ended_at"])
        record(
            clinic=row.clinic,
            by=by,
            verb="waits again",
            subject=entry,
            record_number=row.patient.record_number,
            changes={"state": ["moved", "waiting"]},
        )
