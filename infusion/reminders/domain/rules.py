"""A clinic's settings for its messages: what goes when and by which channel, and the hours in which nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .kinds import EMAIL, MORNING, code_of, kind_of


@dataclass(frozen=True, slots=True)
class Setting:
    """What a clinic has settled about one kind; None is as the catalogue says."""

    is_on: bool = True
    days: int | None = None
    at: time | None = None
    channels: tuple[str, ...] = (EMAIL,)


AS_USUAL = Setting()


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which no message leaves that can wait: wall-clock times; the same one twice means there are none."""

    begins: time = time()
    ends: time = time()

    def ends_at(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours end in which an instant lies; None where it lies in none."""
        local = instant.astimezone(zone)
        if not self._holds(local.time()):
            return None
        overnight = self.begins > self.ends and local.time() >= self.begins
        day = local.date() + timedelta(days=1) if overnight else local.date()
        ends = datetime.combine(day, self.ends, tzinfo=zone).astimezone(UTC)
        # In the hour that the clocks show twice, the end may have passed by the first of the two.
        return ends if ends > instant else instant

    def _holds(self, at: time) -> bool:
        if self.begins <= self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


@dataclass(frozen=True, slots=True)
class Rules:
    """A clinic's settings: reminders so many days before a visit, notices so long after the last change."""

    zone: ZoneInfo
    reminder_days: tuple[int, ...] = (7, 2)
    notice_delay: timedelta = timedelta(seconds=120)
    arrange_days: int = 14
    settings: Mapping[str, Setting] = field(default_factory=dict)
    quiet: Quiet = Quiet()

    def setting(self, kind: str) -> Setting:
        return self.settings.get(code_of(kind), AS_USUAL)

    def is_on(self, kind: str) -> bool:
        """Whether the clinic sends messages of this kind: those it may not do without are always sent."""
        return self.setting(kind).is_on or not kind_of(kind).is_optional

    def days(self, kind: str) -> int:
        """How many days before the day a message is about."""
        settled = self.setting(kind).days
        return (kind_of(kind).days or 0) if settled is None else settled

    def leaves(self, kind: str, day: date, days_before: int) -> datetime:
        """The instant at which a message leaves so many days before a local date; where the clock skips it, the next
        that exists.
        """
        at = self.setting(kind).at or kind_of(kind).at or MORNING
        return datetime.combine(day - timedelta(days=days_before), at, tzinfo=self.zone).astimezone(UTC)

    def after_quiet(self, due: datetime, expires: datetime) -> datetime:
        """When a message that falls due may leave: after the quiet hours, unless its use would pass first."""
        ends = self.quiet.ends_at(due, self.zone)
        return due if ends is None or ends >= expires else ends

    def before_quiet(self, day: date, at: time) -> datetime:
        """This time of a local day, or the last hour of it before the quiet hours where it lies in them."""
        instant = datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC)
        if self.quiet.ends_at(instant, self.zone) is None:
            return instant
        begins = datetime.combine(day, self.quiet.begins, tzinfo=self.zone).astimezone(UTC)
        return (begins if begins <= instant else begins - timedelta(days=1)) - timedelta(hours=1)
