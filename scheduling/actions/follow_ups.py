"""Writing follow-ups: a time with a clinician, without a chair."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Absence, Membership, User
from patients.models import Patient
from scheduling.domain import status as words
from scheduling.domain.booking import (
    FARTHEST,
    TOO_FAR,
    Seat,
    Window,
    person_refusal,
    time_refusal,
    window_refusal,
)
from scheduling.domain.capacity import CONSULTATION, Phase, total_minutes
from scheduling.models import Visit
from scheduling.queries import read_days, standing_visits

from .changes import note_change
from .transactions import lock_places, lock_visit, whole
from .visits import NO_REASON, STALE, move_to, named, not_movable, stored, versioned

LONGEST_FOLLOW_UP = 240


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
            phases=stored(phases),
            status="booked",
            booked_by=by,
        )
        batch = uuid4()
        versioned(visit, "booked", by, now, batch)
        _note(visit, batch, "book", by, now)
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
        # The visit before its clinician, as undo_change takes them: the other way round the two would wait in a ring.
        moving = lock_visit(visit)
        lock_places(visit.clinic, [], [visit.nurse_id] if visit.nurse_id else [])
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
        batch = uuid4()
        moved = move_to(moving, seat, phases, by=by, now=now, batch=batch, reason=reason.strip())
        _note(moved, batch, "move", by, now)
        return moved

    return whole(attempt)


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
    capacity = read_days(clinic, [day], now=now, without=(without,))[day]
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


def _note(visit: Visit, batch: UUID, verb: str, by: User | None, now: datetime) -> None:
    words_for_it = f"{'Booked' if verb == 'book' else 'Moved'} {named(visit)}"
    note_change(visit.clinic, visit.patient, None, batch, verb, words_for_it, {}, by, now)
