from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.domain.capacity import DayCapacity, NurseRules, Occupied, Phase, total_minutes
from scheduling.domain.policy import USUAL_VISITS, WHOLE, Pressure, choose, places, steps_of, strain

LATER, FIRST_ONE = USUAL_VISITS[0][0], USUAL_VISITS[1][0]
SHORT = (Phase("steady", 60),)
EIGHT = 8 * 12


def make_day(chairs=3, nurses=3, hours=(time(8), time(18))):
    return DayCapacity(
        day=date(2026, 6, 1),
        zone=ZoneInfo("UTC"),
        hours=hours,
        chairs={key: f"Chair {key}" for key in range(1, chairs + 1)},
        shifts={key: (f"Nurse {key}", [hours or (time(8), time(18))]) for key in range(11, 11 + nurses)},
        rules=NurseRules(),
    )


def add(day, step, phases, chair, nurse):
    starts = day.instant_of(step)
    day.add(Occupied(starts, starts + timedelta(minutes=total_minutes(phases)), chair, nurse, phases))


def test_the_usual_visits_are_those_of_the_default_regimen():
    assert [total_minutes(phases) for phases, _ in USUAL_VISITS] == [285, 375]


def test_a_place_beside_another_visit_strains_less_than_a_chair_that_is_still_free():
    day = make_day()
    add(day, EIGHT, LATER, 1, 11)
    beside, fresh = EIGHT + steps_of(LATER), EIGHT
    assert strain(day, beside, LATER, 1, 12) < strain(day, fresh, LATER, 2, 12)


def test_the_middle_of_a_free_chair_strains_most():
    pressure = Pressure(make_day())
    morning, noon = (pressure.of_chair(EIGHT + step, steps_of(SHORT), 1) for step in (0, 54))
    assert morning < noon


def test_the_last_chair_costs_all_that_is_left():
    day = make_day(chairs=1)
    assert Pressure(day).of_chair(EIGHT + 30, steps_of(LATER), 1) == WHOLE


def test_a_day_with_nothing_left_for_usual_visits_strains_nobody():
    day = make_day(hours=(time(8), time(9)))
    assert strain(day, EIGHT, SHORT, 1, 11) == 0


@pytest.mark.parametrize("step", [EIGHT, EIGHT + 9, EIGHT + 40])
@pytest.mark.parametrize("phases", [LATER, FIRST_ONE, SHORT])
def test_what_a_nurse_loses_is_what_is_gone_once_the_visit_stands(step, phases):
    day = make_day()
    add(day, EIGHT + 6, LATER, 1, 11)
    before = Pressure(day)
    told = before.of_nurse(step, phases, 11)
    add(day, step, phases, 2, 11)
    after = Pressure(day)
    shares = [
        weight * (had - has) / total
        for (_, weight), had, has, total in zip(
            USUAL_VISITS, before.begins[11], after.begins[11], before.nurses, strict=True
        )
    ]
    assert told == round(sum(shares) / 5 * WHOLE)


def test_who_is_busy_stays_busy():
    day = make_day()
    add(day, EIGHT, LATER, 1, 12)
    assert Pressure(day).barest([11, 12, 13]) == 12


def test_a_free_day_is_offered_from_its_beginning():
    choice = choose(make_day(chairs=20, nurses=12), LATER, make_day().all)
    assert (choice.step, choice.chair) == (EIGHT, 1)


def test_every_place_is_one_the_day_takes_and_the_first_is_the_best():
    day = make_day()
    for chair, nurse in ((1, 11), (2, 12)):
        add(day, EIGHT, FIRST_ONE, chair, nurse)
    found = list(places(day, LATER, day.all))
    refused = [one for one in found if day.refusals(day.instant_of(one.step), LATER, one.chair, one.nurse)]
    assert (refused, choose(day, LATER, day.all)) == ([], min(found))


@pytest.mark.parametrize("within", [0, 1 << 20])
def test_nothing_is_offered_outside_the_wanted_times(within):
    assert choose(make_day(), LATER, within) is None


def test_a_closed_day_offers_nothing():
    assert choose(make_day(hours=None), LATER, make_day().all) is None


def test_asking_changes_nothing():
    day, same = make_day(), make_day()
    strain(day, EIGHT, LATER, 1, 11)
    assert (day.nurses, day.chairs) == (same.nurses, same.chairs)
