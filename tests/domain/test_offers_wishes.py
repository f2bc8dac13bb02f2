"""What a patient wishes and needs, and a change of nurse, in the times on offer."""

from datetime import date, time, timedelta

import pytest

from scheduling.domain.capacity import DayCapacity, NurseRules, Occupied, Phase
from scheduling.domain.offers import Limits, Span, Wishes, pair_offers, single_offers
from scheduling.domain.wishes import judged
from tests.domain.test_offers import (
    ALL,
    LATER,
    LONDON,
    LONG_AGO,
    MONDAY,
    days_from,
    fill,
    later_phases,
    local,
)

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
WEEK = Span(MONDAY, MONDAY, MONDAY + timedelta(days=4))
ONE = Limits(best=1)


def best(days, span=WEEK, phases=later_phases, **more):
    (found,) = single_offers(days, span, phases, now=LONG_AGO, limits=ONE, **more)
    return found


def a_day(shifts, chairs=None, **rules):
    chairs = chairs or {1: "chair"}
    return {
        MONDAY: DayCapacity(
            day=MONDAY,
            zone=LONDON,
            hours=(time(8), time(18)),
            chairs={key: f"Chair {key}" for key in chairs},
            kinds=chairs,
            shifts={key: (f"Nurse {key}", times) for key, times in shifts.items()},
            rules=NurseRules(slot_minutes=30, **rules),
        )
    }


WHOLE = [(time(8), time(18))]


def test_a_wished_weekday_outweighs_two_days():
    offer = best(days_from(MONDAY), wishes=Wishes(weekdays=frozenset({2, 4})))
    assert local(offer.starts).date() == WEDNESDAY
    assert offer.reasons[:2] == ("2 days after the planned day", "Wednesday, as wished")


def test_a_weekday_that_is_not_wished_says_so_where_no_other_is_free():
    offer = best(days_from(MONDAY), Span(MONDAY, MONDAY, MONDAY), wishes=Wishes(weekdays=frozenset({2})))
    assert offer.reasons[1] == "Not on a wished weekday"


def test_wished_hours_are_kept_where_they_can():
    wishes = Wishes(not_before=time(9, 30), not_after=time(15))
    offer = best(days_from(MONDAY), wishes=wishes)
    assert time(9, 30) <= local(offer.starts).time()
    assert local(offer.ends).time() <= time(15)
    assert "Inside the wished hours" in offer.reasons
    everything = single_offers(
        days_from(MONDAY), Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO, wishes=wishes, limits=ALL
    )
    late = next(one for one in everything if local(one.starts).time() == time(13))
    early = next(one for one in everything if local(one.starts).time() == time(8))
    assert "Later than wished: over by 15:00" in late.reasons
    assert "Earlier than wished: not before 09:30" in early.reasons


def test_points_grow_with_every_quarter_outside_the_wished_hours():
    wishes = Wishes(not_before=time(9))
    scores = [judged(wishes, MONDAY, at, time(12))[0] for at in (time(9), time(8, 45), time(8, 30), time(8))]
    assert scores == [0, 14, 16, 20]


def test_a_needed_bed_leaves_every_other_place_out():
    days = a_day({10: WHOLE}, {1: "chair", 2: "bed", 3: "isolation"}, starts_per_slot=9, units=9)
    offers = single_offers(
        days, Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO, wishes=Wishes(place="bed"), limits=ALL
    )
    assert {offer.chair for offer in offers} == {2}
    assert "A bed, as needed" in offers[0].reasons
    fill(days, MONDAY, chair=2)
    assert best_or_none(days, Wishes(place="bed")) is None
    assert best_or_none(days, Wishes(place="isolation")).chair == 3


def best_or_none(days, wishes):
    return next(iter(single_offers(days, WEEK, later_phases, now=LONG_AGO, wishes=wishes)), None)


def test_beds_and_isolation_rooms_are_left_to_those_who_need_them():
    days = a_day({10: WHOLE}, {1: "bed", 2: "isolation", 3: "chair"})
    assert best(days).chair == 3


def test_a_pair_keeps_to_the_place_that_is_needed():
    days = {}
    for number in range(30):
        day = MONDAY + timedelta(days=number)
        days[day] = DayCapacity(
            day=day,
            zone=LONDON,
            hours=(time(8), time(18)),
            chairs={1: "Chair 1", 2: "Bed 2"},
            kinds={2: "bed"},
            shifts={10: ("Nurse 10", WHOLE)},
            rules=NurseRules(slot_minutes=30),
        )
    (pair,) = pair_offers(
        days,
        Span(MONDAY, MONDAY, MONDAY),
        later_phases,
        later_phases,
        now=LONG_AGO,
        wishes=Wishes(place="bed"),
        limits=ONE,
    )
    assert (pair.first.chair, pair.second.chair) == (2, 2)
    assert "A bed, as needed" in pair.reasons


def test_the_middle_of_a_long_gap_is_not_offered_first():
    days = a_day({10: WHOLE, 11: WHOLE}, {1: "chair"})
    offers = single_offers(days, Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO, limits=ALL)
    by_time = {local(offer.starts).time(): offer.score for offer in offers}
    # From 08:00 to 12:45 leaves room for another one of its kind, from 10:00 on leaves none.
    assert by_time[time(8)] < by_time[time(10)]


def test_a_time_beside_another_visit_says_why_it_is_better():
    days = a_day({10: WHOLE, 11: WHOLE}, {1: "chair"})
    fill(days, MONDAY, from_minute=0, minutes=120)
    offer = best(days)
    assert local(offer.starts).time() == time(10)
    assert "Beside another visit: the chair's long gap stays whole" in offer.reasons


def test_the_nurse_with_the_lightest_day_is_named():
    days = a_day({10: WHOLE, 11: WHOLE}, {1: "chair", 2: "chair"})
    fill(days, MONDAY, chair=2, nurse=10, minutes=120)
    offer = best(days)
    assert (offer.nurse, "Nurse 11 has the lightest day" in offer.reasons) == (11, True)


def test_a_nurse_who_leaves_right_after_the_visit_is_not_the_first_choice():
    days = a_day({10: [(time(8), time(13))], 11: WHOLE})
    days[MONDAY].add(
        Occupied(
            days[MONDAY].begins + timedelta(hours=15),
            days[MONDAY].begins + timedelta(hours=17),
            None,
            11,
            (Phase("steady", 120),),
            False,
        )
    )
    offer = best(days)
    assert (local(offer.starts).time(), local(offer.ends).time(), offer.nurse) == (time(8), time(12, 45), 11)


def test_a_change_of_nurse_is_offered_only_when_asked_for():
    days = a_day({10: [(time(8), time(12, 30))], 11: [(time(12, 30), time(17))]})
    span = Span(MONDAY, MONDAY, MONDAY)
    assert single_offers(days, span, later_phases, now=LONG_AGO) == ()
    offer = best(days, span, handover=True)
    noon = days[MONDAY].begins + timedelta(hours=12, minutes=30)
    assert offer.handovers == ((noon, 11),)
    assert offer.nurse == 10
    assert days[MONDAY].refusals(offer.starts, LATER, offer.chair, offer.nurse, offer.handovers) == ()


def test_a_break_is_covered_by_a_second_nurse_when_asked_for():
    days = a_day({10: [(time(8), time(12)), (time(12, 30), time(18))], 11: WHOLE}, units=2)
    fill(days, MONDAY, chair=None, nurse=11, from_minute=0, minutes=120)
    days[MONDAY].add(
        Occupied(
            days[MONDAY].begins + timedelta(hours=8),
            days[MONDAY].begins + timedelta(hours=10),
            None,
            11,
            (Phase("steady", 120),),
            False,
        )
    )
    span = Span(MONDAY, MONDAY, MONDAY)
    offers = single_offers(days, span, later_phases, now=LONG_AGO, handover=True, limits=ALL)
    relays = [offer for offer in offers if offer.handovers]
    assert {local(offer.starts).time() for offer in relays} == {time(8), time(8, 30), time(9), time(9, 30)}
    assert {offer.handovers[0][1] for offer in relays} == {11}


def test_one_nurse_throughout_comes_before_two():
    days = a_day({10: [(time(8), time(12))], 11: [(time(12), time(18))], 12: WHOLE})
    offers = single_offers(
        days, Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO, handover=True, limits=ALL
    )
    assert {offer.handovers for offer in offers} == {()}


def test_a_pair_may_change_nurses_when_asked_for():
    days = {}
    for number in range(20):
        days |= {MONDAY + timedelta(days=number): _split(MONDAY + timedelta(days=number))}
    span = Span(MONDAY, MONDAY, MONDAY)
    ask = {"now": LONG_AGO, "limits": ONE}
    assert pair_offers(days, span, later_phases, later_phases, **ask) == ()
    (pair,) = pair_offers(days, span, later_phases, later_phases, handover=True, **ask)
    assert [offer.handovers[0][1] for offer in (pair.first, pair.second)] == [11, 11]


def _split(day: date) -> DayCapacity:
    return DayCapacity(
        day=day,
        zone=LONDON,
        hours=(time(8), time(18)),
        chairs={1: "Chair 1"},
        shifts={10: ("Nurse 10", [(time(8), time(12, 30))]), 11: ("Nurse 11", [(time(12, 30), time(17))])},
        rules=NurseRules(slot_minutes=30),
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_same_question_gets_the_same_answer(seed):
    days = days_from(MONDAY)
    for number in range(4):
        fill(days, MONDAY + timedelta(days=number), from_minute=30 * (number + seed), minutes=90, nurse=10)
    ask = {"now": LONG_AGO, "wishes": Wishes(nurse=11, weekdays=frozenset({1}))}
    assert single_offers(days, WEEK, later_phases, **ask) == single_offers(days, WEEK, later_phases, **ask)
