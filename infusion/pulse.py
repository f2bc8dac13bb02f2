"""Heartbeats of the background programs, kept in the shared cache for the health page.

The worker's and beat's are independent of each other: each writes its own, from its own loop.
"""

import logging
import time
from typing import Any

from celery import bootsteps
from celery.beat import Scheduler
from django.core.cache import cache
from django.db import Error, connections

logger = logging.getLogger(__name__)

EVERY = 15.0  # seconds between two heartbeats
KEPT = 24 * 3600  # seconds a heartbeat stays readable, so that the page can say how old it is


def key(program: str) -> str:
    """Name of the cache entry that holds a program's last heartbeat."""
    return f"heartbeat:{program}"


def write(program: str) -> None:
    """Stores the present second as the program's heartbeat. A database that is away is logged, not raised."""
    try:
        cache.set(key(program), time.time(), timeout=KEPT)
    except Error:
        logger.exception("the heartbeat of %s could not be written", program)
    finally:
        connections.close_all()


def ages(*programs: str) -> dict[str, float | None]:
    """Seconds since each program's last heartbeat; None where there was none in the last day."""
    found = cache.get_many([key(program) for program in programs])
    now = time.time()
    return {
        program: max(0.0, now - found[key(program)]) if key(program) in found else None
        for program in programs
    }


class WorkerPulse(bootsteps.StartStopStep):
    """Beats in the worker's own loop for as long as it holds its link to the broker."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.timer: Any = None

    def start(self, parent: Any) -> None:
        write("worker")
        self.timer = parent.timer.call_repeatedly(EVERY, write, ("worker",))

    def stop(self, parent: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class PulsingScheduler(Scheduler):
    """Beat's scheduler with a heartbeat. The schedule is static and its periods short, so nothing of
    it is kept on disk: no file to corrupt, none for two beats to fight over."""

    last_pulse: float | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Sends what is due and returns the seconds until the next look."""
        now = time.monotonic()
        if self.last_pulse is None or now - self.last_pulse >= EVERY:
            write("beat")
            self.last_pulse = now
        return min(super().tick(*args, **kwargs), EVERY)
