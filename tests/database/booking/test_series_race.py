"""Series moved, and changes undone, at many desks at once: done once, an error for nobody, no place given twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from scheduling import actions, queries
from scheduling.models import ScheduleChange, Visit, VisitVersion
from tests.database.booking.arranged import NOW, a_course, at, book, booked, seat
from tests.factory import make_clinic, make_member

pytestmark = pytest.mark.django_db(transaction=True)
DESKS = 6
SOON = NOW + timedelta(seconds=60)


def at_once(press):
    """What each desk got, all pressing at the same moment: "done", or the first code of its refusal."""
    ready = Barrier(DESKS)

    def one(number):
        try:
            ready.wait()
            press(number)
            return "done"
        except Refused as refused:
            return refused.codes[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(DESKS) as desks:
        return list(desks.map(one, range(DESKS)))


@pytest.fixture
def clinic():
    return make_clinic(chairs=2, nurses=2)


@pytest.fixture
def desk(clinic):
    return make_member(clinic, Role.RECEPTIONIST).user


def test_one_confirmation_at_many_desks_moves_the_series_once(clinic, desk):
    course = a_course(clinic)
    first, _ = booked(course, desk)
    versions, place, batch = actions.versions_shown(queries.read_plan(course)), seat(clinic, at(17)), uuid4()

    def press(_number):
        actions.move_series(
            visit=queries.visit(clinic, first.pk),
            seat=place,
            versions=versions,
            reason="on holiday",
            batch=batch,
            by=desk,
            now=NOW,
        )

    assert at_once(press) == ["done"] * DESKS
    assert VisitVersion.objects.filter(change="moved").count() == 2
    assert ScheduleChange.objects.filter(verb="move").count() == 1


def test_many_desks_moving_one_series_move_it_once(clinic, desk):
    course = a_course(clinic)
    first, _ = booked(course, desk)
    versions = actions.versions_shown(queries.read_plan(course))
    places = [seat(clinic, at(11 + day)) for day in range(3)] * 2

    def press(number):
        actions.move_series(
            visit=queries.visit(clinic, first.pk),
            seat=places[number],
            versions=versions,
            reason="on holiday",
            batch=uuid4(),
            by=desk,
            now=NOW,
        )

    assert sorted(at_once(press)) == ["done", *["stale"] * (DESKS - 1)]
    assert VisitVersion.objects.filter(change="moved").count() == 2


def test_one_change_undone_at_many_desks_is_undone_once(clinic, desk):
    course = a_course(clinic)
    booked(course, desk)
    change = queries.latest_change(course.patient)

    def press(_number):
        actions.undo_change(change=queries.schedule_change(clinic, change.pk), by=desk, now=SOON)

    assert at_once(press) == ["done"] * DESKS
    assert VisitVersion.objects.count() == 4


def test_an_undo_and_others_who_want_the_freed_place_share_it_with_nobody(clinic, desk):
    course = a_course(clinic)
    first, second = booked(course, desk)
    actions.cancel_visit(visit=second, reason="ill", by=desk, now=NOW)
    change = queries.latest_change(course.patient)
    others = [a_course(clinic, start_on=date(2031, 3, 24)) for _ in range(DESKS - 1)]
    wanted = [book(other, at(24), chair=0, nurse=0) for other in others]

    def press(number):
        if number == 0:
            actions.undo_change(change=queries.schedule_change(clinic, change.pk), by=desk, now=SOON)
        else:
            actions.book_single(by=desk, now=SOON, **wanted[number - 1])

    assert sorted(at_once(press)) == ["done", *["just_taken"] * (DESKS - 1)]
    assert Visit.objects.filter(status="booked", starts_at=at(24)).count() == 1
    assert Visit.objects.get(pk=first.pk).status == "booked"
