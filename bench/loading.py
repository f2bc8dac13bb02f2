"""`python -m bench.loading SIZE`: fill a freshly migrated database with a clinic and a size's bookings."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any
from uuid import UUID

import django

from bench.cells import CHAIRS, SIZES, Size, bookings
from regimens.domain.dates import add_months

HALF_HOUR = timedelta(minutes=30)
PHASES = json.dumps([["steady", 30, "usual"]])
SINGLES, PAIRS, RACERS, STAFF = 2_400, 640, 560, 600
"""Courses prepared for booking: with a third infusion to book, with both induction infusions, and for the races; and
receptionists to book them."""
TINY = 120, 20, 16, 24
WHOLE = 16
"""Courses to search for as a whole, among the bookings and after them."""
BEYOND = 184
"""From this day on nothing is booked: there the bench books visits of real lengths."""


def load(size: Size) -> dict[str, Any]:
    """Write the clinic, its people and its bookings; returns what was written and how long it took."""
    from bench import people, rows
    from clinics.domain.rights import Role
    from clinics.models import Chair
    from regimens.models import RegimenVersion
    from scheduling.models import PlannedInfusion, Visit, VisitVersion
    from tests import factory

    began = time.perf_counter()
    clinic = people.make_clinic(size.nurses)
    people.make_members(clinic, Role.PRESCRIBER, 1)
    people.make_members(clinic, Role.PHARMACIST, 1)
    people.make_members(clinic, Role.RECEPTIONIST, STAFF if size.name != "tiny" else TINY[3])
    assert isinstance(factory.make_regimen(clinic), RegimenVersion)
    courses = people.make_courses(clinic, [people.Doses((), ())] * size.patients, "Booked")
    prepare(clinic, size)
    people_seconds = time.perf_counter() - began
    began = time.perf_counter()
    if size.name == "real":
        from bench.lengths import lay_out

        visits = lay_out(clinic, courses, size)
    else:
        visits = list(_visits(clinic, courses, size))
    ordinal: dict[int, int] = {}
    infusion, visit = rows.next_key(PlannedInfusion), rows.next_key(Visit)
    names = dict(Chair.objects.of(clinic).values_list("pk", "name"))
    rows.write(
        PlannedInfusion, _PLANNED, (_planned(each, infusion + n, ordinal) for n, each in enumerate(visits))
    )
    rows.write(Visit, _VISIT, (_visit(each, visit + n, infusion + n) for n, each in enumerate(visits)))
    rows.write(VisitVersion, _VERSION, _versions(visits, visit, names))
    rows.settle()
    return {
        "patients": size.patients,
        "bookings": len(visits),
        "ahead": sum(each["ahead"] for each in visits),
        "minutes_ahead": sum((v["ends"] - v["starts"]) // timedelta(minutes=1) for v in visits if v["ahead"]),
        "people_seconds": round(people_seconds, 1),
        "booking_seconds": round(time.perf_counter() - began, 1),
    }


def prepare(clinic: Any, size: Size) -> None:
    """Patients whose infusions are still to be booked, on days on which nothing else stands."""
    from bench import people

    today = _today()
    singles, pairs, racers = (SINGLES, PAIRS, RACERS) if size.name != "tiny" else TINY[:3]
    given = (today - timedelta(days=180), today - timedelta(days=166))
    wide = (today + timedelta(days=2), today + timedelta(days=400))
    people.make_courses(clinic, [people.Doses(given, (wide,))] * singles, "Single")
    people.make_courses(clinic, [people.Doses(given, (wide,))] * racers, "Racer")
    people.make_courses(
        clinic,
        [people.Doses((), _induction(place, min(CHAIRS, size.nurses))) for place in range(pairs)],
        "Pair",
    )
    for name, first in (("Among", 10), ("After", BEYOND + 2)):
        starts = [today + timedelta(days=first + number) for number in range(WHOLE)]
        people.make_courses(clinic, [people.Doses((), _whole(day)) for day in starts], name)


def pair_day(place: int, places: int) -> date:
    """The day of a prepared pair's first infusion: as many pairs a day as there are places, a fortnight of first days
    after a fortnight of second ones.
    """
    fortnight, day = divmod(place // places, 14)
    return _today() + timedelta(days=BEYOND + 120 + 28 * fortnight + day)


def _induction(place: int, places: int) -> tuple[tuple[date, date], ...]:
    return _pair_from(pair_day(place, places))


def _pair_from(day: date) -> tuple[tuple[date, date], ...]:
    second = day + timedelta(days=14)
    return (day, day + timedelta(days=3)), (second - timedelta(days=1), second + timedelta(days=3))


def _whole(day: date) -> tuple[tuple[date, date], ...]:
    """The windows of a course of two years: the induction, then every six months."""
    later = [add_months(day, 6 * number) for number in range(1, 5)]
    return (*_pair_from(day), *((target, target + timedelta(days=28)) for target in later))


def _today() -> date:
    from django.utils import timezone

    return timezone.localdate()


def _visits(clinic: Any, courses: list[Any], size: Size) -> Iterator[dict[str, Any]]:
    """Every booking of half an hour with its people; patients take turns, so that none is in two places."""
    from bench.people import instant
    from clinics.models import Chair, Membership

    today = _today()
    chairs = list(Chair.objects.of(clinic).order_by("pk").values_list("pk", flat=True))
    nurses = list(
        Membership.objects.of(clinic).filter(role="nurse").order_by("pk").values_list("pk", flat=True)
    )
    day, begins = None, datetime.min
    for number, cell in enumerate(bookings(size)):
        if cell.day != day:
            day = cell.day
            begins = instant(clinic, today + timedelta(days=day), clock(8))
        course = courses[number % len(courses)]
        starts = begins + cell.half_hour * HALF_HOUR
        yield {
            "clinic": clinic.pk,
            "patient": course.patient_id,
            "course": course.pk,
            "chair": chairs[cell.chair],
            "nurse": nurses[cell.nurse],
            "starts": starts,
            "ends": starts + HALF_HOUR,
            "phases": PHASES,
            "on": (today + timedelta(days=cell.day)).isoformat(),
            "ahead": cell.day > 0,
        }


_PLANNED = (
    "id", "clinic_id", "patient_id", "course_id", "ordinal", "phase", "dose_mg", "target_on", "earliest_on",
    "latest_on", "planned_on", "state", "given_on",
)  # fmt: skip
_VISIT = (
    "id", "clinic_id", "patient_id", "kind", "planned_infusion_id", "chair_id", "nurse_id", "starts_at",
    "ends_at", "phases", "status",
)  # fmt: skip
_VERSION = (
    "id", "clinic_id", "patient_id", "visit_id", "version", "change", "batch", "starts_at", "ends_at", "chair_name",
    "status", "at",
)  # fmt: skip


def _planned(visit: dict[str, Any], key: int, ordinal: dict[int, int]) -> tuple[Any, ...]:
    number = ordinal[visit["course"]] = ordinal.get(visit["course"], 0) + 1
    on, ahead = visit["on"], visit["ahead"]
    return (
        key, visit["clinic"], visit["patient"], visit["course"], number,
        "induction" if number <= 2 else "maintenance", "1000.00", on, on, on, on,
        "planned" if ahead else "given", None if ahead else on,
    )  # fmt: skip


def _visit(visit: dict[str, Any], key: int, planned: int) -> tuple[Any, ...]:
    return (
        key, visit["clinic"], visit["patient"], "infusion", planned, visit["chair"], visit["nurse"],
        _text(visit["starts"]), _text(visit["ends"]), visit["phases"],
        "booked" if visit["ahead"] else "fulfilled",
    )  # fmt: skip


def _versions(visits: list[dict[str, Any]], first: int, names: dict[int, str]) -> Iterator[tuple[Any, ...]]:
    """The first version of every visit ahead, as booking it would have written. Nothing measured here reads those of
    the past.
    """
    at = _text(datetime(2026, 1, 1, tzinfo=UTC))
    for key, visit in enumerate(visits, start=first):
        if not visit["ahead"]:
            continue
        yield (
            key, visit["clinic"], visit["patient"], key, 1, "booked", UUID(int=key).hex, _text(visit["starts"]),
            _text(visit["ends"]), names[visit["chair"]], "booked" if visit["ahead"] else "fulfilled", at,
        )  # fmt: skip


def _text(instant: datetime) -> str:
    """An instant as both engines read it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    django.setup()
    json.dump(load(SIZES[sys.argv[1]]), sys.stdout)
