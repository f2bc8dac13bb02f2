"""What stands in a clinic's day, in steps of five minutes: chairs, nurses' attention, starts and preparations.

One bit is one step, counted from the day's own first instant, so that a day of 23 or 25 hours is simply shorter or
longer. Adding a visit changes the day in place, and removing it is the exact inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinics.domain.calendar import day_bounds, local_instant
from clinics.domain.refusals import Refusal

from .attention import STEP, STEP_MINUTES, Demands, NurseRules, Phase
from .occupancy import above, lower_by, nothing, raise_by, span, used

STEPS_AN_HOUR = 60 // STEP_MINUTES
MINUTE = timedelta(minutes=1)
CHAIR, BED, ISOLATION = "chair", "bed", "isolation"

Handovers = tuple[tuple[datetime, int], ...]
"""Instants, ascending, from each of which on the nurse beside it has the patient."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """A standing visit as the day sees it. A follow-up has no chair and starts no patient (``starts_patient``).
    ``kept`` is a time kept for somebody on the waiting list: no visit yet, but nobody else's.
    """

    starts: datetime
    ends: datetime
    chair: int | None
    nurse: int | None
    phases: tuple[Phase, ...]
    starts_patient: bool = True
    handovers: Handovers = ()
    kept: bool = False


@dataclass(slots=True)
class ChairDay:
    """One chair, bed or isolation room: the steps in which somebody sits in it, and those in which it is kept for
    the waiting list, both as counts."""

    chair_id: int
    name: str
    kind: str = CHAIR
    sat: list[int] = field(default_factory=nothing)
    kept: list[int] = field(default_factory=nothing)

    @property
    def taken(self) -> int:
        """Steps in which nobody else can have it."""
        return used(self.sat) | used(self.kept)


@dataclass(slots=True)
class NurseDay:
    """One nurse: the steps on duty, the units used in each step and the patients started in each slot (as counts)."""

    nurse_id: int
    name: str
    on_duty: int
    counts: list[int] = field(default_factory=nothing)
    started: list[int] = field(default_factory=nothing)

    @property
    def used(self) -> int:
        """All units used in the day, in steps."""
        return sum(plane.bit_count() << bit for bit, plane in enumerate(self.counts))

    def spare(self, weight: int, units: int) -> int:
        """Steps on duty in which at least ``weight`` of ``units`` are left."""
        return self.on_duty & ~above(self.counts, units - weight, self.on_duty)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a visit takes of a day: the steps in its chair, how many steps its nurse watches it and with how much
    attention (as planes), the first step of the slot in which a patient is started and of
    the clock hour for which the pharmacy prepares (nothing where none is)."""

    seat: int
    steps: int
    planes: tuple[tuple[int, int], ...]
    slot: int
    hour: int


class Day:
    """What stands in one clinic day: opening hours, chairs, nurses on duty, and the visits.

    ``hours`` are wall-clock times, or None on a closed day, whose reason is ``closed_because``. ``shifts`` gives each
    nurse's name and wall-clock times on duty, breaks left out. ``kinds`` names the chairs that are beds or isolation
    rooms. ``demands`` may be shared between days of one clinic.
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
        kinds: Mapping[int, str] | None = None,
        demands: Demands | None = None,
    ) -> None:
        self.day, self.zone, self.hours, self.rules = day, zone, hours, rules
        self.closed_because = closed_because
        self.demands = demands or Demands(rules)
        self.begins, self.until = day_bounds(day, zone)
        self.steps = -(-(self.until - self.begins) // STEP)
        # On all but two days a year the clock runs through, and a wall-clock time is the same way into the day.
        # The offsets at both ends do not tell: where the clock skips midnight, the day begins after the change.
        self.usual = self.until - self.begins == timedelta(days=1)
        self.all = (1 << self.steps) - 1
        self.open = self._between(*hours) if hours else 0
        self.elsewhere = 0
        kinds = kinds or {}
        self.chairs = {key: ChairDay(key, name, kinds.get(key, CHAIR)) for key, name in chairs.items()}
        self.nurses: dict[int, NurseDay] = {}
        self.prepared = nothing()
        self.width = rules.slot_minutes // STEP_MINUTES
        for key, (name, times) in shifts.items():
            duty = 0
            for first, last in times:
                duty |= self._between(first, last)
            self.nurses[key] = NurseDay(key, name, duty)

    def _between(self, first: time, last: time) -> int:
        """Whole steps between two wall-clock times of this day."""
        if self.usual:
            opens, closes = first.hour * 60 + first.minute, last.hour * 60 + last.minute
            return self._mask(-(-opens // STEP_MINUTES), closes // STEP_MINUTES)
        begin = datetime.combine(self.day, first, tzinfo=self.zone).astimezone(UTC) - self.begins
        end = datetime.combine(self.day, last, tzinfo=self.zone).astimezone(UTC) - self.begins
        return self._mask(-(-begin // STEP), end // STEP)

    def _mask(self, first: int, last: int) -> int:
        """Steps from ``first`` up to but not including ``last``, as far as they lie in this day."""
        return span(max(first, 0), min(last, self.steps))

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

    def _wall(self, step: int) -> datetime:
        return self.instant_of(step).astimezone(self.zone)

    def _hour(self, step: int) -> tuple[int, int]:
        """The first step of the clock hour a step lies in, and the first one after it."""
        if self.usual:
            first = step - step % STEPS_AN_HOUR
            return first, first + STEPS_AN_HOUR

        def shown(at: int) -> tuple[int, timedelta | None]:
            wall = self._wall(at)
            return wall.hour, wall.utcoffset()

        first = last = step
        while first > 0 and shown(first - 1) == shown(step):
            first -= 1
        while last < self.steps and shown(last) == shown(step):
            last += 1
        return first, last

    def add(self, visit: Occupied) -> None:
        """Let a standing visit take its chair and its nurse's attention, in place. A chair or nurse that is
        not in this day (out of service, away) is passed over.
        """
        self._change(visit, raise_by)

    def remove(self, visit: Occupied) -> None:
        """Take back what adding the same visit took, in place: afterwards the day is as it was before."""
        self._change(visit, lower_by)

    def _change(self, visit: Occupied, count: Callable[..., None]) -> None:
        marks = self.marks(visit)
        chair = self.chairs.get(visit.chair) if visit.chair is not None else None
        if chair is not None:
            count(chair.kept if visit.kept else chair.sat, marks.seat)
        first = self.step_of(visit.starts)
        for who, begin, end in self._legs(first, marks.steps, visit.nurse, visit.handovers):
            nurse = self.nurses.get(who) if who is not None else None
            if nurse is None:
                continue
            theirs = self._mask(begin, end)
            for bit, steps in marks.planes:
                count(nurse.counts, steps & theirs, bit)
        nurse = self.nurses.get(visit.nurse) if visit.nurse is not None else None
        if nurse is not None:
            count(nurse.started, marks.slot)
        count(self.prepared, marks.hour)

    def marks(self, visit: Occupied) -> Marks:
        """What a visit takes of this day, whatever its chair and nurse."""
        first, lead = divmod((visit.starts - self.begins) // MINUTE, STEP_MINUTES)
        last = -(-(visit.ends - self.begins) // STEP)
        demand = self.demands.of(visit.phases, lead)
        planes = tuple((bit, _moved(steps, first) & self.all) for bit, steps in demand.planes)
        begins_here = visit.starts_patient and 0 <= first < self.steps
        return Marks(
            seat=self._mask(first, last),
            steps=demand.steps,
            planes=planes,
            slot=1 << first - first % self.width if begins_here else 0,
            hour=1 << self._hour(first)[0] if begins_here and self.rules.prep_per_hour else 0,
        )

    def _legs(
        self, first: int, steps: int, nurse: int | None, handovers: Handovers
    ) -> Iterator[tuple[int | None, int, int]]:
        """Each nurse of a visit in turn with the steps in which the patient is theirs. A step in which the patient
        changes hands is asked of both."""
        who, begin, end = nurse, first, first + steps
        for instant, to in handovers:
            yield who, begin, min(-(-(instant - self.begins) // STEP), end)
            who, begin = to, max(self.step_of(instant), first)
        yield who, begin, end

    def block(self, starts: datetime, ends: datetime) -> None:
        """Offer nothing between two instants: the patient or the clinician is elsewhere in the clinic then."""
        self.elsewhere |= self._mask(self.step_of(starts), -(-(ends - self.begins) // STEP))


def _moved(steps: int, by: int) -> int:
    return steps << by if by >= 0 else steps >> -by
