"""`manage.py demo`: the whole installation on this machine, filled with a synthetic clinic."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from infusion.demo import runner


class Command(BaseCommand):
    """Starts broker, mail server, web, worker and beat, and stops them all when it is stopped."""

    help = "Run the demo: web, worker, beat, broker and mail server. PORT moves it. Ctrl-C ends it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anew", action="store_true", help="throw the demo's records away first")

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(runner.main(anew=options["anew"]))
