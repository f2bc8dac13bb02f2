"""`python -m bench.nursery`: senders by the dozen. Each line it reads forks a sender that is at work at once, and it
answers with its process id; they go when it does.

A sender does what `manage.py send_reminders --every` does. Forked, it is sending within milliseconds, so that a kill
meets it at its work and not while it loads its code.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import django

EVERY = 0.05


def _send() -> None:
    from django.db import connections
    from django.utils import timezone

    from infusion.reminders import actions, tasks

    connections.close_all()
    while True:
        actions.derive(now=timezone.now())
        tasks.send_due()
        time.sleep(EVERY)


def main() -> None:
    django.setup()
    from infusion.demo import leash

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getpid()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            leash.tie_to(parent)
            _send()
        print(child, flush=True)


if __name__ == "__main__":
    main()
