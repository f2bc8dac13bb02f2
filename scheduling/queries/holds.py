"""Held windows against what still fits: which days are needed for them, and how much room a further window has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.refusals import Refusal
from clinics.models import Clinic
from clinics.prepared import Given, Prepared
from scheduling.domain.booking import Window
from scheduling.domain.capacity import DayCapacity, Occupied
from scheduling.domain.course import in_words
from scheduling.domain.holds import TIGHT, HeldWindow, Room, fitting, fitting_each, lost, served, shape_of
from scheduling.models import PlannedInfusion

from .courses import today_of
from .days import read_days

REACH_DAYS = 60
"""Held windows are weighed against each other this many days around a booking; beyond it they are taken not to
compete. Product default, unverified.
"""
PLENTY = 8
"""A day that fits so many visits more than the windows around it hold is not asked about any further."""


@dataclass(frozen=True, slots=True)
class RoomFor:
    """How much room is left for one window: how many more of its kind its days could hold, counted to a few, and
    whether the clinic is closed on all of them.
    """

    more: int
    closed: bool

    @property
    def word(self) -> str:
        """``yes``, ``tight`` or ``none``."""
        return "none" if self.more <= 0 else "tight" if self.more <= TIGHT else "yes"


_HELD = Prepared(
    lambda: (
        PlannedInfusion.objects.of(Given("clinic"))
        .filter(
            held_at__isnull=False,
            state="planned",
            earliest_on__lte=Given("last"),
            latest_on__gte=Given("first"),
            patient__deceased=False,
        )
        .order_by("earliest_on", "pk")
        .values_list("pk", "earliest_on", "latest_on", "held_minutes")
    )
)


def held_windows(clinic: Clinic, first: date, last: date) -> list[HeldWindow]:
    """The held windows that touch a span of days: one indexed query. The dead need no room."""
    return [HeldWindow(*each) for each in _HELD.all(clinic=clinic.pk, first=first, last=last)]


def held_near(clinic: Clinic, days: Collection[date]) -> list[HeldWindow]:
    """The held windows that could compete with visits on the given days: those that lie wholly within reach."""
    if not days:
        return []
    reach = timedelta(days=REACH_DAYS)
    first, last = min(days) - reach, max(days) + reach
    return [
        window
        for window in held_windows(clinic, first, last)
        if first <= window.earliest and window.latest <= last
    ]


def on(windows: Iterable[HeldWindow], day: date) -> list[HeldWindow]:
    """The windows that contain a day."""
    return [window for window in windows if window.earliest <= day <= window.latest]


def plenty_left(
    windows: Collection[HeldWindow],
    capacity: Mapping[date, DayCapacity],
    added: Mapping[date, list[Occupied]],
) -> bool:
    """Whether the booked days fit all the windows around them beside what is added, with some to spare: then nothing
    further has to be read.
    """
    for day, visits in added.items():
        around = on(windows, day)
        if not around:
            continue
        most = len(around) + PLENTY
        for visit in visits:
            capacity[day].add(visit)
        fit = fitting(capacity[day], _shape(around), most)
        for visit in reversed(visits):
            capacity[day].remove(visit)
        if fit < most:
            return False
    return True


def kept_refusals(
    clinic: Clinic,
    windows: Collection[HeldWindow],
    added: Mapping[date, list[Occupied]],
    removed: Mapping[date, list[Occupied]],
    *,
    now: datetime,
    own: Collection[int] = (),
) -> list[Refusal]:
    """Why the added visits would take room that held windows need, or nothing. ``removed`` are the same visits where
    they stand now; ``own`` are the held infusions that they are booked for. Reads every day of the windows that
    compete, so ask ``plenty_left`` first.
    """
    days = {*added, *removed}
    around = _competing(windows, days)
    today = today_of(clinic, now)
    read = read_days(clinic, {day for day in {*_days_of(around), *days} if day >= today}, now=now)
    before = _counts(read, around)
    after = dict(before)
    for day in sorted(days & set(read)):
        for visit in removed.get(day, []):
            read[day].remove(visit)
        for visit in added.get(day, []):
            read[day].add(visit)
        after[day] = fitting(read[day], _shape(around), len(on(around, day)))
    if not lost(before, after, around, own):
        return []
    found = [kept_words(on(around, day), day) for day in sorted(added) if after[day] < before[day]]
    return found or [kept_words(on(around, day), day) for day in sorted(added)][:1]


def kept_days(
    clinic: Clinic, capacity: Mapping[date, DayCapacity], *, now: datetime, own: Collection[int] = ()
) -> dict[date, str]:
    """Those of the days that take no further visit, because held windows need them, with the reason. One query where
    nothing is held near them; days are read beside those in ``capacity`` only where the windows compete for room.
    """
    windows = held_near(clinic, capacity)
    today = today_of(clinic, now)
    if not windows:
        return {}
    held = _held_on(windows, capacity)
    asked = {day: capacity[day] for day, count in held.items() if count and day >= today}
    most = {day: held[day] + PLENTY for day in asked}
    fit = fitting_each(asked, _shape(windows), most)
    scarce = [day for day in asked if fit[day] < most[day] and asked[day].hours is not None]
    if not scarce:
        return {}
    around = _competing(windows, scarce)
    missing = {day for day in _days_of(around) if day >= today and day not in capacity}
    read = {**read_days(clinic, missing, now=now), **capacity}
    counts = _counts({day: read[day] for day in {*_days_of(around), *scarce} if day in read}, around)
    left = Room(counts, around).on()
    theirs = [window for window in around if window.key in own]
    kept = {}
    for day in scarce:
        full = (
            lost(counts, {**counts, day: max(counts[day] - 1, 0)}, around, own) > 0
            if theirs
            else left[day] <= 0
        )
        if full:
            kept[day] = kept_words(on(around, day), day).message
    return kept


def keep_days(
    clinic: Clinic, capacity: Mapping[date, DayCapacity], *, now: datetime, own: Collection[int] = ()
) -> tuple[tuple[date, str], ...]:
    """Let nothing be offered on the days that held windows need, in place, and say which those are and why."""
    kept = kept_days(clinic, capacity, now=now, own=own)
    for day in kept:
        capacity[day].block(capacity[day].begins, capacity[day].instant_of(capacity[day].steps))
    return tuple(sorted(kept.items()))


def rooms_for(
    clinic: Clinic,
    wanted: Sequence[tuple[Window, int]],
    *,
    now: datetime,
    besides: Collection[int] = (),
    without: Collection[int] = (),
) -> list[RoomFor]:
    """How much room each of some windows, with a visit's minutes, has beside what is held already; ``besides`` are
    held infusions to leave out, ``without`` visits that will stand there no more. The held windows that touch one of
    the windows count, and their days are read; what competes with those in turn is not asked.
    """
    if not wanted:
        return []
    room, read = _room_around(clinic, wanted, besides, now, without)
    return [
        RoomFor(room.inside(window.earliest, window.latest), _closed_throughout(read, window))
        for window, _ in wanted
    ]


def rooms_of_held(clinic: Clinic, rows: Collection[PlannedInfusion], *, now: datetime) -> dict[int, RoomFor]:
    """The room of each of some held windows, by its infusion: its own place and how many more would go into it. Where
    more is held than fits, those that can no longer be served have none.
    """
    if not rows:
        return {}
    windows = {row.pk: Window(row.earliest_on, row.latest_on) for row in rows}
    room, read = _room_around(clinic, [(windows[row.pk], row.held_minutes) for row in rows], (), now)
    kept = {window.key for window in room.windows}
    return {
        key: RoomFor(
            room.inside(window.earliest, window.latest) + 1 if key in kept else 0,
            _closed_throughout(read, window),
        )
        for key, window in windows.items()
    }


def without_room(clinic: Clinic, *, now: datetime) -> frozenset[int]:
    """The held infusions that can no longer be served, because more is held than fits: by the clinic's settings as
    they are now. One query where nothing is held.
    """
    today = today_of(clinic, now)
    windows = held_windows(clinic, today, date.max)
    if not windows:
        return frozenset()
    read = read_days(clinic, {day for day in _days_of(windows) if day >= today}, now=now)
    kept = {window.key for window in served(_counts(read, windows), windows)}
    return frozenset(window.key for window in windows if window.key not in kept)


def _room_around(
    clinic: Clinic,
    wanted: Sequence[tuple[Window, int]],
    besides: Collection[int],
    now: datetime,
    without: Collection[int] = (),
) -> tuple[Room, dict[date, DayCapacity]]:
    """What is left on the days of some windows and of the held ones that touch them, and those days."""
    today = today_of(clinic, now)
    first = min(window.earliest for window, _ in wanted)
    last = max(window.latest for window, _ in wanted)
    around = [
        each
        for each in held_windows(clinic, first, last)
        if each.key not in besides
        and any(each.earliest <= window.latest and window.earliest <= each.latest for window, _ in wanted)
    ]
    spans = [window for window, _ in wanted] + [Window(each.earliest, each.latest) for each in around]
    days = {day for span in spans for day in _between(max(span.earliest, today), span.latest)}
    read = read_days(clinic, days, now=now, without=without)
    longest = max([minutes for _, minutes in wanted] + [each.minutes for each in around])
    most = {day: count + TIGHT + 1 for day, count in _held_on(around, read).items()}
    return Room(fitting_each(read, shape_of(longest), most), around), read


def _closed_throughout(read: Mapping[date, DayCapacity], window: Window) -> bool:
    """Whether the clinic is closed on every day of a window that is still to come."""
    days = [day for day in _between(window.earliest, window.latest) if day in read]
    return not any(read[day].hours for day in days)


def kept_words(around: Sequence[HeldWindow], day: date) -> Refusal:
    """How it is said that a day is needed for held windows."""
    n = len(around)
    are = "infusion is" if n == 1 else "infusions are"
    first = min((window.earliest for window in around), default=day)
    last = max((window.latest for window in around), default=day)
    words = (
        f"{n} {are} held for {in_words(first)} to {in_words(last)}; {in_words(day)} is needed for "
        f"{'it' if n == 1 else 'them'}."
    )
    return Refusal("kept_for_holds", words, "day")


def _shape(windows: Iterable[HeldWindow]) -> tuple:
    return shape_of(max(window.minutes for window in windows))


def _counts(read: Mapping[date, DayCapacity], windows: Collection[HeldWindow]) -> dict[date, int]:
    """How many visits of the longest held kind still fit each day, counted no further than its windows and one."""
    if not windows:
        return dict.fromkeys(read, 0)
    most = {day: count + 1 for day, count in _held_on(windows, read).items()}
    return fitting_each(read, _shape(windows), most)


def _held_on(windows: Iterable[HeldWindow], days: Collection[date]) -> dict[date, int]:
    """How many windows contain each day."""
    found = dict.fromkeys(days, 0)
    for window in windows:
        for day in _between(window.earliest, window.latest):
            if day in found:
                found[day] += 1
    return found


def _competing(windows: Collection[HeldWindow], days: Collection[date]) -> list[HeldWindow]:
    """The windows that contain one of the days, and those that overlap with such ones, over and over."""
    chains: list[list[HeldWindow]] = []
    until = date.min
    for window in sorted(windows, key=lambda each: (each.earliest, each.key)):
        if not chains or window.earliest > until:
            chains.append([])
        chains[-1].append(window)
        until = max(until, window.latest)
    return [window for chain in chains if any(on(chain, day) for day in days) for window in chain]


def _days_of(windows: Iterable[HeldWindow]) -> set[date]:
    return {day for window in windows for day in _between(window.earliest, window.latest)}


def _between(first: date, last: date) -> Iterable[date]:
    for step in range((last - first).days + 1):
        yield first + timedelta(days=step)
