"""What the tests of booking arrange: a Monday in 2031, courses, seats, and the codes of refusals."""

from datetime import UTC, date, datetime

import pytest

from clinics.domain.refusals import Refused
from scheduling import actions
from scheduling.domain.booking import Seat
from tests.factory import (
    make_clearance,
    make_course,
    make_diagnosis,
    make_patient,
    make_regimen,
)

NOW = datetime(2031, 3, 3, 7, 0, tzinfo=UTC)  # a Monday, 07:00 in London
START = date(2031, 3, 10)


def at(day, hour=9, minute=0):
    return datetime(2031, 3, day, hour, minute, tzinfo=UTC)


def a_course(clinic, *, patient=None, start_on=START, maintenance=2, **fields):
    patient = patient or make_patient(clinic)
    make_diagnosis(patient)
    clearance = make_clearance(
        patient,
        regimen_version=make_regimen(clinic),
        signed_at=NOW,
        valid_from=date(2031, 1, 1),
        valid_until=date(2031, 12, 31),
        **fields.pop("clearance", {}),
    )
    return make_course(patient, start_on=start_on, maintenance=maintenance, clearance=clearance, **fields)


def chairs(clinic):
    return [chair.pk for chair in clinic.chairs.order_by("pk")]


def nurses(clinic):
    return [member.pk for member in clinic.memberships.filter(role="nurse").order_by("pk")]


def seat(clinic, starts, chair=0, nurse=0):
    return Seat(starts, chairs(clinic)[chair], nurses(clinic)[nurse])


def pair(clinic, day=10, hour=9, other_day=None, other_hour=None, **where):
    return {
        "first": seat(clinic, at(day, hour), **where),
        "second": seat(clinic, at(other_day or day + 14, other_hour or hour), **where),
    }


def booked(course, by, **more):
    return actions.book_pair(course=course, by=by, now=NOW, **pair(course.clinic, **more))


def refusal(action, **arguments):
    with pytest.raises(Refused) as refused:
        action(**{"now": NOW, **arguments})
    return refused.value


def codes(action, **arguments):
    return refusal(action, **arguments).codes


def book(course, starts, **where):
    return {
        "planned": course.planned_infusions.get(ordinal=1),
        "seat": seat(course.clinic, starts, **where),
    }


def move(visit, starts, version=1, reason="asked for a later hour", **where):
    return {
        "visit": visit,
        "seat": seat(visit.clinic, starts, **where),
        "version": version,
        "reason": reason,
    }


def follow_up(patient, starts, **more):
    return {"patient": patient, "title": "Week 4 bloods", "starts_at": starts, "minutes": 30, **more}


def prescription(patient, **more):
    clearance = more.pop("clearance", None) or make_clearance(
        patient,
        make_diagnosis(patient),
        regimen_version=make_regimen(patient.clinic),
        valid_from=date(2031, 1, 1),
        valid_until=date(2031, 12, 31),
    )
    return {
        "clinic": patient.clinic,
        "patient": patient,
        "clearance": clearance,
        "regimen_version": clearance.regimen_version,
        "start_on": START,
        "by": clearance.signed_by,
        **more,
    }
