"""Month ends and leap years: every start day of eleven years, its series against a reckoning by SQLite's calendar."""

import sqlite3
from datetime import date, timedelta

from regimens.defaults import default_regimens
from regimens.domain.dates import add_months, dose_on_protocol
from scheduling.domain.course import horizon_until, plan_course

FIRST, LAST = date(2026, 1, 1), date(2036, 12, 31)
STEPS = 8
# The same day of the month, or the month's last day where it has no such day; no arithmetic of Python's is in it.
RECKONED = """
WITH RECURSIVE
  starts(day) AS (SELECT :first UNION ALL SELECT date(day, '+1 day') FROM starts WHERE day < :last),
  steps(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM steps WHERE n < :steps),
  months AS (SELECT day, n, date(day, 'start of month', (6 * n) || ' months') AS month FROM starts, steps)
SELECT day, n, date(
  month, (min(CAST(strftime('%d', day) AS INTEGER),
              CAST(strftime('%d', month, '+1 month', '-1 day') AS INTEGER)) - 1) || ' days')
FROM months
"""


def reckoned():
    link = sqlite3.connect(":memory:")
    rows = link.execute(RECKONED, {"first": FIRST.isoformat(), "last": LAST.isoformat(), "steps": STEPS})
    found = {(date.fromisoformat(day), n): date.fromisoformat(on) for day, n, on in rows}
    link.close()
    return found


def starts():
    return [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]


def test_the_table_holds_every_start_day_leap_days_among_them():
    found = reckoned()
    assert len(found) == 4_018 * STEPS
    assert found[date(2027, 8, 31), 1] == date(2028, 2, 29)
    assert found[date(2026, 8, 31), 1] == date(2027, 2, 28)
    assert found[date(2028, 2, 29), 2] == date(2029, 2, 28)


def test_a_date_months_later_is_the_same_day_or_the_months_last():
    wrong = {key: on for key, on in reckoned().items() if add_months(key[0], 6 * key[1]) != on}
    assert wrong == {}


def test_every_series_has_every_dose_on_its_day():
    regimen, table = default_regimens()["STANDARD"], reckoned()
    for start in starts():
        induction = [dose_on_protocol(regimen, start, n).date for n in (1, 2)]
        assert induction == [start, start + timedelta(days=14)]
        later = [dose_on_protocol(regimen, start, n).date for n in range(3, 3 + STEPS)]
        assert later == [table[start, n] for n in range(1, STEPS + 1)], start


def test_no_plan_drops_a_dose_whatever_day_it_starts_on():
    regimen, table = default_regimens()["STANDARD"], reckoned()
    for start in starts():
        plan = plan_course(
            regimen, start=start, until=horizon_until(start, None), closed=lambda _: None, today=start
        )
        wanted = [start, start + timedelta(days=14), *(table[start, n] for n in range(1, 5))]
        assert [dose.n for dose in plan] == [1, 2, 3, 4, 5, 6], start
        assert [dose.target for dose in plan] == wanted, start
        assert [dose.planned_on for dose in plan] == wanted, start
