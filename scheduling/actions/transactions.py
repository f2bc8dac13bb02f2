"""Whole transactions: tried again where two of them collided, and the locks they take in one order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.http import Http404

from clinics.domain.refusals import Refusal, Refused
from clinics.models import Chair, Clinic, Membership
from clinics.prepared import Given, Prepared
from scheduling import walls
from scheduling.domain.booking import just_taken
from scheduling.models import Course, Visit

Answer = TypeVar("Answer")
Asked = ParamSpec("Asked")
TRIES = 3
JITTER_SECONDS = 0.05
# PostgreSQL's words for transactions that got into each other's way: deadlock, serialization, lock timeout.
_COLLISIONS = frozenset({"40P01", "40001", "55P03"})


def whole(attempt: Callable[[], Answer]) -> Answer:
    """Run an attempt in one transaction, at most three times where it collided with another one.

    What still collides then was taken by somebody else: Refused with just_taken. A database that stays locked
    for longer than it waits is Refused with busy.
    """
    for tried in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return attempt()
        except (IntegrityError, OperationalError) as error:
            if "database is locked" in str(error):
                raise Refused(Refusal("busy", "The schedule is very busy. Try again in a moment.")) from error
            if not _collided(error):
                raise
            if tried == TRIES:
                raise Refused(just_taken()) from error
        time.sleep(random.uniform(0, JITTER_SECONDS) * tried)  # noqa: S311 (no secret)
    raise AssertionError("the last try either returns or raises")


def retried(action: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """An action as one whole transaction, tried again where it collided: its arguments must bear being read twice."""

    @wraps(action)
    def run(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        return whole(lambda: action(*args, **kwargs))

    return run


def _collided(error: DatabaseError) -> bool:
    if isinstance(error, IntegrityError):
        return walls.broken(error) in (walls.CHAIR, walls.PATIENT, walls.BOOKED_ONCE)
    return getattr(error.__cause__, "sqlstate", "") in _COLLISIONS


_LOCKED_COURSE = Prepared(
    lambda: (
        Course.objects.of(Given("clinic"))
        .filter(pk=Given("pk"))
        .select_for_update(no_key=True)
        .values_list("pk")
    )
)
_COURSE = Prepared(
    lambda: (
        Course.objects.of(Given("clinic"))
        .filter(pk=Given("pk"))
        .select_related("patient", "regimen_version", "clearance")
        .defer("regimen_version__definition", "clearance__verdict", "patient__phone")
    )
)


def lock_course(course: Course) -> Course:
    """The course as it stands now, held until the transaction ends. Always the first lock taken.

    Locked first and read afterwards: rows joined to one that was waited for would be as old as the wait.
    """
    key = {"clinic": course.clinic_id, "pk": course.pk}
    if not _LOCKED_COURSE.all(**key):
        raise Http404
    found: Course = _COURSE.all(**key)[0]
    found.clinic = found.patient.clinic = course.clinic
    return found


def lock_places(clinic: Clinic, chairs: Iterable[int], members: Iterable[int]) -> dict[int, Chair]:
    """Hold chairs, then nurses, each in the order of their keys, until the transaction ends; returns the
    chairs.
    """
    found: dict[int, Chair] = {chair.pk: chair for chair in _held(Chair, clinic, chairs)}
    _held(Membership, clinic, members)
    return found


def lock_clinic(clinic: Clinic) -> None:
    """Take turns in a clinic until the transaction ends: for what is decided about many days at once. Always the last
    lock taken; it keeps nobody from reading, nor from booking where no such decision is needed.
    """
    list(Clinic.objects.select_for_update(no_key=True).filter(pk=clinic.pk).values_list("pk"))


def _held(model: type[Chair] | type[Membership], clinic: Clinic, keys: Iterable[int]) -> list[Any]:
    wanted = {f"key{place}": key for place, key in enumerate(sorted(set(keys)))}
    return _places(model, tuple(wanted)).all(clinic=clinic.pk, **wanted) if wanted else []


@cache
def _places(model: type[Chair] | type[Membership], keys: tuple[str, ...]) -> Prepared:
    """So many rows of a model, locked in the order of their keys."""
    return Prepared(
        lambda: (
            model.objects.of(Given("clinic"))
            .filter(pk__in=[Given(key) for key in keys])
            .order_by("pk")
            .select_for_update(no_key=True)
        )
    )


def lock_visit(visit: Visit) -> Visit:
    """Hold a visit until the transaction ends, its course first; the visit comes back as it stands now."""
    if visit.planned_infusion is not None:
        lock_course(visit.planned_infusion.course)
    Visit.objects.of(visit.clinic).select_for_update(no_key=True).get(pk=visit.pk)
    visit.refresh_from_db(
        fields=["status", "version", "starts_at", "ends_at", "chair", "nurse", "phases", "handovers"]
    )
    return visit
