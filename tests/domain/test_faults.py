"""Visits that no longer fit: what is in the way of each, and who gives way where there is too much at once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.capacity import DayCapacity, Fit, NurseRules, Occupied, Phase, total_minutes
from scheduling.domain.faults import Placed, misfits

DAY = date(2031, 6, 2)
ZONE = ZoneInfo("Europe/London")
EIGHT = datetime(2031, 6, 2, 7, 0, tzinfo=UTC)  # 08:00 in London
DRIP = (Phase("set_up", 30), Phase("steady", 60))
TALK = (Phase("consultation", 30),)
OPEN = (time(8), time(18))


def make_day(rules=None, *, hours=OPEN, chairs=(1, 2, 3, 4), shifts=None, kinds=None):
    return DayCapacity(
        day=DAY,
        zone=ZONE,
        hours=hours,
        chairs={key: f"Chair {key}" for key in chairs},
        kinds=kinds or {},
        shifts=shifts if shifts is not None else {10: ("Nora", [OPEN]), 11: ("Omar", [OPEN])},
        rules=rules or NurseRules(),
        closed_because="" if hours else "Works",
    )


def placed(key, minutes, *, chair=1, nurse=10, phases=DRIP, order=None, **more):
    starts = EIGHT + timedelta(minutes=minutes)
    handovers = more.pop("handovers", ())
    visit = Occupied(
        starts,
        starts + timedelta(minutes=total_minutes(phases)),
        chair,
        nurse,
        phases,
        starts_patient=chair is not None,
        handovers=handovers,
    )
    return Placed(key, visit, key if order is None else order, **more)


def codes(found):
    return {key: [reason.code for reason in reasons] for key, reasons in found.items()}


def test_day_as_it_was_booked_has_no_faults():
    visits = [placed(1, 0), placed(2, 15, chair=2), placed(3, 60, chair=3), placed(4, 90, chair=1)]
    assert misfits(make_day(), visits) == {}


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (make_day(hours=None), ["closed_day"]),
        (make_day(hours=(time(9), time(18))), ["outside_hours"]),
        (make_day(hours=(time(8), time(9))), ["outside_hours"]),
        (make_day(chairs=(2, 3)), ["no_such_chair"]),
        (make_day(shifts={11: ("Omar", [OPEN])}), ["nurse_off_duty"]),
        (make_day(shifts={10: ("Nora", [(time(8), time(9))])}), ["nurse_off_duty"]),
        (make_day(shifts={10: ("Nora", [(time(8), time(9)), (time(9, 15), time(18))])}), ["nurse_off_duty"]),
        (make_day(NurseRules(units=1)), ["nurse_full"]),
        (make_day(chairs=(2,), shifts={}), ["no_such_chair", "nurse_off_duty"]),
    ],
    ids=[
        "closed",
        "opens later",
        "closes earlier",
        "chair out",
        "away",
        "shift over",
        "break",
        "units",
        "both",
    ],
)
def test_every_setting_that_is_in_the_way_is_named(day, found):
    assert codes(misfits(day, [placed(1, 0)])) == {1: found}


def test_words_name_the_break():
    day = make_day(shifts={10: ("Nora", [(time(8), time(9)), (time(9, 15), time(18))])})
    assert misfits(day, [placed(1, 0)])[1][0].message == "Nora has a break from 09:00 to 09:15."


def test_overspent_nurse_keeps_whom_she_was_given_first():
    visits = [placed(1, 0, order=3), placed(2, 15, chair=2, order=1), placed(3, 30, chair=3, order=2)]
    assert codes(misfits(make_day(), visits)) == {1: ["nurse_full"]}


def test_latest_of_too_many_starts_gives_way():
    visits = [placed(1, 0, order=2), placed(2, 15, chair=2, order=1)]
    assert codes(misfits(make_day(NurseRules(slot_minutes=30)), visits)) == {1: ["nurse_starting"]}


def test_latest_of_too_many_preparations_gives_way():
    visits = [placed(1, 0), placed(2, 30, chair=2, nurse=11), placed(3, 60, chair=3, nurse=11)]
    assert codes(misfits(make_day(NurseRules(prep_per_hour=1)), visits)) == {2: ["prep_full"]}


def test_visit_that_must_go_anyway_takes_nothing_from_those_after_it():
    visits = [placed(1, 0, chair=9), placed(2, 15, chair=2), placed(3, 30, chair=3)]
    assert codes(misfits(make_day(), visits)) == {1: ["no_such_chair"]}


def test_begun_visit_keeps_its_place_and_is_not_asked():
    visits = [placed(1, 0, order=1), placed(2, 0, chair=9, order=2, begun=True)]
    assert codes(misfits(make_day(), visits)) == {1: ["nurse_starting"]}


def test_rule_that_was_broken_knowingly_is_no_fault_and_still_counts():
    visits = [
        placed(1, 0),
        placed(2, 0, chair=2, accepted=frozenset({"nurse_starting"})),
        placed(3, 0, chair=3),
    ]
    assert codes(misfits(make_day(), visits)) == {3: ["nurse_starting", "nurse_full"]}


def test_handover_is_judged_for_both_nurses():
    shifts = {10: ("Nora", [(time(8), time(9))]), 11: ("Omar", [(time(9), time(18))])}
    at_nine = ((EIGHT + timedelta(hours=1), 11),)
    assert misfits(make_day(shifts=shifts), [placed(1, 0, handovers=at_nine)]) == {}
    assert codes(misfits(make_day(shifts=shifts), [placed(1, 0)])) == {1: ["nurse_off_duty"]}


@pytest.mark.parametrize(
    ("need", "kind", "fits"),
    [
        ("", "chair", True),
        ("bed", "chair", False),
        ("bed", "bed", True),
        ("bed", "isolation", True),
        ("isolation", "bed", False),
        ("isolation", "isolation", True),
    ],
)
def test_place_must_be_what_the_patient_needs(need, kind, fits):
    found = misfits(make_day(kinds={1: kind}), [placed(1, 0, need=need)])
    assert codes(found) == ({} if fits else {1: ["not_a_bed"]})


def test_follow_up_needs_an_open_day_and_its_clinician():
    visits = [placed(1, 0, chair=None, nurse=77, phases=TALK)]
    assert misfits(make_day(), visits) == {}
    assert codes(misfits(make_day(hours=None), visits)) == {1: ["closed_day"]}
    away = [placed(1, 0, chair=None, nurse=77, phases=TALK, away="Dr Moss is away on that day.")]
    assert [reason.message for reason in misfits(make_day(), away)[1]] == ["Dr Moss is away on that day."]


def test_times_between_two_steps_do_not_accuse_each_other_of_the_chair():
    visits = [placed(1, 3), placed(2, 93)]
    assert misfits(make_day(), visits) == {}


# A visit's step, chair, nurse and whether it is a first infusion.
WISHES = st.lists(
    st.tuples(
        st.integers(0, 100), st.integers(1, 4), st.sampled_from([10, 11]), st.sampled_from(["usual", "first"])
    ),
    max_size=14,
)
RULES = st.builds(
    NurseRules,
    units=st.integers(2, 4),
    starts_per_slot=st.integers(1, 2),
    slot_minutes=st.sampled_from([5, 10, 15, 30]),
    prep_per_hour=st.integers(0, 3),
)


def booked_by_the_rules(day, wishes):
    """Every wish that fits, in order, as the booking would place it."""
    found = []
    for number, (step, chair, nurse, acuity) in enumerate(wishes):
        phases = (Phase("set_up", 15), Phase("titration", 30, acuity), Phase("steady", 30, acuity))
        starts = EIGHT + timedelta(minutes=5 * step)
        if isinstance(day.fits(starts, phases, chair, nurse), Fit):
            visit = placed(number, 5 * step, chair=chair, nurse=nurse, phases=phases)
            day.add(visit.visit)
            found.append(visit)
    return found


@given(WISHES, RULES)
def test_day_booked_by_the_rules_never_has_a_fault(wishes, rules):
    visits = booked_by_the_rules(make_day(rules), wishes)
    assert misfits(make_day(rules), reversed(visits)) == {}


@given(WISHES, RULES, RULES)
def test_what_is_left_fits_and_nobody_gives_way_without_need(wishes, before, after):
    visits = booked_by_the_rules(make_day(before), wishes)
    found = misfits(make_day(after), visits)
    kept = [each for each in visits if each.key not in found]
    assert misfits(make_day(after), kept) == {}
    for each in visits:
        if each.key in found:
            earlier = [other for other in kept if other.order < each.order]
            assert each.key in misfits(make_day(after), [*earlier, each])
