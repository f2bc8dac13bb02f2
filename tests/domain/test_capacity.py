from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from scheduling.domain.capacity import (
    CONSULTATION,
    PHASE_WEIGHTS,
    DayCapacity,
    Fit,
    NurseRules,
    Occupied,
    Phase,
    runs,
    total_minutes,
    weights_by_run,
)

LONDON = ZoneInfo("Europe/London")
DAY = date(2026, 6, 1)
EIGHT = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)  # 08:00 in London
RULES_OF_THE_HOUSE = NurseRules()
FIRST = (
    Phase("set_up", 30),
    Phase("premedication", 30),
    Phase("titration", 210),
    Phase("steady", 45),
    Phase("observation", 60),
)
SHORT = (Phase("steady", 60),)


def make_day(rules=RULES_OF_THE_HOUSE, chairs=(1, 2), nurses=(10,), hours=(time(8), time(18)), **more):
    return DayCapacity(
        day=more.pop("day", DAY),
        zone=LONDON,
        hours=hours,
        chairs={key: f"Chair {key}" for key in chairs},
        shifts={key: (f"Nurse {key}", [hours or (time(8), time(18))]) for key in nurses},
        rules=rules,
        **more,
    )


def at(minutes):
    return EIGHT + timedelta(minutes=minutes)


def occupied(start, phases=SHORT, chair=1, nurse=10, **more):
    return Occupied(at(start), at(start + total_minutes(phases)), chair, nurse, tuple(phases), **more)


def code_of(answer):
    return answer.code if isinstance(answer, Refusal) else "fits"


def test_an_empty_day_fits_a_first_infusion():
    assert make_day().fits(EIGHT, FIRST, 1, 10) == Fit(EIGHT, EIGHT + timedelta(minutes=375), 1, 10)


def test_a_visit_must_end_before_the_clinic_closes():
    day = make_day()
    assert code_of(day.fits(at(225), FIRST, 1, 10)) == "fits"
    assert code_of(day.fits(at(230), FIRST, 1, 10)) == "outside_hours"


@pytest.mark.parametrize("minutes", [-5, -600, 600, 100_000, -100_000])
def test_outside_the_opening_hours_is_refused(minutes):
    assert code_of(make_day().fits(at(minutes), SHORT, 1, 10)) == "outside_hours"


def test_a_closed_day_is_refused_with_its_reason():
    closed = make_day(hours=None, closed_because="Summer bank holiday")
    refusal = closed.fits(EIGHT, SHORT, 1, 10)
    assert (refusal.code, refusal.message) == (
        "closed_day",
        "The clinic is closed on Monday 01 June 2026: Summer bank holiday.",
    )


def test_a_taken_chair_is_refused_and_the_next_one_is_free():
    day = make_day(rules=NurseRules(starts_per_slot=9))
    day.add(occupied(60))
    assert code_of(day.fits(at(90), SHORT, 1, 10)) == "chair_taken"
    assert code_of(day.fits(at(90), SHORT, 2, 10)) == "fits"


def test_a_visit_may_begin_at_the_minute_another_ends():
    day = make_day()
    day.add(occupied(60))
    assert code_of(day.fits(at(120), SHORT, 1, 10)) == "fits"
    assert code_of(day.fits(at(0), SHORT, 1, 10)) == "fits"


def test_a_chair_out_of_service_and_a_nurse_away_are_refused():
    day = make_day()
    assert code_of(day.fits(EIGHT, SHORT, 7, 10)) == "no_such_chair"
    assert code_of(day.fits(EIGHT, SHORT, 1, 77)) == "nurse_off_duty"


def test_a_nurse_must_be_on_duty_for_the_whole_visit():
    day = DayCapacity(
        day=DAY,
        zone=LONDON,
        hours=(time(8), time(18)),
        chairs={1: "Chair 1"},
        shifts={10: ("Nurse 10", [(time(8), time(12)), (time(13), time(18))])},
        rules=NurseRules(),
    )
    assert code_of(day.fits(at(180), SHORT, 1, 10)) == "fits"
    assert code_of(day.fits(at(185), SHORT, 1, 10)) == "nurse_off_duty"
    assert code_of(day.fits(at(300), SHORT, 1, 10)) == "fits"


def test_a_nurse_starts_one_patient_a_slot():
    day = make_day(chairs=(1, 2, 3))
    day.add(occupied(60))
    assert code_of(day.fits(at(70), SHORT, 2, 10)) == "nurse_starting"
    assert code_of(day.fits(at(75), SHORT, 2, 10)) == "fits"


def test_titrating_weighs_more_than_a_steady_drip():
    titrating = (Phase("titration", 60),)
    day = make_day(chairs=range(1, 9), rules=NurseRules(starts_per_slot=9))
    day.add(occupied(0, titrating, chair=1))
    day.add(occupied(0, titrating, chair=2))
    assert code_of(day.fits(at(0), SHORT, 3, 10)) == "nurse_full"
    steady = make_day(chairs=range(1, 9), rules=NurseRules(starts_per_slot=9))
    for chair in (1, 2, 3):
        steady.add(occupied(0, SHORT, chair=chair))
    assert code_of(steady.fits(at(0), SHORT, 4, 10)) == "fits"
    assert code_of(steady.fits(at(0), titrating, 4, 10)) == "nurse_full"


def test_a_consultation_takes_the_whole_nurse_but_starts_no_patient():
    day = make_day()
    consultation = (Phase(CONSULTATION, 30),)
    day.add(occupied(60, consultation, chair=None, starts_patient=False))
    assert code_of(day.fits(at(75), SHORT, 1, 10)) == "nurse_full"
    assert code_of(day.fits(at(90), SHORT, 1, 10)) == "fits"
    assert code_of(day.fits(at(0), SHORT, 1, 10)) == "fits"


def test_weights_that_exceed_a_nurse_never_fit():
    day = make_day(rules=NurseRules(units=1))
    assert code_of(day.fits(EIGHT, FIRST, 1, 10)) == "nurse_full"
    assert day.nurse_starts(10, FIRST) == 0


def test_a_blocked_time_is_offered_to_nobody():
    day = make_day()
    day.block(at(60), at(120))
    assert [code_of(day.fits(at(start), SHORT, 1, 10)) for start in (0, 5, 115, 120)] == [
        "fits",
        "patient_busy",
        "patient_busy",
        "fits",
    ]


def test_a_start_off_the_grid_takes_every_step_it_touches():
    day = make_day(rules=NurseRules(starts_per_slot=9))
    day.add(occupied(62, (Phase("steady", 7),)))
    assert [code_of(day.fits(at(start), (Phase("steady", 5),), 1, 10)) for start in (55, 60, 65, 70)] == [
        "fits",
        "chair_taken",
        "chair_taken",
        "fits",
    ]


def test_a_step_shared_by_two_phases_asks_for_the_greater():
    phases = (Phase("set_up", 7), Phase("premedication", 8))
    assert weights_by_run(phases, NurseRules()) == [(0, 2, 2), (2, 1, 1)]
    assert weights_by_run(phases, NurseRules(), lead=3) == [(0, 2, 2), (2, 2, 1)]


def test_a_slot_that_is_no_multiple_of_five_is_refused():
    with pytest.raises(ValueError, match="a slot is a multiple of 5 minutes, not 7"):
        NurseRules(slot_minutes=7)


@pytest.mark.parametrize(("day", "steps"), [(date(2026, 3, 29), 276), (DAY, 288), (date(2026, 10, 25), 300)])
def test_a_day_on_which_the_clocks_change_is_shorter_or_longer(day, steps):
    capacity = make_day(day=day)
    assert capacity.steps == steps
    assert capacity.instant_of(capacity.open.bit_length()).astimezone(LONDON).time() == time(18)
    eight = datetime.combine(day, time(8), tzinfo=LONDON).astimezone(UTC)
    assert code_of(capacity.fits(eight, SHORT, 1, 10)) == "fits"
    assert code_of(capacity.fits(eight - timedelta(minutes=5), SHORT, 1, 10)) == "outside_hours"


def test_runs_finds_where_enough_free_steps_begin():
    assert runs(0b0111011, 3) == 0b0001000
    assert runs(0b0111011, 1) == 0b0111011
    assert runs(0b11111, 5) == 1
    assert runs(0b11111, 6) == 0


# --- against a slow oracle that counts patients step by step -------------------------------------------

NAMES = [*PHASE_WEIGHTS, CONSULTATION]
PHASES = st.lists(
    st.builds(Phase, st.sampled_from(NAMES), st.integers(1, 24).map(lambda steps: steps * 5)),
    min_size=1,
    max_size=4,
)
VISITS = st.lists(
    st.tuples(
        st.integers(0, 119),
        PHASES,
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, 10, 11]),
        st.booleans(),
    ),
    max_size=8,
)
RULES = st.builds(
    NurseRules,
    units=st.integers(1, 5),
    starts_per_slot=st.integers(1, 2),
    slot_minutes=st.sampled_from([5, 10, 15, 30]),
)


def need(phases, rules):
    return [rules.weight_of(phase) for phase in phases for _ in range(phase.minutes // 5)]


def oracle(rules, duty, visits, start, phases, chair, nurse):
    """Free or not, by walking every step of the day with plain counters."""
    wanted = need(phases, rules)
    if start + len(wanted) > 120:
        return False
    sat, spent = set(), [0] * 400
    started = 0
    slot = lambda step: (step + 96) * 5 // rules.slot_minutes  # noqa: E731 (08:00 is step 96)
    for begins, theirs, their_chair, their_nurse, starts_patient in visits:
        units = need(theirs, rules)
        if their_chair == chair:
            sat |= set(range(begins, begins + len(units)))
        if their_nurse == nurse:
            started += starts_patient and slot(begins) == slot(start)
            for step, weight in enumerate(units, begins):
                spent[step] += weight
    steps = range(start, start + len(wanted))
    return (
        not sat & set(steps)
        and all(step in duty for step in steps)
        and started < rules.starts_per_slot
        and all(spent[step] + weight <= rules.units for step, weight in zip(steps, wanted, strict=True))
    )


@settings(max_examples=150, deadline=None)
@given(rules=RULES, visits=VISITS, phases=PHASES, lunch=st.integers(30, 90), start=st.integers(0, 119))
def test_fits_agrees_with_counting_step_by_step(rules, visits, phases, lunch, start):
    early = [(time(8), time(8 + lunch // 12, lunch % 12 * 5))]
    day = DayCapacity(
        day=DAY,
        zone=LONDON,
        hours=(time(8), time(18)),
        chairs={1: "Chair 1", 2: "Chair 2"},
        shifts={10: ("Nurse 10", early), 11: ("Nurse 11", [(time(8), time(18))])},
        rules=rules,
    )
    for begins, theirs, chair, nurse, starts_patient in visits:
        day.add(occupied(begins * 5, theirs, chair=chair, nurse=nurse, starts_patient=starts_patient))
    inside = day.open_starts(phases)
    for chair in (1, 2):
        for nurse, duty in ((10, range(lunch)), (11, range(120))):
            expected = oracle(rules, duty, visits, start, phases, chair, nurse)
            assert isinstance(day.fits(at(start * 5), phases, chair, nurse), Fit) == expected
            free = inside & day.chair_starts(chair, phases) & day.nurse_starts(nurse, phases)
            assert free == sum(
                1 << (96 + step)
                for step in range(120)
                if oracle(rules, duty, visits, step, phases, chair, nurse)
            )
