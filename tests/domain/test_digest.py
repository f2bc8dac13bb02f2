"""When the morning mail is due, through the changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infusion.reminders.domain.digest import Count, morning

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("now", "day", "due"),
    [
        (datetime(2031, 3, 10, 6, 59, tzinfo=UTC), date(2031, 3, 10), datetime(2031, 3, 10, 7, tzinfo=UTC)),
        # The day on which the clock goes forward, and the last minute before it.
        (datetime(2031, 3, 30, 0, 30, tzinfo=UTC), date(2031, 3, 30), datetime(2031, 3, 30, 6, tzinfo=UTC)),
        (datetime(2031, 3, 29, 23, 59, tzinfo=UTC), date(2031, 3, 29), datetime(2031, 3, 29, 7, tzinfo=UTC)),
    ],
)
def test_morning_mail_is_due_at_seven_by_the_clinics_clock(now: datetime, day: date, due: datetime) -> None:
    assert morning(now, LONDON) == (day, due, due + timedelta(hours=5))


def test_count_is_said_in_words_for_one_and_for_many() -> None:
    assert [Count(number, "task", "tasks", "/").words for number in (1, 2)] == ["1 task", "2 tasks"]
