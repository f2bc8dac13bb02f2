"""A clinic day as full as real ones, booked wherever the clinic's own rules let it: for tests of re-planning."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from typing import Any

from clinics.models import Clinic, User
from regimens.domain.dates import add_months
from scheduling.domain.capacity import Fit
from scheduling.domain.proposals import Ending, Proposed, Spot, stored
from scheduling.models import Course, Replan, Visit
from scheduling.queries import read_days, read_plan
from tests import factory

NOW = datetime(2031, 3, 10, 6, 30, tzinfo=UTC)  # a Monday, 06:30 in London
DAY = date(2031, 3, 10)
GIVEN = [
    "Amara", "Bruno", "Chloé", "Dalia", "Erik", "Fatima", "Grace", "Hugo", "Ingrid", "Jonas", "Keiko", "Liam", "Mei",
    "Nadia", "Omar", "Petra", "Rosa", "Samir", "Tove",
]  # fmt: skip
FAMILY = [
    "Osei", "Keller", "Martin", "Haddad", "Lund", "Noor", "Obi", "Silva", "Berg", "Wolf", "Mori", "Byrne", "Tan",
    "Petrov", "Aziz", "Novak", "Marino", "Khan", "Dahl", "Ward", "Fox",
]  # fmt: skip
NAMES = zip(cycle(GIVEN), cycle(FAMILY), strict=False)


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=UTC)


def a_clinic(*, chairs: int = 20, nurses: int = 9, **fields: Any) -> Clinic:
    """A clinic with named nurses."""
    clinic = factory.make_clinic(chairs=chairs, nurses=nurses, **({"nurse_units": 5} | fields))
    people = [
        "Priya Nair",
        "Tom Ward",
        "Ana Costa",
        "Ben Fox",
        "Cora Diaz",
        "Dan Hill",
        "Eva Roth",
        "Finn Gray",
        "Gia Lee",
        "Hal Moss",
        "Ida Kern",
        "Jon Pike",
    ]
    for member, name in zip(clinic.memberships.filter(role="nurse").order_by("pk"), people, strict=False):
        member.user.name = name
        member.user.save()
    return clinic


def due(
    clinic: Clinic, ordinal: int, *, on: date = DAY, left: int = 3, mg: int = 1000, **person: Any
) -> Course:
    """A course whose infusion of this ordinal is due on a day, with ``left`` days left in its window."""
    if "given_name" not in person:
        given, family = next(NAMES)
        person |= {"given_name": given, "family_name": family}
    patient = factory.make_patient(clinic, **person)
    start = {1: on, 2: on - timedelta(days=14)}.get(ordinal) or add_months(on, -6 * (ordinal - 2))
    factory.make_diagnosis(patient)
    clearance = factory.make_clearance(
        patient,
        regimen_version=factory.make_regimen(clinic),
        signed_at=NOW,
        valid_from=date(2030, 1, 1),
        valid_until=date(2031, 12, 31),
    )
    course = factory.make_course(patient, start_on=start, maintenance=2, clearance=clearance)
    for row in course.planned_infusions.filter(ordinal__lt=ordinal):
        row.state, row.given_on = "given", row.target_on
        row.save()
    course.planned_infusions.filter(ordinal=ordinal).update(
        target_on=on,
        planned_on=on,
        latest_on=on + timedelta(days=left),
        earliest_on=on - timedelta(days=1),
        dose_mg=mg,
    )
    return course


def booked(course: Course, ordinal: int, starts: datetime, *, chair: int = 0, nurse: int = 0) -> Visit:
    """The course's infusion, booked at a time in the clinic's chair and with its nurse of these places."""
    clinic = course.clinic
    plan = read_plan(course)
    planned = plan.infusion(ordinal)
    phases = [[one.name, one.minutes, one.acuity] for one in plan.phases(planned, starts.date())]
    return factory.make_visit(
        course.patient,
        starts_at=starts,
        planned_infusion=planned,
        chair=clinic.chairs.order_by("pk")[chair],
        nurse=clinic.memberships.filter(role="nurse").order_by("pk")[nurse],
        phases=phases,
        at=NOW - timedelta(days=20),
    )


def full_day(clinic: Clinic, *, visits: int = 40, on: date = DAY) -> list[Visit]:
    """So many infusions of one day: first ones, second ones and maintenance, each where it fits first."""
    found = []
    kinds = cycle(
        [(3, 21, 500), (2, 2, 1000), (3, 14, 500), (1, 3, 1000), (3, 5, 500), (3, 26, 500), (2, 1, 1000)]
    )
    # The long ones first: a day filled in any order has holes in which nothing fits.
    for ordinal, left, mg in sorted(
        (next(kinds) for _ in range(visits)), key=lambda kind: (kind[0], -kind[2])
    ):
        course = due(clinic, ordinal, on=on, left=left, mg=mg)
        plan = read_plan(course)
        phases = plan.phases(plan.infusion(ordinal), on)
        found.append(_placed(clinic, course, ordinal, phases, on))
    return found


def _placed(clinic: Clinic, course: Course, ordinal: int, phases: Any, on: date) -> Visit:
    day = read_days(clinic, [on], now=NOW)[on]
    opens = day.at(day.hours[0])
    for step in range(0, 600, clinic.slot_minutes):
        starts = opens + timedelta(minutes=step)
        for place, chair in enumerate(day.chairs):
            for nurse in sorted(day.nurses, key=lambda key: (day.nurses[key].used, key)):
                if isinstance(day.fits(starts, phases, chair, nurse), Fit):
                    nurses = list(
                        clinic.memberships.filter(role="nurse").order_by("pk").values_list("pk", flat=True)
                    )
                    return booked(course, ordinal, starts, chair=place, nurse=nurses.index(nurse))
    raise AssertionError("the day is full")


def spot(
    visit: Visit, starts: datetime | None = None, *, chair: int | None = None, nurse: int | None = None
) -> Spot:
    """Where the visit would stand: at a time, in the clinic's chair and with its nurse of these places; else as now."""
    clinic, begins = visit.clinic, starts or visit.starts_at
    chairs = list(clinic.chairs.order_by("pk"))
    nurses = list(clinic.memberships.filter(role="nurse").order_by("pk"))
    return Spot(
        begins,
        begins + (visit.ends_at - visit.starts_at),
        visit.chair_id if chair is None else chairs[chair].pk,
        visit.nurse_id if nurse is None else nurses[nurse].pk,
    )


def proposed(visit: Visit, to: Spot | None, *, rank: int = 1, affected: bool = True) -> Proposed:
    """One visit of a plan."""
    return Proposed(
        planned=visit.planned_infusion_id,
        patient=visit.patient_id,
        rank=rank,
        harm="Maintenance infusion, its window ends 3 days later",
        affected=affected,
        visit=visit.pk,
        version=visit.version,
        was=spot(visit),
        to=to,
        because="" if to else "No chair and nurse are free for it within what was allowed.",
    )


def answered(clinic: Clinic, rows: list[Proposed], by: User, *, kind: str = "day", **params: Any) -> Replan:
    """A question with its answer, ready to be decided on."""
    tolerance = {"minutes": 60, "days": 0, "others": False, "early": False}
    return Replan.objects.create(
        clinic=clinic,
        kind=kind,
        first_day=DAY,
        last_day=DAY,
        params=tolerance | params,
        versions={str(row.visit): row.version for row in rows},
        state="done",
        answer=stored(rows, Ending(proved=True, clock=False, seconds=0.4, objective=12, bound=12)),
        asked_by=by,
        created_at=NOW,
        finished_at=NOW,
    )
