"""Standing visits that no longer fit the clinic as it is set: ten queries at most, whatever the number of visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import OuterRef, Subquery

from clinics.domain.calendar import day_bounds, local_date
from clinics.domain.refusals import Refusal
from clinics.models import Absence, Clinic
from scheduling.domain.capacity import Occupied, Phase
from scheduling.domain.faults import Placed, misfits
from scheduling.domain.status import MOVABLE
from scheduling.models import STANDING, PlannedInfusion, RuleBreach, Visit, VisitVersion

from .days import empty_days


@dataclass(frozen=True, slots=True)
class Fault:
    """A visit that no longer fits, and everything that is in its way, the weightiest first."""

    visit: Visit
    reasons: tuple[Refusal, ...]


Reasons = dict[int, tuple[Refusal, ...]]
"""What is in the way, by the visit's key."""


class _Row(NamedTuple):
    pk: int
    kind: str
    status: str
    starts_at: datetime
    ends_at: datetime
    chair: int | None
    nurse: int | None
    phases: Sequence[Sequence]
    handovers: Sequence[tuple[str, int]]
    need: str | None
    placed_in: int | None
    placed_as: int | None


def last_day_booked(clinic: Clinic, *, now: datetime) -> date:
    """The day of the last visit that is still to come; today where there is none."""
    rows = Visit.objects.of(clinic).filter(status__in=MOVABLE, starts_at__gte=now)
    starts = rows.order_by("-starts_at").values_list("starts_at", flat=True).first()
    return local_date(starts or now, clinic.zone)


def faults(clinic: Clinic, first: date, last: date, *, now: datetime) -> list[Fault]:
    """The booked visits still to come from ``first`` to ``last`` inclusive that no longer fit, in order of time."""
    return shown(clinic, in_the_way(clinic, first, last, now=now))


def faults_ahead(clinic: Clinic, *, now: datetime, days: int | None = None) -> list[Fault]:
    """The faults from today on: of so many days, or up to the last visit that is booked."""
    return shown(clinic, in_the_way_ahead(clinic, now=now, days=days))


def in_the_way_ahead(clinic: Clinic, *, now: datetime, days: int | None = None) -> Reasons:
    """As in_the_way, from today on: of so many days, or up to the last visit that is booked."""
    today = local_date(now, clinic.zone)
    last = last_day_booked(clinic, now=now) if days is None else today + timedelta(days=days)
    return in_the_way(clinic, today, last, now=now)


def in_the_way(clinic: Clinic, first: date, last: date, *, now: datetime) -> Reasons:
    """What is in the way of each booked visit still to come from ``first`` to ``last`` inclusive that no longer fits,
    by its key and in order of time: a closed day, the hours, a chair that is out of service or not what the patient
    needs, a nurse who is off duty, on a break, away or has too many patients, more starts or preparations than the
    rules allow.

    Soft rules that were knowingly broken when the visit was placed are not among them.
    """
    rows = _standing(clinic, first, last)
    by_day: dict[date, list[_Row]] = {}
    for row in rows:
        by_day.setdefault(local_date(row.starts_at, clinic.zone), []).append(row)
    if not by_day:
        return {}
    accepted = _accepted(clinic, rows)
    away = _away(clinic, rows)
    found: Reasons = {}
    for day, capacity in empty_days(clinic, by_day).items():
        placed = [
            Placed(
                key=row.pk,
                visit=_occupied(row),
                order=row.placed_in or 0,
                begun=row.status not in MOVABLE or row.starts_at < now,
                accepted=accepted.get(row.pk, frozenset()),
                need=row.need or "",
                away=away.get((row.nurse, day), "") if row.kind == "follow_up" else "",
            )
            for row in by_day[day]
        ]
        found |= misfits(capacity, placed)
    return {row.pk: found[row.pk] for row in rows if row.pk in found}


def shown(clinic: Clinic, reasons: Reasons) -> list[Fault]:
    """The visits themselves beside what is in their way, in the same order."""
    if not reasons:
        return []
    rows = Visit.objects.of(clinic).filter(pk__in=reasons)
    visits = {
        visit.pk: visit
        for visit in rows.select_related("clinic", "patient", "chair", "nurse__user", "planned_infusion")
    }
    return [Fault(visits[key], words) for key, words in reasons.items() if key in visits]


def _standing(clinic: Clinic, first: date, last: date) -> list[_Row]:
    """Every standing visit that begins in the days, with the version in which it was last placed."""
    begin, end = day_bounds(first, clinic.zone)[0], day_bounds(last, clinic.zone)[1]
    placing = VisitVersion.objects.of(clinic).filter(visit=OuterRef("pk"), change__in=("booked", "moved"))
    rows = Visit.objects.of(clinic).filter(starts_at__gte=begin, starts_at__lt=end, status__in=STANDING)
    return [
        _Row(*row)
        for row in rows.order_by("starts_at", "pk").values_list(
            "pk",
            "kind",
            "status",
            "starts_at",
            "ends_at",
            "chair",
            "nurse",
            "phases",
            "handovers",
            "patient__wishes__place",
            Subquery(placing.order_by("-version").values("pk")[:1]),
            Subquery(placing.order_by("-version").values("version")[:1]),
        )
    ]


def _occupied(row: _Row) -> Occupied:
    return Occupied(
        row.starts_at,
        row.ends_at,
        row.chair,
        row.nurse,
        tuple(Phase(*each) for each in row.phases),
        starts_patient=row.kind == "infusion",
        handovers=tuple((datetime.fromisoformat(at), nurse) for at, nurse in row.handovers),
    )


def _accepted(clinic: Clinic, rows: Iterable[_Row]) -> dict[int, frozenset[str]]:
    """The soft rules that were knowingly broken for each visit where it stands now."""
    placed_as = {row.pk: row.placed_as or 0 for row in rows}
    first = min(row.starts_at for row in rows)
    breaches = RuleBreach.objects.of(clinic).filter(visit__starts_at__gte=first, visit__status__in=STANDING)
    found: dict[int, frozenset[str]] = {}
    for visit, version, codes in breaches.values_list("visit", "visit_version", "codes"):
        if version >= placed_as.get(visit, 0):
            found[visit] = found.get(visit, frozenset()) | frozenset(codes)
    return found


def _away(clinic: Clinic, rows: Sequence[_Row]) -> dict[tuple[int | None, date], str]:
    """Words for each clinician of a follow-up who is on leave on its day."""
    wanted = {(row.nurse, local_date(row.starts_at, clinic.zone)) for row in rows if row.kind == "follow_up"}
    if not wanted:
        return {}
    leave = (
        Absence.objects.of(clinic)
        .filter(member__in={who for who, _ in wanted})
        .select_related("member__user")
    )
    return {
        (each.member_id, day): f"{each.member.user} is away on that day."
        for each in leave
        for who, day in wanted
        if who == each.member_id and each.first_day <= day <= each.last_day
    }


def held_infusions(clinic: Clinic, keys: Iterable[int]) -> list[PlannedInfusion]:
    """Held infusions by their keys, whichever window closes first at the head."""
    wanted = list(keys)
    if not wanted:
        return []
    rows = PlannedInfusion.objects.of(clinic).filter(pk__in=wanted).select_related("patient")
    return list(rows.order_by("latest_on", "earliest_on", "pk"))
