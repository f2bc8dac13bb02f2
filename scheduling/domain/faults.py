"""Visits that stand but no longer fit the clinic as it is set: what is in the way of each, blaming as few as can be.

A change of hours, chairs, shifts or rules leaves booked visits where they are. What was booked first keeps its place:
where a nurse, a slot or the pharmacy has too much, the visits placed last are the ones that no longer fit. So a day
that was booked by the rules has no faults as long as the rules stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clinics.domain.refusals import Refusal

from .capacity import BED, ISOLATION, DayCapacity, Occupied

IN_THE_WAY = frozenset(
    {
        "closed_day",
        "outside_hours",
        "no_such_chair",
        "nurse_off_duty",
        "nurse_starting",
        "nurse_full",
        "prep_full",
        "clinician_away",
        "not_a_bed",
    }
)
"""What a setting can put in the way of a visit that stands. Chairs and patients taken twice the database refuses."""
FITS_NEED = {"": frozenset(), BED: frozenset({BED, ISOLATION}), ISOLATION: frozenset({ISOLATION})}
"""The kinds of place that serve a patient's need; no need is served by any. An isolation room has a bed: product
default, unverified."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A standing visit as it was placed. ``order`` counts placements, the first the lowest. Where ``begun``, it keeps
    its place and is not asked. ``accepted`` are the soft rules that were knowingly broken for it, ``need`` the kind of
    place the patient needs, ``away`` the words where its clinician is on leave that day.
    """

    key: int
    visit: Occupied
    order: int
    begun: bool = False
    accepted: frozenset[str] = frozenset()
    need: str = ""
    away: str = ""


def misfits(day: DayCapacity, visits: Iterable[Placed]) -> dict[int, tuple[Refusal, ...]]:
    """What is in the way of each visit that no longer fits, by key, the weightiest first. ``day`` comes empty and is
    filled with the visits that fit.
    """
    found: dict[int, tuple[Refusal, ...]] = {}
    for placed in sorted(visits, key=lambda each: (not each.begun, each.order, each.key)):
        reasons = () if placed.begun else _reasons(day, placed)
        if reasons:
            found[placed.key] = reasons
        else:
            day.add(placed.visit)
    return found


def _reasons(day: DayCapacity, placed: Placed) -> tuple[Refusal, ...]:
    visit = placed.visit
    found: list[Refusal] = []
    if visit.chair is None:
        refusal = day.fits_without_chair(visit.starts, visit.phases, visit.nurse)
        found += [refusal] if refusal else []
    else:
        found += day.refusals(visit.starts, visit.phases, visit.chair, visit.nurse or 0, visit.handovers)
        chair = day.chairs.get(visit.chair)
        if placed.need and chair is not None and chair.kind not in FITS_NEED[placed.need]:
            what = "a bed" if placed.need == BED else "an isolation room"
            found.append(Refusal("not_a_bed", f"The patient needs {what}; {chair.name} is none.", "chair"))
    if placed.away:
        found.append(Refusal("clinician_away", placed.away, "nurse"))
    return tuple(each for each in found if each.code in IN_THE_WAY - placed.accepted)
