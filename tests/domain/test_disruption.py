"""What a disruption touches, and what it leaves of a day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.domain.capacity import DayCapacity, NurseRules, Phase
from scheduling.domain.disruption import CHAIR, CLOSED, NURSE, Disruption, problems, read

DAY = date(2031, 3, 10)
LONDON = ZoneInfo("Europe/London")
HOUR = Phase("steady", 60)


def at(hour, day=DAY):
    return datetime.combine(day, time(hour), tzinfo=UTC)


def capacity(day=DAY, zone=LONDON):
    hours = [(time(8), time(18))]
    return DayCapacity(
        day=day,
        zone=zone,
        hours=hours[0],
        chairs={1: "Chair 1", 2: "Chair 2"},
        shifts={7: ("Ana", hours), 8: ("Ben", hours)},
        rules=NurseRules(),
    )


def touches(what, hour=9, *, chair=1, nurses=(7,), day=DAY):
    return what.touches(at(hour, day), at(hour + 1, day), chair=chair, nurses=frozenset(nurses), zone=LONDON)


def test_nurse_touches_whoever_is_in_their_hands():
    what = Disruption(NURSE, DAY, DAY, nurse=7)
    assert [touches(what), touches(what, nurses=(8,)), touches(what, nurses=(8, 7))] == [True, False, True]


def test_chair_touches_whoever_sits_in_it():
    what = Disruption(CHAIR, DAY, DAY, chair=1)
    assert [touches(what), touches(what, chair=2), touches(what, chair=None)] == [True, False, False]


def test_closing_touches_whoever_would_still_be_there():
    what = Disruption(CLOSED, DAY, DAY, since=time(13))
    assert [touches(what, hour) for hour in (9, 12, 13)] == [False, False, True]
    assert touches(Disruption(CLOSED, DAY, DAY)) is True


def test_only_its_days_are_touched():
    what = Disruption(CLOSED, DAY, DAY + timedelta(days=1))
    days = [DAY + timedelta(days=n) for n in (-1, 0, 1, 2)]
    assert [touches(what, day=day) for day in days] == [False, True, True, False]


def test_hour_of_closing_is_the_clinics_own():
    what = Disruption(CLOSED, date(2031, 7, 1), date(2031, 7, 1), since=time(13))
    assert what.shuts(date(2031, 7, 1), LONDON) == datetime(2031, 7, 1, 12, tzinfo=UTC)


def left(what, hour=9, chair=1, nurse=7, day=DAY):
    found = capacity(day)
    what.take_from(found)
    return [refusal.code for refusal in found.refusals(at(hour, day), [HOUR], chair, nurse)]


def test_what_is_lost_takes_nobody_any_more():
    assert left(Disruption(NURSE, DAY, DAY, nurse=7)) == ["nurse_off_duty"]
    assert left(Disruption(CHAIR, DAY, DAY, chair=1)) == ["no_such_chair"]
    assert left(Disruption(CLOSED, DAY, DAY, reason="Burst pipe")) == ["closed_day"]


def test_day_that_closes_early_takes_visits_until_then():
    what = Disruption(CLOSED, DAY, DAY, since=time(13))
    assert [left(what, hour) for hour in (11, 12, 13)] == [[], [], ["outside_hours"]]


def test_closing_before_it_opens_is_closing_all_day():
    assert left(Disruption(CLOSED, DAY, DAY, since=time(8), reason="x")) == ["closed_day"]


def test_closing_after_it_closes_changes_nothing():
    assert left(Disruption(CLOSED, DAY, DAY, since=time(19)), 17) == []


def test_other_days_are_left_alone():
    what = Disruption(NURSE, DAY, DAY, nurse=7)
    assert left(what, day=DAY + timedelta(days=1)) == []


@pytest.mark.parametrize(
    "what",
    [
        Disruption(NURSE, DAY, DAY, nurse=7, reason="Unwell"),
        Disruption(CHAIR, DAY, DAY + timedelta(days=2), chair=1),
        Disruption(CLOSED, DAY, DAY, since=time(13, 30), reason="Burst pipe"),
    ],
)
def test_disruption_comes_back_as_it_was_kept(what):
    assert read(what.stored, what.first, what.last) == what


def test_disruption_told_in_full_is_sound():
    assert problems(Disruption(NURSE, DAY, DAY + timedelta(days=13), nurse=7), today=DAY) == []
