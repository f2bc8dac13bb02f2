"""Senders among broken parts: the broker flushed, hung, cut off and gone, the mail server gone and back, sweeps at
once, and visits cancelled while their reminder is on its way.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from infusion.celery import app
from infusion.demo import leash
from infusion.health import broker_address
from infusion.reminders import actions, post, tasks
from infusion.reminders.models import Message
from scheduling import actions as scheduling
from scheduling.models import Visit
from tests import factory, programs
from tests.conftest import forget_links
from tests.ledger import HOUR, wait_is_over
from tests.proxy import Proxy
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def book(count: int) -> list[Visit]:
    """So many patients with a visit booked an hour ago, each of whom is owed one mail."""
    clinic = factory.make_clinic()
    return [
        factory.make_visit(factory.make_patient(clinic), kind="follow_up", at=timezone.now() - HOUR)
        for _ in range(count)
    ]


def states() -> Counter[str]:
    return Counter(Message.across_clinics.values_list("state", flat=True))


def copies(sink: SmtpSink) -> Counter[str]:
    return Counter(str(received.message["Message-ID"]) for received in sink.received)


def once_each() -> Counter[str]:
    return Counter(Message.across_clinics.values_list("message_id", flat=True))


def side_by_side(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return, begun together in threads of their own."""
    begin = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        begin.wait(timeout=10)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def a_worker(log: Path) -> Iterator[None]:
    """A real worker that has begun to listen."""
    cache.clear()  # or an earlier one's heartbeat is taken for its own
    running = programs.celery(*programs.WORKER, log=log)
    try:
        programs.wait_for_heartbeat("worker", running, log)
        yield
    finally:
        leash.stop([running], patience=10)


@pytest.fixture
def link(broker: str, settings: Any) -> Iterator[Proxy]:
    """The broker behind a link that can be broken; the project and the programs it starts go through it."""
    proxy = Proxy(Path(broker.removeprefix("redis+socket://")))
    proxy.start()
    settings.BROKER_URL = app.conf.broker_url = proxy.url
    forget_links()
    yield proxy
    proxy.stop()


def test_broker_flushed_between_handing_out_and_working_loses_nothing(
    broker: str, smtp_sink: SmtpSink, tmp_path: Path
) -> None:
    book(5)
    tasks.sweep()
    with redis.Redis.from_url(broker_address(broker)) as client:
        assert client.dbsize() > 0
        client.flushall()
    assert states() == {"planned": 5}
    with a_worker(tmp_path / "worker.log"):
        tasks.sweep()
        programs.until(lambda: states() == {"sent": 5}, what="five rows marked sent")
    assert copies(smtp_sink) == once_each()


def test_one_nudge_sends_all_that_is_due(broker: str, smtp_sink: SmtpSink) -> None:
    book(4)
    actions.derive(now=timezone.now())
    assert tasks.send_one(Message.across_clinics.latest("id").pk) == "sent"
    assert states() == {"sent": 4}
    assert copies(smtp_sink) == once_each()


def test_nudge_that_has_gone_on_long_enough_leaves_the_rest(
    smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    book(3)
    actions.derive(now=timezone.now())
    monkeypatch.setattr(tasks, "GOES_ON", 0.0)
    assert tasks.send_one(Message.across_clinics.earliest("id").pk) == "sent"
    assert states() == {"sent": 1, "planned": 2}


@pytest.mark.parametrize("fault", ["hang", "reset"])
def test_broker_that_hangs_or_breaks_off_is_given_up_and_the_sweep_sends_itself(
    link: Proxy, smtp_sink: SmtpSink, fault: str
) -> None:
    book(2)
    tasks.sweep()  # the link stands
    link.set(fault)
    began = time.monotonic()
    tasks.sweep()
    assert time.monotonic() - began < 5
    assert states() == {"sent": 2}
    assert copies(smtp_sink) == once_each()


def test_worker_cut_off_from_its_broker_comes_back(link: Proxy, smtp_sink: SmtpSink, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with a_worker(log):
        link.set("reset")
        # The one where the link stood, the other where it was only being made.
        lost = ("connection to broker lost", "cannot connect to")
        programs.until(lambda: any(words in log.read_text().lower() for words in lost), what="the break")
        link.set("pass")
        book(3)
        # Who is nudged while nobody listens is nudged again by the next sweep.
        programs.until(lambda: tasks.sweep() == 0 and states() == {"sent": 3}, what="three rows sent")
    assert copies(smtp_sink) == once_each()


def test_mail_server_down_for_ten_minutes_and_back_sends_each_once(
    smtp_sink: SmtpSink, settings: Any
) -> None:
    """Ten waits of a minute each: the clock is moved in the ledger, nobody waits."""
    book(3)
    actions.derive(now=timezone.now())
    back, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    for _ in range(10):
        # One is tried and finds nobody; the others are left for the next round.
        assert tasks.send_due() == {"waiting": 1}
        wait_is_over()
    assert states() == {"planned": 3}
    assert set(Message.across_clinics.values_list("attempts", "handed_over_at")) == {(0, None)}
    settings.EMAIL_PORT = back
    assert tasks.send_due() == {"sent": 3}
    assert copies(smtp_sink) == once_each()


def test_mail_server_gone_after_an_answer_was_lost_leaves_the_patient_told(
    smtp_sink: SmtpSink, settings: Any
) -> None:
    """The first copy may have arrived. A visit cancelled now must be told, although the second found no server."""
    [visit] = book(1)
    actions.derive(now=timezone.now())
    claimed = actions.claim_one()
    assert claimed is not None
    actions.prepare(claimed.pk, claimed.fence, now=timezone.now())  # and the sender dies
    Message.across_clinics.update(lease_until=timezone.now() - HOUR)
    back, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert tasks.send_due() == {"waiting": 1}
    settings.EMAIL_PORT = back
    factory.change_visit(visit, "cancelled", at=timezone.now() - HOUR, status="cancelled")
    wait_is_over()
    actions.derive(now=timezone.now())
    assert tasks.send_due() == {"superseded": 1, "sent": 1}
    assert [str(mail.message["Subject"]) for mail in smtp_sink.received] == [
        Message.across_clinics.get(kind="cancelled").subject_line
    ]


def test_four_sweeps_and_four_senders_at_once_send_each_mail_once(smtp_sink: SmtpSink) -> None:
    book(8)
    side_by_side(*[lambda: actions.derive(now=timezone.now())] * 4)
    side_by_side(*[tasks.send_due] * 4)
    assert states() == {"sent": 8}
    assert copies(smtp_sink) == once_each()


def test_mails_sent_in_a_row_go_over_one_line_to_the_server(smtp_sink: SmtpSink) -> None:
    book(5)
    actions.derive(now=timezone.now())
    assert tasks.send_due() == {"sent": 5}
    assert (smtp_sink.receiver.lines, copies(smtp_sink)) == (1, once_each())


def test_line_that_the_mail_server_ended_between_two_mails_is_made_anew(
    smtp_sink: SmtpSink, settings: Any
) -> None:
    between = Proxy(smtp_sink.port)
    between.start()
    settings.EMAIL_PORT = between.port
    book(3)
    actions.derive(now=timezone.now())
    with post.Line() as line:
        for _ in range(3):
            claimed = actions.claim_one()
            assert claimed is not None
            assert actions.send(claimed, claimed.fence, line) == "sent"
            between.set("reset")
            between.set("pass")
    between.stop()
    assert (smtp_sink.receiver.lines, copies(smtp_sink)) == (3, once_each())


def test_sender_that_slept_through_its_lease_sends_no_second_copy(smtp_sink: SmtpSink) -> None:
    book(1)
    actions.derive(now=timezone.now())
    claimed = actions.claim_one()
    assert claimed is not None
    ready = actions.prepare(claimed.pk, claimed.fence, now=timezone.now())
    Message.across_clinics.update(lease_until=timezone.now() - HOUR)
    assert tasks.send_due() == {"sent": 1}
    # The sleeper wakes between the settled words and the mail server.
    assert actions.hand_over(ready) == "lost"
    assert len(smtp_sink.received) == 1


def test_reminder_of_a_visit_cancelled_before_the_mail_server_greets_never_comes(
    smtp_sink: SmtpSink, settings: Any
) -> None:
    """Cancellations race sends. The line is the last look, taken when the mail server has greeted: no reminder comes
    whose sender was greeted after the cancellation was committed, and every one that came is followed by a notice.
    """
    trials = 30
    now = timezone.now()
    soon = (now + 30 * HOUR).replace(minute=0, second=0, microsecond=0)
    clinic = factory.make_clinic()
    desk = factory.make_member(clinic).user
    visits = [
        # Booked too long ago for a notice, and near: a reminder is due.
        factory.make_visit(factory.make_patient(clinic), kind="follow_up", at=now - 40 * DAY, starts_at=soon)
        for _ in range(trials)
    ]
    actions.derive(now=now)
    smtp_sink.receiver.greets_after = smtp_sink.delay = 0.03
    chance = random.Random(2028)
    committed: dict[str, float] = {}

    def is_under_way(pk: int) -> bool:
        return Message.across_clinics.filter(pk=pk, state="sending").exists()

    def canceller() -> None:
        """Cancels any visit, or rather one whose reminder is on its way; one in three once the reminder has come."""
        left = {visit.pk: visit for visit in visits}
        while left:
            time.sleep(chance.uniform(0.0, 0.04))
            under_way = Message.across_clinics.filter(state="sending", visit__in=left).first()
            visit = left.pop(under_way.visit_id if under_way else chance.choice(list(left)))
            if under_way and len(left) % 3 == 0:
                programs.until(lambda pk=under_way.pk: not is_under_way(pk), what="the mail to come")
            scheduling.cancel_visit(visit=visit, reason="cannot come", by=desk, now=timezone.now())
            committed[visit.patient.email] = time.monotonic()

    side_by_side(tasks.send_due, tasks.send_due, canceller)
    came = {mail.to[0]: mail for mail in smtp_sink.received}
    assert len(smtp_sink.received) == len(came)
    late = [who for who, mail in came.items() if mail.greeted_at > committed[who]]
    assert late == []
    assert 0 < len(came) < trials  # both sides of the line were tried
    told = Message.across_clinics.filter(handed_over_at__isnull=False).values_list("recipient", flat=True)
    assert set(told) == set(came)
    # Those who were told hear of the cancellation, and nobody else.
    before = len(smtp_sink.received)
    actions.derive(now=timezone.now() + timedelta(minutes=4))
    wait_is_over()
    tasks.send_due()
    notices = [mail.to[0] for mail in smtp_sink.received[before:]]
    assert sorted(notices) == sorted(came)
