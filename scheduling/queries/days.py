"""A clinic's days as the search sees them: seven queries, whatever the number of days and visits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta

from clinics.domain.calendar import day_bounds, local_date
from clinics.domain.rights import Role
from clinics.models import Absence, Chair, Clinic, Shift
from clinics.prepared import Given, Prepared
from clinics.queries import calendar
from patients.models import Patient
from scheduling.domain.capacity import (
    FIRST,
    REACTION,
    USUAL,
    DayCapacity,
    Demands,
    Handovers,
    NurseRules,
    Occupied,
    Phase,
)
from scheduling.domain.filling import fill
from scheduling.models import ChairHold, Visit

from .standing import reader, standing_rows

LONGEST = timedelta(hours=16)
"""No visit is longer: the walls see to it, and searches for overlaps look no further back."""
Times = list[tuple[time, time]]


def nurse_rules(clinic: Clinic) -> NurseRules:
    """The clinic's settings for its nurses."""
    return NurseRules(
        units=clinic.nurse_units,
        starts_per_slot=clinic.nurse_starts_per_slot,
        slot_minutes=clinic.slot_minutes,
        weights={
            "set_up": clinic.weight_set_up,
            "premedication": clinic.weight_premedication,
            "titration": clinic.weight_titration,
            "steady": clinic.weight_steady,
            "observation": clinic.weight_observation,
        },
        extra={USUAL: 0, FIRST: clinic.extra_first, REACTION: clinic.extra_reaction},
        prep_per_hour=clinic.prep_per_hour,
    )


def phases_of(visit: Visit | ChairHold) -> tuple[Phase, ...]:
    """A visit's phases as they were computed when it was booked."""
    return tuple(Phase(*each) for each in visit.phases)


def handovers_of(visit: Visit) -> Handovers:
    """From which instants on other nurses have the patient."""
    return tuple((datetime.fromisoformat(at), nurse) for at, nurse in visit.handovers)


def read_days(
    clinic: Clinic,
    days: Collection[date],
    *,
    now: datetime,
    patient: Patient | None = None,
    clinician: int | None = None,
    without: Collection[int] = (),
) -> dict[date, DayCapacity]:
    """What stands in the given days, by day. ``without`` names visits to leave out because they are being
    moved. Where the patient has another visit, or the clinician another follow-up, nothing is free for them.
    ``now`` decides which times kept for the waiting list are still kept.
    """
    if not days:
        return {}
    found = empty_days(clinic, days)
    rows = standing_rows(
        clinic,
        _spans(clinic, days),
        patient=patient.pk if patient is not None else None,
        clinician=clinician,
        without=without,
    )
    fill(found.values(), rows, reader())
    _keep_holds(clinic, found, now)
    return found


def empty_days(clinic: Clinic, days: Collection[date]) -> dict[date, DayCapacity]:
    """The days as they are before anybody comes: five queries."""
    first, last = min(days), max(days)
    opening = calendar(clinic, first, last)
    places = _places(clinic)
    duty = _duty(clinic, days)
    rules = nurse_rules(clinic)
    demands = Demands(rules)
    found = {}
    for day in days:
        here = {key: place for key, place in places.items() if not _out(place[2], day)}
        found[day] = DayCapacity(
            day=day,
            zone=clinic.zone,
            hours=opening.open_hours(day),
            chairs={key: name for key, (name, _, _) in here.items()},
            kinds={key: kind for key, (_, kind, _) in here.items()},
            shifts=duty[day],
            rules=rules,
            closed_because=opening.closed_because(day) or "",
            demands=demands,
        )
    return found


def _out(outages: Iterable[tuple[date, date | None]], day: date) -> bool:
    return any(first <= day and (last is None or day <= last) for first, last in outages)


_CHAIRS = Prepared(
    lambda: (
        Chair.objects.of(Given("clinic"))
        .filter(in_service=True)
        .order_by("pk")
        .values_list("pk", "name", "kind", "outages__first_day", "outages__last_day")
    )
)


def _places(clinic: Clinic) -> dict[int, tuple[str, str, list[tuple[date, date | None]]]]:
    """Chairs in service: name, kind, and the days on which each is out."""
    found: dict[int, tuple[str, str, list[tuple[date, date | None]]]] = {}
    for key, name, kind, first, last in _CHAIRS.all(clinic=clinic.pk):
        outages = found.setdefault(key, (name, kind, []))[2]
        if first is not None:
            outages.append((first, last))
    return found


_KEPT = Prepared(
    lambda: ChairHold.objects.of(Given("clinic")).filter(
        released_at__isnull=True, expires_at__gt=Given("now"), ends_at__gt=Given("begins")
    )
)


def _keep_holds(clinic: Clinic, found: dict[date, DayCapacity], now: datetime) -> None:
    """Let times that are kept for the waiting list take their places."""
    begins = min(day.begins for day in found.values())
    for hold in _KEPT.all(clinic=clinic.pk, now=now, begins=begins):
        day = found.get(local_date(hold.starts_at, clinic.zone))
        if day is not None:
            phases = phases_of(hold)
            day.add(Occupied(hold.starts_at, hold.ends_at, hold.chair_id, hold.nurse_id, phases, kept=True))


def occupied(visit: Visit) -> Occupied:
    """A visit as a day's capacity counts it."""
    return Occupied(
        visit.starts_at,
        visit.ends_at,
        visit.chair_id,
        visit.nurse_id,
        phases_of(visit),
        starts_patient=visit.kind == "infusion",
        handovers=handovers_of(visit),
    )


def _spans(clinic: Clinic, days: Collection[date]) -> list[tuple[datetime, datetime]]:
    """The days' instants, days that follow each other drawn together."""
    spans: list[tuple[datetime, datetime]] = []
    for day in sorted(days):
        begin, end = day_bounds(day, clinic.zone)
        if spans and spans[-1][1] == begin:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
    return spans


_AWAY = Prepared(
    lambda: (
        Absence.objects.of(Given("clinic"))
        .filter(first_day__lte=Given("last"), last_day__gte=Given("first"))
        .values_list("member_id", "first_day", "last_day")
    )
)
_SHIFTS = Prepared(
    lambda: (
        Shift.objects.of(Given("clinic"))
        .filter(member__role=Role.NURSE, member__is_active=True, valid_from__lte=Given("last"))
        .exclude(valid_until__lt=Given("first"))
        .order_by("member_id", "starts", "pk", "breaks__starts")
        .values_list(
            "pk",
            "member_id",
            "member__user__name",
            "member__user__email",
            "weekday",
            "starts",
            "ends",
            "valid_from",
            "valid_until",
            "breaks__starts",
            "breaks__ends",
        )
    )
)


def _duty(clinic: Clinic, days: Collection[date]) -> dict[date, dict[int, tuple[str, Times]]]:
    """For each day the nurses at work, with their names and wall-clock times, breaks left out: two queries."""
    first, last = min(days), max(days)
    span = {"clinic": clinic.pk, "first": first, "last": last}
    away, rows = _AWAY.all(**span), _SHIFTS.all(**span)
    shifts: dict[int, tuple[tuple[int, str, int, date, date | None], Times]] = {}
    for pk, member, name, email, weekday, starts, ends, since, until, pause, resume in rows:
        told = (member, name or email, weekday, since, until)
        times = shifts.setdefault(pk, (told, [(starts, ends)]))[1]
        if pause is not None and resume is not None:
            times[:] = _without(times, pause, resume)
    found: dict[date, dict[int, tuple[str, Times]]] = {day: {} for day in days}
    weekdays: dict[int, list[date]] = {}
    for day in days:
        weekdays.setdefault(day.weekday(), []).append(day)
    for (member, name, weekday, since, until), times in shifts.values():
        for day in weekdays.get(weekday, ()):
            works = since <= day and (until is None or day <= until)
            if works and not any(who == member and begin <= day <= end for who, begin, end in away):
                found[day].setdefault(member, (name, []))[1].extend(times)
    return found


def _without(times: Times, pause: time, resume: time) -> Times:
    """Times on duty less one break."""
    found: Times = []
    for first, last in times:
        found += [(a, b) for a, b in ((first, min(last, pause)), (max(first, resume), last)) if a < b]
    return found
