"""The same step pressed at many desks at once: taken once, an error for nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from monitoring import actions as monitoring
from monitoring.models import FollowUp
from scheduling.models import VisitVersion
from tests.factory import make_clinic, make_follow_up, make_member, make_patient
from tests.gates import ready_visit
from treatment import actions, queries
from treatment.models import InfusionRecord

NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)
DESKS = 6

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(press):
    """What each desk got, all pressing at the same moment: "done", or the codes of its refusal."""
    ready = Barrier(DESKS)

    def one(number):
        try:
            ready.wait()
            press(number)
            return "done"
        except Refused as refused:
            return refused.codes
        finally:
            connection.close()

    with ThreadPoolExecutor(DESKS) as desks:
        return list(desks.map(one, range(DESKS)))


@pytest.fixture
def visit():
    clinic = make_clinic()
    return queries.visit(clinic, ready_visit(clinic, NINE).pk)


def test_same_step_at_many_desks_is_taken_once(visit):
    nurse = make_member(visit.clinic, Role.NURSE).user
    for step in (actions.arrive, actions.start, actions.finish):

        def press(_number, step=step):
            step(visit=queries.visit(visit.clinic, visit.pk), by=nurse, now=NINE)

        assert at_once(press) == ["done"] * DESKS
    assert InfusionRecord.objects.filter(visit=visit, state="done").count() == 1
    assert list(VisitVersion.objects.filter(visit=visit).values_list("status", flat=True)) == [
        "booked",
        "arrived",
        "fulfilled",
    ]
    assert AuditEntry.objects.filter(verb="finished infusion").count() == 1


def test_arrival_and_no_show_at_once_leave_one_of_them(visit):
    nurse = make_member(visit.clinic, Role.NURSE).user

    def press(number):
        step = actions.arrive if number % 2 else actions.no_show
        step(visit=queries.visit(visit.clinic, visit.pk), by=nurse, now=NINE)

    answers = at_once(press)
    assert (answers.count("done"), answers.count(("out_of_order",))) == (DESKS / 2, DESKS / 2)
    assert VisitVersion.objects.filter(visit=visit).count() == 2


def test_follow_up_booked_at_many_desks_is_one_visit():
    clinic = make_clinic()
    follow_up = make_follow_up(make_patient(clinic), due_on=NINE.date())
    people = [make_member(clinic, Role.RECEPTIONIST).user for _ in range(DESKS)]

    def press(number):
        row = FollowUp.objects.get(pk=follow_up.pk)
        at = NINE.replace(hour=9 + number)
        monitoring.book(follow_up=row, starts_at=at, minutes=30, by=people[number], now=NINE)

    answers = at_once(press)
    assert (answers.count("done"), answers.count(("already_booked",))) == (1, DESKS - 1)


def test_follow_ups_derived_twice_at_once_are_written_once(visit):
    planned = visit.planned_infusion.course.planned_infusions.order_by("ordinal")[:2]
    for row in planned:
        row.state, row.given_on = "given", NINE.date()
        row.save()

    def press(_number):
        monitoring.plan_follow_ups(clinic=visit.clinic, patient=visit.patient, now=NINE)

    assert at_once(press) == ["done"] * DESKS
    assert FollowUp.objects.count() == 3
