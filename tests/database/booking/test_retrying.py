"""Transactions that collide are tried again as a whole, and then told as a lost race."""

import psycopg
import pytest
from django.db import IntegrityError, OperationalError

from clinics.domain.refusals import Refused
from scheduling.actions.transactions import TRIES, whole
from scheduling.models import Course, Visit
from tests.database.booking.arranged import a_course, booked
from tests.factory import make_visit

pytestmark = pytest.mark.django_db


class Collision:
    """An attempt that fails with an error so many times, and counts its tries."""

    def __init__(self, error, times):
        self.error, self.times, self.tries = error, times, 0

    def __call__(self):
        self.tries += 1
        if self.tries <= self.times:
            raise self.error
        return "done"


def deadlock(kind):
    error = OperationalError("in each other's way")
    error.__cause__ = kind()
    return error


@pytest.mark.parametrize(
    "kind",
    [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.LockNotAvailable],
)
def test_a_collision_is_tried_again(kind):
    attempt = Collision(deadlock(kind), TRIES - 1)
    assert (whole(attempt), attempt.tries) == ("done", TRIES)


def test_what_collides_every_time_was_taken_by_somebody_else():
    attempt = Collision(deadlock(psycopg.errors.DeadlockDetected), TRIES)
    with pytest.raises(Refused) as refused:
        whole(attempt)
    assert (refused.value.codes, attempt.tries) == (("just_taken",), TRIES)


def test_a_write_into_the_wall_is_tried_again_and_leaves_nothing(clinic, desk, course):
    booked(course, desk)
    taken = Visit.objects.order_by("starts_at")[0]
    other = a_course(clinic)
    tries = []

    def attempt():
        tries.append(1)
        Course.objects.filter(pk=other.pk).update(ended_reason="written before the wall")
        make_visit(
            other.patient,
            starts_at=taken.starts_at,
            planned_infusion=other.planned_infusions.get(ordinal=1),
            chair=taken.chair,
        )

    with pytest.raises(Refused) as refused:
        whole(attempt)
    other.refresh_from_db()
    assert (refused.value.codes, len(tries), other.ended_reason) == (("just_taken",), TRIES, "")


def test_a_database_that_stays_locked_is_said_to_be_busy():
    attempt = Collision(OperationalError("database is locked"), TRIES)
    with pytest.raises(Refused) as refused:
        whole(attempt)
    assert (refused.value.codes, attempt.tries) == (("busy",), 1)


@pytest.mark.parametrize("error", [IntegrityError("some other constraint"), OperationalError("disk full")])
def test_any_other_fault_is_not_hidden(error):
    attempt = Collision(error, 1)
    with pytest.raises(type(error)):
        whole(attempt)
    assert attempt.tries == 1
