"""Reminders: lost and doubled among kills and faults, how many a second, how late, and what a sweep costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import time as clock
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import figures, owed, rows, senders
from bench.people import the_clinic
from bench.senders import Ground
from clinics.models import Clinic
from infusion.reminders import actions, queries
from infusion.reminders.models import Message
from patients.models import Patient
from tests import programs

OWED = 300
KILLS = 40
TRIALS: dict[str, tuple[Callable[[Ground], None], Callable[[Ground], None]]] = {
    "Killed": (senders.nothing, senders.kills(KILLS, 2027)),
    "Alone": (senders.nothing, senders.alone),
    "Flushed": (lambda here: here.celery(1), senders.flushed),
    "Hung": (lambda here: here.celery(1), senders.hung),
    "Stopped": (lambda here: here.celery(1), senders.stopped),
    "Unposted": (lambda here: here.celery(1), senders.without_mail_server),
    "Twobeats": (lambda here: here.celery(2), senders.nothing),
}
"""Names, what is started, and what happens while it sends. Alone: no broker, no worker and no beat."""
AT_ONCE = (1_000, 10_000)
STANDING = 1_000_000
EACH = 20
"""Visits of each patient."""


def measure(size: str) -> figures.Figures:
    """The trials one after the other, then mails in great number, then sweeps over a million standing visits."""
    # The bench's own bookings owe nothing here, and the figures do not hang on the hour at which they are taken.
    clinic = the_clinic()
    Patient.objects.of(clinic).update(deceased=True)
    Clinic.objects.filter(pk=clinic.pk).update(quiet_from=clock(), quiet_until=clock())
    found: figures.Figures = {}
    for name, (start, run) in TRIALS.items():
        found |= senders.scenario(name, OWED, start=start, run=run)
    for count in AT_ONCE:
        found |= _at_once(count)
    found |= _sweeps(STANDING)
    return figures.named(connection.vendor, "", found)


def _at_once(count: int) -> figures.Figures:
    """So many mails due at one instant, through Celery with two worker processes and one beat as in production."""
    name = f"Due{count}"
    with senders.ground(0.0) as here:
        due = senders.owe(count, name, timezone.now() + timedelta(seconds=10 + count / 500))
        here.celery(1, sweep="15")
        assert timezone.now() < due, "the programs started too slowly"
        offset = time.monotonic() - timezone.now().timestamp()
        programs.until(lambda: len(here.sink.received) >= count, seconds=1_200, what=f"{count} mails")
        greeted = sorted(mail.greeted_at - offset for mail in here.sink.received)
    late = [each - due.timestamp() for each in greeted]
    return {
        f"reminders_{count}_a_second": round(count / (greeted[-1] - greeted[0]), 1),
        f"reminders_{count}_late_p50_s": round(figures.percentile(late, 50), 1),
        f"reminders_{count}_late_p95_s": round(figures.percentile(late, 95), 1),
        f"reminders_{count}_late_last_s": round(late[-1], 1),
        f"reminders_{count}_received": len(greeted),
    }


def _sweeps(standing: int) -> figures.Figures:
    """What one sweep costs with so many visits standing: nothing due, and a thousand mails due."""
    today = timezone.now()
    began = time.perf_counter()
    people = owed.patients(standing // EACH, "Standing")
    owed.visits(people, EACH, first_day=1, days=182, at=today - timedelta(days=60))
    rows.settle()
    loaded = time.perf_counter() - began
    began = time.perf_counter()
    derived = actions.derive(now=timezone.now())
    first = time.perf_counter() - began
    Message.across_clinics.exclude(state="sent").update(state="sent", sent_at=timezone.now())
    rows.settle()
    nothing = figures.timed(5, lambda _: _sweep())
    with CaptureQueriesContext(connection) as counted:
        _sweep()
    senders.owe(1_000, "Late")
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as counted_due:
        due = _sweep()
    return {
        "reminders_standing_visits": standing,
        "reminders_standing_load_s": round(loaded, 1),
        "reminders_backlog_rows": derived,
        "reminders_backlog_sweep_s": round(first, 1),
        **figures.spread("reminders_sweep_idle", nothing),
        "reminders_sweep_idle_queries": len(counted),
        "reminders_sweep_1000_due_ms": figures.ms(time.perf_counter() - began),
        "reminders_sweep_1000_due_queries": len(counted_due),
        "reminders_sweep_1000_due_rows": due,
    }


def _sweep() -> int:
    """What `tasks.sweep` does before it nudges anybody."""
    written = actions.derive(now=timezone.now())
    queries.claimable_ids(20)
    return written
