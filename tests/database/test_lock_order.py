"""Rows are locked in one order everywhere: two colleagues at work on the same ones wait in a queue, never in a ring."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from clinics import actions as clinics
from clinics.models import Chair
from scheduling import actions, queries
from scheduling.actions.transactions import lock_clinic, lock_places, lock_visit
from tests.database.booking.arranged import NOW, follow_up
from tests.factory import make_clinic, make_member, make_patient

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20


@pytest.fixture
def clinic():
    return make_clinic(chairs=1, nurses=1)


def somebody_waits():
    """Come back once another session waits for a lock. On SQLite there is nothing to see: its writers queue."""
    until = time.monotonic() + PATIENCE
    while connection.vendor == "postgresql" and time.monotonic() < until:
        with connection.cursor() as cursor:
            # Inside a transaction the first look would be kept, and nobody would ever be seen to wait.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return


def beside(first, press, then):
    """What ``press`` gives when it comes between two locks of this transaction."""

    def pressed():
        try:
            return press()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as colleague:
        with transaction.atomic():
            first()
            answer = colleague.submit(pressed)
            somebody_waits()
            then()
        return answer.result(PATIENCE)


def test_changing_a_chair_queues_behind_a_booking_that_counts_held_windows(clinic):
    manager, chair = make_member(clinic, "manager").user, clinic.chairs.get()
    seen = clinics.chair_mark(chair)
    wanted = {"name": "By the window", "kind": "chair", "in_service": True, "seen": seen, "by": manager}
    changes = beside(
        lambda: lock_places(clinic, [chair.pk], []),
        lambda: clinics.change_chair(chair=Chair.objects.get(pk=chair.pk), **wanted),
        lambda: lock_clinic(clinic),
    )
    assert changes == {"name": ["Chair 1", "By the window"]}


def test_moving_a_follow_up_queues_behind_its_undo(clinic):
    desk, nurse = make_member(clinic).user, clinic.memberships.get(role="nurse")
    starts = datetime(2031, 3, 12, 9, tzinfo=UTC)
    asked = follow_up(make_patient(clinic), starts, nurse=nurse)
    visit = actions.book_follow_up(by=desk, now=NOW, **asked)
    later = {"starts_at": starts + timedelta(hours=1), "version": 1, "reason": "asked for a later hour"}
    moved = beside(
        lambda: lock_visit(queries.visit(clinic, visit.pk)),
        lambda: actions.move_follow_up(visit=queries.visit(clinic, visit.pk), by=desk, now=NOW, **later),
        lambda: lock_places(clinic, [], [nurse.pk]),
    )
    assert moved.starts_at == later["starts_at"]
