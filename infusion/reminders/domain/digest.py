"""The morning mail to colleagues: when it is due, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SEND_AT = time(7)
"""Wall-clock time of the morning mail in the clinic's zone (product default)."""
USE = timedelta(hours=5)
"""How long after that it is of use (product default)."""


@dataclass(frozen=True, slots=True)
class Count:
    """One number of the morning mail, in words for one and for many, and the page where the rest stands."""

    number: int
    one: str
    many: str
    page: str

    @property
    def words(self) -> str:
        return f"{self.number} {self.one if self.number == 1 else self.many}"


def morning(now: datetime, zone: ZoneInfo) -> tuple[date, datetime, datetime]:
    """The local day, when its mail is due, and from when it is of no use."""
    day = now.astimezone(zone).date()
    due = datetime.combine(day, SEND_AT, tzinfo=zone).astimezone(UTC)
    return day, due, due + USE
