"""``manage.py verify_audit``: does the audit trail hold?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinics import actions


class Command(BaseCommand):
    help = "Walk the sealed audit trail; fails at the first break."

    def handle(self, *args: Any, **options: Any) -> None:
        held, broken = actions.verify_audit()
        if broken:
            raise CommandError(f"{held} entries hold. {broken}")
        self.stdout.write(f"{held} sealed entries hold.")
