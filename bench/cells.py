"""Which half hours of which chairs are booked: drawn once, the same every time, and never above the nurse rules."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

CHAIRS = 20
NURSES = 5
DAYS_AHEAD = 182
HALF_HOURS = 20
"""From 08:00 to 18:00."""
A_DAY = CHAIRS * HALF_HOURS
SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Size:
    """How many bookings stand ahead and lie in the past, the share of the cells ahead they fill, and how many nurses
    that needs: every visit begins on the half hour and a nurse starts one patient per slot.
    """

    name: str
    ahead: int
    past: int
    nurses: int
    patients: int
    days: int = DAYS_AHEAD

    @property
    def share(self) -> float:
        """The share of the cells ahead that is booked."""
        return self.ahead / (self.days * A_DAY)


_70 = round(0.70 * DAYS_AHEAD * A_DAY)
SIZES = {
    size.name: size
    for size in (
        Size("tiny", 300, 100, NURSES, 120, 7),
        Size("10k", 10_000, 0, NURSES, 2_000),
        Size("100k", _70, 100_000 - _70, CHAIRS, 5_000),
        Size("1M", _70, 1_000_000 - _70, CHAIRS, 20_000),
        # Real visit lengths: drawn in `bench.lengths`, seven nurses because five cannot watch 27 long visits a day.
        Size("real", 5_000, 0, 7, 4_000),
    )
}


@dataclass(frozen=True, slots=True)
class Booked:
    """One booking of half an hour: days from today (negative in the past), the half hour, chair and nurse by their
    places in the clinic's lists.
    """

    day: int
    half_hour: int
    chair: int
    nurse: int


def bookings(size: Size) -> Iterator[Booked]:
    """A size's bookings, in order of time: the past evenly at seven in ten cells, then the days ahead."""
    chance = random.Random(SEED)
    full_day = round(0.70 * A_DAY)
    days = -(-size.past // full_day)
    for number in range(days, 0, -1):
        count = size.past - full_day * (days - 1) if number == days else full_day
        yield from _one_day(chance, -number, count, size.nurses)
    whole, over = divmod(size.ahead, size.days)
    for number in range(1, size.days + 1):
        yield from _one_day(chance, number, whole + (number <= over), size.nurses)


def _one_day(chance: random.Random, day: int, count: int, nurses: int) -> Iterator[Booked]:
    """So many cells of one day, drawn at random, at most one start for each nurse in any half hour."""
    cells = [(half_hour, chair) for half_hour in range(HALF_HOURS) for chair in range(CHAIRS)]
    chance.shuffle(cells)
    at: list[list[int]] = [[] for _ in range(HALF_HOURS)]
    left = count
    for half_hour, chair in cells:
        if left and len(at[half_hour]) < nurses:
            at[half_hour].append(chair)
            left -= 1
    for half_hour, chairs in enumerate(at):
        who = chance.sample(range(nurses), len(chairs))
        for chair, nurse in zip(chairs, who, strict=True):
            yield Booked(day, half_hour, chair, nurse)
