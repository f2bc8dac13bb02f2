"""The infusion as it runs: dose so far in exact fractions, what comes next, and when it will be through."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.charts import DOSE, FIRST, at, entry, rate, ready
from treatment.domain.chart import Kind, read
from treatment.domain.running import ahead, beside, dose_given, span, volume_given


def given_at(rows, minute):
    return dose_given(read(rows), DOSE, at(minute))


PLANNED = [rate(30 * number, 50 * (number + 1)) for number in range(8)]

# Rates, pauses and the end, at whole minutes of a day.
FLOWS = st.lists(
    st.tuples(st.integers(0, 600), st.sampled_from([0, 1, 25, 50, 100, 333, 400, 600])),
    min_size=1,
    max_size=12,
)


def flow(steps):
    return [rate(minute, mg_h) if mg_h else entry(Kind.PAUSE, minute, reason="") for minute, mg_h in steps]


def test_dose_so_far_by_the_plan_is_exact():
    # 30 min each at 50, 100, 150 … mg/h give 25, 50, 75 … mg.
    assert [given_at(PLANNED, 30 * number) for number in range(5)] == [0, 25, 75, 150, 250]
    assert given_at(PLANNED, 255) == 1000
    assert given_at(PLANNED, 254) == 1000 - Fraction(400, 60)
    assert given_at(PLANNED, 10) == Fraction(500, 60)


def test_first_infusion_by_the_plan_is_through_after_255_minutes():
    coming = ahead(read(PLANNED[:1]), FIRST, DOSE, at(0))
    assert (coming.through_at, coming.next.at, coming.next.mg_h) == (at(255), at(30), 100)
    assert [change.at for change in coming.changes] == [at(30 * number) for number in range(1, 8)]


@given(FLOWS, st.integers(0, 700), st.integers(0, 700))
def test_dose_so_far_never_falls_and_never_exceeds_the_dose(steps, one, other):
    chart = read(flow(steps))
    earlier, later = sorted((one, other))
    assert 0 <= dose_given(chart, DOSE, at(earlier)) <= dose_given(chart, DOSE, at(later)) <= DOSE


@given(FLOWS, st.integers(1, 300), st.integers(0, 700))
def test_nothing_flows_after_the_end(steps, end, later):
    chart = read([*flow(steps), entry(Kind.STOP, end, complete=False)])
    if chart.ended is not None:
        assert dose_given(chart, DOSE, at(end + later)) == dose_given(chart, DOSE, at(end))


@given(FLOWS, st.integers(0, 600))
def test_what_is_ahead_ends_when_the_rest_of_the_dose_has_flowed(steps, minute):
    """Followed to the letter, the forecast gives exactly the dose, at the instant it names."""
    steps = [step for step in steps if step[0] <= minute]
    chart = read(flow(steps))
    coming = ahead(chart, FIRST, DOSE, at(minute))
    if coming.through_at is None or given_at(flow(steps), minute) == DOSE:
        return
    followed = [*flow(steps)]
    for change in coming.changes:
        late = Fraction((change.at - at(0)).total_seconds()) / 60
        followed.append(rate(float(late), int(change.mg_h)))
    assert abs(dose_given(read(followed), DOSE, coming.through_at) - DOSE) < Fraction(1, 1000)


def test_paused_infusion_has_nothing_ahead():
    chart = read([*PLANNED[:2], entry(Kind.PAUSE, 40, reason="")])
    assert ahead(chart, FIRST, DOSE, at(50)) == ahead(read([]), FIRST, DOSE, at(50))


def test_overdue_change_is_due_now():
    assert ahead(read(PLANNED[:1]), FIRST, DOSE, at(45)).next.at == at(45)


def test_slowed_infusion_goes_on_with_the_next_faster_step_after_that_steps_time():
    chart = read([*PLANNED[:3], entry(Kind.PAUSE, 70, reason=""), rate(90, 75)])
    coming = ahead(chart, FIRST, DOSE, at(95))
    assert (coming.next.at, coming.next.mg_h) == (at(120), 100)


def test_rate_said_again_does_not_begin_anew():
    chart = read([rate(0, 50), rate(20, 50)])
    assert ahead(chart, FIRST, DOSE, at(20)).next.at == at(30)


def test_steps_stand_beside_what_was_taken():
    chart = read([*ready(-35), rate(0, 50), rate(33, 100)])
    rows = beside(chart, FIRST, ahead(chart, FIRST, DOSE, at(40)))
    assert [(row.step.rate_mg_h, row.planned_at, row.taken_at) for row in rows[:4]] == [
        (50, at(0), at(0)),
        (100, at(30), at(33)),
        (150, at(63), None),
        (200, at(93), None),
    ]


def test_volume_is_dose_by_dilution():
    assert volume_given(Fraction(250), Fraction(2)) == 125


def test_span_rounds_up_to_a_microsecond():
    assert span(Fraction(1, 3)).microseconds == 0
    assert span(Fraction(1, 7)).microseconds == 571429
