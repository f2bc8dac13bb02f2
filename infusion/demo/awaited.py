"""A patient of the demo whose next infusion comes near and whose blood test is still to be had."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Protocol

from infusion.demo.people import Invented
from regimens.domain.dates import add_months
from scheduling.models import Course

WHO = Invented("Ilse", "Vermeer", "1967-10-02", "female", "RA")
AHEAD, CLEARED = 36, 130
"""Days to the next infusion, and since the evaluation with its blood test."""


class Filling(Protocol):
    """What is needed here of the demo as it is filled."""

    today: date

    def ago(self, days: int) -> datetime: ...
    def continuing(self, who: Invented, first_on: date, when: datetime) -> Course: ...


def tell(demo: Filling) -> None:
    """Two infusions five months ago, and none of her blood looked at since: she is told by which day to have a test."""
    demo.continuing(WHO, add_months(demo.today + timedelta(days=AHEAD), -6), demo.ago(CLEARED))
