"""A clinic's day as integers used as bit sets: which chair is free, and which nurse has attention to spare.

One bit is one step of five minutes, counted from the day's own first instant, so that a day of 23 or 25 hours
is simply shorter or longer. A question costs a few shifts and ands, whatever the number of visits in the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from clinics.domain.calendar import day_bounds, local_instant
from clinics.domain.refusals import Refusal

STEP_MINUTES = 5
STEP = timedelta(minutes=STEP_MINUTES)
CONSULTATION = "consultation"
# How much of a nurse's attention each phase asks for. Product default, unverified: setting up and
# titrating weigh more than a steady drip.
PHASE_WEIGHTS: Mapping[str, int] = MappingProxyType(
    {"set_up": 2, "premedication": 1, "titration": 2, "steady": 1, "observation": 1}
)


USUAL, FIRST, REACTION = "usual", "first", "reaction"
# What a first infusion, or one after a serious reaction, asks on top while the drug runs. Product default,
# unverified.
EXTRA_UNITS: Mapping[str, int] = MappingProxyType({USUAL: 0, FIRST: 1, REACTION: 1})
DRUG_RUNS = frozenset({"titration", "steady"})


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a visit and its length in minutes. ``acuity`` is usual, first (a patient's first infusion) or
    reaction (after a serious one).
    """

    name: str
    minutes: int
    acuity: str = USUAL


@dataclass(frozen=True, slots=True)
class NurseRules:
    """A clinic's settings for nurses: units of attention one nurse has in every step, patients a nurse may
    start per slot of ``slot_minutes``, and the weight of each phase. A consultation takes the whole nurse; a
    phase without a weight of its own weighs one unit. Product defaults, unverified.
    """

    units: int = 4
    starts_per_slot: int = 1
    slot_minutes: int = 15
    weights: Mapping[str, int] = field(default_factory=lambda: PHASE_WEIGHTS)
    extra: Mapping[str, int] = field(default_factory=lambda: EXTRA_UNITS)
    prep_per_hour: int = 0

    def __post_init__(self) -> None:
        if self.slot_minutes < STEP_MINUTES or self.slot_minutes % STEP_MINUTES:
            raise ValueError(f"a slot is a multiple of {STEP_MINUTES} minutes, not {self.slot_minutes}")

    def weight_of(self, phase: Phase) -> int:
        """Units of a nurse's attention the phase takes in each of its steps."""
        if phase.name == CONSULTATION:
            return self.units
        extra = self.extra.get(phase.acuity, 0) if phase.name in DRUG_RUNS else 0
        usual = self.weights.get(phase.name, 1)
        return max(usual, min(usual + extra, self.units))


@dataclass(frozen=True, slots=True)
class Occupied:
    """A standing visit as the day sees it. A follow-up has no chair and starts no patient
    (``starts_patient``).
    """

    starts: datetime
    ends: datetime
    chair: int | None
    nurse: int | None
    phases: tuple[Phase, ...]
    starts_patient: bool = True
    handovers: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """A chair and a nurse that can take a visit from ``starts`` to ``ends`` (UTC instants)."""

    starts: datetime
    ends: datetime
    chair: int
    nurse: int


@dataclass(slots=True)
class ChairDay:
    """One chair: its name and the steps in which somebody sits in it."""

    chair_id: int
    name: str
    taken: int = 0


@dataclass(slots=True)
class NurseDay:
    """One nurse: the steps on duty, how many steps have at least k units left (``spare[k]``), and how many
    patients were started in each slot. ``spare[0]`` is the duty itself and is never used up."""

    nurse_id: int
    name: str
    on_duty: int
    spare: list[int]
    started: dict[int, int] = field(default_factory=dict)
    used: int = 0

    def spend(self, steps: int, weight: int) -> None:
        """Take ``weight`` units in the given steps; what is overspent stays at none left."""
        top = len(self.spare) - 1
        for have in range(1, top + 1):
            above = self.spare[have + weight] if have + weight <= top else 0
            self.spare[have] = (self.spare[have] & ~steps) | (above & steps)
        self.used += weight * steps.bit_count()


def total_minutes(phases: Iterable[Phase]) -> int:
    """Length of a visit: the sum of its phases."""
    return sum(phase.minutes for phase in phases)


def runs(free: int, length: int) -> int:
    """The steps at which ``length`` free steps in a row begin, found by doubling."""
    have = 1
    while have < length:
        shift = min(have, length - have)
        free &= free >> shift
        have += shift
    return free


def weights_by_run(phases: Sequence[Phase], rules: NurseRules, lead: int = 0) -> list[tuple[int, int, int]]:
    """What a visit asks of its nurse, as (first step, steps, units) from the step it begins in. ``lead`` is
    how many minutes into that step it begins. A step that two phases share asks for the greater of the two.
    """
    steps = -(-(lead + total_minutes(phases)) // STEP_MINUTES)
    need = [0] * steps
    minute = lead
    for phase in phases:
        weight = rules.weight_of(phase)
        for step in range(minute // STEP_MINUTES, -(-(minute + phase.minutes) // STEP_MINUTES)):
            need[step] = max(need[step], weight)
        minute += phase.minutes
    found: list[tuple[int, int, int]] = []
    for step, weight in enumerate(need):
        if found and found[-1][2] == weight:
            first, length, _ = found[-1]
            found[-1] = (first, length + 1, weight)
        else:
            found.append((step, 1, weight))
    return found


class DayCapacity:
    """One clinic day: opening hours, chairs, nurses on duty, and what stands in it already.

    ``hours`` are wall-clock times, or None on a closed day, whose reason is ``closed_because``. ``shifts``
    gives each nurse's name and wall-clock times on duty.
    """

    def __init__(
        self,
        *,
        day: date,
        zone: ZoneInfo,
        hours: tuple[time, time] | None,
        chairs: Mapping[int, str],
        shifts: Mapping[int, tuple[str, Sequence[tuple[time, time]]]],
        rules: NurseRules,
        closed_because: str = "",
    ) -> None:
        self.day, self.zone, self.hours, self.rules = day, zone, hours, rules
        self.closed_because = closed_because
        self.begins, until = day_bounds(day, zone)
        self.steps = -(-(until - self.begins) // STEP)
        # On all but two days a year the clock runs through, and a wall-clock time is the same way into the day.
        self.usual = self.begins.astimezone(zone).utcoffset() == until.astimezone(zone).utcoffset()
        self.all = (1 << self.steps) - 1
        self.open = self._between(*hours) if hours else 0
        self.chairs = {key: ChairDay(key, name) for key, name in chairs.items()}
        self.nurses: dict[int, NurseDay] = {}
        for key, (name, times) in shifts.items():
            duty = 0
            for first, last in times:
                duty |= self._between(first, last)
            self.nurses[key] = NurseDay(key, name, duty, [duty] * (rules.units + 1))

    def _between(self, first: time, last: time) -> int:
        """Whole steps between two wall-clock times of this day."""
        begin = datetime.combine(self.day, first, tzinfo=self.zone).astimezone(UTC) - self.begins
        end = datetime.combine(self.day, last, tzinfo=self.zone).astimezone(UTC) - self.begins
        return self._mask(-(-begin // STEP), end // STEP)

    def _mask(self, first: int, last: int) -> int:
        """Steps from ``first`` up to but not including ``last``, as far as they lie in this day."""
        first, last = max(first, 0), min(last, self.steps)
        return ((1 << (last - first)) - 1) << first if last > first else 0

    def at(self, wall: time) -> datetime | Refusal:
        """The instant of a wall-clock time of this day, or a refusal where the clock skips it or shows it twice."""
        if self.usual:
            return self.begins + timedelta(hours=wall.hour, minutes=wall.minute)
        return local_instant(self.day, wall, self.zone)

    def step_of(self, instant: datetime) -> int:
        """The step an instant lies in; negative before this day."""
        return (instant - self.begins) // STEP

    def instant_of(self, step: int) -> datetime:
        """The UTC instant at which a step begins."""
        return self.begins + step * STEP

    def _lead(self, starts: datetime) -> int:
        return ((starts - self.begins) % STEP) // timedelta(minutes=1)

    def _slot(self, step: int) -> int:
        return step * STEP_MINUTES // self.rules.slot_minutes

    def add(self, visit: Occupied) -> None:
        """Let a standing visit take its chair and its nurse's attention, in place. A chair or nurse that is
        not in this day (out of service, away) is passed over.
        """
        first = self.step_of(visit.starts)
        if visit.chair in self.chairs:
            last = -(-(visit.ends - self.begins) // STEP)
            self.chairs[visit.chair].taken |= self._mask(first, last)
        if visit.nurse not in self.nurses:
            return
        nurse = self.nurses[visit.nurse]
        for offset, length, weight in weights_by_run(visit.phases, self.rules, self._lead(visit.starts)):
            nurse.spend(self._mask(first + offset, first + offset + length), weight)
        if visit.starts_patient and first >= 0:
            slot = self._slot(first)
            nurse.started[slot] = nurse.started.get(slot, 0) + 1

    def block(self, starts: datetime, ends: datetime) -> None:
        """Offer nothing between two instants: the patient is elsewhere in the clinic then."""
        self.open &= ~self._mask(self.step_of(starts), -(-(ends - self.begins) // STEP))

    def open_starts(self, phases: Sequence[Phase]) -> int:
        """Steps at which a visit may begin and end inside the opening hours."""
        return runs(self.open, -(-total_minutes(phases) // STEP_MINUTES))

    def chair_starts(self, chair: int, phases: Sequence[Phase]) -> int:
        """Steps from which the chair is free for the whole visit."""
        return runs(self.all & ~self.chairs[chair].taken, -(-total_minutes(phases) // STEP_MINUTES))

    def nurse_starts(self, nurse: int, phases: Sequence[Phase], *, starts_patient: bool = True) -> int:
        """Steps from which the nurse is on duty with enough attention throughout and may start a patient."""
        found = self.all
        on = self.nurses[nurse]
        for offset, length, weight in weights_by_run(phases, self.rules):
            if weight >= len(on.spare):
                return 0
            found &= runs(on.spare[weight], length) >> offset
        if not starts_patient:
            return found
        width = self.rules.slot_minutes // STEP_MINUTES
        for slot, count in on.started.items():
            if count >= self.rules.starts_per_slot:
                found &= ~self._mask(slot * width, (slot + 1) * width)
        return found

    def fits(self, starts: datetime, phases: Sequence[Phase], chair: int, nurse: int) -> Fit | Refusal:
        """Whether one chair and one nurse can take a visit beginning at an instant, or the first reason why
        not.
        """
        length = total_minutes(phases)
        first, lead = self.step_of(starts), self._lead(starts)
        span = self._mask(first, first + -(-(lead + length) // STEP_MINUTES))
        refusal = self._not_open(first, lead + length, span) or self._chair_refuses(chair, span)
        refusal = refusal or self._nurse_refuses(nurse, first, lead, phases, span)
        return refusal or Fit(starts, starts + timedelta(minutes=length), chair, nurse)

    def fits_without_chair(
        self, starts: datetime, phases: Sequence[Phase], nurse: int | None
    ) -> Refusal | None:
        """Why a visit without a chair cannot stand, or None. A nurse on duty that day must have attention to
        spare; whoever has no duty here is not asked.
        """
        length = total_minutes(phases)
        first, lead = self.step_of(starts), self._lead(starts)
        span = self._mask(first, first + -(-(lead + length) // STEP_MINUTES))
        refusal = self._not_open(first, lead + length, span)
        if refusal is None and nurse is not None and nurse in self.nurses:
            refusal = self._nurse_refuses(nurse, first, lead, phases, span, starts_patient=False)
        return refusal

    def _not_open(self, first: int, minutes: int, span: int) -> Refusal | None:
        if self.hours is None:
            words = f"The clinic is closed on {self.day:%A %d %B %Y}: {self.closed_because or 'closed'}."
            return Refusal("closed_day", words, "day")
        inside = first >= 0 and first + -(-minutes // STEP_MINUTES) <= self.steps
        if not inside or span & ~self.open:
            opens, closes = self.hours
            words = f"The visit does not lie within the opening hours, {opens:%H:%M} to {closes:%H:%M}."
            return Refusal("outside_hours", words, "time")
        return None

    def _chair_refuses(self, chair: int, span: int) -> Refusal | None:
        if chair not in self.chairs:
            return Refusal("no_such_chair", "This chair is not in service.", "chair")
        if self.chairs[chair].taken & span:
            return Refusal("chair_taken", f"{self.chairs[chair].name} is taken at that time.", "chair")
        return None

    def _nurse_refuses(
        self,
        nurse: int,
        first: int,
        lead: int,
        phases: Sequence[Phase],
        span: int,
        *,
        starts_patient: bool = True,
    ) -> Refusal | None:
        if nurse not in self.nurses:
            return Refusal("nurse_off_duty", "This nurse is not on duty that day.", "nurse")
        on = self.nurses[nurse]
        if span & ~on.on_duty:
            return Refusal("nurse_off_duty", f"{on.name} is not on duty for the whole visit.", "nurse")
        if starts_patient and on.started.get(self._slot(first), 0) >= self.rules.starts_per_slot:
            words = f"{on.name} already starts another patient at that time."
            return Refusal("nurse_starting", words, "nurse")
        for offset, length, weight in weights_by_run(phases, self.rules, lead):
            steps = self._mask(first + offset, first + offset + length)
            if weight >= len(on.spare) or steps & ~on.spare[weight]:
                words = f"{on.name} has too many patients at that time to watch one more."
                return Refusal("nurse_full", words, "nurse")
        return None
