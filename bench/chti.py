"""CHT-I: a French hospital's outpatient chemotherapy service, 2019 (Tran et al., Appl. Sci. 2022, 12(2), 659; CC0).

What maps. A patient's visits stand at exact distances: the next one ``afterLastRequest`` days after the one before. On
its day a visit is, where asked for, a consultation with a doctor of its sector, then a preparation that begins in a
slot in which the pharmacy is open, then an installation and the treatment. Installation takes a whole nurse; a nurse
who installs nobody watches up to ``multitasks`` patients; from installation to the end the patient has one of the
seats. A slot without nurses watches nobody: no treatment runs through it (the data has such slots on every day). Times
are slots from the first slot of day 1 to the end of treatment; the objective is their sum over all visits.

What does not map. The data counts nurses by the slot and names none, so that patients here have no nurse of their own,
as they have in the clinic's own model; seats are alike. Doctors do nothing but consult. A preparation made the day
before takes nothing from any day. A visit without treatment slots is still installed. Whether a distance counts the
days between or the days after is not said: the days after are taken. Nor is it said whether the pharmacy must stay open
until a preparation is ready: were it so, three of the forty instances would have patients who fit no day at all, so it
must be open where a preparation begins. All slots 0 to ``numTimeSlots`` are used.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.service import Need, Places, Service, faults, online, read, total
from scheduling.optimiser.search import Watch, search

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SIZES = (15, 30, 60, 90, 120)
SECONDS = {15: 3.0, 30: 3.0, 60: 12.0, 90: 42.0, 120: 55.0}
"""Seconds of the wall clock for each instance of a size: ten of them, two of a size, end within four minutes."""
DETERMINISTIC = 60.0


@dataclass(slots=True)
class _Rows:
    """The model's rows while visits are being added."""

    nurses: dict[tuple[int, int], list[tuple[Any, int]]] = field(default_factory=lambda: defaultdict(list))
    seats: dict[tuple[int, int], list[Any]] = field(default_factory=lambda: defaultdict(list))
    doctors: dict[tuple[str, int, int], list[Any]] = field(default_factory=lambda: defaultdict(list))
    prices: list[tuple[Any, int]] = field(default_factory=list)


def offline(service: Service, seconds: float, deterministic: float) -> dict[str, Any]:
    """All patients known beforehand: the least sum of ends, its proved bound, and the plan.

    Searched twice, beginning from the online plan: among the first days that plan uses, then among all first days
    that could be part of a better plan. A day cannot where the patient's own visits would cost there what the best plan
    costs, everybody else standing as if alone in the clinic; leaving it out takes nothing from the proof.
    """
    watch = Watch(seconds)
    plan, alone = online(service), _alone(service)
    floor = sum(min(costs.values()) for costs in alone)
    latest = max(plan[patient, 0][0] for patient in range(len(service.patients)))
    bound, proved = floor, False
    for last in (latest, service.days):
        best = total(service, plan)
        useful = [
            {day for day, cost in costs.items() if floor + cost - min(costs.values()) < best}
            for costs in alone
        ]
        days = [
            {day for day in some if day <= last} | {plan[patient, 0][0]}
            for patient, some in enumerate(useful)
        ]
        whole = all(some <= here for some, here in zip(useful, days, strict=True))
        share = seconds / 2 if last == latest else seconds - watch.seconds
        found = _search(service, days, plan, Watch(share), deterministic)
        if found.plan is not None and total(service, found.plan) < best:
            plan = found.plan
        if whole:
            bound = max(bound, min(found.bound or 0, total(service, plan)))
            proved = found.proved
        if proved:
            break
    best = total(service, plan)
    proved = proved or bound >= best
    return {
        "status": "optimal" if proved else "feasible",
        "objective": best,
        "bound": best if proved else bound,
        "seconds": watch.seconds,
        "plan": plan,
    }


def _alone(service: Service) -> list[dict[int, int]]:
    """For each patient, the sum of ends by first day, were the clinic theirs alone."""
    found = []
    for visits in service.patients:
        costs = {}
        for begin in range(service.days - visits[-1].after):
            ends = [
                min(
                    (
                        service.value(need, begin + need.after, at)
                        for at, _ in service.starts(need, begin + need.after)
                    ),
                    default=None,
                )
                for need in visits
            ]
            known = [end for end in ends if end is not None]
            if len(known) == len(ends):
                costs[begin] = sum(known)
        found.append(costs)
    return found


@dataclass(frozen=True, slots=True)
class _Searched:
    proved: bool
    bound: int | None
    plan: Places | None


def _search(
    service: Service, days: list[set[int]], hint: Places, watch: Watch, deterministic: float
) -> _Searched:
    from ortools.sat.python import cp_model

    model, rows = cp_model.CpModel(), _Rows()
    chosen: dict[tuple[int, int], list[tuple[int, int, Any]]] = {}
    consults: dict[tuple[int, int], list[tuple[int, int, Any]]] = {}
    for patient, visits in enumerate(service.patients):
        firsts = {day: model.new_bool_var("") for day in sorted(days[patient])}
        model.add_exactly_one(list(firsts.values()))
        for number, need in enumerate(visits):
            key = (patient, number)
            chosen[key], consults[key] = _visit(model, service, rows, need, firsts)
            at = hint[key]
            for day, start, one in chosen[key]:
                model.add_hint(one, (day, start) == at[:2])
            for day, slot, one in consults[key]:
                model.add_hint(one, (day, slot) == (at[0], at[2]))
    _supplies(model, service, rows)
    model.minimize(cp_model.LinearExpr.weighted_sum(*map(list, zip(*rows.prices, strict=True))))
    found = search(model, watch, deterministic, interleaved=False)
    if found.solver is None:
        return _Searched(False, found.bound, None)
    solver = found.solver
    plan: Places = {}
    for key, options in chosen.items():
        day, start = next((d, s) for d, s, one in options if solver.boolean_value(one))
        plan[key] = (day, start, next((s for _, s, one in consults[key] if solver.boolean_value(one)), None))
    return _Searched(found.proved, found.bound, plan)


def _visit(
    model: cp_model.CpModel, service: Service, rows: _Rows, need: Need, firsts: dict[int, Any]
) -> tuple[list[tuple[int, int, Any]], list[tuple[int, int, Any]]]:
    options: list[tuple[int, int, Any]] = []
    talks: list[tuple[int, int, Any]] = []
    for begin, first in firsts.items():
        day = begin + need.after
        here = [(start, by, model.new_bool_var("")) for start, by in service.starts(need, day)]
        model.add(sum(one for _, _, one in here) == first)
        for start, _, one in here:
            _use(service, rows, need, day, start, one)
            options.append((day, start, one))
        if need.consultation and here:
            talks += _consult(model, service, rows, need, day, first, here)
    return options, talks


def _use(service: Service, rows: _Rows, need: Need, day: int, start: int, one: Any) -> None:
    rows.prices.append((one, service.value(need, day, start)))
    for slot in range(start, start + need.seat):
        weight = service.multitasks if slot < start + need.installation else 1
        rows.nurses[day, slot].append((one, weight))
        rows.seats[day, slot].append(one)


def _consult(
    model: cp_model.CpModel,
    service: Service,
    rows: _Rows,
    need: Need,
    day: int,
    first: Any,
    here: list[tuple[int, int, Any]],
) -> list[tuple[int, int, Any]]:
    """A consultation that ends by the time the installation chosen asks for."""
    latest = max(by for _, by, _ in here)
    doctors = service.doctors[need.sector][day]
    slots = [
        (slot, model.new_bool_var("")) for slot in range(latest - need.consultation + 1) if doctors[slot]
    ]
    model.add(sum(one for _, one in slots) == first)
    for slot, one in slots:
        for each in range(slot, slot + need.consultation):
            rows.doctors[need.sector, day, each].append(one)
    for by in sorted({by for _, by, _ in here})[:-1]:
        early = [one for slot, one in slots if slot + need.consultation <= by]
        model.add(sum(one for _, other, one in here if other <= by) <= sum(early))
    return [(day, slot, one) for slot, one in slots]


def _supplies(model: cp_model.CpModel, service: Service, rows: _Rows) -> None:
    for (day, slot), terms in rows.nurses.items():
        most = service.nurses[day][slot] * service.multitasks
        model.add(sum(one * weight for one, weight in terms) <= most)
    for taken in rows.seats.values():
        if len(taken) > service.seats:
            model.add(sum(taken) <= service.seats)
    for (sector, day, slot), talks in rows.doctors.items():
        if len(talks) > service.doctors[sector][day][slot]:
            model.add(sum(talks) <= service.doctors[sector][day][slot])


def measure(folder: Path | str) -> dict[str, Any]:
    """For each size: instances, how many are solved and proved, the sums of objectives and bounds, the gap between
    them, and how far above the best plan found the online one is.
    """
    found: dict[str, Any] = {}
    for size in SIZES:
        paths = sorted(Path(folder).glob(f"instance_{size}_*.json"))
        solved = proved = broken = 0
        objective = bound = served = 0
        spent = 0.0
        for path in paths:
            service = read(path)
            answer = offline(service, SECONDS[size], DETERMINISTIC)
            plan = online(service)
            broken += len(faults(service, answer["plan"])) + len(faults(service, plan))
            solved += 1
            proved += answer["status"] == "optimal"
            objective += answer["objective"]
            bound += answer["bound"] or 0
            served += total(service, plan)
            spent += answer["seconds"]
        found |= {
            f"chti_{size}_instances": len(paths),
            f"chti_{size}_solved": solved,
            f"chti_{size}_proved": proved,
            f"chti_{size}_status": "optimal" if proved == len(paths) else "feasible",
            f"chti_{size}_objective": objective,
            f"chti_{size}_bound": bound,
            f"chti_{size}_gap": round(objective / bound - 1, 4) if bound else None,
            f"chti_{size}_online_objective": served,
            f"chti_{size}_online_gap": round(served / objective - 1, 4) if objective else None,
            f"chti_{size}_rules_broken": broken,
            f"chti_{size}_seconds": round(spent, 1),
        }
    return found
