"""Which follow-up visits come of the infusions given, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from .surveillance import SURVEILLANCE
from .triage import VERIFIED

INDUCTION = "induction"
DECISION = "week_24_decision"
"""The follow-up at which a prescriber says whether the treatment goes on."""


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """One follow-up visit, ``weeks`` after an infusion and ``window_days`` to either side.

    With ``days_before_next_dose`` it falls at least so many days before the next infusion, because what it
    finds decides on that infusion.
    """

    kind: str
    weeks: int
    title: str
    window_days: int
    purpose: str
    source: str
    status: str
    window_status: str
    days_before_next_dose: int | None = None

    @property
    def verified(self) -> bool:
        """Whether all of it was read in the source, the window too."""
        return self.status in VERIFIED and self.window_status in VERIFIED


FOLLOW_UP_RULES = tuple(FollowUpRule(**row) for row in SURVEILLANCE["visits"])
"""The visits, as data: ``monitoring/data/surveillance.json``."""


@dataclass(frozen=True, slots=True)
class Infused:
    """An infusion of a course as given: its ordinal (from 1), its phase and its local date."""

    n: int
    phase: str
    on: date


@dataclass(frozen=True, slots=True)
class FollowUpDue:
    """A follow-up that comes of infusion ``from_n``: due on a date, in a window; all local, inclusive."""

    kind: str
    title: str
    purpose: str
    due_on: date
    earliest: date
    latest: date
    from_n: int
    from_infusion_on: date


def follow_ups_due(
    infusions: Iterable[Infused],
    *,
    induction_doses: int,
    induction_window_ends: date | None,
    next_dose_on: date | None,
    today: date,
    rules: tuple[FollowUpRule, ...] = FOLLOW_UP_RULES,
) -> tuple[FollowUpDue, ...]:
    """The follow-ups of a course's infusions, in the order they are due.

    They count from the last infusion of the induction, not from each, and from every maintenance infusion.
    While an induction of ``induction_doses`` is unfinished nothing is due, until ``today`` is past
    ``induction_window_ends`` (the last day its next dose may be given) or maintenance has begun: then they
    count from the last dose given. ``next_dose_on`` is the target date of the next infusion not yet given. A
    follow-up that would fall on or after an infusion given since is left out: that infusion brings its own.
    """
    given = sorted(infusions, key=lambda infusion: infusion.on)
    found: list[FollowUpDue] = []
    for place, infusion in enumerate(given):
        following = given[place + 1] if place + 1 < len(given) else None
        if infusion.phase == INDUCTION:
            if following is not None and following.phase == INDUCTION:
                continue
            unfinished = sum(one.phase == INDUCTION for one in given) < induction_doses
            over = induction_window_ends is not None and induction_window_ends < today
            if unfinished and following is None and not over:
                continue
        next_on = following.on if following is not None else next_dose_on
        for rule in rules:
            due = _due(rule, infusion, next_on)
            if due is not None and (following is None or due.due_on < following.on):
                found.append(due)
    return tuple(sorted(found, key=lambda due: (due.due_on, due.from_n)))


def _due(rule: FollowUpRule, infusion: Infused, next_on: date | None) -> FollowUpDue | None:
    """The follow-up a rule asks for after an infusion; None where the next infusion leaves no day for it.

    After a second induction dose 24 weeks end on day 182 of the course, on or past a maintenance dose at six
    months (181 to 184 days): the visit is then brought forward.
    """
    day, window = infusion.on + timedelta(weeks=rule.weeks), timedelta(days=rule.window_days)
    due, latest = day, day + window
    if rule.days_before_next_dose is not None and next_on is not None:
        limit = next_on - timedelta(days=rule.days_before_next_dose)
        if limit <= infusion.on:
            return None
        due, latest = min(due, limit), min(latest, limit)
    return FollowUpDue(
        kind=rule.kind,
        title=rule.title,
        purpose=rule.purpose,
        due_on=due,
        earliest=max(due - window, infusion.on + timedelta(days=1)),
        latest=latest,
        from_n=infusion.n,
        from_infusion_on=infusion.on,
    )
