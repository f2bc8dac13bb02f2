"""Every delivered regimen: its dates against a reckoning by hand, and whole plans from every late day of a month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from clinics.domain.refusals import Refusal
from regimens.defaults import default_regimens, library
from regimens.domain.dates import Phase, add_months, protocol_dates
from regimens.domain.definition import DoseUnit
from regimens.domain.sequence import Retreatment, leads, slot_of
from scheduling.domain.continuing import given_doses
from scheduling.domain.course import GivenDose, horizon_until, plan_course
from scheduling.domain.series import CEASE, DEFER, OMIT, Decision

REGIMENS = default_regimens()
START = date(2026, 3, 10)
LATE_STARTS = [
    day for n in range(1_900) if (day := date(2027, 1, 1) + timedelta(days=n)).day > 28
]  # five years, a leap day among them
WEEKLY = [0, 7, 14, 21]
PAIR = [0, 14]


def months(start, *numbers):
    """The same day of a month so many months on, or its last day: walked month by month."""
    found = []
    for number in numbers:
        year, month = start.year, start.month
        for _ in range(number):
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        found.append(date(year, month, min(start.day, last)))
    return found


def days(start, *numbers):
    return [start + timedelta(days=number) for number in numbers]


def vasculitis(start):
    first = start + timedelta(days=21 + 112)
    return [*days(start, *WEEKLY), first, first + timedelta(days=14), *months(first, 6, 12, 18, 24)]


def ritazarem(start):
    last = start + timedelta(days=21)
    return [*days(start, *WEEKLY), *months(last, 4, 8, 12, 16, 20)]


# What the sources say, written out again by hand: the first ten infusions, or all where there are fewer.
RECKONED = {
    "STANDARD": lambda s: [*days(s, *PAIR), *months(s, 6, 12, 18, 24, 30, 36, 42, 48)],
    "RA-1000x2": lambda s: days(s, 0, 14, 168, 182, 336, 350, 504, 518, 672, 686),
    "SLE-1000x2": lambda s: days(s, 0, 14),
    "LN-LUNAR": lambda s: days(s, 0, 14, 167, 181),
    "MS-RIFUND": lambda s: [s, *months(s, 6, 12, 18, 24, 30, 36, 42, 48, 54)],
    "MS-1000x2": lambda s: [*days(s, *PAIR), *months(s, 6, 12, 18, 24, 30, 36, 42, 48)],
    "MS-EXTENDED": lambda s: [s, *months(s, 6, 12, 24, 36, 48, 60, 72, 84, 96)],
    "AIHA-375x4": lambda s: days(s, *WEEKLY),
    "AIHA-1000x2": lambda s: days(s, *PAIR),
    "AIHA-100x4": lambda s: days(s, *WEEKLY),
    "GPA-375x4": vasculitis,
    "MPA-375x4": vasculitis,
    "GPA-1000x2": lambda s: [*days(s, *PAIR), *months(s, 6, 12, 18, 24, 30, 36, 42, 48)],
    "MPA-1000x2": lambda s: [*days(s, *PAIR), *months(s, 6, 12, 18, 24, 30, 36, 42, 48)],
    "GPA-RITAZAREM": ritazarem,
    "MPA-RITAZAREM": ritazarem,
    "PV-EU": lambda s: [*days(s, *PAIR), *months(s, 12, 18, 24, 30, 36, 42, 48, 54)],
    "PV-US": lambda s: [*days(s, *PAIR), *months(s, 12, 18, 24, 30, 36, 42, 48, 54)],
}


def plan(code, start=START, *, closed=lambda day: None, until=None, **more):
    found = plan_course(
        REGIMENS[code], start=start, until=until or add_months(start, 36), closed=closed, **more
    )
    assert not isinstance(found, Refusal)
    return found


def weekdays_only(day):
    return "closed on weekends" if day.weekday() > 4 else None


def test_every_delivered_regimen_is_reckoned_here():
    assert set(RECKONED) == set(REGIMENS)


@pytest.mark.parametrize("code", REGIMENS)
def test_protocol_dates_are_those_of_the_sources_from_every_late_day(code):
    for start in LATE_STARTS:
        found = [one.date for one in protocol_dates(REGIMENS[code], start=start, count=10)]
        assert found == RECKONED[code](start), start


@pytest.mark.parametrize("code", REGIMENS)
def test_plan_of_an_open_calendar_drops_no_dose_from_any_late_day(code):
    for start in LATE_STARTS[::3]:
        until = add_months(start, 36)
        wanted = [day for day in RECKONED[code](start) if day <= until]
        found = plan(code, start)
        assert [one.target for one in found][: len(wanted)] == wanted, start
        assert [one.n for one in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("code", REGIMENS)
def test_plan_keeps_windows_floors_and_the_order_on_a_closed_calendar(code):
    for start in LATE_STARTS[::7]:
        doses = plan(code, start, closed=weekdays_only, history=[start - timedelta(days=50)])
        before = start - timedelta(days=50)
        for one in doses:
            assert one.planned_on.weekday() < 5
            assert one.earliest <= one.planned_on <= one.latest
            floor = 1 if one.opens < one.n else REGIMENS[code].min_interval_days
            assert (one.planned_on - before).days >= floor, (code, start, one.n)
            before = one.planned_on


@pytest.mark.parametrize("code", REGIMENS)
def test_dose_given_late_keeps_the_others_of_its_group_and_the_floor(code):
    given = [GivenDose(1, START + timedelta(days=2))]
    for late in range(2, 8):
        doses = plan(code, given=given)
        if not doses:
            return
        following = doses[0]
        on = following.target + timedelta(days=3)
        last = given[-1].on
        assert following.n == late
        assert (following.target - last).days >= (1 if following.opens < following.n else 112)
        given.append(GivenDose(late, on))


def test_repeat_course_counts_from_the_first_infusion_of_the_course_before_as_given():
    given = [GivenDose(1, START), GivenDose(2, START + timedelta(days=14)), GivenDose(3, date(2026, 9, 10))]
    found = plan("RA-1000x2", given=given)
    assert [(one.n, one.opens, one.target) for one in found[:3]] == [
        (4, 3, date(2026, 9, 24)),
        (5, 5, date(2026, 9, 10) + timedelta(weeks=24)),
        (6, 5, date(2026, 9, 10) + timedelta(weeks=24, days=14)),
    ]
    assert {one.phase for one in found} == {Phase.MAINTENANCE}


def test_sixteen_weeks_after_the_last_infusion_hold_a_repeat_course_back():
    given = [GivenDose(1, START), GivenDose(2, START + timedelta(days=80))]
    found = plan("RA-1000x2", given=given)
    assert found[0].target == START + timedelta(days=80 + 112)
    assert found[0].concern.startswith("Held back by the minimum interval")
    assert found[1].target == found[0].target + timedelta(days=14)


def test_second_of_a_later_pair_counts_from_where_the_first_is_booked():
    booked = date(2026, 9, 15)
    found = {one.n: one.target for one in plan("RA-1000x2", booked={3: booked})}
    assert (found[3], found[4]) == (START + timedelta(weeks=24), booked + timedelta(days=14))


def test_vasculitis_maintenance_counts_from_the_last_induction_infusion_as_given():
    late = START + timedelta(days=24)
    given = [GivenDose(n + 1, START + timedelta(days=7 * n)) for n in range(3)] + [GivenDose(4, late)]
    first, second, third = plan("GPA-375x4", given=given)[:3]
    assert (first.earliest, first.latest) == (late + timedelta(weeks=16), late + timedelta(weeks=24))
    assert (second.target - first.target).days == 14
    assert third.target == add_months(first.target, 6)
    assert [str(one.dose) for one in (first, second, third)] == ["500 mg"] * 3


def test_postponing_an_induction_infusion_moves_the_last_one_and_what_counts_from_it():
    moved = plan("GPA-375x4", decisions=[Decision(2, DEFER, 2)])
    usual = plan("GPA-375x4")
    apart = [(new.target - old.target).days for new, old in zip(moved, usual, strict=True)]
    assert apart[:6] == [0, 2, 2, 2, 2, 2]
    standard = plan("STANDARD", decisions=[Decision(2, DEFER, 2)])
    assert [one.target for one in standard[2:]] == [one.target for one in plan("STANDARD")[2:]]


def test_deferral_in_a_series_from_the_previous_infusion_carries_by_itself():
    moved = plan("MS-RIFUND", decisions=[Decision(3, DEFER, 10)])
    apart = [(one.target - usual.target).days for one, usual in zip(moved, plan("MS-RIFUND"), strict=True)]
    assert apart == [0, 0, *[10] * (len(apart) - 2)]


def test_previous_infusion_given_late_moves_the_series_and_its_day_of_the_month_stays():
    given = [GivenDose(1, date(2026, 8, 31)), GivenDose(2, date(2027, 3, 5))]
    found = plan("MS-RIFUND", date(2026, 8, 31), given=given)
    assert [one.target for one in found[:3]] == [date(2027, 9, 5), date(2028, 3, 5), date(2028, 9, 5)]


def test_extended_interval_keeps_to_a_year_after_its_first_year():
    given = [GivenDose(1, START), GivenDose(2, date(2026, 9, 10)), GivenDose(3, date(2027, 3, 20))]
    assert plan("MS-EXTENDED", given=given)[0].target == date(2028, 3, 20)


def test_pemphigus_months_count_from_the_first_infusion_and_say_when_they_are_optional():
    found = plan("PV-EU", until=add_months(START, 30))
    assert [one.target for one in found[2:]] == months(START, 12, 18, 24, 30)
    assert [bool(one.concern) for one in found[2:]] == [False, False, True, True]


def test_review_after_two_years_is_asked_for():
    found = plan("GPA-1000x2", until=add_months(START, 36))
    asked = [one.n for one in found if "reviews whether to go on" in one.concern]
    assert asked == [one.n for one in found if one.target >= add_months(START, 24)]


def test_longest_duration_ends_a_series():
    dates = protocol_dates(REGIMENS["GPA-375x4"], start=START, count=60)
    first = dates[4].date
    assert (len(dates), dates[-1].date) == (16, add_months(first, 60))


def test_nothing_is_planned_on_demand_before_a_retreatment_is_started():
    assert [one.n for one in plan("AIHA-375x4")] == [1, 2, 3, 4]
    given = [GivenDose(n + 1, START + timedelta(days=7 * n)) for n in range(4)]
    assert plan("AIHA-375x4", given=given) == ()
    again = date(2027, 5, 31)
    found = plan("AIHA-375x4", given=given, retreatments=[Retreatment(5, again)])
    assert [(one.n, one.opens, one.target) for one in found] == [
        (5 + n, 5, again + timedelta(days=7 * n)) for n in range(4)
    ]
    assert {one.dose.unit for one in found} == {DoseUnit.MG_PER_M2}


def test_retreatment_too_soon_is_held_back():
    given = [GivenDose(n + 1, START + timedelta(days=7 * n)) for n in range(4)]
    found = plan("AIHA-375x4", given=given, retreatments=[Retreatment(5, START + timedelta(days=60))])
    assert found[0].target == given[-1].on + timedelta(days=112)
    assert (found[1].target - found[0].target).days == 7


def test_relapse_dose_stands_before_what_the_series_still_has():
    given = [GivenDose(1, START), GivenDose(2, START + timedelta(days=14))]
    relapse = date(2026, 9, 1)
    found = plan("PV-EU", given=given, retreatments=[Retreatment(3, relapse)])
    assert [(one.n, str(one.dose), one.target) for one in found[:3]] == [
        (3, "1000 mg", relapse),
        (4, "500 mg", add_months(START, 12)),
        (5, "500 mg", add_months(START, 18)),
    ]


def test_two_retreatments_stand_one_after_the_other():
    given = [GivenDose(n + 1, START + timedelta(days=7 * n)) for n in range(4)]
    begun = [Retreatment(5, date(2027, 1, 31)), Retreatment(9, date(2027, 8, 31))]
    found = plan("AIHA-375x4", given=given, retreatments=begun, until=add_months(START, 60))
    assert [(one.n, one.opens) for one in found] == [
        *((n, 5) for n in range(5, 9)),
        *((n, 9) for n in range(9, 13)),
    ]


def test_left_out_first_of_a_pair_leaves_the_second_on_its_day():
    usual = {one.n: one.target for one in plan("RA-1000x2")}
    found = {one.n: one.target for one in plan("RA-1000x2", decisions=[Decision(3, OMIT)])}
    assert found == {n: day for n, day in usual.items() if n != 3}


def test_ceased_series_ends_there():
    assert [one.n for one in plan("RA-1000x2", decisions=[Decision(5, CEASE)])] == [1, 2, 3, 4]


def test_infusions_that_lead_others_are_known():
    assert [n for n in range(1, 9) if leads(REGIMENS["RA-1000x2"], n)] == [3, 5, 7]
    assert [n for n in range(1, 9) if leads(REGIMENS["GPA-375x4"], n)] == [4, 5]
    assert [n for n in range(1, 9) if leads(REGIMENS["STANDARD"], n)] == []


def test_slot_past_the_end_is_none():
    assert slot_of(REGIMENS["LN-LUNAR"], 5) is None
    assert slot_of(REGIMENS["GPA-RITAZAREM"], 10) is None


def test_earlier_infusions_are_found_again_in_every_regimen():
    for code, reckoned in RECKONED.items():
        given = reckoned(date(2024, 8, 31))
        found = given_doses(REGIMENS[code], [day + timedelta(days=2) for day in given])
        assert [dose.n for dose in found] == list(range(1, len(given) + 1)), code


def test_horizon_holds_what_a_year_long_interval_asks_for():
    until = horizon_until(START, None)
    assert [one.target for one in plan("PV-EU", until=until)][2:] == months(START, 12, 18, 24)


def test_delivered_file_holds_every_regimen_once_and_each_cites_what_it_rests_on():
    codes = [one["id"] for one in library()["regimens"]]
    assert (codes[0], len(codes)) == ("STANDARD", len(set(codes)))
    for code, regimen in REGIMENS.items():
        texts = {source.code: source.text for source in regimen.sources if source.code}
        cited = {name for rule in regimen.rules for name in rule.sources}
        cited |= {name for one in regimen.co_therapy for name in one.sources}
        cited |= set(regimen.dosing.sources) if regimen.dosing else set()
        assert cited - set(texts) == set(), code


def test_lupus_nephritis_is_a_variant_under_lupus():
    regimen = REGIMENS["LN-LUNAR"]
    assert (regimen.condition_codes, regimen.variant) == (("SLE",), "Lupus nephritis")
    assert {one.variant for code, one in REGIMENS.items() if code != "LN-LUNAR"} == {""}
