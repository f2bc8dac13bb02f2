"""Writing visits: every change is a version and an audit row in the change's own transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Chair, User
from clinics.prepared import insert
from scheduling import walls
from scheduling.domain import status as words
from scheduling.domain.booking import Seat, just_taken
from scheduling.domain.capacity import Phase, total_minutes
from scheduling.domain.course import in_words
from scheduling.models import PlannedInfusion, Visit, VisitVersion

from .changes import note_change
from .transactions import lock_visit, retried

STALE = Refusal("stale", "A colleague has changed this visit meanwhile. Look at it again, then decide.")
CANCELLED_BEFORE = "cancelled_before"
NO_REASON = Refusal("reason_missing", "Say why in a few words.", "reason")


def new_infusion(
    *,
    planned: PlannedInfusion,
    seat: Seat,
    chair: Chair,
    phases: Sequence[Phase],
    by: User | None,
    now: datetime,
    batch: UUID,
) -> Visit:
    """Write a newly booked infusion with its first version. The caller has decided that it may stand."""
    visit = insert(
        Visit(
            clinic=planned.clinic,
            patient=planned.patient,
            kind="infusion",
            planned_infusion=planned,
            chair=chair,
            nurse_id=seat.nurse,
            starts_at=seat.starts,
            ends_at=seat.starts + timedelta(minutes=total_minutes(phases)),
            phases=stored(phases),
            handovers=_stored_handovers(seat),
            status="booked",
            booked_by=by,
        )
    )
    versioned(visit, "booked", by, now, batch)
    return visit


def changed(
    visit: Visit, change: str, *, by: User | None, now: datetime, batch: UUID, reason: str = "", **fields: Any
) -> Visit:
    """Change a visit and append its version. Refused with stale where it is no longer the version that was
    read.
    """
    before = {name: getattr(visit, name) for name in fields}
    rows = Visit.objects.of(visit.clinic).filter(pk=visit.pk, version=visit.version)
    if not rows.update(version=F("version") + 1, **fields):
        raise Refused(STALE)
    visit.refresh_from_db(fields=["version", *fields])
    versioned(visit, change, by, now, batch, reason, before)
    return visit


def stored(phases: Sequence[Phase]) -> list[list[str | int]]:
    """Phases as a visit keeps them."""
    return [[phase.name, phase.minutes, phase.acuity] for phase in phases]


def _stored_handovers(seat: Seat) -> list[list[str | int]]:
    return [[instant.isoformat(), nurse] for instant, nurse in seat.handovers]


def versioned(
    visit: Visit,
    change: str,
    by: User | None,
    now: datetime,
    batch: UUID,
    reason: str = "",
    before: dict[str, Any] | None = None,
) -> None:
    """Append what a visit is now, whole, to its versions and the change to the audit trail."""
    insert(
        VisitVersion(
            clinic=visit.clinic,
            patient=visit.patient,
            visit=visit,
            version=visit.version,
            change=change,
            batch=batch,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            chair_name=visit.chair.name if visit.chair else "",
            chair_id=visit.chair_id,
            nurse_id=visit.nurse_id,
            phases=visit.phases,
            handovers=visit.handovers,
            status=visit.status,
            reason=reason,
            by=by,
            at=now,
        )
    )
    names = ("starts_at", "ends_at", "chair_id", "nurse_id", "status") if before is None else tuple(before)
    record(
        clinic=visit.clinic,
        by=by,
        verb={"status": "changed visit status"}.get(change, f"{change} visit"),
        subject=visit,
        record_number=visit.patient.record_number,
        changes={
            **{name: [_plain((before or {}).get(name)), _plain(getattr(visit, name))] for name in names},
            **({"reason": reason} if reason else {}),
        },
    )


def _plain(value: Any) -> str | int | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, int) else str(value)


def move_to(
    visit: Visit,
    seat: Seat,
    phases: Sequence[Phase],
    *,
    by: User | None,
    now: datetime,
    batch: UUID,
    reason: str,
) -> Visit:
    """Write a visit's new time, chair and nurse. The caller has decided that it may stand there."""
    return changed(
        visit,
        "moved",
        by=by,
        now=now,
        batch=batch,
        reason=reason,
        starts_at=seat.starts,
        ends_at=seat.starts + timedelta(minutes=total_minutes(phases)),
        chair_id=seat.chair or None,
        nurse_id=seat.nurse or None,
        phases=stored(phases),
        handovers=_stored_handovers(seat),
    )


@retried
def set_status(
    *, visit: Visit, status: str, by: User | None, now: datetime, reason: str = "", undo: bool = False
) -> Visit:
    """Move a visit's status by the one table of moves, or back by one step with ``undo``.

    Refused where the table has no such move, and with just_taken where a time given up was taken since.
    """
    visit = lock_visit(visit)
    after = words.move(visit.status, status, undo=undo)
    if isinstance(after, Refusal):
        raise Refused(after)
    try:
        with transaction.atomic():
            return changed(visit, "status", by=by, now=now, batch=uuid4(), reason=reason, status=after.value)
    except IntegrityError as error:
        if walls.broken(error) in (walls.CHAIR, walls.PATIENT, walls.BOOKED_ONCE):
            raise Refused(just_taken()) from error
        raise


@retried
def cancel_visit(
    *,
    visit: Visit,
    reason: str,
    by: User | None,
    now: datetime,
    version: int | None = None,
    also: Collection[Visit] = (),
) -> Visit:
    """Cancel a visit with a reason; its chair, nurse and planned infusion are free again. ``also`` are visits
    that go with it (day 15 of a pair), told to the patient in the same notice. ``version`` is the one the
    page showed.

    A visit that the same person cancelled already is left as it is. Refused without a reason, on a stale page, where
    somebody else cancelled it meanwhile, and where the visit is done.
    """
    if not reason.strip():
        raise Refused(NO_REASON)
    visit = lock_visit(visit)
    if visit.status == "cancelled" and (version is None or version == visit.version - 1):
        before = (
            VisitVersion.objects.of(visit.clinic).select_related("by").get(visit=visit, version=visit.version)
        )
        if before.by != by:
            raise Refused(_cancelled_by(before, visit))
        return visit
    if version is not None and version != visit.version:
        raise Refused(STALE)
    batch, gone = uuid4(), []
    for each in (visit, *also):
        each = each if each is visit else lock_visit(each)
        after = words.move(each.status, "cancelled")
        if isinstance(after, Refusal):
            raise Refused(after)
        changed(each, "cancelled", by=by, now=now, batch=batch, reason=reason.strip(), status=after.value)
        gone.append(named(each))
    course = visit.planned_infusion.course if visit.planned_infusion else None
    summary = f"Cancelled {' and '.join(gone)}"
    note_change(visit.clinic, visit.patient, course, batch, "cancel", summary, {}, by, now)
    return visit


def _cancelled_by(version: VisitVersion, visit: Visit) -> Refusal:
    """Who was quicker, when and why: on the patients' pages it was the patient, or a carer."""
    at = version.at.astimezone(visit.clinic.zone)
    by_patient = version.by is not None and version.by.door == "portal"
    who = "The patient" if by_patient else version.by or "The system"
    words = (
        f"{who} cancelled this visit before, on {in_words(at.date())} at {at:%H:%M}. Nothing was changed now."
    )
    return Refusal(CANCELLED_BEFORE, words)


def named(visit: Visit) -> str:
    """A visit as a change's summary names it: infusion 2, 7 Sep 2026 at 09:00."""
    at = visit.starts_at.astimezone(visit.clinic.zone)
    what = (
        f"infusion {visit.planned_infusion.ordinal}" if visit.planned_infusion else visit.title or "follow-up"
    )
    return f"{what}, {in_words(at.date())} at {at:%H:%M}"


def not_movable(visit: Visit) -> Refusal:
    """Words for a visit that can no longer be moved."""
    return Refusal(
        "not_movable", f"This visit is {words.WORDS[words.Status(visit.status)]}; it cannot be moved."
    )


def visits_of_course(planned: Iterable[PlannedInfusion]) -> list[Visit]:
    """The standing visits of a course's infusions, locked course first by the caller."""
    keys = [row.pk for row in planned]
    if not keys:
        return []
    clinic = next(iter(planned)).clinic
    rows = Visit.objects.of(clinic).filter(planned_infusion__in=keys, status__in=words.STANDING)
    return list(rows.select_related("planned_infusion__course", "patient", "clinic").order_by("starts_at"))
