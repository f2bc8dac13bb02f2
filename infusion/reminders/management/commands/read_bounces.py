"""`manage.py read_bounces [FILE.mbox|-]`: reads what mail servers write back about mail they could not deliver."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from django.utils import timezone

from infusion.reminders import actions, mailbox


class Command(BaseCommand):
    help = (
        "Read reports of undelivered mail from a mailbox file, or from standard input (-). "
        "Reading the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", default="-", metavar="FILE", help="An mbox file or one mail; - is the input."
        )

    def handle(self, *, file: str, **options: Any) -> None:
        try:
            if file == "-":
                ended = actions.read_bounces(mailbox.mails(sys.stdin.buffer), now=timezone.now())
            else:
                with open(file, "rb") as source:
                    ended = actions.read_bounces(mailbox.mails(source), now=timezone.now())
        except OperationalError as away:
            # A mail server that hands us a mail keeps it and tries again.
            raise CommandError(f"The database is away: {away}", returncode=os.EX_TEMPFAIL) from away
        except OSError as unread:
            raise CommandError(f"The mailbox cannot be read: {unread}", returncode=os.EX_NOINPUT) from unread
        self.stdout.write(
            ", ".join(f"{count} {state}" for state, count in sorted(ended.items())) or "no mail"
        )
