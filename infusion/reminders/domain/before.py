"""What is said before a visit, and when each of it leaves: decided on its time and a clinic's rules alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from .asking import gate_rounds
from .kinds import EARLY, EVENING, GATE_NEEDS, HEALTH_CHECK, LATE, MORNING_OF, REMINDER, code_of
from .rules import Rules

LAST_USE = timedelta(hours=1)
"""The last reminder is of no use later than this before the visit (product default)."""

TRAVEL = timedelta(hours=2)
"""Whoever is told later than this before a visit may be on the way to it (product default)."""


def furthest_day(rules: Rules) -> int:
    """The most days before a visit on which anything is said of it; 0 where nothing is."""
    before = [rules.days(kind) for kind in (GATE_NEEDS, HEALTH_CHECK) if rules.is_on(kind)]
    return max((*rules.reminder_days, *before), default=0)


def visit_times(
    starts_at: datetime, rules: Rules, *, is_infusion: bool
) -> list[tuple[str, datetime, datetime]]:
    """All that is said before a visit at this time, as (kind, due, of no use from): its reminders, and before an
    infusion what the patient can still see to, and a few questions. Whether there is something to say of those is
    judged when they leave.
    """
    found = reminder_times(starts_at, rules)
    if not is_infusion:
        return found
    visit_day = starts_at.astimezone(rules.zone).date()
    asked = [(f"{GATE_NEEDS}_{day}", rules.leaves(GATE_NEEDS, visit_day, day)) for day in gate_rounds(rules)]
    ends = [*(at for _, at in asked[1:]), starts_at - LAST_USE]
    found += [(kind, due, end) for (kind, due), end in zip(asked, ends, strict=True)]
    questions = rules.leaves(HEALTH_CHECK, visit_day, rules.days(HEALTH_CHECK))
    found.append((HEALTH_CHECK, questions, starts_at - timedelta(days=1)))
    return [
        (kind, rules.after_quiet(due, end), end)
        for kind, due, end in found
        if due < end and rules.is_on(kind)
    ]


def replaced(said: Collection[str], rules: Rules) -> set[str]:
    """Those of a visit's reminders in whose place one went out before the clinic changed its days, among what was said
    of the visit: of the first and of the second kind, the earliest each.
    """
    found: set[str] = set()
    listed = [f"{REMINDER}{day}" for day in sorted({*rules.reminder_days}, reverse=True)]
    for code in (EARLY, LATE):
        unlisted = [kind for kind in said if kind.startswith(REMINDER) and code_of(kind) == code]
        times = len({*unlisted} - {*listed})
        found |= {*[kind for kind in listed if code_of(kind) == code and kind not in said][:times]}
    return found


def reminder_times(starts_at: datetime, rules: Rules) -> list[tuple[str, datetime, datetime]]:
    """The reminders of a visit at this time, as (kind, due, of no use from), the earliest first."""
    days = sorted({day for day in rules.reminder_days if day > 0}, reverse=True)
    visit_day = starts_at.astimezone(rules.zone).date()
    instants = [(f"{REMINDER}{day}", rules.leaves(f"{REMINDER}{day}", visit_day, day)) for day in days]
    if rules.is_on(MORNING_OF):
        instants.append((MORNING_OF, _morning_or_evening_before(starts_at, rules)))
    if not instants:
        return []
    ends = [min(end, starts_at - LAST_USE) for end in (*(at for _, at in instants[1:]), starts_at)]
    return [
        (kind, rules.after_quiet(due, end), end)
        for (kind, due), end in zip(instants, ends, strict=True)
        if due < end
    ]


def _morning_or_evening_before(starts_at: datetime, rules: Rules) -> datetime:
    """The morning of the visit, where what leaves then, after the quiet hours, is read before the patient sets out;
    else the evening before, ahead of the quiet hours.
    """
    day = starts_at.astimezone(rules.zone).date()
    morning = rules.leaves(MORNING_OF, day, 0)
    if (rules.quiet.ends_at(morning, rules.zone) or morning) <= starts_at - TRAVEL:
        return morning
    return rules.before_quiet(day - timedelta(days=1), EVENING)
