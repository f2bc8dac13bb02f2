"""Where each visit of a day stands on the board: chairs are columns, five-minute steps are rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinics.domain.calendar import day_bounds

STEP = timedelta(minutes=5)
MAX_STEPS = 216
"""What the style sheet has classes for: eighteen hours."""
MAX_CHAIRS = 30
DEFAULT_HOURS = (time(8), time(18))


@dataclass(frozen=True, slots=True)
class Booked:
    """A visit as the board needs it, with UTC instants. One that does not ``stand`` has given its chair back."""

    visit: int
    chair: int
    starts: datetime
    ends: datetime
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A visit's place: its chair's column (from 1), the first step from the board's beginning, and how many steps."""

    visit: int
    column: int
    step: int
    span: int


@dataclass(frozen=True, slots=True)
class Hour:
    """A label of the time axis: wall-clock time and the step it stands at."""

    step: int
    words: str


@dataclass(frozen=True, slots=True)
class Shut:
    """Steps in which the clinic is closed."""

    step: int
    span: int


@dataclass(frozen=True, slots=True)
class Now:
    """The line of the present moment."""

    step: int
    words: str


@dataclass(frozen=True, slots=True)
class Board:
    """A day laid out in ``steps``: ``places`` in order of time, the axis, what is closed, and the present moment."""

    steps: int
    columns: tuple[int, ...]
    places: tuple[Place, ...]
    hours: tuple[Hour, ...]
    shut: tuple[Shut, ...]
    now: Now | None


def lay_out(
    visits: Iterable[Booked],
    *,
    day: date,
    zone: ZoneInfo,
    hours: tuple[time, time] | None,
    chairs: Sequence[int],
    now: datetime,
) -> Board:
    """Lay out a day from the hour in which it opens (or its first visit begins) to the hour after it closes.

    ``chairs`` are the columns in order; a visit in another chair adds its column at the end. A visit that no longer
    stands is shown only where no standing visit has taken its time. ``hours`` are wall-clock, None on a closed day.
    """
    day_begins, day_ends = day_bounds(day, zone)
    shown = sorted(_not_covered(list(visits)), key=lambda visit: (visit.starts, visit.chair, visit.visit))
    opens, closes = (_instant(day, at, zone) for at in hours or DEFAULT_HOURS)
    first = _whole_hour(min([opens, *(max(visit.starts, day_begins) for visit in shown)]), zone)
    last = max([closes, *(min(visit.ends, day_ends) for visit in shown)])
    steps = min(_steps_up(last - first), MAX_STEPS)
    columns = tuple(dict.fromkeys([*chairs, *(visit.chair for visit in shown)]))
    place_of = {chair: place for place, chair in enumerate(columns, start=1)}
    places = []
    for visit in shown:
        step = min(max((visit.starts - first) // STEP, 0), steps - 1)
        span = max(min(_steps_up(visit.ends - first), steps) - step, 1)
        places.append(Place(visit.visit, place_of[visit.chair], step, span))
    return Board(
        steps=steps,
        columns=columns,
        places=tuple(places),
        hours=_axis(first, steps, zone),
        shut=_closed(first, steps, (opens, closes) if hours else None),
        now=_present(first, steps, now, zone),
    )


def _not_covered(visits: list[Booked]) -> list[Booked]:
    shown = [visit for visit in visits if visit.stands]
    for visit in visits:
        if not visit.stands and not any(_meet(visit, other) for other in shown):
            shown.append(visit)
    return shown


def _meet(one: Booked, other: Booked) -> bool:
    return one.chair == other.chair and other.starts < one.ends and one.starts < other.ends


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _whole_hour(instant: datetime, zone: ZoneInfo) -> datetime:
    minutes = instant.astimezone(zone).minute
    return instant - timedelta(minutes=minutes, seconds=instant.second, microseconds=instant.microsecond)


def _steps_up(length: timedelta) -> int:
    return -(-length // STEP)


def _axis(first: datetime, steps: int, zone: ZoneInfo) -> tuple[Hour, ...]:
    each = timedelta(hours=1) // STEP
    return tuple(
        Hour(step, f"{(first + step * STEP).astimezone(zone):%H:%M}") for step in range(0, steps, each)
    )


def _closed(first: datetime, steps: int, hours: tuple[datetime, datetime] | None) -> tuple[Shut, ...]:
    if hours is None:
        return (Shut(0, steps),)
    before = min((hours[0] - first) // STEP, steps)
    after = min(_steps_up(hours[1] - first), steps)
    found = []
    if before > 0:
        found.append(Shut(0, before))
    if after < steps:
        found.append(Shut(after, steps - after))
    return tuple(found)


def _present(first: datetime, steps: int, now: datetime, zone: ZoneInfo) -> Now | None:
    step = (now - first) // STEP
    return Now(step, f"{now.astimezone(zone):%H:%M}") if 0 <= step < steps else None
