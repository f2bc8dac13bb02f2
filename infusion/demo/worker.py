"""The project's Celery app as the demo runs it: pool children die with the worker that forked them."""

import os
from typing import Any

from celery.signals import worker_process_init

from infusion.celery import app
from infusion.demo import leash

__all__ = ["app"]
WORKER = os.getpid()  # this module is loaded before the worker forks


@worker_process_init.connect
def tie(**_signal: Any) -> None:
    """Runs in each new pool child."""
    leash.tie_to(WORKER)
