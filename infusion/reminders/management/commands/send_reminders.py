"""`manage.py send_reminders`: what the sweep does, without a broker."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from infusion.reminders import actions, tasks


class Command(BaseCommand):
    help = "Derive what is due and send it, once or every few seconds. Needs no broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="Go on until stopped.")

    def handle(self, *, every: float | None, **options: Any) -> None:
        while True:
            actions.derive(now=timezone.now())
            for state, count in sorted(tasks.send_due().items()):
                self.stdout.write(f"{state}: {count}")
            if every is None:
                return
            close_old_connections()
            time.sleep(every)
