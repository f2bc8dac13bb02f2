"""Re-planning a full day: sixty infusions of real length, a nurse who is ill, two hours of tolerance for everybody.

Sixty such visits do not fit 20 chairs and 5 nurses between 08:00 and 18:00: a chair takes two of 285 minutes or one
of 375, a nurse with four units two or three patients at a time while drugs are being titrated. So the day has the
38 chairs its lengths ask for. Taken one after another, the visits need 23 nurses; the day was booked with four more,
over whom they are spread, so that it can lose one. The other questions are harder: no nurse to spare, chairs missing
as well (then not all sixty can stay), and visits of half the length on 20 chairs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bench.mix import drawn, lengths
from scheduling.domain.baseline import greedy
from scheduling.domain.capacity import DayCapacity, NurseRules, Phase
from scheduling.domain.replanning import Allowed, Answer, Day, Place, Problem, ToPlace, Weights, day_of
from scheduling.domain.verifying import verify
from scheduling.optimiser import Limits, solve
from scheduling.optimiser.solving import available

DAY = date(2026, 6, 1)
TOLERANCE = 120
"""Minutes by which a visit may move."""
SPARE = 4
"""Nurses on duty beyond the fewest that take the visits one after another."""


def empty_day(chairs: int, nurses: int) -> Day:
    """08:00 to 18:00 with so many chairs and nurses."""
    return day_of(
        DayCapacity(
            day=DAY,
            zone=ZoneInfo("UTC"),
            hours=(time(8), time(18)),
            chairs={key: f"Chair {key}" for key in range(1, chairs + 1)},
            shifts={key: (f"Nurse {key}", [(time(8), time(18))]) for key in range(101, 101 + nurses)},
            rules=NurseRules(),
        )
    )


def booked(
    count: int, chairs: int, *, seed: int = 1, shorter: float = 1.0, more: int = 0
) -> tuple[Day, list[ToPlace]]:
    """A day on which every visit stands somewhere: called for one after another, spread over the nurses, of whom
    there are ``more`` than the fewest that takes. ``shorter`` scales the phases, for comparison with measurements of
    shorter visits.
    """
    random = Random(seed)
    visits = [
        ToPlace(
            key,
            tuple(
                Phase(one.name, max(round(one.minutes * shorter / 5) * 5, 5), one.acuity)
                for one in lengths()[sort]
            ),
            (Allowed(DAY, 0, 24 * 60),),
            harm=2 if sort == "maintenance" else 4,
        )
        for key, sort in enumerate(drawn(random, count), start=1)
    ]
    fewest = next(n for n in range(5, 60) if not _first_come(visits, chairs, n).left)
    plan = _first_come(visits, chairs, fewest + more, spread=True)
    if plan.left:
        raise ValueError(f"{count} visits do not fit {chairs} chairs when spread over {fewest + more} nurses")
    day = empty_day(chairs, fewest + more)
    return day, [_standing(visit, place) for visit, place in zip(visits, plan.placed, strict=True)]


def _first_come(visits: list[ToPlace], chairs: int, nurses: int, *, spread: bool = False) -> Answer:
    wishing = [
        replace(visit, nurse=101 + number % nurses if spread else None) for number, visit in enumerate(visits)
    ]
    prices = Weights(per_step_of_end=1, other_nurse=12)
    return greedy(Problem((empty_day(chairs, nurses),), tuple(wishing), NurseRules(), prices))


def _standing(visit: ToPlace, place: Place) -> ToPlace:
    near = Allowed(DAY, place.minute - TOLERANCE, place.minute + TOLERANCE)
    return replace(visit, now=place, allowed=(near,))


def without(day: Day, visits: list[ToPlace], *, nurses: int, chairs: int = 0) -> Problem:
    """The question when the first so many nurses and chairs are missing."""
    left = replace(day, nurses=day.nurses[nurses:], chairs=day.chairs[chairs:])
    return Problem((left,), tuple(visits), NurseRules())


def asked() -> dict[str, Problem]:
    """The questions measured, by the name their figures carry."""
    real, standing = booked(60, 38, more=SPARE)
    tight, tightly = booked(60, 38)
    short, briefly = booked(60, 20, shorter=0.5, more=SPARE)
    return {
        "replan_60": without(real, standing, nurses=1),
        "replan_60_nurse_and_chairs": without(real, standing, nurses=1, chairs=2),
        "replan_60_none_to_spare": without(tight, tightly, nurses=1),
        "replan_60_half_length_20_chairs": without(short, briefly, nurses=1),
    }


def measure(*, limits: Limits | None = None) -> dict[str, Any]:
    """Status, seconds, objective, bound and what moved for each question; the plain answer's cost beside it."""
    limits = limits or Limits(deterministic=40, wall_seconds=30)
    available()  # so that loading the solver is not part of the first question's seconds
    found: dict[str, Any] = {}
    for name, problem in asked().items():
        plain, answer = greedy(problem), solve(problem, limits=limits)
        found |= {
            f"{name}_status": answer.status,
            f"{name}_seconds": round(answer.seconds, 2),
            f"{name}_objective": answer.objective,
            f"{name}_bound": answer.bound,
            f"{name}_ended_by": answer.ended_by,
            f"{name}_not_placed": len(answer.left),
            f"{name}_moved": moved(problem, answer),
            f"{name}_plain_objective": plain.objective,
            f"{name}_plain_not_placed": len(plain.left),
            f"{name}_chairs": len(problem.days[0].chairs),
            f"{name}_nurses": len(problem.days[0].nurses),
            f"{name}_rules_broken": len(verify(problem, answer)),
        }
    return found


def moved(problem: Problem, answer: Answer) -> int:
    """How many visits begin at another time than before."""
    before = {visit.key: visit.now for visit in problem.visits if visit.now}
    return sum(
        (place.day, place.minute) != (before[place.key].day, before[place.key].minute)
        for place in answer.placed
        if place.key in before
    )
