"""A plan in numbers, in order, and as it is kept."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.domain.proposals import (
    Ending,
    Proposed,
    Spot,
    Totals,
    ending_of,
    in_order,
    kind_of,
    rows_of,
    shown_state,
    stored,
    totals,
)

LONDON = ZoneInfo("Europe/London")
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)
HERE = Spot(NINE, NINE + timedelta(hours=3), 1, 7)
ROW = Proposed(planned=1, patient=1, rank=1, harm="…", affected=True, visit=11, version=1, was=HERE, to=HERE)


def moved(row=ROW, **by):
    later = timedelta(**by)
    return replace(row, to=replace(HERE, starts=HERE.starts + later, ends=HERE.ends + later))


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (ROW, "stay"),
        (replace(ROW, to=replace(HERE, nurse=8)), "hand"),
        (replace(ROW, to=replace(HERE, handovers=((NINE + timedelta(hours=1), 8),))), "hand"),
        (moved(minutes=15), "same_day"),
        (moved(days=1), "other_day"),
        (replace(ROW, to=None), "unplaced"),
        (replace(ROW, was=None, visit=None), "new"),
    ],
)
def test_kind_of_move_is_told_by_time_and_place(row, kind):
    assert kind_of(row, LONDON) == kind


def test_day_is_the_clinics_own():
    late = replace(ROW, was=replace(HERE, starts=datetime(2031, 7, 1, 22, 30, tzinfo=UTC)))
    assert (
        kind_of(replace(late, to=replace(HERE, starts=datetime(2031, 7, 1, 23, 30, tzinfo=UTC))), LONDON)
        == "other_day"
    )


def test_totals_count_every_visit_once():
    rows = [ROW, moved(minutes=5), moved(days=2), moved(days=3), replace(ROW, to=None)]
    found = totals(rows, LONDON)
    assert (found, found.moved) == (Totals(stay=1, hand=0, same_day=1, other_day=2, unplaced=1, new=0), 3)


def test_without_a_place_come_first_then_the_touched_by_harm_then_the_others_by_time():
    others = [
        replace(
            moved(hours=1),
            affected=False,
            planned=20 - n,
            was=replace(HERE, starts=NINE + timedelta(hours=n)),
        )
        for n in (1, 0)
    ]
    touched = [replace(ROW, planned=2, rank=4), replace(ROW, planned=3, rank=2)]
    nowhere = replace(ROW, planned=4, rank=9, to=None)
    assert [row.planned for row in in_order([*others, *touched, nowhere])] == [4, 3, 2, 20, 19]


def test_plan_comes_back_as_it_was_kept():
    rows = [moved(days=1), replace(ROW, to=None, because="…"), replace(ROW, was=None, visit=None, version=None),
            replace(ROW, to=replace(HERE, handovers=((NINE + timedelta(hours=1), 8),)))]  # fmt: skip
    ending = Ending(proved=False, clock=True, seconds=1.25, objective=40, bound=30, here=True)
    kept = json.loads(json.dumps(stored(rows, ending)))
    assert (rows_of(kept), ending_of(kept)) == (rows, ending)


def test_question_without_an_answer_has_no_rows():
    assert (rows_of({}), ending_of({})) == ([], None)


@pytest.mark.parametrize(
    ("objective", "bound", "percent", "near"),
    [(40, 30, 25, True), (1000, 999, 1, True), (40, 40, 0, True), (100, 10, 90, False), (None, 3, None, False),
     (40, None, None, False), (0, 0, None, False), (40, 41, 0, True)],
)  # fmt: skip
def test_gap_is_never_told_smaller_than_it_is(objective, bound, percent, near):
    ending = Ending(proved=False, clock=False, seconds=1, objective=objective, bound=bound)
    assert (ending.percent, ending.near) == (percent, near)


def test_proved_plan_has_no_gap():
    assert Ending(proved=True, clock=False, seconds=1, objective=0, bound=0).percent == 0


def test_search_is_lost_when_it_is_later_than_its_limit_allows():
    ages = [timedelta(seconds=each) for each in (0, 45, 45.1)]
    assert [shown_state("solving", began=NINE, limit=30, now=NINE + age) for age in ages] == [
        "solving",
        "solving",
        "lost",
    ]
    assert shown_state("waiting", began=NINE, limit=30, now=NINE + timedelta(days=1)) == "waiting"
    assert shown_state("solving", began=None, limit=30, now=NINE) == "solving"
