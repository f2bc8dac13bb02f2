"""Which offer leaves most for tomorrow's callers: what a place takes away from those who have not called yet.

A place is judged by the starts that later visits lose through it, as a share of all such starts the day still has.
Early on, when every chair is free, a share is small and the earliest time wins; as the day fills, a chair that can
still take a long visit grows dear, and a visit is offered the place beside another instead. No forecast is needed,
only the lengths that usually come. Measured against the best plan in hindsight by ``make bench``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scheduling.domain.capacity import FIRST, STEP_MINUTES, DayCapacity, Phase, runs, total_minutes
from scheduling.domain.occupancy import above, raise_by, span

_LATER = (
    Phase("set_up", 30),
    Phase("premedication", 30),
    Phase("titration", 90),
    Phase("steady", 105),
    Phase("observation", 30),
)
_FIRST = (
    Phase("set_up", 30),
    Phase("premedication", 30),
    Phase("titration", 210, FIRST),
    Phase("steady", 45, FIRST),
    Phase("observation", 60),
)
USUAL_VISITS: tuple[tuple[tuple[Phase, ...], int], ...] = ((_LATER, 4), (_FIRST, 1))
"""The visits still to be expected, and how many come of each. Product default, unverified: 1000 mg at the label's
later and first rates with the default minutes around it, four later infusions to one first.
"""
WHOLE = 10_000
"""Strain of taking everything that is left: strains are in ten-thousandths."""
STEPS_FOR_ALL = 450
"""How many steps of waiting the whole of what is left is worth, when an end is weighed against a strain. Product
default, chosen on days of the bench other than those it reports.
"""


@dataclass(slots=True)
class Pressure:
    """One day's state, read once for any number of questions: the starts each chair and each nurse still has for each
    usual visit. Build it again when the day has changed.
    """

    day: DayCapacity
    usual: Sequence[tuple[tuple[Phase, ...], int]] = USUAL_VISITS
    chairs: list[int] = field(init=False)
    nurses: list[int] = field(init=False)
    begins: dict[int, list[int]] = field(init=False)
    spare: dict[int, list[int]] = field(init=False)
    lost: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        day = self.day
        free: dict[int, int] = {}
        for chair in day.chairs.values():
            mine = day.open & ~chair.taken
            free[mine] = free.get(mine, 0) + 1
        self.chairs = [
            sum(runs(mine, steps_of(phases)).bit_count() * count for mine, count in free.items())
            for phases, _ in self.usual
        ]
        units = day.rules.units
        self.spare = {
            key: [nurse.spare(have, units) for have in range(units + 1)] for key, nurse in day.nurses.items()
        }
        self.begins = {
            key: [(day.nurse_starts(key, phases) & day.open).bit_count() for phases, _ in self.usual]
            for key in day.nurses
        }
        self.nurses = [sum(each) for each in zip(*self.begins.values(), strict=True)] or [0] * len(self.usual)

    def _share(self, gone: Sequence[int], totals: Sequence[int]) -> int:
        weights = [weight for _, weight in self.usual]
        taken = sum(
            weight * lost / total for weight, lost, total in zip(weights, gone, totals, strict=True) if total
        )
        return round(taken / sum(weights) * WHOLE)

    def of_chair(self, step: int, steps: int, chair: int) -> int:
        """Ten-thousandths of the starts still there that a visit of so many steps would take with this chair."""
        free = self.day.open & ~self.day.chairs[chair].taken
        known = self.lost.get((free, step, steps))
        if known is None:
            after = free & ~span(step, step + steps)
            gone = [
                runs(free, steps_of(phases)).bit_count() - runs(after, steps_of(phases)).bit_count()
                for phases, _ in self.usual
            ]
            known = self.lost[free, step, steps] = self._share(gone, self.chairs)
        return known

    def of_nurse(self, step: int, phases: Sequence[Phase], nurse: int) -> int:
        """Ten-thousandths of the starts still there that the visit would take with this nurse."""
        day, on = self.day, self.day.nurses[nurse]
        spare = self.spare[nurse]
        after = list(spare)
        for offset, length, units in day.demands.of(phases).runs:
            mine = span(step + offset, step + offset + length)
            for have in range(1, len(spare)):
                above_it = spare[have + units] if have + units < len(spare) else 0
                after[have] ^= (spare[have] ^ above_it) & mine
        begun = list(on.started)
        raise_by(begun, 1 << step - step % day.width)
        starting = above(begun, day.rules.starts_per_slot - 1, day.all) * ((1 << day.width) - 1)
        gone = []
        for (usual, _), before in zip(self.usual, self.begins[nurse], strict=True):
            left = day.open & ~starting
            for offset, length, weight in day.demands.of(usual).runs:
                left &= runs(after[weight], length) >> offset
            gone.append(before - left.bit_count())
        return self._share(gone, self.nurses)

    def barest(self, nurses: Iterable[int]) -> int:
        """The nurse who can begin the fewest of the longer visits, then of the others: who is busy stays busy, so
        that another keeps a long stretch free.
        """
        return min(nurses, key=lambda key: (*reversed(self.begins[key]), key))


def steps_of(phases: Sequence[Phase]) -> int:
    """A visit's length in steps."""
    return -(-total_minutes(phases) // STEP_MINUTES)


def strain(day: DayCapacity, step: int, phases: Sequence[Phase], chair: int, nurse: int) -> int:
    """What a place takes from later callers, in ten-thousandths of what the day still has; smaller is better. Where
    many places of one day are compared, build one ``Pressure`` and ask that.
    """
    pressure = Pressure(day)
    steps = steps_of(phases)
    return pressure.of_chair(step, steps, chair) + pressure.of_nurse(step, phases, nurse)


@dataclass(frozen=True, slots=True, order=True)
class Choice:
    """A place with its points: the steps from opening to its end, and its strain at the price of waiting."""

    points: int
    step: int
    chair: int
    nurse: int


def choose(day: DayCapacity, phases: Sequence[Phase], within: int, width: int | None = None) -> Choice | None:
    """The place to offer first: among the starts of ``within`` (a bit set of steps) that the clinic's grid and the
    day allow, the one with the least points; None where none is left.
    """
    best: Choice | None = None
    earliest = steps_of(phases) - (day.open & -day.open).bit_length() + 1
    for choice in places(day, phases, within, width):
        best = choice if best is None else min(best, choice)
        # A later start ends later, and a strain is never below nothing.
        if choice.step + (width or day.width) + earliest > best.points:
            break
    return best


def places(
    day: DayCapacity, phases: Sequence[Phase], within: int, width: int | None = None
) -> Iterator[Choice]:
    """Every start's best place."""
    inside, steps = day.open_starts(phases) & within, steps_of(phases)
    if not inside:
        return
    pressure = Pressure(day)
    alike: dict[int, int] = {}
    for key, chair_day in day.chairs.items():
        alike.setdefault(chair_day.taken, key)
    chairs = {key: day.chair_starts(key, phases) & inside for key in sorted(alike.values())}
    nurses = {key: day.nurse_starts(key, phases) & inside for key in day.nurses}
    opens = (day.open & -day.open).bit_length() - 1
    for step in range(opens, day.steps, width or day.width):
        able = [key for key, free in nurses.items() if free >> step & 1]
        seats = [key for key, free in chairs.items() if free >> step & 1]
        if not able or not seats:
            continue
        taken, chair = min((pressure.of_chair(step, steps, key), key) for key in seats)
        nurse = pressure.barest(able)
        asked = pressure.of_nurse(step, phases, nurse)
        points = step + steps - opens + (taken + asked) * STEPS_FOR_ALL // WHOLE
        yield Choice(points, step, chair, nurse)
