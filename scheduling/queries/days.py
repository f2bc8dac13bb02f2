"""A clinic's days as the search sees them: six queries, whatever the number of days and visits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q

from clinics.domain.calendar import day_bounds, local_date
from clinics.domain.rights import Role
from clinics.models import Absence, Clinic, Shift
from clinics.queries import calendar, chairs
from patients.models import Patient
from scheduling.domain.capacity import FIRST, REACTION, USUAL, DayCapacity, NurseRules, Occupied, Phase
from scheduling.models import STANDING, Visit

LONGEST = timedelta(hours=16)
"""No visit is longer: the walls see to it, and searches for overlaps look no further back."""


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


def phases_of(visit: Visit) -> tuple[Phase, ...]:
    """A visit's phases as they were computed when it was booked."""
    return tuple(Phase(*each) for each in visit.phases)


def standing_between(clinic: Clinic, spans: Iterable[tuple[datetime, datetime]]) -> list[Visit]:
    """The clinic's standing visits that touch one of the spans of instants, in one query."""
    touching = [
        Q(starts_at__lt=end, starts_at__gt=begin - LONGEST, ends_at__gt=begin) for begin, end in spans
    ]
    if not touching:
        return []
    rows = Visit.objects.of(clinic).filter(reduce(or_, touching), status__in=STANDING)
    return list(rows.order_by("starts_at", "id"))


def read_days(
    clinic: Clinic,
    days: Collection[date],
    *,
    patient: Patient | None = None,
    clinician: int | None = None,
    without: Collection[int] = (),
) -> dict[date, DayCapacity]:
    """What stands in the given days, by day. ``without`` names visits to leave out because they are being
    moved. Where the patient has another visit, or the clinician another follow-up, nothing is free for them.
    """
    if not days:
        return {}
    first, last = min(days), max(days)
    opening = calendar(clinic, first, last)
    seats = {chair.pk: chair.name for chair in chairs(clinic)}
    duty = _duty(clinic, days)
    rules = nurse_rules(clinic)
    found = {
        day: DayCapacity(
            day=day,
            zone=clinic.zone,
            hours=opening.open_hours(day),
            chairs=seats,
            shifts=duty[day],
            rules=rules,
            closed_because=opening.closed_because(day) or "",
        )
        for day in days
    }
    for visit in standing_between(clinic, _spans(clinic, days)):
        if visit.pk in without:
            continue
        day = found.get(local_date(visit.starts_at, clinic.zone))
        if day is not None:
            day.add(occupied(visit))
            theirs = patient is not None and visit.patient_id == patient.pk
            if theirs or (
                visit.kind == "follow_up" and clinician is not None and visit.nurse_id == clinician
            ):
                day.block(visit.starts_at, visit.ends_at)
    return found


def occupied(visit: Visit) -> Occupied:
    """A visit as a day's capacity counts it."""
    return Occupied(
        visit.starts_at,
        visit.ends_at,
        visit.chair_id,
        visit.nurse_id,
        phases_of(visit),
        starts_patient=visit.kind == "infusion",
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


def _duty(
    clinic: Clinic, days: Collection[date]
) -> dict[date, dict[int, tuple[str, list[tuple[time, time]]]]]:
    """For each day the nurses at work, with their names and wall-clock times."""
    first, last = min(days), max(days)
    absences = Absence.objects.of(clinic).filter(first_day__lte=last, last_day__gte=first)
    away = list(absences.values_list("member_id", "first_day", "last_day"))
    shifts = (
        Shift.objects.of(clinic)
        .filter(member__role=Role.NURSE, member__is_active=True, valid_from__lte=last)
        .exclude(valid_until__lt=first)
        .order_by("member_id", "starts")
        .values_list(
            "member_id",
            "member__user__name",
            "member__user__email",
            "weekday",
            "starts",
            "ends",
            "valid_from",
            "valid_until",
        )
    )
    found: dict[date, dict[int, tuple[str, list[tuple[time, time]]]]] = {day: {} for day in days}
    for member, name, email, weekday, starts, ends, since, until in shifts:
        for day in days:
            works = day.weekday() == weekday and since <= day and (until is None or day <= until)
            if works and not any(who == member and begin <= day <= end for who, begin, end in away):
                found[day].setdefault(member, (name or email, []))[1].append((starts, ends))
    return found
