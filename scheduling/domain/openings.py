"""One day's free starts for one visit, and the best chair and nurse for each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from clinics.domain.refusals import Refusal

from .attention import STEP_MINUTES, Demand, Phase, total_minutes
from .capacity import CHAIR, DayCapacity
from .day import Handovers
from .policy import STEPS_FOR_ALL, WHOLE, Pressure
from .searching import ticks, to_come
from .wishes import Wishes

# Penalties, in points; the smaller sum is the better offer. Product defaults, unverified.
OTHER_NURSE = 8
NURSE_LOAD_MOST = 6
NEAR_SHIFT_END = 3
HANDOVER = 20
SHORT_GAP = 4
SPECIAL_PLACE = 3
SHORT_GAP_STEPS = 120 // STEP_MINUTES
"""A gap too short for another infusion is lost."""
STRAIN_MOST = STEPS_FOR_ALL * 2 // 3
"""Points of taking all that a day has left for later callers: a quarter of an hour is three steps and two points."""
NEAR_STEPS = 30 // STEP_MINUTES
"""A visit that ends so near the end of its nurse's duty becomes a handover when it is late."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who watches a visit: a nurse, and whoever takes over."""

    nurse: int
    handovers: Handovers = ()

    @property
    def nurses(self) -> tuple[int, ...]:
        return (self.nurse, *(nurse for _, nurse in self.handovers))


@dataclass(frozen=True, slots=True)
class Seating:
    """A free chair, the points it costs, and whether the visit lies beside another one there."""

    chair: int
    score: int
    beside: bool


@dataclass(slots=True)
class OpenDay:
    """One day's free starts for one visit: the grid's wall-clock times and who could take each. ``relays`` are the
    teams for steps at which no single nurse can.
    """

    capacity: DayCapacity
    minutes: int
    chairs: dict[int, int]
    nurses: dict[int, int]
    ticks: dict[time, tuple[datetime, int]] = field(default_factory=dict)
    relays: dict[int, list[Team]] = field(default_factory=dict)
    loads: dict[int, int] = field(default_factory=dict)
    place: str = ""
    seatings: dict[int, Seating] = field(default_factory=dict)
    pressure: Pressure | None = None
    least: int | None = None
    unlike: tuple[int, ...] | None = None

    @property
    def length(self) -> int:
        """The visit's length in steps."""
        return -(-self.minutes // STEP_MINUTES)

    def teams_at(self, step: int) -> list[Team]:
        """Who could take a visit that begins there: single nurses, or else two in turn."""
        single = [Team(key) for key, free in self.nurses.items() if free >> step & 1]
        return single or self.relays.get(step, [])

    def best_team(self, step: int, wanted: int | None) -> Team:
        """The wanted nurse where free, else whoever has most attention left and stays past the visit's end."""
        return min(
            self.teams_at(step),
            key=lambda team: (
                team.nurse != wanted,
                self._handing_over(team, step),
                self._load(team),
                team.nurses,
            ),
        )

    def team_score(self, team: Team, step: int) -> int:
        """Points against a team: how much of their day is used, a handover, and one that a delay would bring."""
        return self._handing_over(team, step) + self._load(team) * NURSE_LOAD_MOST // 1000

    def _load(self, team: Team) -> int:
        return max(self.load_of(nurse) for nurse in team.nurses)

    def _handing_over(self, team: Team, step: int) -> int:
        if team.handovers:
            return HANDOVER
        return NEAR_SHIFT_END if self._ends_near(team.nurse, step) else 0

    def _ends_near(self, nurse: int, step: int) -> bool:
        """Whether the nurse leaves, before the clinic closes, within half an hour of the visit's end."""
        last = step + self.length
        after = (((1 << NEAR_STEPS) - 1) << last) & self.capacity.open
        return bool(after & ~self.capacity.nurses[nurse].on_duty)

    def lightest(self, nurse: int, step: int) -> bool:
        """Whether the nurse has less to do that day than every other who is free."""
        others = [team.nurse for team in self.teams_at(step) if team.nurse != nurse]
        return bool(others) and all(self.load_of(nurse) < self.load_of(other) for other in others)

    def load_of(self, nurse: int) -> int:
        """How much of the nurse's attention on this day is used already, in thousandths."""
        if nurse not in self.loads:
            on = self.capacity.nurses[nurse]
            whole = on.on_duty.bit_count() * self.capacity.rules.units
            self.loads[nurse] = on.used * 1000 // whole if whole else 1000
        return self.loads[nurse]

    def seating(self, step: int) -> Seating:
        """The free chair that takes least from those who call tomorrow; beds and isolation rooms are left to those
        who need them, and among equals the tightest gap is filled.
        """
        if step not in self.seatings:
            free = [key for key in self._unlike() if self.chairs[key] >> step & 1]
            best = min(
                (self._seating(key, step) for key in free), key=lambda found: (found[0].score, *found[1:])
            )
            self.seatings[step] = best[0]
        return self.seatings[step]

    def strain(self, step: int) -> int:
        """Points against a time for what its best place takes from those who call tomorrow, beyond what the day's
        best time takes: fragments of a chair's day are worth less than the whole.
        """
        if self.least is None:
            self.least = min(self.seating(each).score for _, each in self.ticks.values())
        return self.seating(step).score - self.least

    def _unlike(self) -> Collection[int]:
        """The first of the chairs that stand alike, taken at the same steps and as special: it costs what they cost."""
        if self.unlike is None:
            first: dict[tuple[int, bool], int] = {}
            for key in sorted(self.chairs):
                chair = self.capacity.chairs[key]
                first.setdefault((chair.taken, chair.kind in (CHAIR, self.place)), key)
            self.unlike = tuple(first.values())
        return self.unlike

    def _seating(self, key: int, step: int) -> tuple[Seating, int, int]:
        if self.pressure is None:
            self.pressure = Pressure(self.capacity)
        chair = self.capacity.chairs[key]
        taken = chair.taken
        usable = self.capacity.open & ~taken
        before = usable & ((1 << step) - 1)
        gap_before = step - (~before & ((1 << step) - 1)).bit_length()
        after = usable >> (step + self.length)
        gap_after = (~after & (after + 1)).bit_length() - 1
        short = sum(0 < gap < SHORT_GAP_STEPS for gap in (gap_before, gap_after))
        score = self.pressure.of_chair(step, self.length, key) * STRAIN_MOST // WHOLE + short * SHORT_GAP
        score += SPECIAL_PLACE if chair.kind not in (CHAIR, self.place) else 0
        edges = (1 << (step + self.length)) | ((1 << step) >> 1)
        return Seating(key, score, bool(edges & taken)), gap_before + gap_after, key


def open_day(
    capacity: DayCapacity | None,
    phases: Sequence[Phase],
    now: datetime,
    wishes: Wishes,
    *,
    handover: bool = False,
) -> OpenDay | None:
    """What is free on one day, or None where nothing is. With ``handover`` also with a change of nurse, where no
    single one can take the patient.
    """
    if capacity is None or capacity.hours is None:
        return None
    inside = capacity.open_starts(phases) & to_come(capacity, now)
    chairs = {
        key: capacity.chair_starts(key, phases) & inside
        for key, chair in capacity.chairs.items()
        if not wishes.place or chair.kind == wishes.place
    }
    nurses = {key: capacity.nurse_starts(key, phases) & inside for key in capacity.nurses}
    any_chair, any_nurse = 0, 0
    for free in chairs.values():
        any_chair |= free
    for free in nurses.values():
        any_nurse |= free
    found = OpenDay(capacity, total_minutes(phases), chairs, nurses, place=wishes.place)
    demand = capacity.demands.of(phases)
    for tick in ticks(capacity):
        if not any_chair >> tick.step & 1:
            continue
        if not any_nurse >> tick.step & 1:
            if handover:
                found.relays[tick.step] = list(_relays(capacity, tick.step, demand))
            if not found.relays.get(tick.step):
                continue
        instant = capacity.at(tick.at)
        if not isinstance(instant, Refusal):
            found.ticks[tick.at] = (instant, tick.step)
    return found if found.ticks else None


def _relays(capacity: DayCapacity, step: int, demand: Demand) -> Iterator[Team]:
    """Two nurses in turn: the first until her shift ends or her break begins, the second from then to the end."""
    last = step + demand.steps
    for nurse, on in capacity.nurses.items():
        rest = on.on_duty >> step
        leaves = step + (~rest & (rest + 1)).bit_length() - 1
        if not step < leaves < last or capacity.starting(nurse) >> step & 1:
            continue
        if not capacity.watches(nurse, step, step, leaves, demand):
            continue
        instant = capacity.instant_of(leaves)
        for other in capacity.nurses:
            if other != nurse and capacity.watches(other, step, leaves, last, demand):
                yield Team(nurse, ((instant, other),))
