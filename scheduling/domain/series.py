"""What was decided about single doses of a course: deferred, left out, or the last of the series."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from clinics.domain.refusals import Refusal

DEFER, OMIT, CEASE = "defer", "omit", "cease"

FURTHEST_DAYS = 365
"""By how many days a dose may be moved at once, later or sooner (product default, unverified): beyond that it is
another course. """


@dataclass(frozen=True, slots=True)
class Decision:
    """A prescriber's decision about infusion ``n`` (from 1, inductions counted).

    ``defer``: it moves by ``days`` (below zero: sooner), its window with it; with ``carries`` so does every infusion
    after it. ``omit``: it is not given, the others keep their dates. ``cease``: it and all that follow are not given.
    """

    n: int
    kind: str
    days: int = 0
    carries: bool = False


def shift_by(
    decisions: Iterable[Decision], n: int, *, after: int, opens: int, chained: Collection[int] = ()
) -> timedelta:
    """By how much the date of infusion ``n`` moves: the days of its own decisions and of all that carry to it.

    It is counted from infusion ``after``, whose own decisions stand in its date already and are not counted again.
    Among those that belong together (the first of them is ``opens``) a deferral always takes the later ones with it,
    so that two of them never come closer than the protocol has them (product default, unverified); so does one of an
    infusion that the series counts through (``chained``).
    """
    days = 0
    for decision in decisions:
        if decision.kind != DEFER:
            continue
        between = after < decision.n < n
        carries = decision.carries or decision.n >= opens or decision.n in chained
        days += decision.days if decision.n == n or (between and carries) else 0
    return timedelta(days=days)


def is_omitted(decisions: Iterable[Decision], n: int) -> bool:
    """Whether infusion ``n`` alone is left out."""
    return any(decision.kind == OMIT and decision.n == n for decision in decisions)


def ceases_at(decisions: Iterable[Decision]) -> int | None:
    """The first infusion that is no longer given; None where the course goes on."""
    return min((decision.n for decision in decisions if decision.kind == CEASE), default=None)


def deferral_refusal(days: int) -> Refusal | None:
    """A deferral moves by at least a day and at most a year."""
    if days == 0:
        return Refusal("no_days", "Say by how many days: 0 would change nothing.", "days")
    if abs(days) > FURTHEST_DAYS:
        return Refusal("too_many_days", f"At most {FURTHEST_DAYS} days at once.", "days")
    return None


@dataclass(frozen=True, slots=True)
class Outlook:
    """One infusion as it stands, or would stand: its day (booked or planned) and its window; no day where it is not
    given.
    """

    n: int
    on: date | None
    earliest: date
    latest: date


def outside(outlook: Outlook) -> int:
    """By how many days the infusion stands outside its window: below zero before it, above after, 0 inside."""
    if outlook.on is None or outlook.earliest <= outlook.on <= outlook.latest:
        return 0
    if outlook.on < outlook.earliest:
        return (outlook.on - outlook.earliest).days
    return (outlook.on - outlook.latest).days


def short_intervals(
    outlooks: Iterable[Outlook],
    *,
    inductions: int,
    min_days: int,
    others: Iterable[date] = (),
    opens: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """The infusions that would come too soon, with the days since the patient's infusion before.

    Among those that belong together only two on one day are too near (the protocol sets the rest); every other
    infusion needs ``min_days`` after the one before. ``opens`` says of an infusion after the induction which one its
    pair or course begins with. ``others`` are the days of the patient's infusions outside this list.
    """
    groups = opens or {}

    def group(n: int) -> int:
        return 1 if 0 < n <= inductions else groups.get(n, n)

    days = sorted([(each.on, each.n) for each in outlooks if each.on] + [(day, 0) for day in others])
    found: dict[int, int] = {}
    for (before, first), (on, n) in pairwise(days):
        gap = (on - before).days
        needed = 1 if first and n and group(first) == group(n) else min_days
        if gap < needed:
            found[n or first] = gap
    return found
