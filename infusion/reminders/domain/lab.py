"""By which day a patient has to have a blood test before the next infusion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.calendar import day_bounds

from .asking import Asked, Subject, gate_rounds
from .kinds import GATE_NEEDS, LAB_DUE
from .rules import Rules

SAME_TEST = 14
"""A test due within so many days of the one the patient was told of is the same one (product default)."""

APART = timedelta(days=7)
"""So near to a message that says what is missing for a visit nothing is said of its blood test (product default)."""


@dataclass(frozen=True, slots=True)
class BloodTest:
    """The day by which the tests before a planned infusion are due, and when its visit begins where one is booked."""

    planned_id: int
    due_on: date
    visit_at: datetime | None = None


def blood_tests_asked(tests: Iterable[BloodTest], said: Iterable[Subject], rules: Rules) -> list[Asked]:
    """By which day to have a blood test, once for each planned infusion unless its day moves far; of no use once
    that day has passed. Whether a test is still to be had is judged when the message leaves.

    Where the patient is told in the same week that something is missing for that visit, this message gives way: the
    other one comes nearer to the visit, and names blood tests too. The version is the due day as a number.
    """
    told = {(key, version) for kind, key, version, message in said if (kind, message) == ("planned", LAB_DUE)}
    found: list[Asked] = []
    for test in tests:
        key, version = str(test.planned_id), test.due_on.toordinal()
        due = rules.leaves(LAB_DUE, test.due_on, rules.days(LAB_DUE))
        if any(key == other and abs(version - was) <= SAME_TEST for other, was in told):
            continue
        if any(abs(at - due) < APART for at in _told_what_is_missing(test, rules)):
            continue
        found.append(("planned", key, version, LAB_DUE, due, day_bounds(test.due_on, rules.zone)[1]))
    return found


def _told_what_is_missing(test: BloodTest, rules: Rules) -> list[datetime]:
    """When the patient is told what is missing for the visit that is booked."""
    if test.visit_at is None or not rules.is_on(GATE_NEEDS):
        return []
    visit_day = test.visit_at.astimezone(rules.zone).date()
    return [rules.leaves(GATE_NEEDS, visit_day, days) for days in gate_rounds(rules)]
