"""Protocol dates: from the anchor, clamped, and no dose ever dropped."""

from __future__ import annotations

from calendar import isleap
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from regimens.defaults import default_regimens
from regimens.domain.dates import Phase, add_months, protocol_dates
from regimens.domain.definition import IntervalUnit

STANDARD = default_regimens()["STANDARD"]
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

month_ends = st.builds(
    lambda year, month, day: (year, month, day),
    st.integers(2024, 2044),
    st.integers(1, 12),
    st.integers(29, 31),
).filter(lambda ymd: ymd[2] <= days_in(ymd[0], ymd[1]))


def days_in(year, month):
    return 29 if month == 2 and isleap(year) else LENGTHS[month - 1]


def clamped(anchor, months):
    """An oracle that walks month by month instead of dividing."""
    year, month = anchor.year, anchor.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return date(year, month, min(anchor.day, days_in(year, month)))


def targets(start, count):
    dates = protocol_dates(STANDARD, start=start, count=count)
    assert not isinstance(dates, Refusal)
    return [infusion.date for infusion in dates]


def test_start_on_31_august_keeps_every_february_and_returns_to_31_august():
    assert targets(date(2026, 8, 31), 6) == [
        date(2026, 8, 31),
        date(2026, 9, 14),
        date(2027, 2, 28),
        date(2027, 8, 31),
        date(2028, 2, 29),
        date(2028, 8, 31),
    ]


def test_start_on_29_february_returns_to_29_february_in_leap_years():
    assert targets(date(2028, 2, 29), 10)[2::2] == [
        date(2028, 8, 29),
        date(2029, 8, 29),
        date(2030, 8, 29),
        date(2031, 8, 29),
    ]
    assert targets(date(2028, 2, 29), 10)[3::2] == [
        date(2029, 2, 28),
        date(2030, 2, 28),
        date(2031, 2, 28),
        date(2032, 2, 29),
    ]


@given(month_ends)
def test_every_start_on_29_to_31_keeps_every_dose_for_ten_years(ymd):
    start = date(*ymd)
    expected = [start, start + timedelta(days=14)] + [clamped(start, 6 * n) for n in range(1, 21)]
    assert targets(start, 22) == expected


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.integers(0, 400))
def test_add_months_equals_the_clamp_oracle(anchor, months):
    assert add_months(anchor, months) == clamped(anchor, months)


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)))
def test_six_months_are_181_to_184_days(anchor):
    assert 181 <= (add_months(anchor, 6) - anchor).days <= 184


def test_add_months_goes_back_too():
    assert add_months(date(2026, 8, 31), -6) == date(2026, 2, 28)


def test_windows_are_those_of_the_phase():
    dates = protocol_dates(STANDARD, start=date(2026, 3, 10), count=3)
    assert not isinstance(dates, Refusal)
    assert [(one.n, one.phase, one.earliest, one.latest) for one in dates] == [
        (1, Phase.INDUCTION, date(2026, 3, 9), date(2026, 3, 13)),
        (2, Phase.INDUCTION, date(2026, 3, 23), date(2026, 3, 27)),
        (3, Phase.MAINTENANCE, date(2026, 9, 10), date(2026, 10, 8)),
    ]
    assert [str(one.dose) for one in dates] == ["1000 mg"] * 3


def test_interval_in_weeks_counts_days():
    maintenance = replace(STANDARD.maintenance, interval_value=24, interval_unit=IntervalUnit.WEEKS)
    dates = protocol_dates(replace(STANDARD, maintenance=maintenance), start=date(2026, 1, 1), count=4)
    assert not isinstance(dates, Refusal)
    assert [(one.date - date(2026, 1, 1)).days for one in dates] == [0, 14, 168, 336]


def test_regimen_without_maintenance_ends_with_its_induction():
    dates = protocol_dates(replace(STANDARD, maintenance=None), start=date(2026, 1, 1), count=9)
    assert not isinstance(dates, Refusal)
    assert [one.n for one in dates] == [1, 2]


@pytest.mark.parametrize("count", [0, -1, 201, 10**9])
def test_count_out_of_range_is_refused(count):
    refusal = protocol_dates(STANDARD, start=date(2026, 1, 1), count=count)
    assert refusal == Refusal("bad_count", "The number of infusions must be from 1 to 200.", "count")


@pytest.mark.parametrize("start", [date(9999, 12, 31), date(9999, 1, 31), date(1, 1, 1)])
def test_dates_outside_the_calendar_are_refused(start):
    refusal = protocol_dates(STANDARD, start=start, count=6)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("date_out_of_range", "start")
