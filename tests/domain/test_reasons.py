"""Every reason against a time, visits with a change of nurse, the pharmacy's hour, and times that are kept."""

from datetime import time, timedelta

import pytest

from scheduling.domain.capacity import CONSULTATION, DayCapacity, Fit, NurseRules, Phase
from tests.domain.test_capacity import DAY, LONDON, SHORT, at, code_of, make_day, occupied


def split_day(**more):
    """One nurse until noon, one from then on, and one with a break at noon."""
    return DayCapacity(
        day=DAY,
        zone=LONDON,
        hours=(time(8), time(18)),
        chairs={1: "Chair 1", 2: "Bed 2"},
        kinds={2: "bed"},
        shifts={
            10: ("Early", [(time(8), time(12))]),
            11: ("Late", [(time(12), time(18))]),
            12: ("Whole", [(time(8), time(12)), (time(12, 30), time(18))]),
        },
        rules=more.pop("rules", NurseRules()),
    )


def codes_of(day, *asked):
    return tuple(refusal.code for refusal in day.refusals(*asked))


def test_every_reason_is_given_the_weightiest_first():
    day = make_day(rules=NurseRules(units=2, prep_per_hour=1))
    day.add(occupied(60, (Phase("titration", 60),)))
    assert codes_of(day, at(60), (Phase("steady", 600),), 1, 10) == (
        "outside_hours",
        "chair_taken",
        "nurse_off_duty",
        "nurse_starting",
        "nurse_full",
        "prep_full",
    )
    assert code_of(day.fits(at(60), (Phase("steady", 600),), 1, 10)) == "outside_hours"
    assert codes_of(day, at(150), SHORT, 7, 77) == ("no_such_chair", "nurse_off_duty")
    assert codes_of(day, at(180), SHORT, 2, 10) == ()
    assert codes_of(make_day(hours=None), at(0), SHORT, 1, 10) == ("closed_day",)


def test_a_chair_says_what_it_is():
    assert [(key, chair.kind) for key, chair in split_day().chairs.items()] == [(1, "chair"), (2, "bed")]


def test_a_visit_over_a_shifts_end_needs_an_explicit_handover():
    day, noon = split_day(), at(240)
    long = (Phase("steady", 120),)
    (refusal,) = day.refusals(at(180), long, 1, 10)
    assert (refusal.code, refusal.message) == ("nurse_off_duty", "Early is not on duty for the whole visit.")
    assert day.fits(at(180), long, 1, 10, ((noon, 11),)) == Fit(at(180), at(300), 1, 10, ((noon, 11),))
    # A step later the first nurse has gone, a step earlier the second is not there yet.
    assert codes_of(day, at(180), long, 1, 10, ((noon + timedelta(minutes=5), 11),)) == ("nurse_off_duty",)
    assert codes_of(day, at(180), long, 1, 10, ((noon - timedelta(minutes=5), 11),)) == ("nurse_off_duty",)


def test_a_nurse_on_a_break_has_no_attention():
    day = split_day()
    (refusal,) = day.refusals(at(180), (Phase("steady", 120),), 1, 12)
    assert (refusal.code, refusal.message) == ("nurse_off_duty", "Whole has a break from 12:00 to 12:30.")
    cover = ((at(240), 11), (at(270), 12))
    assert isinstance(day.fits(at(180), (Phase("steady", 120),), 1, 12, cover), Fit)


@pytest.mark.parametrize(
    "minutes",
    [(180,), (300,), (100,), (240, 240), (250, 240)],
    ids=["start", "end", "before", "twice", "back"],
)
def test_a_handover_lies_inside_the_visit_and_one_after_the_other(minutes):
    handovers = tuple((at(minute), 12) for minute in minutes)
    assert codes_of(split_day(), at(180), (Phase("steady", 120),), 1, 12, handovers) == (
        "impossible_handover",
    )


def test_after_a_handover_the_second_nurse_is_the_busy_one():
    day = split_day(rules=NurseRules(units=1))
    day.add(occupied(180, (Phase("steady", 120),), nurse=10, handovers=((at(240), 11),)))
    free = [
        codes_of(day, at(minute), (Phase("steady", 30),), 2, nurse)
        for minute, nurse in ((210, 10), (240, 11))
    ]
    assert free == [("nurse_full",), ("nurse_full",)]
    # Taking over starts no patient: she may start another where she has attention.
    easy = split_day(rules=NurseRules(units=2))
    easy.add(occupied(180, (Phase("steady", 120),), nurse=10, handovers=((at(240), 11),)))
    assert codes_of(easy, at(240), (Phase("steady", 30),), 2, 11) == ()


def test_both_nurses_are_asked_for_their_part_alone():
    day = split_day(rules=NurseRules(units=2))
    day.add(occupied(240, (Phase("titration", 60),), chair=None, nurse=11, starts_patient=False))
    handover = ((at(240), 11),)
    assert codes_of(day, at(180), (Phase("steady", 120),), 1, 10, handover) == ("nurse_full",)
    assert codes_of(day, at(120), (Phase("steady", 120),), 1, 10) == ()


def test_the_pharmacy_prepares_so_many_an_hour_by_the_clock():
    day = make_day(chairs=range(1, 9), nurses=(10, 11, 12), rules=NurseRules(prep_per_hour=2))
    day.add(occupied(60, chair=1, nurse=10))
    day.add(occupied(115, chair=2, nurse=11))
    day.add(occupied(90, (Phase(CONSULTATION, 15),), chair=None, nurse=12, starts_patient=False))
    (refusal,) = day.refusals(at(105), SHORT, 3, 12)
    assert (refusal.code, refusal.message) == (
        "prep_full",
        "The pharmacy has all the infusions it can prepare between 09:00 and 10:00.",
    )
    assert [codes_of(day, at(minute), SHORT, 3, nurse) for minute, nurse in ((55, 10), (120, 12))] == [(), ()]
    free = day.open_starts(SHORT)
    assert [free >> step & 1 for step in (107, 108, 119, 120)] == [1, 0, 0, 1]


def test_a_time_kept_for_the_waiting_list_is_nobody_elses():
    day = make_day()
    day.add(occupied(60, kept=True))
    assert codes_of(day, at(90), SHORT, 1, 10) == ("kept_for_waitlist",)
    assert codes_of(day, at(90), SHORT, 2, 10) == ()
    assert day.chair_starts(1, SHORT) >> 108 & 1 == 0


def test_first_infusions_and_those_after_a_reaction_weigh_more_while_the_drug_runs():
    rules = NurseRules(units=4)
    phases = [
        Phase(name, 5, acuity)
        for acuity in ("usual", "first", "reaction")
        for name in ("set_up", "titration", "steady", "observation")
    ]
    assert [rules.weight_of(phase) for phase in phases] == [2, 2, 1, 1, 2, 3, 2, 1, 2, 3, 2, 1]
    # What acuity adds never asks for more than a nurse has.
    assert NurseRules(units=2).weight_of(Phase("titration", 5, "first")) == 2


def test_a_visit_past_midnight_fits_no_day():
    late = make_day(hours=(time(0), time(23, 55)))
    assert codes_of(late, at(15 * 60 + 30), SHORT, 1, 10) == (
        "outside_hours",
        "past_midnight",
        "nurse_off_duty",
    )
