"""Time as a clinic works it: how long it was open, when it next is, and when so many open minutes have passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinics.domain.calendar import OpenCalendar

FARTHEST = 60
"""Days ahead in which an opening is looked for: a clinic shut for longer names none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """When reports are read: whether the clinic is open now, until when, or from when on; None where it never opens."""

    is_open: bool
    until: datetime | None
    opens_at: datetime | None


def open_spans(
    calendar: OpenCalendar, zone: ZoneInfo, first: date, last: date
) -> Iterator[tuple[datetime, datetime]]:
    """The instants between which the clinic is open, day by day; the clock's changes lie inside or outside them."""
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        hours = calendar.open_hours(day)
        if hours is None:
            continue
        opens, closes = (datetime.combine(day, at, tzinfo=zone).astimezone(UTC) for at in hours)
        if opens < closes:
            yield opens, closes


def worked(calendar: OpenCalendar, zone: ZoneInfo, since: datetime, until: datetime) -> timedelta:
    """How long the clinic was open between two instants."""
    spans = open_spans(calendar, zone, _day(since, zone), _day(until, zone))
    within = (min(closes, until) - max(opens, since) for opens, closes in spans)
    return sum((each for each in within if each > timedelta()), timedelta())


def after_working(calendar: OpenCalendar, zone: ZoneInfo, since: datetime, minutes: int) -> datetime | None:
    """The instant at which the clinic has been open for so many minutes since an instant; None if it stays shut."""
    left = timedelta(minutes=minutes)
    first = _day(since, zone)
    for opens, closes in open_spans(calendar, zone, first, first + timedelta(days=FARTHEST)):
        begins = max(opens, since)
        if begins >= closes:
            continue
        if closes - begins >= left:
            return begins + left
        left -= closes - begins
    return None


def reading(calendar: OpenCalendar, zone: ZoneInfo, at: datetime) -> Reading:
    """When a report that comes in at an instant is read."""
    first = _day(at, zone)
    for opens, closes in open_spans(calendar, zone, first, first + timedelta(days=FARTHEST)):
        if opens <= at < closes:
            return Reading(True, closes, None)
        if at < opens:
            return Reading(False, None, opens)
    return Reading(False, None, None)


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
