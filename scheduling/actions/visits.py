"""Writing visits: every change is a version and an audit row in the change's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Absence, Chair, Membership, User
from patients.models import Patient
from scheduling import walls
from scheduling.domain import status as words
from scheduling.domain.booking import Seat, Window, just_taken, person_refusal, time_refusal, window_refusal
from scheduling.domain.capacity import CONSULTATION, Phase, total_minutes
from scheduling.models import PlannedInfusion, Visit, VisitVersion
from scheduling.queries import read_days, standing_visits

from .transactions import lock_course, lock_places, lock_visit, whole

STALE = Refusal("stale", "A colleague has changed this visit meanwhile. Look at it again, then decide.")
NO_REASON = Refusal("reason_missing", "Say why in a few words.", "reason")
LONGEST_FOLLOW_UP = 240
FARTHEST = timedelta(days=3 * 366)
TOO_FAR = Refusal("too_far", "This is more than three years ahead. Check the year.", "day")


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
    visit = Visit.objects.create(
        clinic=planned.clinic,
        patient=planned.patient,
        kind="infusion",
        planned_infusion=planned,
        chair=chair,
        nurse_id=seat.nurse,
        starts_at=seat.starts,
        ends_at=seat.starts + timedelta(minutes=total_minutes(phases)),
        phases=_stored(phases),
        status="booked",
        booked_by=by,
    )
    _versioned(visit, "booked", by, now, batch)
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
    _versioned(visit, change, by, now, batch, reason, before)
    return visit


def _stored(phases: Sequence[Phase]) -> list[list[str | int]]:
    return [[phase.name, phase.minutes] for phase in phases]


def _versioned(
    visit: Visit,
    change: str,
    by: User | None,
    now: datetime,
    batch: UUID,
    reason: str = "",
    before: dict[str, Any] | None = None,
) -> None:
    VisitVersion.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        visit=visit,
        version=visit.version,
        change=change,
        batch=batch,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        chair_name=visit.chair.name if visit.chair else "",
        status=visit.status,
        reason=reason,
        by=by,
        at=now,
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
        phases=_stored(phases),
    )


@transaction.atomic
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


@transaction.atomic
def cancel_visit(
    *,
    visit: Visit,
    reason: str,
    by: User | None,
    now: datetime,
    version: int | None = None,
    also: Iterable[Visit] = (),
) -> Visit:
    """Cancel a visit with a reason; its chair, nurse and planned infusion are free again. ``also`` are visits
    that go with it (day 15 of a pair), told to the patient in the same notice. ``version`` is the one the
    page showed.

    A visit that was cancelled already is left as it is. Refused without a reason, on a stale page, and where
    the visit is done.
    """
    if not reason.strip():
        raise Refused(NO_REASON)
    visit = lock_visit(visit)
    if visit.status == "cancelled" and (version is None or version == visit.version - 1):
        return visit
    if version is not None and version != visit.version:
        raise Refused(STALE)
    batch = uuid4()
    for each in (visit, *also):
        each = each if each is visit else lock_visit(each)
        after = words.move(each.status, "cancelled")
        if isinstance(after, Refusal):
            raise Refused(after)
        changed(each, "cancelled", by=by, now=now, batch=batch, reason=reason.strip(), status=after.value)
    return visit


def book_follow_up(
    *,
    patient: Patient,
    title: str,
    starts_at: datetime,
    minutes: int,
    by: User | None,
    now: datetime,
    nurse: Membership | None = None,
    window: Window | None = None,
) -> Visit:
    """Book a follow-up with a clinician (``nurse``: any colleague), without a chair. The same one booked
    twice by the same person is one booking.

    Refused after death, in the past, on a closed day, outside opening hours or the window, where the patient
    or the clinician is elsewhere, and beyond a nurse's attention.
    """

    def attempt() -> Visit:
        lock_places(patient.clinic, [], [nurse.pk] if nurse else [])
        standing = standing_visits(patient)
        for visit in standing:
            same = (visit.kind, visit.title, visit.starts_at, visit.booked_by_id)
            if same == ("follow_up", title, starts_at, by.pk if by else None):
                return visit
        phases = _consultation(minutes)
        ends = starts_at + timedelta(minutes=minutes)
        refusals = _follow_up_refusals(patient, starts_at, phases, nurse, standing, now=now, window=window)
        if refusals:
            raise Refused(*refusals)
        visit = Visit.objects.create(
            clinic=patient.clinic,
            patient=patient,
            kind="follow_up",
            title=title,
            nurse=nurse,
            starts_at=starts_at,
            ends_at=ends,
            phases=_stored(phases),
            status="booked",
            booked_by=by,
        )
        _versioned(visit, "booked", by, now, uuid4())
        return visit

    return whole(attempt)


def move_follow_up(
    *,
    visit: Visit,
    starts_at: datetime,
    version: int,
    reason: str,
    by: User | None,
    now: datetime,
    window: Window | None = None,
) -> Visit:
    """Move a follow-up to another time with the same clinician. Refused as book_follow_up, and on a stale
    page.
    """
    if not reason.strip():
        raise Refused(NO_REASON)

    def attempt() -> Visit:
        lock_places(visit.clinic, [], [visit.nurse_id] if visit.nurse_id else [])
        moving = lock_visit(visit)
        if moving.version == version + 1 and moving.starts_at == starts_at:
            return moving
        if moving.version != version:
            raise Refused(STALE)
        if moving.status not in words.MOVABLE:
            raise Refused(not_movable(moving))
        phases = _consultation((moving.ends_at - moving.starts_at) // timedelta(minutes=1))
        standing = [each for each in standing_visits(moving.patient) if each.pk != moving.pk]
        refusals = _follow_up_refusals(
            moving.patient,
            starts_at,
            phases,
            moving.nurse,
            standing,
            now=now,
            window=window,
            without=moving.pk,
        )
        if refusals:
            raise Refused(*refusals)
        seat = Seat(starts_at, 0, moving.nurse_id or 0)
        return move_to(moving, seat, phases, by=by, now=now, batch=uuid4(), reason=reason.strip())

    return whole(attempt)


def not_movable(visit: Visit) -> Refusal:
    """Words for a visit that can no longer be moved."""
    return Refusal(
        "not_movable", f"This visit is {words.WORDS[words.Status(visit.status)]}; it cannot be moved."
    )


def _consultation(minutes: int) -> tuple[Phase, ...]:
    if not 5 <= minutes <= LONGEST_FOLLOW_UP:
        words_for_it = f"A follow-up takes from 5 to {LONGEST_FOLLOW_UP} minutes."
        raise Refused(Refusal("impossible_length", words_for_it, "minutes"))
    return (Phase(CONSULTATION, minutes),)


def _follow_up_refusals(
    patient: Patient,
    starts: datetime,
    phases: Sequence[Phase],
    member: Membership | None,
    standing: Sequence[Visit],
    *,
    now: datetime,
    window: Window | None,
    without: int = 0,
) -> list[Refusal]:
    clinic, day = patient.clinic, local_date(starts, patient.clinic.zone)
    ends = starts + timedelta(minutes=total_minutes(phases))
    first = [
        person_refusal(deceased=patient.deceased, years=patient.age_on(day)),
        time_refusal(starts, now=now),
        TOO_FAR if starts > now + FARTHEST else None,
        window_refusal(day, window) if window else None,
    ]
    if any(first):
        return [refusal for refusal in first if refusal]
    if any(visit.starts_at < ends and visit.ends_at > starts for visit in standing):
        return [Refusal("patient_busy", "The patient has another visit at that time.", "time")]
    capacity = read_days(clinic, [day], without=(without,))[day]
    refusal = capacity.fits_without_chair(starts, phases, member.pk if member else None)
    if refusal is None and member is not None:
        refusal = _away(member, starts, ends, without)
    return [refusal] if refusal else []


def _away(member: Membership, starts: datetime, ends: datetime, without: int) -> Refusal | None:
    """Whether a clinician is absent or sees somebody else at that time."""
    day = local_date(starts, member.clinic.zone)
    if (
        Absence.objects.of(member.clinic)
        .filter(member=member, first_day__lte=day, last_day__gte=day)
        .exists()
    ):
        return Refusal("clinician_away", f"{member.user} is away on that day.", "nurse")
    others = Visit.objects.of(member.clinic).filter(
        nurse=member, kind="follow_up", status__in=words.STANDING, starts_at__lt=ends, ends_at__gt=starts
    )
    if others.exclude(pk=without).exists():
        return Refusal("clinician_busy", f"{member.user} sees somebody else at that time.", "nurse")
    return None


def visits_of_course(planned: Iterable[PlannedInfusion]) -> list[Visit]:
    """The standing visits of a course's infusions, locked course first by the caller."""
    keys = [row.pk for row in planned]
    if not keys:
        return []
    clinic = next(iter(planned)).clinic
    rows = Visit.objects.of(clinic).filter(planned_infusion__in=keys, status__in=words.STANDING)
    return list(rows.select_related("planned_infusion__course", "patient", "clinic").order_by("starts_at"))


__all__ = [
    "book_follow_up",
    "cancel_visit",
    "changed",
    "lock_course",
    "lock_visit",
    "move_follow_up",
    "move_to",
    "new_infusion",
    "not_movable",
    "set_status",
    "visits_of_course",
]
