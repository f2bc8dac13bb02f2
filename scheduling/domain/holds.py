"""Held windows: how much room a clinic's days have beside the windows that are reserved in them.

A held window is a span of days in one of which a visit will stand. All of them can be served exactly when, for every
span of days, the windows that lie wholly inside it are no more than the visits that still fit there (Hall's condition
for intervals). The count is of visits in days; it knows no hours.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scheduling.domain.capacity import DayCapacity, Occupied, Phase, total_minutes

TIGHT = 3
"""A window with room for no more than this many is shown as tight. Product default, unverified."""
SET_UP, PREMEDICATION, OBSERVATION = 30, 30, 30
"""What a held visit is taken to consist of beside the infusion, in minutes. Product defaults, unverified."""


@dataclass(frozen=True, slots=True)
class HeldWindow:
    """A window reserved for one visit of so many minutes; ``key`` is its planned infusion's."""

    key: int
    earliest: date
    latest: date
    minutes: int


def shape_of(minutes: int) -> tuple[Phase, ...]:
    """What a held visit will ask of a nurse, as long as its rates are not settled: half of the infusion is taken to be
    titration. Product default, unverified.
    """
    infusion = minutes - SET_UP - PREMEDICATION - OBSERVATION
    if infusion <= 0:
        return (Phase("titration", minutes),)
    parts = (
        ("set_up", SET_UP),
        ("premedication", PREMEDICATION),
        ("titration", infusion - infusion // 2),
        ("steady", infusion // 2),
        ("observation", OBSERVATION),
    )
    return tuple(Phase(name, length) for name, length in parts if length)


def fitting(day: DayCapacity, phases: Sequence[Phase], most: int) -> int:
    """How many more visits of one shape fit into a day, counted to ``most``.

    They are laid into it one after another, each at the first start on the clinic's grid that some chair and nurse
    can take: so many do fit, chairs, attention, starts and preparations included. It is a lower bound: laid in
    another order, one more might. Where the patient at hand is elsewhere does not matter here. The day is left as it
    was.
    """
    if day.hours is None or most <= 0:
        return 0
    elsewhere, day.elsewhere = day.elsewhere, 0
    laid = _lay(day, phases, most)
    for visit in reversed(laid):
        day.remove(visit)
    day.elsewhere = elsewhere
    return len(laid)


def fitting_each(
    days: Mapping[date, DayCapacity], phases: Sequence[Phase], most: Mapping[date, int]
) -> dict[date, int]:
    """``fitting`` for many days at once. Days in which nothing stands yet, and that are alike, are counted once."""
    found: dict[date, int] = {}
    alike: dict[tuple, list[date]] = {}
    for day, capacity in days.items():
        if any(chair.taken for chair in capacity.chairs.values()) or any(
            nurse.used for nurse in capacity.nurses.values()
        ):
            found[day] = fitting(capacity, phases, most[day])
        else:
            duty = tuple((key, nurse.on_duty) for key, nurse in capacity.nurses.items())
            key = (capacity.hours, capacity.open, capacity.steps, tuple(capacity.chairs), duty)
            alike.setdefault(key, []).append(day)
    for same in alike.values():
        count = fitting(days[same[0]], phases, max(most[day] for day in same))
        found |= {day: min(count, most[day]) for day in same}
    return found


def _lay(day: DayCapacity, phases: Sequence[Phase], most: int) -> list[Occupied]:
    """Lay visits of one shape into the day, in place, and say which."""
    length, grid = timedelta(minutes=total_minutes(phases)), _on_the_grid(day)
    phases, inside = tuple(phases), day.open_starts(phases) & grid
    chairs = {key: day.chair_starts(key, phases) for key in day.chairs}
    nurses = {key: day.nurse_starts(key, phases) for key in day.nurses}
    laid: list[Occupied] = []
    while len(laid) < most:
        found = _first(chairs, nurses, inside)
        if found is None:
            break
        step, chair, nurse = found
        starts = day.instant_of(step)
        visit = Occupied(starts, starts + length, chair, nurse, phases)
        day.add(visit)
        laid.append(visit)
        chairs[chair] = day.chair_starts(chair, phases)
        nurses[nurse] = day.nurse_starts(nurse, phases)
        if day.rules.prep_per_hour:
            # The pharmacy's hour may be full now.
            inside = day.open_starts(phases) & grid
    return laid


def _first(chairs: Mapping[int, int], nurses: Mapping[int, int], inside: int) -> tuple[int, int, int] | None:
    """The first of some steps that a chair and a nurse can both take, and the first such chair and nurse."""
    by_chair, by_nurse = 0, 0
    for free in chairs.values():
        by_chair |= free
    for free in nurses.values():
        by_nurse |= free
    both = by_chair & by_nurse & inside
    if not both:
        return None
    bit = both & -both
    chair = next(key for key, free in chairs.items() if free & bit)
    nurse = next(key for key, free in nurses.items() if free & bit)
    return bit.bit_length() - 1, chair, nurse


def _on_the_grid(day: DayCapacity) -> int:
    """The steps from opening time on, a slot apart."""
    first = (day.open & -day.open).bit_length() - 1
    found = 0
    for step in range(max(first, 0), day.steps, day.width):
        found |= 1 << step
    return found


def served(capacity: Mapping[date, int], windows: Iterable[HeldWindow]) -> tuple[HeldWindow, ...]:
    """As many of the windows as can all be served, each by a day of its own span; a day not named has no room.

    Day by day, whichever closes soonest goes first: no other choice serves more.
    """
    waiting = sorted(windows, key=lambda window: (window.earliest, window.latest, window.key))
    ready: list[tuple[date, int, HeldWindow]] = []
    found: list[HeldWindow] = []
    begun = 0
    for day in sorted(capacity):
        while begun < len(waiting) and waiting[begun].earliest <= day:
            window = waiting[begun]
            heapq.heappush(ready, (window.latest, window.key, window))
            begun += 1
        left = capacity[day]
        while ready and (left > 0 or ready[0][0] < day):
            latest, _, window = heapq.heappop(ready)
            if latest >= day:
                found.append(window)
                left -= 1
    return tuple(found)


def lost(
    before: Mapping[date, int],
    after: Mapping[date, int],
    windows: Collection[HeldWindow],
    own: Collection[int] = (),
) -> int:
    """How many held windows could be served ``before`` some visits were booked and can no longer be ``after``. Those
    in ``own`` are served by these very visits.
    """
    others = [window for window in windows if window.key not in own]
    served_now = len(windows) - len(others) + len(served(after, others))
    return max(len(served(before, windows)) - served_now, 0)


class Room:
    """What is left beside the windows that can be served, for every span of days at once.

    ``capacity`` is how many visits still fit each day; a day that is not named has none. Windows that cannot be
    served are left out of account: refusing others would not bring them back.
    """

    def __init__(self, capacity: Mapping[date, int], windows: Iterable[HeldWindow]) -> None:
        self.days = sorted(capacity)
        self.capacity = [capacity[day] for day in self.days]
        self.windows = served(capacity, windows)
        self._spans = [self._span(window.earliest, window.latest) for window in self.windows]
        self._sums = [0]
        for fit in self.capacity:
            self._sums.append(self._sums[-1] + fit)

    def _span(self, earliest: date, latest: date) -> tuple[int, int]:
        """The places of the first and last of our days inside a window."""
        return bisect_left(self.days, earliest), bisect_right(self.days, latest) - 1

    def _left(self, first: int, lasts: Iterable[int]) -> Iterator[tuple[int, int]]:
        """What is left from one day to each of ``lasts`` (ascending): what fits there less the windows inside."""
        closing = sorted(end for begin, end in self._spans if begin >= first)
        for last in lasts:
            if last >= first:
                yield last, self._sums[last + 1] - self._sums[first] - bisect_right(closing, last)

    def on(self) -> dict[date, int]:
        """For each day how many further visits it may take before some held window could no longer be served."""
        found = list(self.capacity)
        ends = sorted({end for _, end in self._spans})
        for first in sorted({begin for begin, _ in self._spans}):
            least: int | None = None
            rows = list(self._left(first, ends))
            for number in range(len(rows) - 1, -1, -1):
                last, left = rows[number]
                least = left if least is None else min(least, left)
                for place in range(max(rows[number - 1][0] + 1 if number else first, first), last + 1):
                    found[place] = min(found[place], least)
        return {day: max(left, 0) for day, left in zip(self.days, found, strict=True)}

    def inside(self, earliest: date, latest: date) -> int:
        """How many further windows of these very days could be held."""
        first, last = self._span(earliest, latest)
        if first > last:
            return 0
        ends = sorted({last, *(end for _, end in self._spans if end > last)})
        starts = {first, *(begin for begin, _ in self._spans if begin < first)}
        least = min(left for start in starts for _, left in self._left(start, ends))
        return max(least, 0)


def rooms(capacity: Mapping[date, int], windows: Iterable[HeldWindow]) -> dict[date, int]:
    """For each day how many further visits it may take before some held window that can be served could no longer be.

    Hall's condition for intervals: for every span of days, what fits there less the windows that lie wholly inside.
    """
    return Room(capacity, windows).on()
