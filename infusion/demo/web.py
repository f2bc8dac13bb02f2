"""Gunicorn's settings in the demo: two processes that die with the one that forked them."""

import os
from typing import Any

from infusion.demo import leash

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = 2
threads = 8
preload_app = True  # loaded once, not once per process: half the start-up work
graceful_timeout = 3
errorlog = "-"
control_socket_disable = True  # it would lie in the home directory, and nobody steers the demo


def when_ready(server: Any) -> None:
    """Runs before the first fork: the pages' code is loaded once too, not at each child's first request."""
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018 (a lazy attribute)


def post_fork(server: Any, worker: Any) -> None:
    """Runs in each new child."""
    leash.tie_to(worker.ppid)
