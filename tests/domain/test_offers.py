from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.domain.capacity import DayCapacity, Fit, NurseRules, Occupied, Phase
from scheduling.domain.offers import Limits, Span, Wishes, grid, pair_offers, single_offers

LONDON = ZoneInfo("Europe/London")
FIRST = (Phase("set_up", 60), Phase("titration", 210), Phase("steady", 45), Phase("observation", 60))
LATER = (Phase("set_up", 60), Phase("titration", 90), Phase("steady", 105), Phase("observation", 30))
MONDAY = date(2026, 6, 1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ALL = Limits(best=10_000, a_day=None)


def a_day(day, *, closed=None, chairs=(1, 2), nurses=(10, 11), hours=(time(8), time(18))):
    shut = (closed or {}).get(day) or ("closed at weekends" if day.weekday() > 4 else "")
    return DayCapacity(
        day=day,
        zone=LONDON,
        hours=None if shut else hours,
        chairs={key: f"Chair {key}" for key in chairs},
        shifts={key: (f"Nurse {key}", [hours]) for key in nurses},
        rules=NurseRules(slot_minutes=30),
        closed_because=shut,
    )


def days_from(first, count=60, **more):
    return {first + timedelta(days=n): a_day(first + timedelta(days=n), **more) for n in range(count)}


def local(instant):
    return instant.astimezone(LONDON)


def first_phases(day):
    return FIRST


def later_phases(day):
    return LATER


def pairs(days, span, **more):
    return pair_offers(days, span, first_phases, later_phases, now=more.pop("now", LONG_AGO), **more)


def fill(days, day, *, from_minute=0, minutes=600, chair=1, nurse=None):
    capacity = days[day]
    starts = capacity.begins + timedelta(hours=8, minutes=from_minute)
    capacity.add(
        Occupied(
            starts, starts + timedelta(minutes=minutes), chair, nurse, (Phase("steady", minutes),), False
        )
    )


def test_a_pair_stands_two_weeks_apart_at_the_same_time_with_the_same_nurse():
    best = pairs(days_from(MONDAY), Span(MONDAY, MONDAY, MONDAY))[0]
    assert (local(best.first.starts), local(best.second.starts)) == (
        datetime(2026, 6, 1, 8, 0, tzinfo=LONDON),
        datetime(2026, 6, 15, 8, 0, tzinfo=LONDON),
    )
    assert best.first.ends - best.first.starts == timedelta(minutes=375)
    assert best.second.ends - best.second.starts == timedelta(minutes=285)
    assert best.first.nurse == best.second.nurse
    assert best.reasons == (
        "On the planned day",
        "Same time of day on both days, 08:00",
        "Same nurse on both days: Nurse 10",
    )


def test_a_pair_keeps_its_wall_clock_time_when_the_clocks_change():
    friday = date(2026, 3, 20)
    best = pairs(days_from(friday), Span(friday, friday, friday))[0]
    assert (best.first.starts, best.second.starts) == (
        datetime(2026, 3, 20, 8, 0, tzinfo=UTC),
        datetime(2026, 4, 3, 7, 0, tzinfo=UTC),
    )


def test_a_closed_day_15_moves_inside_its_window_and_says_why():
    days = days_from(MONDAY, closed={date(2026, 6, 15): "Founders' Day"})
    best = pairs(days, Span(MONDAY, MONDAY, MONDAY))[0]
    assert local(best.second.starts).date() == date(2026, 6, 16)
    assert best.reasons[1] == "Day 15 is 15 days after day 1: on Monday 15 June Founders' Day"


def test_a_full_day_15_moves_before_its_day_only_when_no_later_day_is_open():
    shut = {date(2026, 6, day): "staff training" for day in (16, 17, 18)}
    days = days_from(date(2026, 5, 31), closed=shut, chairs=(1,))
    tuesday = date(2026, 6, 2)
    best = pairs(days, Span(tuesday, tuesday, tuesday))[0]
    assert local(best.second.starts).date() == date(2026, 6, 19)
    days = days_from(date(2026, 5, 31), closed={**shut, date(2026, 6, 19): "staff training"}, chairs=(1,))
    best = pairs(days, Span(tuesday, tuesday, tuesday))[0]
    assert local(best.second.starts).date() == date(2026, 6, 15)
    assert best.reasons[1] == "Day 15 is 13 days after day 1: on Tuesday 16 June staff training"


def test_no_pair_is_offered_where_day_15_has_no_place_in_its_window():
    shut = {date(2026, 6, 14) + timedelta(days=n): "moving house" for n in range(5)}
    assert pairs(days_from(MONDAY, closed=shut), Span(MONDAY, MONDAY, MONDAY)) == ()


def test_a_full_day_15_says_that_nothing_is_free():
    days = days_from(MONDAY, chairs=(1,))
    fill(days, date(2026, 6, 15))
    best = pairs(days, Span(MONDAY, MONDAY, MONDAY))[0]
    assert best.reasons[1] == "Day 15 is 15 days after day 1: on Monday 15 June no chair and nurse are free"


def test_another_time_of_day_is_offered_where_the_same_one_is_taken():
    days = days_from(MONDAY, chairs=(1,))
    fill(days, date(2026, 6, 15), minutes=120)
    fill(days, MONDAY, from_minute=390, minutes=210)
    (best,) = pairs(days, Span(MONDAY, MONDAY, MONDAY), limits=Limits(best=1))
    assert (local(best.first.starts).hour, local(best.second.starts).hour) == (8, 10)
    assert best.reasons[1] == "Day 15 begins at 10:00: nothing nearer to 08:00 is free"


def test_a_different_nurse_is_said():
    days = days_from(MONDAY, nurses=(10,)) | {date(2026, 6, 15): a_day(date(2026, 6, 15), nurses=(11,))}
    best = pairs(days, Span(MONDAY, MONDAY, MONDAY))[0]
    assert (best.first.nurse, best.second.nurse, best.reasons[-1]) == (10, 11, "A different nurse on day 15")


def test_nothing_is_offered_before_now():
    now = datetime(2026, 6, 1, 9, 1, tzinfo=UTC)  # 10:01 in London
    starts = [
        pair.first.starts
        for pair in pairs(days_from(MONDAY), Span(MONDAY, MONDAY, MONDAY), now=now, limits=ALL)
    ]
    assert min(starts) == datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


def test_a_single_visit_prefers_its_planned_day_then_the_nearest():
    span = Span(MONDAY, date(2026, 6, 3), date(2026, 6, 9))
    offers = single_offers(
        days_from(MONDAY), span, later_phases, now=LONG_AGO, limits=Limits(best=4, a_day=1)
    )
    assert [(local(offer.starts).date().day, offer.reasons[0]) for offer in offers] == [
        (3, "On the planned day"),
        (2, "1 day before the planned day"),
        (4, "1 day after the planned day"),
        (1, "2 days before the planned day"),
    ]


def test_a_single_visit_keeps_the_usual_time_and_nurse():
    wishes = Wishes(nurse=11, at=time(10))
    span = Span(MONDAY, MONDAY, MONDAY)
    best = single_offers(days_from(MONDAY), span, later_phases, now=LONG_AGO, wishes=wishes)[0]
    assert (local(best.starts).time(), best.nurse) == (time(10), 11)
    assert best.reasons == ("On the planned day", "Usual time of day", "Same nurse: Nurse 11")


def test_the_less_busy_nurse_is_offered():
    days = days_from(MONDAY)
    fill(days, MONDAY, chair=2, nurse=10, minutes=120)
    best = single_offers(days, Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO)[0]
    assert best.nurse == 11


def test_the_chair_whose_long_gap_stays_whole_is_offered():
    days = days_from(MONDAY)
    fill(days, MONDAY, chair=2, from_minute=285, minutes=60)
    (best,) = single_offers(
        days, Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO, limits=Limits(best=1)
    )
    # It fits exactly before the visit in chair 2, and chair 1 keeps its whole day.
    assert (best.chair, local(best.starts).time()) == (2, time(8))
    fill(days, MONDAY, chair=1, from_minute=330, minutes=60)
    (best,) = single_offers(
        days, Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO, limits=Limits(best=1)
    )
    assert (best.chair, local(best.starts).time()) == (2, time(8))


def test_the_offers_of_one_day_lie_an_hour_apart():
    span = Span(MONDAY, MONDAY, MONDAY)
    starts = sorted(
        offer.starts for offer in single_offers(days_from(MONDAY), span, later_phases, now=LONG_AGO)
    )
    assert len(starts) == 3
    assert min(later - earlier for earlier, later in pairwise(starts)) >= timedelta(hours=1)


def test_a_blocked_time_is_not_offered():
    days = days_from(MONDAY)
    days[MONDAY].block(datetime(2026, 6, 1, 7, 0, tzinfo=UTC), datetime(2026, 6, 1, 12, 0, tzinfo=UTC))
    offers = single_offers(days, Span(MONDAY, MONDAY, MONDAY), later_phases, now=LONG_AGO, limits=ALL)
    assert min(offer.starts for offer in offers) == datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def test_a_wall_clock_time_the_clock_skips_is_not_offered():
    spring = date(2026, 3, 29)
    days = {spring: a_day(spring, hours=(time(0), time(18)))}
    days[spring] = DayCapacity(
        day=spring,
        zone=LONDON,
        hours=(time(0), time(18)),
        chairs={1: "Chair 1"},
        shifts={10: ("Nurse 10", [(time(0), time(18))])},
        rules=NurseRules(slot_minutes=30),
    )
    offers = single_offers(
        days, Span(spring, spring, spring), lambda day: (Phase("steady", 30),), now=LONG_AGO, limits=ALL
    )
    walls = {local(offer.starts).time() for offer in offers}
    assert {time(0, 30), time(2)} <= walls
    assert walls & {time(1), time(1, 30)} == set()


def test_the_grid_begins_at_opening():
    assert list(grid(time(8, 10), time(9), 15)) == [time(8, 10), time(8, 25), time(8, 40), time(8, 55)]


@settings(max_examples=35, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 20),
            st.integers(0, 100),
            st.integers(1, 60),
            st.integers(1, 2),
            st.sampled_from([10, 11]),
        ),
        max_size=25,
    ),
    st.sampled_from([5, 10, 15, 30]),
)
def test_every_offer_fits_and_the_order_never_changes(visits, slot):
    def build():
        days = {}
        for n in range(25):
            day = MONDAY + timedelta(days=n)
            days[day] = a_day(day)
            days[day].rules = NurseRules(slot_minutes=slot)
        for n, start, steps, chair, nurse in visits:
            day = MONDAY + timedelta(days=n)
            if days[day].hours:
                fill(days, day, from_minute=start * 5, minutes=steps * 5, chair=chair, nurse=nurse)
        return days

    days = build()
    span = Span(MONDAY, MONDAY + timedelta(days=2), MONDAY + timedelta(days=6))
    found = pairs(days, span, limits=ALL)
    for pair in found:
        for offer, phases in ((pair.first, FIRST), (pair.second, LATER)):
            capacity = days[local(offer.starts).date()]
            fit = capacity.fits(offer.starts, phases, offer.chair, offer.nurse)
            assert fit == Fit(offer.starts, offer.ends, offer.chair, offer.nurse)
    gaps = {(local(pair.second.starts).date() - local(pair.first.starts).date()).days for pair in found}
    assert gaps <= {13, 14, 15, 16, 17}
    assert found == pairs(build(), span, limits=ALL)
    singles = single_offers(days, span, later_phases, now=LONG_AGO, limits=ALL)
    grid_fits = {
        starts
        for day in span.days()
        if days[day].hours
        for step in range(288)
        for starts in [days[day].instant_of(step)]
        if step * 5 % slot == 0
        and any(
            isinstance(days[day].fits(starts, LATER, chair, nurse), Fit)
            for chair in (1, 2)
            for nurse in (10, 11)
        )
    }
    assert {offer.starts for offer in singles} == grid_fits
