"""What the tests of the waiting list arrange: maintenance visits in March 2031, who waits, and a freed time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinics.domain.refusals import Refused
from scheduling.actions import cancel_visit, waiting
from scheduling.domain.waiting import Freed
from scheduling.models import PlannedInfusion, Visit
from tests import factory

NOW = datetime(2031, 3, 3, 7, 0, tzinfo=UTC)  # a Monday, 07:00 in London
LATER = [["set_up", 30], ["premedication", 30], ["titration", 90], ["steady", 105], ["observation", 30]]


def at(day, hour=9, minute=0, month=3):
    return datetime(2031, month, day, hour, minute, tzinfo=UTC)


def a_patient(
    clinic, day=20, *, chair=0, nurse=0, hour=9, opens=date(2031, 3, 1), closes=date(2031, 4, 20), **fields
):
    """Somebody whose third infusion is booked in March; both of induction were given half a year before."""
    patient = factory.make_patient(clinic, **fields)
    clearance = factory.make_clearance(
        patient,
        regimen_version=factory.make_regimen(clinic),
        signed_at=NOW,
        valid_from=date(2030, 1, 1),
        valid_until=date(2031, 12, 31),
    )
    course = factory.make_course(patient, start_on=date(2030, 9, 2), maintenance=2, clearance=clearance)
    rows = course.planned_infusions
    for row in rows.filter(ordinal__lte=2):
        row.state, row.given_on = "given", row.target_on
        row.save()
    rows.filter(ordinal=3).update(earliest_on=opens, latest_on=closes)
    if day:
        seats = (
            list(clinic.chairs.order_by("pk")),
            list(clinic.memberships.filter(role="nurse").order_by("pk")),
        )
        factory.make_visit(
            patient,
            starts_at=at(day, hour),
            planned_infusion=rows.get(ordinal=3),
            at=NOW - timedelta(days=30),
            phases=LATER,
            chair=seats[0][chair],
            nurse=seats[1][nurse],
        )
    return patient


def third(patient):
    return PlannedInfusion.objects.get(patient=patient, ordinal=3)


def visit_of(patient):
    return Visit.objects.filter(patient=patient, status="booked").first()


def waits(patient, by=None, now=NOW, **fields):
    return waiting.join(planned=third(patient), by=by, now=now, **fields)


def a_freed_time(clinic, day=11, hour=9, chair=0, nurse=0):
    """A time somebody gave up an hour ago."""
    leaving = a_patient(clinic, day, hour=hour, chair=chair, nurse=nurse)
    visit = visit_of(leaving)
    cancel_visit(visit=visit, reason="ill", by=None, now=NOW - timedelta(hours=1))
    return Freed(visit.starts_at, visit.chair_id)


def offered(clinic, freed, entries, by=None, now=NOW):
    keys = [each.pk for each in entries]
    return waiting.offer_time(clinic=clinic, freed=freed, entries=keys, by=by, now=now)


def refusal(action, **arguments):
    with pytest.raises(Refused) as refused:
        action(**{"by": None, "now": NOW, **arguments})
    return refused.value
