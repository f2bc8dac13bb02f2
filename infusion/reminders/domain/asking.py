"""What a patient is asked or told beside their visits: to choose a time, to read an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.calendar import day_bounds, local_date

from .kinds import ANSWER_READY, GATE_NEEDS, WINDOW_OPEN
from .rules import Rules

GATE_AGAIN = 5
"""Days before an infusion on which the patient is told a second time of what is missing (product default)."""

ANSWER_KEPT = timedelta(days=14)
"""How long a patient is still told that somebody has answered them (product default)."""

SAME_WINDOW = 28
"""A window that opens within so many days of the one a patient was asked about is the same one (product default)."""

Subject = tuple[str, str, int, str]
Asked = tuple[str, str, int, str, datetime, datetime]
"""A subject with when it is due and from when it is of no use."""


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """An infusion planned under a standing clearance that has no time yet; local dates, inclusive."""

    planned_id: int
    earliest_on: date
    latest_on: date


@dataclass(frozen=True, slots=True)
class Answered:
    """What a patient reported, and when somebody answered it."""

    report_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """A change of a visit that a patient asked for while it stood at ``starts_at``, and when staff said that it is not
    possible.
    """

    answer_id: int
    visit_id: int
    starts_at: datetime
    at: datetime


def gate_rounds(rules: Rules) -> list[int]:
    """How many days before an infusion the patient is told what is missing, the first time first."""
    first = rules.days(GATE_NEEDS)
    return sorted({day for day in (first, GATE_AGAIN) if 0 < day <= first}, reverse=True)


def window_asked(
    windows: Iterable[OpenWindow], said: Iterable[Subject], rules: Rules, now: datetime
) -> list[Asked]:
    """That it is time to choose a time: for the first of the infusions without one, once for each window. One whose
    window has closed unbooked is a matter for staff, and stands in no later one's way.
    """
    today = local_date(now, rules.zone)
    first = min(
        (window for window in windows if window.latest_on >= today),
        key=lambda window: (window.earliest_on, window.planned_id),
        default=None,
    )
    if first is None:
        return []
    key, version = str(first.planned_id), first.earliest_on.toordinal()
    for kind, subject_id, told, message in said:
        if (kind, subject_id, message) == ("planned", key, WINDOW_OPEN) and abs(
            told - version
        ) <= SAME_WINDOW:
            return []
    due = rules.leaves(WINDOW_OPEN, first.earliest_on, rules.days(WINDOW_OPEN))
    return [("planned", key, version, WINDOW_OPEN, due, day_bounds(first.latest_on, rules.zone)[1])]


def answers_told(answers: Iterable[Answered], rules: Rules) -> list[Asked]:
    """That an answer can be read, never the answer itself."""
    return [
        ("report", str(one.report_id), 1, ANSWER_READY, one.at + rules.notice_delay, one.at + ANSWER_KEPT)
        for one in answers
    ]
