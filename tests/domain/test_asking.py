"""Whom a clinic asks to choose a time: for the first window that is open, whatever was missed before it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from infusion.reminders.domain.asking import OpenWindow, window_asked
from infusion.reminders.domain.rules import Rules

MISSED = OpenWindow(1, date(2027, 3, 1), date(2027, 3, 28))
NEXT = OpenWindow(2, date(2027, 9, 1), date(2027, 9, 28))
RULES = Rules(ZoneInfo("America/Los_Angeles"))
LAST_DAY = datetime(2027, 3, 29, 6, 59, tzinfo=UTC)
DAY_AFTER = datetime(2027, 3, 29, 7, tzinfo=UTC)


@pytest.mark.parametrize(("now", "asked"), [(LAST_DAY, ["1"]), (DAY_AFTER, ["2"])])
def test_a_window_missed_stands_in_no_later_ones_way(now: datetime, asked: list[str]) -> None:
    assert [one[1] for one in window_asked([MISSED, NEXT], [], RULES, now)] == asked


def test_a_window_missed_asks_nothing() -> None:
    assert window_asked([MISSED], [], RULES, DAY_AFTER) == []
