"""Whether a plan keeps every rule: counted afresh, step by step, without the arithmetic that made the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from clinics.domain.refusals import Refusal
from scheduling.domain.capacity import STEP_MINUTES, weights_by_run
from scheduling.domain.replanning import Answer, Day, NurseRoom, Place, Problem, ToPlace, cost


def verify(problem: Problem, answer: Answer) -> tuple[Refusal, ...]:
    """Every rule a plan breaks, none where it keeps them all. A plan that breaks one is never shown."""
    found = list(_keys(problem, answer))
    known = [place for place in answer.placed if place.key in problem.by_key]
    for day in problem.days:
        here = [place for place in known if place.day == day.day]
        found += [refusal for place in here for refusal in _place(problem, day, place)]
        found += [*_chairs(problem, day, here), *_nurses(problem, day, here), *_preparations(day, here)]
    found += _links(problem, known)
    if not found and answer.objective is not None:
        really = cost(problem, answer.placed, answer.left)
        if really != answer.objective:
            found.append(_refusal("objective_wrong", f"The plan costs {really}, not {answer.objective}."))
        if answer.bound is not None and answer.bound > really:
            found.append(
                _refusal("bound_wrong", f"The plan costs {really}, less than its bound {answer.bound}.")
            )
    return tuple(found)


def _refusal(code: str, words: str) -> Refusal:
    return Refusal(code, words)


def _keys(problem: Problem, answer: Answer) -> Iterator[Refusal]:
    counted = Counter([place.key for place in answer.placed] + list(answer.left))
    for key in sorted(counted.keys() | problem.by_key.keys()):
        if key not in problem.by_key:
            yield _refusal("unknown_visit", f"Visit {key} was not asked about.")
        elif counted[key] != 1:
            yield _refusal("visit_miscounted", f"Visit {key} is answered {counted[key]} times.")


def _span(visit: ToPlace, place: Place) -> range:
    return range(place.minute // STEP_MINUTES, -(-(place.minute + visit.minutes) // STEP_MINUTES))


def _place(problem: Problem, day: Day, place: Place) -> Iterator[Refusal]:
    visit = problem.by_key[place.key]
    tolerated = any(
        one.day == place.day and one.earliest <= place.minute <= one.latest for one in visit.allowed
    )
    if not tolerated:
        yield _refusal(
            "outside_tolerance", f"Visit {place.key} would begin at a time its patient cannot have."
        )
    if any(not day.open >> step & 1 for step in _span(visit, place)):
        yield _refusal("outside_hours", f"Visit {place.key} would not lie within the opening hours.")
    chair = next((one for one in day.chairs if one.key == place.chair), None)
    if chair is None:
        yield _refusal("no_such_chair", f"Visit {place.key} would sit in a chair that is not in service.")
    elif visit.kinds and chair.kind not in visit.kinds:
        yield _refusal("wrong_kind", f"Visit {place.key} needs another kind of chair.")
    turns = [minute for minute, _ in place.handovers]
    if turns != sorted(set(turns)) or any(
        not place.minute < minute < place.minute + visit.minutes for minute in turns
    ):
        yield _refusal("handover_wrong", f"Visit {place.key} would be handed over outside its time.")
    if place.handovers and not problem.handovers:
        yield _refusal("handover_unasked", f"Visit {place.key} would be handed over though nobody asked.")


def _chairs(problem: Problem, day: Day, here: list[Place]) -> Iterator[Refusal]:
    taken = {
        (chair.key, step) for chair in day.chairs for step in range(day.steps) if chair.taken >> step & 1
    }
    for place in here:
        seat = {(place.chair, step) for step in _span(problem.by_key[place.key], place)}
        if taken & seat:
            yield _refusal("chair_taken", f"Visit {place.key} would share its chair.")
        taken |= seat


def _units_left(nurse: NurseRoom, step: int) -> int:
    """Units a nurse has left in a step; -1 off duty."""
    return max((units for units, steps in enumerate(nurse.spare) if steps >> step & 1), default=-1)


def _holder(place: Place, step: int) -> int:
    """The nurse who has the patient in a step."""
    found = place.nurse
    for minute, nurse in place.handovers:
        if minute // STEP_MINUTES <= step:
            found = nurse
    return found


def _nurses(problem: Problem, day: Day, here: list[Place]) -> Iterator[Refusal]:
    nurses = {nurse.key: nurse for nurse in day.nurses}
    spent: Counter[tuple[int, int]] = Counter()
    begun: Counter[tuple[int, int]] = Counter(
        {(nurse.key, slot): count for nurse in day.nurses for slot, count in nurse.started}
    )
    for place in here:
        visit = problem.by_key[place.key]
        first, lead = divmod(place.minute, STEP_MINUTES)
        begun[place.nurse, place.minute // problem.rules.slot_minutes] += 1
        away = False
        for offset, length, units in weights_by_run(visit.phases, problem.rules, lead):
            for step in range(first + offset, first + offset + length):
                holder = _holder(place, step)
                spent[holder, step] += units
                away |= holder not in nurses or _units_left(nurses[holder], step) < 0
        if away:
            yield _refusal("nurse_off_duty", f"Visit {place.key} would have a nurse who is not on duty.")
        if begun[place.nurse, place.minute // problem.rules.slot_minutes] > problem.rules.starts_per_slot:
            yield _refusal("nurse_starting", f"Visit {place.key} would be one start too many for its nurse.")
    for (key, step), units in sorted(spent.items()):
        if key in nurses and 0 <= _units_left(nurses[key], step) < units:
            yield _refusal("nurse_full", f"Nurse {key} would have too many patients in step {step}.")
            return


def _preparations(day: Day, here: list[Place]) -> Iterator[Refusal]:
    for hour in day.preparations:
        begun = sum(hour.steps >> (place.minute // STEP_MINUTES) & 1 for place in here)
        if begun > max(hour.left, 0):
            yield _refusal("prep_full", "The pharmacy would have too many infusions to prepare in an hour.")


def _links(problem: Problem, placed: list[Place]) -> Iterator[Refusal]:
    days = {place.key: place.day for place in placed}
    known = {day.day for day in problem.days}
    for place in placed:
        if place.day not in known:
            yield _refusal("closed_day", f"Visit {place.key} would stand on a day nobody asked about.")
    for link in problem.links:
        if link.first in days and link.second in days:
            apart = (days[link.second] - days[link.first]).days
            if not link.least <= apart <= link.most:
                yield _refusal(
                    "apart_wrong", f"Visits {link.first} and {link.second} would be {apart} days apart."
                )
