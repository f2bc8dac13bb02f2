"""Local dates and wall-clock times against instants, and when a clinic is open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .refusals import Refusal


def local_instant(day: date, at: time, zone: ZoneInfo) -> datetime | Refusal:
    """The UTC instant of a wall-clock time, or a refusal where the clock skips it or shows it twice."""
    naive = datetime.combine(day, at)
    first = naive.replace(tzinfo=zone, fold=0)
    second = naive.replace(tzinfo=zone, fold=1)
    instant = first.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != naive:
        return Refusal(
            "nonexistent_time",
            f"{at:%H:%M} does not exist on {day:%d %B %Y}: the clocks go forward. Choose another time.",
            "time",
        )
    if first.utcoffset() != second.utcoffset():
        return Refusal(
            "ambiguous_time",
            f"{at:%H:%M} happens twice on {day:%d %B %Y}: the clocks go back. Choose another time.",
            "time",
        )
    return instant


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The clinic's date at an instant."""
    return instant.astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The UTC instants at which a local day begins and ends; 23 to 25 hours apart where the clocks change."""
    begin = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
    return begin, end


@dataclass(frozen=True, slots=True)
class OpenCalendar:
    """When a clinic is open: hours per weekday (0 = Monday), the days on which it is shut, with the reason, and the
    days on which it shuts earlier than usual.
    """

    hours: Mapping[int, tuple[time, time]]
    closures: Mapping[date, str] = field(default_factory=dict)
    shut_from: Mapping[date, time] = field(default_factory=dict)

    def closed_because(self, day: date) -> str | None:
        """Why the clinic is shut that day, or None where it is open."""
        if day in self.closures:
            return self.closures[day]
        if day.weekday() not in self.hours:
            return f"closed on {day:%A}s"
        return None

    def open_hours(self, day: date) -> tuple[time, time] | None:
        """The wall-clock times between which visits may run, or None on a closed day."""
        if self.closed_because(day):
            return None
        opens, closes = self.hours[day.weekday()]
        return opens, min(closes, self.shut_from.get(day, closes))
