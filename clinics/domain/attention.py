"""The clinic's capacity rules as numbers a manager sets, and what may not stand together."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .refusals import Refusal

SLOT_LENGTHS = (5, 10, 15, 30)
WEIGHTS: Mapping[str, str] = MappingProxyType(
    {
        "weight_set_up": "Setting up",
        "weight_premedication": "Premedication",
        "weight_titration": "Titration",
        "weight_steady": "Steady drip",
        "weight_observation": "Observation",
    }
)
"""The phases of a visit that ask for a nurse's attention, in their order."""
EXTRAS: Mapping[str, str] = MappingProxyType(
    {"extra_first": "A first infusion", "extra_reaction": "After a serious reaction"}
)
BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "nurse_units": (1, 9),
        "nurse_starts_per_slot": (1, 9),
        **dict.fromkeys((*WEIGHTS, *EXTRAS), (0, 9)),
        "prep_per_hour": (0, 200),
        "hold_beyond_days": (7, 730),
        "learn_lengths_after": (0, 100),
        "waitlist_hold_minutes": (5, 2880),
        "waitlist_notice_hours": (0, 336),
        "call_now_minutes": (5, 240),
    }
)
"""Least and most of each number: beyond them it is a slip of the keyboard. Product defaults, unverified."""
RULES = ("slot_minutes", *BOUNDS)


def rule_problems(rules: Mapping[str, int]) -> list[Refusal]:
    """What is wrong with a full set of rules: out of bounds, or a phase that asks for more than one nurse has."""
    found = []
    if rules["slot_minutes"] not in SLOT_LENGTHS:
        found.append(Refusal("slot_length", "A slot is 5, 10, 15 or 30 minutes long.", "slot_minutes"))
    for name, (least, most) in BOUNDS.items():
        if not least <= rules[name] <= most:
            found.append(Refusal("out_of_bounds", f"Choose a number from {least} to {most}.", name))
    units = rules["nurse_units"]
    if any(problem.field == "nurse_units" for problem in found):
        return found
    for name in (*WEIGHTS, *EXTRAS):
        if units < rules[name] <= BOUNDS[name][1]:
            words = f"One nurse has {units} unit{'s' if units != 1 else ''}; a phase cannot ask for more."
            found.append(Refusal("above_units", words, name))
    return found
