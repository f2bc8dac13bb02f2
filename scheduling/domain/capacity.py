"""What a clinic's day can still take: where a visit could begin, whether it fits, and every reason why not.

A question costs a few shifts and ands, whatever the number of visits in the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from clinics.domain.refusals import Refusal

from .attention import (
    CONSULTATION,
    DRUG_RUNS,
    EXTRA_UNITS,
    FIRST,
    PHASE_WEIGHTS,
    REACTION,
    STEP,
    STEP_MINUTES,
    USUAL,
    Demand,
    Demands,
    NurseRules,
    Phase,
    total_minutes,
    weights_by_run,
)
from .day import BED, CHAIR, ISOLATION, ChairDay, Day, Handovers, NurseDay, Occupied
from .occupancy import above, runs, span, used

__all__ = [
    "BED",
    "CHAIR",
    "CONSULTATION",
    "DRUG_RUNS",
    "EXTRA_UNITS",
    "FIRST",
    "ISOLATION",
    "PHASE_WEIGHTS",
    "REACTION",
    "STEP",
    "STEP_MINUTES",
    "USUAL",
    "ChairDay",
    "DayCapacity",
    "Demands",
    "Fit",
    "Handovers",
    "NurseDay",
    "NurseRules",
    "Occupied",
    "Phase",
    "runs",
    "total_minutes",
    "weights_by_run",
]


@dataclass(frozen=True, slots=True)
class Fit:
    """A chair and a nurse that can take a visit from ``starts`` to ``ends`` (UTC instants)."""

    starts: datetime
    ends: datetime
    chair: int
    nurse: int
    handovers: Handovers = ()


class DayCapacity(Day):
    """One clinic day and what it can still take."""

    # --- where a visit could begin ------------------------------------------------------------------------

    def open_starts(self, phases: Sequence[Phase], *, starts_patient: bool = True) -> int:
        """Steps at which a visit may begin and end inside the opening hours, where the patient is free, and an
        infusion where the pharmacy can prepare one more."""
        found = runs(self.open & ~self.elsewhere, -(-total_minutes(phases) // STEP_MINUTES))
        return found & ~self.prep_full() if starts_patient else found

    def prep_full(self) -> int:
        """Steps of the clock hours for which the pharmacy has all the infusions it can prepare."""
        most = self.rules.prep_per_hour
        if not most:
            return 0
        full, found = above(self.prepared, most - 1, self.all), 0
        while full:
            first, last = self._hour(full.bit_length() - 1)
            found |= span(first, last)
            full &= ~(1 << first)
        return found

    def chair_starts(self, chair: int, phases: Sequence[Phase]) -> int:
        """Steps from which the chair is free for the whole visit."""
        return runs(self.all & ~self.chairs[chair].taken, -(-total_minutes(phases) // STEP_MINUTES))

    def nurse_starts(self, nurse: int, phases: Sequence[Phase], *, starts_patient: bool = True) -> int:
        """Steps from which the nurse is on duty with enough attention throughout and may start a patient."""
        found, on = self.all, self.nurses[nurse]
        spare: dict[int, int] = {}
        for offset, length, weight in self.demands.of(phases).runs:
            if weight not in spare:
                spare[weight] = on.spare(weight, self.rules.units)
            found &= runs(spare[weight], length) >> offset
            if not found:
                return 0
        return found & ~self.starting(nurse) if starts_patient else found

    def starting(self, nurse: int) -> int:
        """Steps of the slots in which the nurse starts all the patients a nurse may start."""
        full = above(self.nurses[nurse].started, self.rules.starts_per_slot - 1, self.all)
        return full * ((1 << self.width) - 1)

    # --- whether one visit fits, and every reason why not -------------------------------------------------

    def fits(
        self, starts: datetime, phases: Sequence[Phase], chair: int, nurse: int, handovers: Handovers = ()
    ) -> Fit | Refusal:
        """Whether one chair and one nurse (and whoever takes over) can take a visit beginning at an instant, or the
        weightiest reason why not.
        """
        refusal = next(self._reasons(starts, phases, chair, nurse, handovers), None)
        return refusal or Fit(
            starts, starts + timedelta(minutes=total_minutes(phases)), chair, nurse, handovers
        )

    def refusals(
        self, starts: datetime, phases: Sequence[Phase], chair: int, nurse: int, handovers: Handovers = ()
    ) -> tuple[Refusal, ...]:
        """Every reason why a visit cannot stand there, the weightiest first; nothing where it fits."""
        return tuple(dict.fromkeys(self._reasons(starts, phases, chair, nurse, handovers)))

    def fits_without_chair(
        self, starts: datetime, phases: Sequence[Phase], nurse: int | None
    ) -> Refusal | None:
        """Why a visit without a chair cannot stand, or None. A nurse on duty that day must have attention to
        spare; whoever has no duty here is not asked.
        """
        first, demand = self.step_of(starts), self.demands.of(phases, self._lead(starts))
        found = next(self._not_open(first, demand.steps), None)
        if found is None and nurse is not None and nurse in self.nurses:
            found = next(self._nurse_refuses(nurse, first, first, first + demand.steps, demand), None)
        return found

    def _reasons(
        self, starts: datetime, phases: Sequence[Phase], chair: int, nurse: int, handovers: Handovers
    ) -> Iterator[Refusal]:
        first, demand = self.step_of(starts), self.demands.of(phases, self._lead(starts))
        ends = starts + timedelta(minutes=total_minutes(phases))
        instants = [starts, *(at for at, _ in handovers), ends]
        if any(one >= other for one, other in pairwise(instants)):
            yield Refusal("impossible_handover", "A nurse takes over during the visit, one after the other.")
            return
        yield from self._not_open(first, demand.steps)
        yield from self._chair_refuses(chair, self._mask(first, first + demand.steps))
        legs = list(self._legs(first, demand.steps, nurse, handovers))
        yield from (each for leg in legs for each in self._duty_refuses(*leg))
        yield from self._starting_refuses(nurse, first)
        for who, begin, end in legs:
            yield from self._full_refuses(who, first, begin, end, demand)
        yield from self._prep_refuses(first)

    def _not_open(self, first: int, steps: int) -> Iterator[Refusal]:
        if self.hours is None:
            words = f"The clinic is closed on {self.day:%A %d %B %Y}: {self.closed_because or 'closed'}."
            yield Refusal("closed_day", words, "day")
            return
        mask = self._mask(first, first + steps)
        if mask & self.elsewhere:
            words = "The patient or the clinician has another visit at that time."
            yield Refusal("patient_busy", words, "time")
        if first < 0 or first + steps > self.steps or mask & ~self.open:
            opens, closes = self.hours
            words = f"The visit does not lie within the opening hours, {opens:%H:%M} to {closes:%H:%M}."
            yield Refusal("outside_hours", words, "time")
        if first < 0 or first + steps > self.steps:
            yield Refusal("past_midnight", "A visit ends on the day on which it begins.", "time")

    def _chair_refuses(self, chair: int, mask: int) -> Iterator[Refusal]:
        if chair not in self.chairs:
            yield Refusal("no_such_chair", "This chair is not in service.", "chair")
            return
        seat = self.chairs[chair]
        if used(seat.sat) & mask:
            yield Refusal("chair_taken", f"{seat.name} is taken at that time.", "chair")
        elif used(seat.kept) & mask:
            words = f"{seat.name} is kept for a patient on the waiting list at that time."
            yield Refusal("kept_for_waitlist", words, "chair")

    def watches(self, nurse: int, first: int, begin: int, end: int, demand: Demand) -> bool:
        """Whether a nurse can have a patient from one step to another, of a visit that begins at ``first``."""
        return next(self._nurse_refuses(nurse, first, begin, end, demand), None) is None

    def _nurse_refuses(
        self, nurse: int, first: int, begin: int, end: int, demand: Demand
    ) -> Iterator[Refusal]:
        yield from self._duty_refuses(nurse, begin, end)
        yield from self._full_refuses(nurse, first, begin, end, demand)

    def _duty_refuses(self, nurse: int | None, begin: int, end: int) -> Iterator[Refusal]:
        on = self.nurses.get(nurse) if nurse is not None else None
        if on is None:
            yield Refusal("nurse_off_duty", "This nurse is not on duty that day.", "nurse")
            return
        off = self._mask(begin, end) & ~on.on_duty
        if not off:
            return
        words = f"{on.name} is not on duty for the whole visit."
        away = (off & -off).bit_length() - 1
        later = on.on_duty >> away << away
        if on.on_duty & ((1 << away) - 1) and later:
            back = (later & -later).bit_length() - 1
            words = f"{on.name} has a break from {self._wall(away):%H:%M} to {self._wall(back):%H:%M}."
        yield Refusal("nurse_off_duty", words, "nurse")

    def _starting_refuses(self, nurse: int, first: int) -> Iterator[Refusal]:
        if nurse in self.nurses and 0 <= first < self.steps and self.starting(nurse) >> first & 1:
            words = f"{self.nurses[nurse].name} already starts another patient at that time."
            yield Refusal("nurse_starting", words, "nurse")

    def _full_refuses(
        self, nurse: int | None, first: int, begin: int, end: int, demand: Demand
    ) -> Iterator[Refusal]:
        on = self.nurses.get(nurse) if nurse is not None else None
        if on is None:
            return
        for offset, length, weight in demand.runs:
            steps = self._mask(max(first + offset, begin), min(first + offset + length, end))
            if steps & above(on.counts, self.rules.units - weight, self.all):
                words = f"{on.name} has too many patients at that time to watch one more."
                yield Refusal("nurse_full", words, "nurse")
                return

    def _prep_refuses(self, first: int) -> Iterator[Refusal]:
        if 0 <= first < self.steps and self.prep_full() >> first & 1:
            begin, end = (self._wall(step) for step in self._hour(first))
            words = (
                f"The pharmacy has all the infusions it can prepare between {begin:%H:%M} and {end:%H:%M}."
            )
            yield Refusal("prep_full", words, "time")
