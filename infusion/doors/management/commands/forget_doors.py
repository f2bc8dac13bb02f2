"""`manage.py forget_doors`: what the job does, without a broker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from infusion.doors.forgetting import forget


class Command(BaseCommand):
    help = "Delete sessions that are over, and old sign-ins and failed tries. Needs no broker."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"deleted: {forget(now=timezone.now())}")
