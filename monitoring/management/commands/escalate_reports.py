"""`manage.py escalate_reports`: what the job does, without a broker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from monitoring.actions import escalate_everywhere


class Command(BaseCommand):
    help = "Escalate reports that say call now and that nobody has read in time. Needs no broker."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"escalated: {escalate_everywhere(now=timezone.now())}")
