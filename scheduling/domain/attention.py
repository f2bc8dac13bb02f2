"""What a visit asks of its nurse: phases, the clinic's rules for them, and both together as a pattern of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

STEP_MINUTES = 5
STEP = timedelta(minutes=STEP_MINUTES)
CONSULTATION = "consultation"
PHASE_WEIGHTS: Mapping[str, int] = MappingProxyType(
    {"set_up": 2, "premedication": 1, "titration": 2, "steady": 1, "observation": 1}
)
"""How much of a nurse's attention each phase asks for. Product default, unverified: setting up and titrating weigh
more than a steady drip.
"""
USUAL, FIRST, REACTION = "usual", "first", "reaction"
EXTRA_UNITS: Mapping[str, int] = MappingProxyType({USUAL: 0, FIRST: 1, REACTION: 1})
"""What a first infusion, or one after a serious reaction, asks on top while the drug runs. Product default,
unverified.
"""
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
    """A clinic's settings for nurses: units of attention one nurse has in every step, patients a nurse may start per
    slot of ``slot_minutes``, and the weight of each phase. A consultation takes the whole nurse; a phase without a
    weight of its own weighs one unit. ``prep_per_hour`` is how many infusions the pharmacy can prepare for one hour,
    0 for no limit. Product defaults, unverified.
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
        """Units of a nurse's attention the phase takes in each of its steps. What acuity adds never asks for more
        than one nurse has."""
        if phase.name == CONSULTATION:
            return self.units
        extra = self.extra.get(phase.acuity, 0) if phase.name in DRUG_RUNS else 0
        usual = self.weights.get(phase.name, 1)
        return max(usual, min(usual + extra, self.units))


@dataclass(frozen=True, slots=True)
class Demand:
    """What a visit asks of its nurse from the step it begins in: ``runs`` of (first step, steps, units), and the same
    as bit planes, each as (bit, steps).
    """

    steps: int
    runs: tuple[tuple[int, int, int], ...]
    planes: tuple[tuple[int, int], ...]


def total_minutes(phases: Iterable[Phase]) -> int:
    """Length of a visit: the sum of its phases."""
    return sum(phase.minutes for phase in phases)


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


class Demands:
    """The patterns of a clinic's visits, worked out once for each kind of visit."""

    def __init__(self, rules: NurseRules) -> None:
        self.rules = rules
        self._known: dict[tuple[tuple[Phase, ...], int], Demand] = {}

    def of(self, phases: Sequence[Phase], lead: int = 0) -> Demand:
        """The pattern of a visit that begins ``lead`` minutes into a step."""
        key = (tuple(phases), lead)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._worked_out(phases, lead)
        return found

    def _worked_out(self, phases: Sequence[Phase], lead: int) -> Demand:
        parts = weights_by_run(phases, self.rules, lead)
        planes: dict[int, int] = {}
        for first, length, weight in parts:
            for bit in range(weight.bit_length()):
                if weight >> bit & 1:
                    planes[bit] = planes.get(bit, 0) | ((1 << length) - 1) << first
        return Demand(
            steps=sum(length for _, length, _ in parts),
            runs=tuple(parts),
            planes=tuple(sorted(planes.items())),
        )
