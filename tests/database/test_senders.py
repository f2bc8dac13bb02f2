"""Senders as real programs: Celery worker and beat over a real broker, and senders killed at their work."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from infusion.demo import leash
from infusion.reminders import actions, queries, tasks
from infusion.reminders.models import Message
from tests import factory, programs
from tests.conftest import forget_links
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def book_for_new_patients(count: int) -> None:
    """So many patients with a visit booked an hour ago, each of whom is owed one mail."""
    clinic = factory.make_clinic()
    for _ in range(count):
        factory.make_visit(factory.make_patient(clinic), kind="follow_up", at=timezone.now() - HOUR)


def states() -> Counter[str]:
    return Counter(Message.across_clinics.values_list("state", flat=True))


@pytest.fixture
def senders(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Running programs; whatever is in the list at the end is stopped."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    leash.stop(running)


def start_sender(log: Path) -> subprocess.Popen[bytes]:
    """`manage.py send_reminders` over and over, on the test's database and mail server."""
    command = [sys.executable, "manage.py", "send_reminders", "--every", "0.05"]
    return leash.start(command, log=log, env=programs.environment(), cwd=programs.ROOT)


def test_worker_and_two_beats_send_what_is_due_untouched_and_once(
    worker: Path, smtp_sink: SmtpSink, senders: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    often = programs.environment(INFUSION_SWEEP_SECONDS="1")
    logs = [tmp_path / "beat.log", tmp_path / "other_beat.log"]
    senders += [programs.celery("beat", log=log, env=often) for log in logs]
    book_for_new_patients(3)
    programs.until(lambda: len(smtp_sink.received) >= 3, seconds=60, what="three mails")
    programs.until(lambda: states() == {"sent": 3}, what="three rows marked sent")
    programs.until(lambda: all("send what is due" in log.read_text() for log in logs), what="both beats")
    assert Counter(received.to[0] for received in smtp_sink.received) == Counter(
        Message.across_clinics.values_list("recipient", flat=True)
    )


def test_sweep_hands_out_ids_to_the_worker(worker: Path, smtp_sink: SmtpSink) -> None:
    book_for_new_patients(5)
    assert tasks.sweep() == 5
    programs.until(lambda: states() == {"sent": 5}, what="five rows marked sent")
    assert tasks.sweep() == 0


def test_sweep_without_a_broker_sends_by_itself(smtp_sink: SmtpSink, settings: object) -> None:
    settings.BROKER_URL = ""
    book_for_new_patients(2)
    tasks.sweep()
    assert states() == {"sent": 2}


def test_sweep_with_a_broker_that_is_gone_sends_by_itself(
    broker: str, smtp_sink: SmtpSink, settings: object
) -> None:
    from infusion.celery import app

    gone = "redis+socket:///nowhere/broker.sock"
    app.conf.broker_url = settings.BROKER_URL = gone
    forget_links()
    book_for_new_patients(2)
    tasks.sweep()
    assert states() == {"sent": 2}


def test_sending_a_message_that_is_not_to_be_sent_does_nothing(smtp_sink: SmtpSink) -> None:
    assert tasks.send_one(123456) == "lost"
    assert smtp_sink.received == []


def test_senders_killed_at_their_work_lose_nothing(
    smtp_sink: SmtpSink, senders: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Thirty mails, two senders, five kills. At most one copy more for each sender killed, by the same name."""
    book_for_new_patients(30)
    smtp_sink.delay = 0.05
    log = tmp_path / "senders.log"
    senders += [start_sender(log), start_sender(log)]
    chance = random.Random(2027)
    kills = 5
    for number in range(1, kills + 1):
        programs.until(lambda: len(smtp_sink.received) >= 4 * number, seconds=60, what="mails to come")  # noqa: B023
        victim = senders.pop(chance.randrange(2))
        victim.kill()
        victim.wait()
        senders.append(start_sender(log))
    programs.until(lambda: not queries.claimable_ids(1), seconds=60, what="the rest to be sent")
    programs.until(lambda: states()["sending"] <= kills, seconds=60, what="the living to finish")
    leash.stop(senders)
    # What dead senders held: their leases run out in two minutes, or now.
    Message.across_clinics.filter(state="sending").update(lease_until=timezone.now() - HOUR)
    while message := actions.claim_one():
        actions.send(message, message.fence)

    copies = Counter(str(received.message["Message-ID"]) for received in smtp_sink.received)
    assert states() == {"sent": 30}
    assert set(copies) == set(Message.across_clinics.values_list("message_id", flat=True))
    assert sum(copies.values()) - 30 <= kills + 2
    assert max(copies.values()) <= 2
