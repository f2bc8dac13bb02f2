import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, time, timedelta
from time import monotonic

import pytest

from scheduling.domain.baseline import greedy
from scheduling.domain.capacity import Occupied, Phase
from scheduling.domain.replanning import Allowed, Link, Place, ToPlace, Weights, day_of
from scheduling.domain.verifying import verify
from scheduling.optimiser import Limits, solve
from scheduling.optimiser.choices import choices
from scheduling.optimiser.model import build
from scheduling.optimiser.search import Watch, search
from tests.domain.planning import (
    DAY,
    EAGER,
    LONG,
    NINE,
    RULES,
    by_trying_everything,
    capacity,
    place,
    question,
    random_question,
    visit,
)
from tests.programs import ROOT


@pytest.mark.parametrize("seed", range(60))
def test_small_questions_are_answered_as_by_trying_everything(seed):
    problem = random_question(seed)
    answer = solve(problem)
    assert verify(problem, answer) == ()
    assert (answer.status, answer.objective) == ("optimal", by_trying_everything(problem))
    assert (answer.bound, answer.gap, answer.ended_by) == (answer.objective, 0, "proof")


def full_day(visits=9, nurses=4, chairs=6, gone=1):
    """A day from 08:00 to 18:00 with infusions of real length, and a nurse less than it was booked with."""
    infusion = (
        Phase("set_up", 30),
        Phase("premedication", 30),
        Phase("titration", 90),
        Phase("steady", 105),
        Phase("observation", 30),
    )
    room = day_of(
        capacity(chairs=chairs, nurses=nurses, hours=(time(8), time(18)), rules=replace(RULES, units=4))
    )
    asked = [visit(key, infusion, allowed=(Allowed(DAY, 0, 1440),)) for key in range(1, visits + 1)]
    rules = replace(RULES, units=4)
    booked = greedy(question(*asked, days=[room], rules=rules, weights=Weights(per_step_of_end=1)))
    standing = [
        replace(asked[now.key - 1], now=now, allowed=(Allowed(DAY, now.minute - 120, now.minute + 120),))
        for now in booked.placed
    ]
    left = replace(room, nurses=room.nurses[gone:])
    return question(*standing, days=[left], rules=rules)


def test_the_same_question_has_the_same_answer():
    problem = full_day()
    one, other = (replace(solve(problem), seconds=0.0) for _ in range(2))
    assert one == other
    assert verify(problem, one) == ()


_ASK = """
import json
from dataclasses import asdict
from scheduling.optimiser import solve
from tests.domain.test_optimiser import full_day
answer = asdict(solve(full_day(visits=8)))
answer.pop("seconds")
print(json.dumps(answer, default=str, sort_keys=True))
"""


def test_the_answer_is_the_same_in_another_process():
    told = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", _ASK],
                env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for seed in ("1", "4242")
    ]
    assert told[0] == told[1]
    assert told[0]["status"] == "optimal"


def test_progress_is_told_and_only_ever_gets_better():
    heard = []
    answer = solve(full_day(), on_progress=heard.append)
    objectives = [one.objective for one in heard]
    bounds = [one.bound for one in heard if one.bound is not None]
    assert objectives == sorted(objectives, reverse=True)
    assert bounds == sorted(bounds)
    assert (objectives[-1], bounds[-1]) == (answer.objective, answer.bound)


def test_a_stopped_search_ends_soon_with_the_best_plan_so_far():
    problem = full_day(visits=60, nurses=14, chairs=38, gone=2)
    began = monotonic()
    answer = solve(problem, should_stop=lambda: monotonic() - began > 1)
    assert (answer.ended_by, answer.seconds < 2.5, verify(problem, answer)) == ("stopped", True, ())
    assert len(answer.placed) + len(answer.left) == len(problem.visits)


def test_a_long_search_is_stopped_in_its_midst():
    question_at_large = choices(full_day(visits=60, nurses=14, chairs=38, gone=2), pooled=False)
    began = monotonic()
    watch = Watch(60, lambda: monotonic() - began > 0.3)
    found = search(build(question_at_large).built, watch, 60, interleaved=False)
    assert (found.proved, watch.ended_by, watch.seconds < 3) == (False, "stopped", True)


def test_the_wall_clock_ends_a_search_and_is_named():
    problem = full_day(visits=40, nurses=9, chairs=20, gone=2)
    answer = solve(problem, limits=Limits(wall_seconds=0.05))
    assert (answer.status, answer.ended_by, verify(problem, answer)) == ("feasible", "wall_clock", ())


def test_a_deterministic_limit_gives_the_same_unfinished_answer_twice():
    problem = full_day(visits=40, nurses=9, chairs=20, gone=2)
    limits = Limits(deterministic=0.2, wall_seconds=120)
    one, other = (replace(solve(problem, limits=limits), seconds=0.0) for _ in range(2))
    assert one == other
    assert (one.ended_by, one.gap > 0) == ("deterministic_limit", True)


def test_without_the_solver_the_plain_plan_is_the_answer(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    problem = full_day()
    answer = solve(problem)
    assert replace(answer, seconds=0.0) == greedy(problem)
    assert (answer.ended_by, answer.bound, answer.gap) == ("baseline", None, None)


def test_the_solver_is_loaded_only_when_it_is_asked():
    told = subprocess.run(
        [sys.executable, "-c", "import sys, scheduling.optimiser; print('ortools' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "False"


def test_everybody_keeps_the_chair_where_nothing_forces_a_change():
    room = day_of(capacity(chairs=3, nurses=1))
    standing = [
        visit(1, now=place(1, 0, chair=3)),
        visit(2, now=place(2, 30, chair=2)),
        visit(3, LONG, now=place(3, 60, chair=1)),
    ]
    answer = solve(question(*standing, days=[room]))
    assert (answer.objective, answer.chair_changes) == (0, 0)


def test_visits_that_stay_keep_their_chairs_and_the_others_fit_between():
    room = capacity(chairs=2, nurses=2)
    days = [day_of(room)]
    taken = [replace(days[0].chairs[0], taken=0b111111 << (NINE + 30) // 5), days[0].chairs[1]]
    days = [replace(days[0], chairs=tuple(taken))]
    standing = [visit(1, LONG, now=place(1, 0)), visit(2, LONG, now=place(2, 0, chair=2, nurse=12), harm=2)]
    answer = solve(question(*standing, days=days))
    assert answer.placed == (place(1, 60, chair=1), place(2, 0, chair=2, nurse=12))


def test_a_closed_day_moves_its_visits_to_the_nearest_day_in_tolerance():
    days = [day_of(capacity(day=DAY + timedelta(days=n), closed=n == 0)) for n in range(4)]
    near = tuple(Allowed(day.day, NINE, NINE + 120) for day in days)
    late = tuple(one for one in near if one.day >= date(2026, 6, 3))
    problem = question(
        visit(1, now=place(1, 0), allowed=near), visit(2, now=place(2, 30), allowed=late), days=days
    )
    answer = solve(problem)
    assert answer.placed == (place(1, 0, day=date(2026, 6, 2)), place(2, 30, day=date(2026, 6, 3)))


def test_a_pair_keeps_its_distance():
    days = [day_of(capacity(day=DAY + timedelta(days=n), closed=n == 2)) for n in range(5)]
    anywhen = tuple(Allowed(day.day, NINE, NINE + 120) for day in days)
    pair = [
        visit(1, now=place(1, 0), allowed=anywhen),
        visit(2, now=place(2, 0, day=DAY + timedelta(2)), allowed=anywhen),
    ]
    answer = solve(question(*pair, days=days, links=(Link(1, 2, 2, 2),)))
    assert [one.day for one in answer.placed] == [DAY + timedelta(1), DAY + timedelta(3)]


def test_windows_of_a_month_are_spread_over_its_days():
    days = [day_of(capacity(day=DAY + timedelta(days=n))) for n in range(5)]
    anywhen = tuple(Allowed(day.day, NINE, NINE + 120) for day in days)
    held = [ToPlace(key, LONG, anywhen, target=DAY) for key in range(1, 11)]
    answer = solve(question(*held, days=days, weights=Weights(per_day=1, crowded=20)))
    assert answer.status == "optimal"
    assert sorted(day.toordinal() - DAY.toordinal() for day in (one.day for one in answer.placed)) == [
        0, 0, 1, 1, 2, 2, 3, 3, 4, 4,
    ]  # fmt: skip


def test_two_titrations_fit_one_nurse_though_a_first_infusion_is_asked_for_too():
    rules = replace(RULES, units=4)
    room = day_of(capacity(chairs=3, nurses=1, rules=rules))
    standing = [
        visit(1, LONG, now=place(1, 0)),
        visit(2, LONG, now=place(2, 30, chair=2)),
        visit(3, EAGER, now=place(3, 60, chair=3)),
    ]
    shorter = replace(standing[1], phases=LONG[:2])
    answer = solve(question(standing[0], shorter, standing[2], days=[room], rules=rules))
    assert (answer.objective, answer.left) == (0, ())


def test_attention_that_what_stays_takes_later_is_kept():
    rules = replace(RULES, units=4, slot_minutes=15)
    room = capacity(chairs=3, nurses=1, rules=rules)
    begins = room.instant_of((NINE + 50) // 5)
    titration = (Phase("titration", 30, "first"),)
    room.add(Occupied(begins, begins + timedelta(minutes=30), 3, 11, titration, starts_patient=False))
    standing = [
        visit(1, LONG, now=place(1, 0)),
        visit(2, (Phase("steady", 45),), now=place(2, 15, chair=2)),
    ]
    answer = solve(question(*standing, days=[day_of(room)], rules=rules))
    assert (answer.objective, answer.placed) == (9, (place(1, 0), place(2, 60, chair=2)))


def test_only_choices_that_can_be_part_of_a_cheaper_plan_are_kept():
    asked = choices(question(visit(1, now=place(1, 0)), visit(2, now=place(2, 60))), pooled=False)
    kept = asked.below(7).by_visit
    assert asked.floor() == 0
    assert {
        key: [(one.start.minute - NINE, [points for _, points in one.relays]) for one in some]
        for key, some in kept.items()
    } == {
        1: [(0, [0, 6]), (30, [0])],
        2: [(30, [0]), (60, [0, 6]), (90, [0])],
    }


def test_a_visit_that_fits_nowhere_is_left_and_said():
    problem = question(visit(1, now=place(1, 0), kinds=frozenset({"bed"})))
    answer = solve(problem)
    assert (answer.placed, answer.left, answer.status, answer.objective) == ((), (1,), "optimal", 20_000)


def test_an_empty_question_has_an_empty_answer():
    answer = solve(question())
    assert (answer.placed, answer.left, answer.objective) == ((), (), 0)
    assert isinstance(place(1, 0), Place)
