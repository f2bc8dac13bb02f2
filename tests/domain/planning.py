"""Questions to the optimiser, small and large, for its tests."""

from datetime import date, time, timedelta
from itertools import product
from random import Random
from zoneinfo import ZoneInfo

from scheduling.domain.capacity import DayCapacity, NurseRules, Occupied, Phase
from scheduling.domain.placing import starts
from scheduling.domain.replanning import (
    Allowed,
    Answer,
    Place,
    Problem,
    ToPlace,
    chair_changes,
    cost,
    day_of,
)
from scheduling.domain.verifying import verify

DAY = date(2026, 6, 1)
NINE = 9 * 60
RULES = NurseRules(units=3, slot_minutes=30)
SHORT = (Phase("set_up", 15), Phase("steady", 15))
LONG = (Phase("set_up", 15), Phase("titration", 30), Phase("steady", 15))
EAGER = (Phase("set_up", 15), Phase("titration", 45, "first"))


def capacity(
    *,
    chairs=2,
    nurses=2,
    hours=(time(9), time(11)),
    rules=RULES,
    day=DAY,
    shifts=None,
    kinds=None,
    closed=False,
):
    return DayCapacity(
        day=day,
        zone=ZoneInfo("Europe/London"),
        hours=None if closed else hours,
        chairs={key: f"Chair {key}" for key in range(1, chairs + 1)},
        kinds=kinds,
        shifts=shifts or {key: (f"Nurse {key}", [hours]) for key in range(11, 11 + nurses)},
        rules=rules,
    )


def place(key, minute, chair=1, nurse=11, day=DAY, handovers=()):
    return Place(key, day, NINE + minute, chair, nurse, handovers)


def whole(day=DAY):
    return (Allowed(day, NINE, NINE + 120),)


def visit(key, phases=SHORT, now=None, **more):
    return ToPlace(key, phases, more.pop("allowed", whole()), now=now, **more)


def question(*visits, days=None, **more):
    return Problem(tuple(days or [day_of(capacity())]), tuple(visits), more.pop("rules", RULES), **more)


def answer_of(problem, *places, **more):
    left = tuple(sorted(problem.by_key.keys() - {one.key for one in places}))
    found = {"objective": cost(problem, places, left), "bound": None, "seconds": 0.0, "ended_by": "baseline"}
    return Answer(places, left, "feasible", chair_changes=chair_changes(problem, places), **(found | more))


def random_question(seed):
    """A question small enough to try everything."""
    random = Random(seed)
    rules = NurseRules(
        units=random.choice([3, 4]),
        slot_minutes=random.choice([15, 30]),
        prep_per_hour=random.choice([0, 1, 2]),
    )
    room = capacity(
        rules=rules,
        nurses=random.choice([1, 2, 2]),
        kinds={2: random.choice(["chair", "bed"])},
        hours=(time(9), time(11)),
    )
    if random.random() < 0.5:
        begins = room.instant_of((NINE + random.choice([15, 30, 60])) // 5)
        stays = Occupied(begins, begins + timedelta(minutes=30), random.choice([None, 1]), 11, SHORT)
        room.add(stays)
    visits = []
    for key in range(1, 5):
        phases = random.choice([SHORT, LONG, LONG, EAGER])
        now = place(key, 30 * random.randrange(3), random.choice([1, 2]), random.choice([11, 12]))
        first = random.choice([0, 0, 30])
        visits.append(
            ToPlace(
                key,
                phases,
                (Allowed(DAY, NINE + first, NINE + first + random.choice([30, 60, 90])),),
                now=now,
                kinds=frozenset(random.choice([(), (), (), ("bed",)])),
                harm=random.choice([1, 2, 5]),
            )
        )
    return Problem((day_of(room),), tuple(visits), rules, handovers=False)


def by_trying_everything(problem):
    """The least cost of any plan that keeps every rule, found without any model: visit by visit, every place."""
    choices = []
    for one in problem.visits:
        own = [None]
        for start in starts(problem, one):
            for chair, nurse in product(start.day.chairs, start.day.nurses):
                own.append(Place(one.key, start.day.day, start.minute, chair.key, nurse.key))
        own = [each for each in own if each is None or not _broken(problem, [each])]
        choices.append(sorted(own, key=lambda each, one=one: _alone(problem, one, each)))
    return _least(problem, choices, [], [], None)


def _alone(problem, one, each):
    return cost(problem, [] if each is None else [each], [one.key] if each is None else [])


def _least(problem, choices, places, left, best):
    points = cost(problem, places, left)
    if best is not None and points >= best:
        return best
    if not choices:
        return points
    key = problem.visits[len(problem.visits) - len(choices)].key
    for each in choices[0]:
        if each is None:
            best = _least(problem, choices[1:], places, [*left, key], best)
        elif not _broken(problem, [*places, each]):
            best = _least(problem, choices[1:], [*places, each], left, best)
    return best


def _broken(problem, places):
    return verify(problem, answer_of(problem, *places))
