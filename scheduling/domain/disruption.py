"""What has happened to a day: the clinic shut, a nurse ill, a chair broken; whom it touches, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal

from .capacity import DayCapacity

CLOSED, NURSE, CHAIR = "closed", "nurse", "chair"
CAUSES = (NURSE, CLOSED, CHAIR)
LONGEST_DAYS = 14
"""How many days one disruption may span; a longer one is leave or a closure, entered in the settings. Product
default, unverified.
"""


@dataclass(frozen=True, slots=True)
class Disruption:
    """What is lost from ``first`` to ``last``, both included: the whole clinic (from ``since`` on each day, where
    given), one nurse, or one chair, by their keys.
    """

    cause: str
    first: date
    last: date
    since: time | None = None
    nurse: int | None = None
    chair: int | None = None
    reason: str = ""

    def touches(
        self, starts: datetime, ends: datetime, *, chair: int | None, nurses: frozenset[int], zone: ZoneInfo
    ) -> bool:
        """Whether a visit at that time, in that chair and with those nurses, cannot stay as it is."""
        day = local_date(starts, zone)
        if not self.first <= day <= self.last:
            return False
        if self.cause == NURSE:
            return self.nurse in nurses
        if self.cause == CHAIR:
            return chair == self.chair
        return self.since is None or ends > self.shuts(day, zone)

    def shuts(self, day: date, zone: ZoneInfo) -> datetime:
        """The instant from which the clinic is shut on a day."""
        return datetime.combine(day, self.since or time.min, tzinfo=zone).astimezone(UTC)

    def take_from(self, day: DayCapacity) -> None:
        """Take what is lost out of a day, in place. The visits it held are taken out by the caller."""
        if not self.first <= day.day <= self.last:
            return
        if self.cause == NURSE and self.nurse is not None:
            day.nurses.pop(self.nurse, None)
        elif self.cause == CHAIR and self.chair is not None:
            day.chairs.pop(self.chair, None)
        elif day.hours is not None:
            opens, closes = day.hours
            since = self.since if self.since is not None and self.since > opens else None
            if since is None:
                day.hours, day.open, day.closed_because = None, 0, self.reason
            elif since < closes:
                day.hours = (opens, since)
                day.open &= (1 << max(day.step_of(self.shuts(day.day, day.zone)), 0)) - 1

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON; the days stand beside it."""
        return {
            "cause": self.cause,
            "since": f"{self.since:%H:%M}" if self.since else "",
            "nurse": self.nurse,
            "chair": self.chair,
            "reason": self.reason,
        }


def read(params: Mapping[str, Any], first: date, last: date) -> Disruption:
    """A stored disruption of those days."""
    since = time.fromisoformat(params["since"]) if params.get("since") else None
    return Disruption(
        params["cause"],
        first,
        last,
        since,
        params.get("nurse"),
        params.get("chair"),
        params.get("reason", ""),
    )


def problems(what: Disruption, *, today: date) -> list[Refusal]:
    """What is wrong with a disruption as it was typed, each reason beside its field."""
    found = []
    if what.cause not in CAUSES:
        found.append(Refusal("unknown_cause", "Say what has happened.", "cause"))
    if what.cause == NURSE and what.nurse is None:
        found.append(Refusal("nurse_missing", "Say which nurse.", "nurse"))
    if what.cause == CHAIR and what.chair is None:
        found.append(Refusal("chair_missing", "Say which chair.", "chair"))
    if what.cause == CLOSED and not what.reason.strip():
        found.append(Refusal("reason_missing", "Say why in a few words.", "reason"))
    if what.last < what.first:
        found.append(Refusal("ends_before_start", "The last day lies before the first.", "last_day"))
    elif (what.last - what.first).days >= LONGEST_DAYS:
        words = f"At most {LONGEST_DAYS} days at once. Enter a longer absence or closure in the settings."
        found.append(Refusal("too_long", words, "last_day"))
    if what.first < today:
        found.append(Refusal("day_past", "This day is over. Choose today or a later day.", "first_day"))
    if what.cause == CLOSED and what.since is not None and what.last != what.first:
        found.append(Refusal("since_one_day", "A time of day goes with one day only.", "since"))
    return found
