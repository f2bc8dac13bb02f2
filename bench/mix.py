"""Visits as a clinic gives them: lengths from the STANDARD regimen's own rates, in a stated mix."""

from __future__ import annotations

from random import Random

from regimens.defaults import DEFAULT_CODE, default_regimens
from regimens.domain.length import PhaseMinutes, visit_phases
from scheduling.domain.capacity import FIRST, REACTION, USUAL, Phase

MIX = {"first": 15, "second": 15, "maintenance": 65, "reaction": 5}
"""Visits in a hundred. A course of two years has two inductions and three to four maintenance infusions; one in
twenty follows a serious reaction. An assumption of the bench, not a measurement.
"""


def lengths() -> dict[str, tuple[Phase, ...]]:
    """The phases of each sort of visit for 1000 mg: 375 minutes for a first infusion and one after a serious
    reaction, 285 for a later one.
    """
    regimen = default_regimens()[DEFAULT_CODE]
    settings = PhaseMinutes()
    slow = visit_phases(1000, regimen.first_profile, first=True, settings=settings).phases
    quick = visit_phases(1000, regimen.subsequent_profile, first=False, settings=settings).phases
    return {
        "first": tuple(Phase(name, minutes, FIRST) for name, minutes in slow),
        "second": tuple(Phase(name, minutes, USUAL) for name, minutes in quick),
        "maintenance": tuple(Phase(name, minutes, USUAL) for name, minutes in quick),
        "reaction": tuple(Phase(name, minutes, REACTION) for name, minutes in slow),
    }


def drawn(random: Random, count: int) -> list[str]:
    """So many sorts of visit, in random order, in the stated mix (rounded, maintenance taking up what is left)."""
    found = [sort for sort in ("first", "second", "reaction") for _ in range(round(count * MIX[sort] / 100))]
    found += ["maintenance"] * (count - len(found))
    random.shuffle(found)
    return found
