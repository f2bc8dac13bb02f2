"""Reminders sent by real programs that are killed, or whose broker or mail server fails, and counted at a real SMTP
sink: what was lost, what came twice, and how long it took until the ledger was settled.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.db import connections
from django.db.models import F
from django.utils import timezone

from bench import owed
from bench.figures import Figures
from infusion.demo import leash
from infusion.demo.broker import Broker
from infusion.reminders.models import Message
from tests import programs
from tests.proxy import Proxy
from tests.sink import SmtpSink

SLOW = 0.03
"""Seconds the sink waits before it acknowledges a mail."""
SWEEP = "3"
"""Seconds between two sweeps where a fault is measured; 15 in production, and where throughput is measured."""
PATIENCE = 400.0
KILLED_EVERY = (0.02, 0.25)


@dataclass
class Ground:
    """A directory, a broker behind a breakable link, a mail server, and the programs started."""

    directory: Path
    broker: Broker
    link: Proxy
    sink: SmtpSink
    post: Proxy
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    nurseries: list[subprocess.Popen[str]] = field(default_factory=list)

    def celery(self, beats: int, *, sweep: str = SWEEP, workers: int = 2) -> None:
        """A worker with so many processes, listening, and so many beats."""
        env = programs.environment(INFUSION_SWEEP_SECONDS=sweep)
        worker = (
            "worker",
            "--pool=prefork",
            f"--concurrency={workers}",
            "--without-gossip",
            "--without-mingle",
        )
        log = self.directory / "worker.log"
        self.running.append(programs.celery(*worker, log=log, env=env))
        programs.until(lambda: "ready." in log.read_text(), seconds=60, what="the worker")
        for number in range(beats):
            log = self.directory / f"beat-{number}.log"
            self.running.append(programs.celery("beat", log=log, env=env))

    def senders(self, count: int) -> list[int]:
        """So many senders that need no broker, by their process ids."""
        if not self.nurseries:
            self.nurseries.append(
                subprocess.Popen(
                    [sys.executable, "-m", "bench.nursery"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    env=programs.environment(),
                    cwd=programs.ROOT,
                )
            )
        nursery = self.nurseries[0]
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        started = []
        for _ in range(count):
            nursery.stdin.write("another\n")
            nursery.stdin.flush()
            started.append(int(nursery.stdout.readline()))
        return started

    def stop(self) -> None:
        """Ends every program, the broker and the mail server last."""
        for nursery in self.nurseries:
            nursery.kill()
            nursery.wait()
        leash.stop(self.running, patience=10)
        self.link.stop()
        self.post.stop()
        leash.stop([self.broker.program])
        self.broker.remove()
        self.sink.stop()


@contextmanager
def ground(delay: float) -> Iterator[Ground]:
    """The parts, running, and the project's settings pointing at them."""
    with tempfile.TemporaryDirectory(prefix="infusion-bench-") as name:
        directory = Path(name)
        broker = Broker(log=directory / "broker.log")
        broker.wait()
        link = Proxy(broker.socket)
        link.start()
        sink = SmtpSink(delay=delay)
        sink.start()
        settings.BROKER_URL = link.url
        post = Proxy(sink.port)
        post.start()
        settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, post.port
        here = Ground(directory, broker, link, sink, post)
        try:
            yield here
        finally:
            here.stop()


def owe(count: int, name: str, due: datetime | None = None) -> datetime:
    """So many patients who are owed a notice that fell due a while ago, or falls due at an instant."""
    from bench.people import the_clinic

    due = due or timezone.now() - timedelta(minutes=1)
    booked = due - timedelta(seconds=the_clinic().notice_delay_seconds)
    people = owed.patients(count, name)
    owed.visits(people, 1, first_day=20, days=60, at=booked)
    return due


def settled(name: str, count: int) -> bool:
    """Whether every message of these patients has been sent."""
    mine = Message.across_clinics.filter(recipient__startswith=f"{name.lower()}-")
    try:
        return mine.filter(state="sent").count() >= count
    finally:
        connections.close_all()


def scenario(
    name: str, count: int, *, run: Callable[[Ground], None], start: Callable[[Ground], None]
) -> Figures:
    """One trial: so many mails owed, programs started, the fault while they send, and the count at the end."""
    owe(count, name)
    with ground(SLOW) as here:
        began = time.monotonic()
        start(here)
        run(here)
        programs.until(lambda: settled(name, count), seconds=PATIENCE, what=f"{name}: the ledger settled")
        seconds = time.monotonic() - began
        copies = Counter(str(mail.message["Message-ID"]) for mail in here.sink.received)
    wanted = set(
        Message.across_clinics.filter(recipient__startswith=f"{name.lower()}-").values_list(
            "message_id", flat=True
        )
    )
    end = name.lower()
    return {
        f"reminders_{end}_owed": count,
        f"reminders_{end}_lost": len(wanted - set(copies)) + count - len(wanted),
        f"reminders_{end}_duplicates": sum(copies.values()) - len(copies),
        f"reminders_{end}_copies_at_most": max(copies.values(), default=0),
        f"reminders_{end}_message_ids": len(copies),
        f"reminders_{end}_settled_s": round(seconds, 1),
    }


def came(here: Ground, count: int) -> None:
    """Wait until so many mails have come."""
    programs.until(lambda: len(here.sink.received) >= count, seconds=PATIENCE, what=f"{count} mails")


def kills(times: int, seed: int) -> Callable[[Ground], None]:
    """Three senders, and `kill -9` so often at random moments; each that fell is replaced at once."""

    def run(here: Ground) -> None:
        chance = random.Random(seed)
        alive = here.senders(3)
        came(here, 1)
        for _ in range(times):
            time.sleep(chance.uniform(*KILLED_EVERY))
            os.kill(alive.pop(chance.randrange(3)), signal.SIGKILL)
            alive += here.senders(1)

    return run


def alone(here: Ground) -> None:
    """Three senders and nobody else: no broker, no worker, no beat."""
    here.senders(3)


def flushed(here: Ground) -> None:
    """Everything the broker holds is thrown away, three times."""
    for place in (1, 3, 5):
        came(here, len(here.sink.received) + place * 10)
        with redis.Redis(unix_socket_path=str(here.broker.socket)) as client:
            client.flushall()


def hung(here: Ground) -> None:
    """The link to the broker takes everything and passes nothing, for ten seconds."""
    came(here, 60)
    here.link.set("hang")
    time.sleep(10)
    here.link.set("pass")


def stopped(here: Ground) -> None:
    """The broker is killed, and started again after ten seconds with nothing in it."""
    came(here, 60)
    here.broker.program.kill()
    here.broker.program.wait()
    time.sleep(10)
    here.broker.launch()


def without_mail_server(here: Ground) -> None:
    """The mail server is gone for ten minutes and comes back: the minutes are taken off the ledger's waits."""
    came(here, 60)
    here.post.set("reset")
    for _ in range(10):
        time.sleep(1.5)
        waiting = Message.across_clinics.filter(state="planned")
        waiting.update(next_attempt_at=F("next_attempt_at") - timedelta(minutes=1))
    here.post.set("pass")


def nothing(here: Ground) -> None:
    """No fault at all."""
