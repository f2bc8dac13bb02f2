"""`manage.py lapse_offers`: what the job does, without a broker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from scheduling.actions.waiting import lapse


class Command(BaseCommand):
    help = "Close offers of the waiting list that have run out. Needs no broker."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"lapsed: {lapse(now=timezone.now())}")
