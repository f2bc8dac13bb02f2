"""Who may be offered a freed time, in which order, and why the others may not."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from regimens.defaults import default_regimens
from scheduling.domain.booking import Signed, Window
from scheduling.domain.capacity import DayCapacity, NurseRules, Occupied, Phase
from scheduling.domain.waiting import (
    Freed,
    Waiter,
    Wanted,
    against,
    combined,
    free_minutes,
    nurses_for,
    rank,
)

LONDON = ZoneInfo("Europe/London")
STANDARD = default_regimens()["STANDARD"]
MONDAY = date(2026, 1, 12)
NOW = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
LATER = (Phase("set_up", 60), Phase("titration", 90), Phase("steady", 105), Phase("observation", 30))
DAY = timedelta(hours=24)
RULES = NurseRules()


def at(hour, minute=0, day=MONDAY):
    return datetime.combine(day, time(hour, minute), tzinfo=UTC)


def a_day(*, chairs=(1, 2), nurses=(10, 11), hours=(time(8), time(18))):
    return DayCapacity(
        day=MONDAY,
        zone=LONDON,
        hours=hours,
        chairs={key: f"Chair {key}" for key in chairs},
        shifts={key: (f"Nurse {key}", [hours]) for key in nurses},
        rules=RULES,
        closed_because="" if hours else "closed",
    )


def waits(**fields):
    """Somebody who waits for a maintenance infusion, booked a week after the freed day."""
    given = {
        "entry": 1,
        "since": at(9, day=date(2026, 1, 1)),
        "regimen": STANDARD,
        "ordinal": 3,
        "window": Window(date(2026, 1, 5), date(2026, 2, 9)),
        "clearance": Signed(date(2025, 1, 1), date(2026, 12, 31), withdrawn=False),
        "phases": LATER,
        "years": 50,
        "present": at(9, day=date(2026, 1, 19)),
        "others": (date(2025, 7, 12),),
    }
    return Waiter(**(given | fields))


FREED = Freed(at(9), 1)


def codes(waiter, *, freed=FREED, day=None, now=NOW, notice=DAY):
    found = rank(freed, [waiter], day or a_day(), now=now, notice=notice)
    assert len(found.fits) + len(found.refused) == 1
    return [reason.code for each in found.refused for reason in each.reasons]


def test_waiter_whom_nothing_hinders_fits_with_nurse_and_end():
    found = rank(FREED, [waits()], a_day(), now=NOW, notice=DAY)
    assert [(fit.waiter.entry, fit.nurse, fit.ends) for fit in found.fits] == [(1, 10, at(13, 45))]
    assert found.refused == ()
    assert found.fits[0].because == "Maintenance, 32 days left until its latest day, waits since 1 Jan 2026"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"clearance": None}, ["no_clearance"]),
        ({"clearance": Signed(date(2025, 1, 1), date(2026, 12, 31), True)}, ["clearance_withdrawn"]),
        ({"clearance": Signed(date(2025, 1, 1), date(2026, 1, 8), False)}, []),
        ({"clearance": Signed(date(2025, 1, 1), date(2026, 1, 7), False)}, ["clearance_expired"]),
        ({"is_planned": False}, ["not_planned"]),
        ({"deceased": True}, ["deceased"]),
        ({"years": 18}, []),
        ({"years": 17}, ["under_age"]),
        ({"is_movable": False}, ["not_movable"]),
        ({"has_open_offer": True}, ["offer_open"]),
        ({"present": None}, []),
        ({"present": at(9, 1)}, []),
        ({"present": at(9)}, ["not_earlier"]),
        ({"declined": frozenset([at(9)])}, ["declined_before"]),
        ({"declined": frozenset([at(10)])}, []),
        ({"window": Window(MONDAY, date(2026, 2, 9))}, []),
        ({"window": Window(MONDAY + DAY, date(2026, 2, 9))}, ["outside_window"]),
        ({"window": Window(date(2026, 1, 1), MONDAY)}, []),
        ({"others": (MONDAY - timedelta(days=STANDARD.min_interval_days),)}, []),
        ({"others": (MONDAY - timedelta(days=STANDARD.min_interval_days - 1),)}, ["interval_too_short"]),
        ({"others": (MONDAY,)}, ["infusion_same_day"]),
        ({"busy": ((at(13, 45), at(14)), (at(8), at(9)))}, []),
        ({"busy": ((at(13, 44), at(14)),)}, ["patient_busy"]),
        ({"from_on": MONDAY}, []),
        ({"from_on": MONDAY + DAY}, ["not_before_day"]),
        ({"wanted": Wanted(weekdays=frozenset({0, 3}))}, []),
        ({"wanted": Wanted(weekdays=frozenset({1, 3}))}, ["wish_weekday"]),
        ({"wanted": Wanted(not_before=time(9))}, []),
        ({"wanted": Wanted(not_before=time(9, 1))}, ["wish_early"]),
        ({"wanted": Wanted(not_after=time(13, 45))}, []),
        ({"wanted": Wanted(not_after=time(13, 44))}, ["wish_late"]),
        ({"wanted": Wanted(notice=timedelta(hours=96))}, []),
        ({"wanted": Wanted(notice=timedelta(hours=97))}, ["patient_notice"]),
        ({"wanted": Wanted(place="bed")}, ["wish_place"]),
    ],
)
def test_waiter_is_refused_for_exactly_the_reason_that_stands(fields, expected):
    assert codes(waits(**fields)) == expected


def test_notice_of_the_clinic_is_kept_to_the_minute():
    assert codes(waits(), now=at(9) - DAY) == []
    assert codes(waits(), now=at(9) - DAY + timedelta(minutes=1)) == ["clinic_notice"]


def test_reason_about_the_person_stands_alone_and_others_are_all_named():
    wishes = Wanted(weekdays=frozenset({1}), not_before=time(10))
    assert codes(waits(clearance=None, wanted=wishes)) == ["no_clearance"]
    assert codes(waits(window=Window(date(2026, 1, 20), date(2026, 2, 9)), wanted=wishes)) == [
        "outside_window",
        "wish_weekday",
        "wish_early",
    ]


def test_first_of_a_pair_fits_only_where_the_booked_second_stays_in_its_window():
    first = waits(ordinal=1, others=(), present=at(9, day=MONDAY + timedelta(days=3)))
    for apart, expected in ((12, ["pair_apart"]), (13, []), (17, []), (18, ["pair_apart"])):
        assert codes(replace(first, partners=((2, MONDAY + timedelta(days=apart)),))) == expected
    refused = rank(
        FREED, [replace(first, partners=((2, MONDAY + timedelta(days=18)),))], a_day(), now=NOW, notice=DAY
    ).refused
    assert refused[0].reasons[0].message == (
        "Infusion 2 stands on 30 Jan 2026: that would be 18 days after the first one. Move both together."
    )


def test_visit_longer_than_the_chair_is_free_does_not_fit():
    day = a_day()
    day.add(Occupied(at(13, 45), at(15), 1, None, (Phase("steady", 75),), starts_patient=False))
    assert free_minutes(day, 1, at(9)) == 285
    assert codes(waits(), day=day) == []
    longer = waits(phases=(*LATER, Phase("observation", 5)))
    assert codes(longer, day=day) == ["too_long"]
    reasons = against(FREED, longer, day, now=NOW, notice=DAY)
    assert [reason.message for reason in reasons] == [
        "The visit takes 4 h 50 min; the chair is free for 4 h 45 min."
    ]


def test_chair_is_free_until_closing_and_not_at_all_outside_the_hours_or_out_of_service():
    asked = [(1, at(8)), (1, at(17, 58)), (1, at(18)), (1, at(7, 59)), (9, at(9))]
    assert [free_minutes(a_day(), chair, when) for chair, when in asked] == [600, 2, 0, 0, 0]


def test_taken_chair_is_free_for_nothing():
    day = a_day()
    day.add(Occupied(at(8), at(10), 1, None, (Phase("steady", 120),), starts_patient=False))
    assert (free_minutes(day, 1, at(9)), free_minutes(day, 1, at(10))) == (0, 480)


def test_nurse_of_the_present_visit_is_kept_else_the_least_busy_takes_the_patient():
    day = a_day()
    day.add(Occupied(at(14), at(15), 2, 10, (Phase("steady", 60),)))
    assert [fit.nurse for fit in nurses_for(FREED, LATER, day)] == [11, 10]
    assert [fit.nurse for fit in nurses_for(FREED, LATER, day, wanted=10)] == [10, 11]
    assert [fit.nurse for fit in rank(FREED, [waits(nurse=10)], day, now=NOW, notice=DAY).fits] == [10]


def test_no_nurse_with_attention_to_spare_is_said_so():
    day = a_day(nurses=(10,))
    day.add(Occupied(at(9), at(10), 2, 10, (Phase("steady", 60),)))
    assert codes(waits(), day=day) == ["no_nurse"]


def test_order_is_harm_first_then_who_has_waited_longest():
    late, early = at(9, day=date(2026, 1, 2)), at(9, day=date(2026, 1, 1))
    soon, far = Window(date(2026, 1, 1), date(2026, 1, 20)), Window(date(2026, 1, 1), date(2026, 2, 20))
    waiters = [
        waits(entry=1, window=far, since=early),
        waits(entry=2, window=soon, since=late),
        waits(entry=3, window=soon, since=early),
        waits(entry=5, window=soon, since=late),
        waits(entry=4, ordinal=2, window=far, since=late, others=(), present=None),
        waits(entry=6, ordinal=1, window=far, since=late, others=(), present=None),
        waits(entry=7, ordinal=4, opens=3, window=far, since=late, others=(), present=None),
    ]
    found = rank(FREED, waiters, a_day(), now=NOW, notice=DAY)
    assert [fit.waiter.entry for fit in found.fits] == [4, 7, 6, 3, 2, 5, 1]
    assert found.fits[0].because.startswith("Second induction infusion, 43 days left")
    assert rank(FREED, waiters[::-1], a_day(), now=NOW, notice=DAY) == found


def test_what_is_kept_for_several_is_enough_for_each_of_them():
    first = (Phase("set_up", 30), Phase("titration", 60, "first"), Phase("observation", 30))
    kept = combined([LATER, first], RULES)
    assert kept == (
        Phase("set_up", 30),
        Phase("titration", 60, "first"),
        Phase("titration", 60),
        Phase("steady", 105),
        Phase("observation", 30),
    )
    for visit in (LATER, first):
        weights = zip(_weights(visit), _weights(kept), strict=False)
        assert all(needed <= held for needed, held in weights)
    assert combined([LATER], RULES) == LATER


def _weights(phases):
    return [RULES.weight_of(phase) for phase in phases for _ in range(phase.minutes)]
