"""The steps of the day: which are allowed when, and the words each stage has on the screen."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from clinics.domain.refusals import Refusal
from scheduling.domain.status import MOVES as STATUS_MOVES
from scheduling.domain.status import Status
from treatment.domain.steps import (
    ARRIVED,
    BOOKED,
    COMPLETED,
    DONE,
    IN_CHAIR,
    MOVES,
    NO_SHOW,
    OBSERVING,
    STAGES,
    Step,
    before_its_time,
    next_moves,
    stage_of,
    take,
    undone,
)

TODAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ALLOWED = {
    (Step.ARRIVE, "booked"): "arrived",
    (Step.START, "arrived"): "in_chair",
    (Step.FINISH, "in_chair"): "done",
    (Step.FINISH, "observing"): "done",
    (Step.COMPLETE, "arrived"): "completed",
    (Step.NO_SHOW, "booked"): "noshow",
}
REPEATED = {
    (Step.ARRIVE, "arrived"),
    (Step.START, "in_chair"),
    (Step.FINISH, "done"),
    (Step.COMPLETE, "completed"),
    (Step.NO_SHOW, "noshow"),
}


@pytest.mark.parametrize(
    ("step", "stage"), list(product(Step, STAGES)), ids=lambda each: getattr(each, "code", each)
)
def test_step_leads_where_the_table_says_and_is_refused_in_words_elsewhere(step, stage):
    after = take(step, now_at=stage, visit_on=TODAY, today=TODAY)
    if (step, stage.code) in ALLOWED:
        assert after.code == ALLOWED[step, stage.code]
    elif (step, stage.code) in REPEATED:
        assert after == stage
    else:
        assert isinstance(after, Refusal)
        assert (after.code, after.message.endswith(".")) == ("out_of_order", True)


@pytest.mark.parametrize("step", [Step.ARRIVE, Step.NO_SHOW])
def test_step_for_a_day_to_come_is_refused_with_the_day(step):
    refusal = take(step, now_at=BOOKED, visit_on=date(2026, 5, 5), today=TODAY)
    words = {
        Step.ARRIVE: "This visit is on 5 May 2026: note the arrival on the day.",
        Step.NO_SHOW: "This visit is on 5 May 2026: that can be noted on the day.",
    }
    assert refusal == Refusal("not_today", words[step])


def test_step_of_a_day_that_passed_may_be_completed_late():
    assert take(Step.FINISH, now_at=IN_CHAIR, visit_on=date(2026, 5, 3), today=TODAY) == DONE


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [
        ("booked", "", "booked"),
        ("arrived", "arrived", "arrived"),
        ("arrived", "in_chair", "in_chair"),
        ("arrived", "premedicating", "premedicating"),
        ("arrived", "infusing", "infusing"),
        ("arrived", "observing", "observing"),
        ("arrived", "", "arrived"),
        ("fulfilled", "done", "done"),
        ("fulfilled", "", "completed"),
        ("noshow", "", "noshow"),
        ("cancelled", "arrived", "cancelled"),
    ],
)
def test_stage_is_read_from_status_and_record_together(status, state, code):
    assert stage_of(status, state).code == code


def test_stage_of_an_unknown_status_is_an_error():
    with pytest.raises(ValueError, match="no such status: late"):
        stage_of("late")


def test_every_status_word_has_a_stage_and_every_stage_a_word_of_its_own():
    assert {stage.status for stage in STAGES} == {status.value for status in Status}
    assert len({(stage.words, stage.status) for stage in STAGES}) == len(STAGES)


def test_every_step_that_changes_the_status_is_a_move_the_schedule_knows():
    changes = {
        (before.status, move.after.status)
        for move in MOVES.values()
        for before in move.before
        if before.status != move.after.status
    }
    known = {(before.value, after.value) for before, moves in STATUS_MOVES.items() for after in moves}
    assert changes - known == set()


def test_next_moves_offer_the_usual_step_first():
    offered = {stage.code: [move.button for move in next_moves(stage)] for stage in STAGES}
    assert offered == {
        "proposed": [],
        "pending": [],
        "waitlist": [],
        "booked": ["Arrived", "Did not come"],
        "arrived": ["In chair"],
        "in_chair": ["Done"],
        "premedicating": [],
        "infusing": [],
        "observing": ["Done"],
        "done": [],
        "completed": [],
        "noshow": [],
        "cancelled": [],
    }


def test_next_moves_of_a_follow_up_know_no_chair():
    offered = {
        stage.code: [move.step for move in next_moves(stage, "follow_up")]
        for stage in (BOOKED, ARRIVED, COMPLETED)
    }
    assert offered == {"booked": [Step.ARRIVE, Step.NO_SHOW], "arrived": [Step.COMPLETE], "completed": []}


def test_undo_of_a_follow_up_leads_from_done_to_arrived():
    assert undone(COMPLETED, taken_at=NOON, now=NOON, kind="follow_up") == ARRIVED


def test_undo_of_a_charted_discharge_leads_back_to_observation():
    assert undone(DONE, taken_at=NOON, now=NOON, charted="observing") == OBSERVING


def test_infusion_that_still_runs_is_ended_at_the_bedside_first():
    running = take(Step.FINISH, now_at=stage_of("arrived", "infusing"), visit_on=TODAY, today=TODAY)
    assert running == Refusal("out_of_order", "The infusion is still running: end it at the bedside first.")


def test_no_show_is_refused_until_the_visit_begins():
    early = before_its_time(Step.NO_SHOW, starts_at=NOON, now=NOON - timedelta(minutes=1), at="13:00")
    assert early == Refusal(
        "not_yet_due", "The visit begins at 13:00. Until then the patient may still come."
    )
    assert before_its_time(Step.NO_SHOW, starts_at=NOON, now=NOON, at="13:00") is None
    assert before_its_time(Step.ARRIVE, starts_at=NOON, now=NOON - timedelta(hours=2), at="13:00") is None


@pytest.mark.parametrize(
    ("stage", "before", "limit", "words"),
    [
        (ARRIVED, BOOKED, timedelta(minutes=10), "10 minutes"),
        (IN_CHAIR, ARRIVED, timedelta(minutes=10), "10 minutes"),
        (DONE, IN_CHAIR, timedelta(minutes=10), "10 minutes"),
        (NO_SHOW, BOOKED, timedelta(hours=12), "12 hours"),
    ],
)
def test_undo_leads_back_one_step_within_its_time(stage, before, limit, words):
    assert undone(stage, taken_at=NOON - limit, now=NOON) == before
    late = undone(stage, taken_at=NOON - limit - timedelta(seconds=1), now=NOON)
    assert late == Refusal("too_late_to_undo", f"This can be taken back for {words}; that time has passed.")


@pytest.mark.parametrize("stage", [BOOKED, STAGES[-1]])
def test_undo_without_a_step_is_refused(stage):
    assert undone(stage, taken_at=NOON, now=NOON).code == "nothing_to_undo"
