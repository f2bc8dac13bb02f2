"""Two colleagues hold, or book, the last room of a window at one moment: one gets it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from threading import Barrier

import pytest
from django.db import connection

from clinics.domain.refusals import Refused
from scheduling import actions
from scheduling.models import PlannedInfusion, Visit
from tests.database.booking.arranged import NOW, a_course, at, seat
from tests.factory import make_clinic, make_member

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs):
    """Run every job in a thread and a connection of its own, all from one moment; returns what became of each."""
    ready = Barrier(len(jobs))

    def run(job):
        try:
            ready.wait(timeout=30)
            job()
        except Refused as refused:
            return refused.codes
        finally:
            connection.close()
        return ("done",)

    with ThreadPoolExecutor(max_workers=len(jobs)) as threads:
        return [each.result() for each in [threads.submit(run, job) for job in jobs]]


def to_be_held(clinic, first, last):
    """A course of which one window, on days of March 2031, is left to hold."""
    course = a_course(clinic, maintenance=1)
    PlannedInfusion.objects.filter(course=course, ordinal__lt=3).update(state="cancelled")
    PlannedInfusion.objects.filter(course=course, ordinal=3).update(
        earliest_on=date(2031, 3, first), latest_on=date(2031, 3, last), planned_on=date(2031, 3, first)
    )
    return course


@pytest.mark.parametrize("round_", range(3))
def test_of_four_who_hold_the_last_two_rooms_two_get_them(round_):
    clinic = make_clinic(chairs=1, nurses=1, closes=time(16))
    desk = make_member(clinic).user
    courses = [to_be_held(clinic, 12, 13) for _ in range(4)]
    answers = at_once(
        *[lambda each=course: actions.hold_course(course=each, by=desk, now=NOW) for course in courses]
    )
    assert Counter(answers) == {("done",): 2, ("no_room",): 2}
    assert PlannedInfusion.objects.filter(held_at__isnull=False).count() == 2


@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_book_beside_a_held_window_one_leaves_it_its_room(round_):
    clinic = make_clinic(chairs=2, nurses=2, closes=time(16))
    desk = make_member(clinic).user
    held = to_be_held(clinic, 12, 12)
    actions.hold_course(course=held, by=desk, now=NOW)
    rows = [a_course(clinic, start_on=date(2031, 3, 12)).planned_infusions.get(ordinal=1) for _ in range(2)]
    answers = at_once(
        *[
            lambda row=row, place=place: actions.book_single(
                planned=row, seat=seat(clinic, at(12), chair=place, nurse=place), by=desk, now=NOW
            )
            for place, row in enumerate(rows)
        ]
    )
    assert Counter(answers) == {("done",): 1, ("kept_for_holds",): 1}
    assert Visit.objects.count() == 1
