"""An instance of CHT-I as values, the plan that answers its patients one by one, and the check of any plan."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Need:
    """One visit: the days after the patient's first one, and what it asks for, in slots."""

    after: int
    sector: str
    consultation: int
    preparation: int
    installation: int
    treatment: int

    @property
    def seat(self) -> int:
        """Slots in the seat."""
        return self.installation + self.treatment


@dataclass(frozen=True)
class Service:
    """An instance as it is used here. Days count from 0; a supply is [day][slot]."""

    name: str
    days: int
    slots: int
    multitasks: int
    seats: int
    nurses: tuple[tuple[int, ...], ...]
    doctors: dict[str, tuple[tuple[int, ...], ...]]
    pharmacy: tuple[tuple[bool, ...], ...]
    patients: tuple[tuple[Need, ...], ...]
    known: dict[tuple[int, int, int], int | None] = field(default_factory=dict)

    def consult_by(self, need: Need, day: int, start: int) -> int | None:
        """The last slot by which a consultation must have ended so that the installation can begin at ``start``;
        None where the preparation cannot be ready by then.
        """
        if not need.preparation:
            return start
        key = (day, start, need.preparation)
        if key not in self.known:
            open_slots = self.pharmacy[day]
            self.known[key] = next(
                (begin for begin in range(start - need.preparation, -1, -1) if open_slots[begin]),
                None,
            )
        return self.known[key]

    def starts(self, need: Need, day: int) -> Iterator[tuple[int, int]]:
        """Slots at which the installation may begin on a day, each with the end the consultation must keep."""
        nurses, doctors = self.nurses[day], self.doctors[need.sector][day]
        for start in range(self.slots - need.seat + 1):
            by = self.consult_by(need, day, start)
            if by is None or not all(nurses[start : start + need.seat]):
                continue
            if not need.consultation or any(doctors[: max(by - need.consultation + 1, 0)]):
                yield start, by

    def value(self, need: Need, day: int, start: int) -> int:
        """Slots from the beginning of the horizon to the end of treatment."""
        return day * self.slots + start + need.seat


def read(path: Path) -> Service:
    """An instance from its file."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    param = raw["param"]
    patients = []
    for demand in raw["demands"]:
        day, visits = 0, []
        for one in demand["rdvDemands"]:
            day += one["afterLastRequest"]
            visits.append(
                Need(
                    day,
                    str(one["sectorId"]),
                    param["consultationLength"] if one["needingConsultation"] else 0,
                    one["medPrepDuration"] if one["medPreparedSameDay"] else 0,
                    param["installationLength"],
                    one["treatmentDuration"],
                )
            )
        patients.append(tuple(visits))
    return Service(
        name=path.stem,
        days=param["days"],
        slots=param["numTimeSlots"] + 1,
        multitasks=param["multitasks"],
        seats=param["numMaterials"],
        nurses=tuple(map(tuple, param["nurses"][1:])),
        doctors={key: tuple(map(tuple, days[1:])) for key, days in param["doctors"].items()},
        pharmacy=tuple(map(tuple, param["pharmacy"][1:])),
        patients=tuple(patients),
    )


Places = dict[tuple[int, int], tuple[int, int, int | None]]
"""Patient and visit to the day, the slot of installation and the slot of consultation (None without one)."""


def online(service: Service) -> Places:
    """Patients in the order in which they come: each is given the first day on which all their visits fit, and on each
    day the installation that ends first; the consultation is as late as it may be, so that earlier ones stay free.
    """
    nurses = [[supply * service.multitasks for supply in day] for day in service.nurses]
    seats = [[service.seats] * service.slots for _ in range(service.days)]
    doctors = {key: [list(day) for day in days] for key, days in service.doctors.items()}
    plan: Places = {}
    for patient, visits in enumerate(service.patients):
        for begin in range(service.days - visits[-1].after):
            found = [
                _earliest(service, need, begin + need.after, nurses, seats, doctors[need.sector])
                for need in visits
            ]
            if all(found):
                break
        else:
            raise ValueError(f"{service.name}: patient {patient} fits no day")
        for number, (need, place) in enumerate(zip(visits, found, strict=True)):
            assert place is not None
            plan[patient, number] = place
            day, start, slot = place
            for each in range(start, start + need.seat):
                nurses[day][each] -= service.multitasks if each < start + need.installation else 1
                seats[day][each] -= 1
            if slot is not None:
                for each in range(slot, slot + need.consultation):
                    doctors[need.sector][day][each] -= 1
    return plan


def _earliest(
    service: Service,
    need: Need,
    day: int,
    nurses: list[list[int]],
    seats: list[list[int]],
    doctors: list[list[int]],
) -> tuple[int, int, int | None] | None:
    for start, by in service.starts(need, day):
        span = range(start, start + need.seat)
        asked = [service.multitasks if slot < start + need.installation else 1 for slot in span]
        if any(
            nurses[day][slot] < units or not seats[day][slot] for slot, units in zip(span, asked, strict=True)
        ):
            continue
        if not need.consultation:
            return day, start, None
        for slot in range(by - need.consultation, -1, -1):
            if all(doctors[day][slot : slot + need.consultation]):
                return day, start, slot
    return None


def total(service: Service, plan: Places) -> int:
    """The sum of the visits' ends."""
    return sum(
        service.value(service.patients[patient][number], day, start)
        for (patient, number), (day, start, _) in plan.items()
    )


def faults(service: Service, plan: Places) -> list[str]:
    """What a plan breaks, counted afresh."""
    found: list[str] = []
    nurses: dict[tuple[int, int], int] = defaultdict(int)
    seats: dict[tuple[int, int], int] = defaultdict(int)
    talks: dict[tuple[str, int, int], int] = defaultdict(int)
    for patient, visits in enumerate(service.patients):
        for number, need in enumerate(visits):
            day, start, slot = plan[patient, number]
            if day - plan[patient, 0][0] != need.after:
                found.append(f"patient {patient}: visit {number} on the wrong day")
            for each in range(start, start + need.seat):
                nurses[day, each] += service.multitasks if each < start + need.installation else 1
                seats[day, each] += 1
            ready = 0 if slot is None else slot + need.consultation
            if need.consultation:
                if slot is None:
                    found.append(f"patient {patient}: visit {number} has no consultation")
                    continue
                talks[need.sector, day, slot] += 1
            if need.preparation:
                open_slots = service.pharmacy[day]
                ready = next(
                    (begin + need.preparation for begin in range(ready, service.slots) if open_slots[begin]),
                    service.slots + 1,
                )
            if ready > start:
                found.append(f"patient {patient}: visit {number} begins before it is prepared")
    found += [
        f"nurses {key}"
        for key, used in nurses.items()
        if used > service.nurses[key[0]][key[1]] * service.multitasks
    ]
    found += [f"seats {key}" for key, used in seats.items() if used > service.seats]
    found += [
        f"doctors {key}" for key, used in talks.items() if used > service.doctors[key[0]][key[1]][key[2]]
    ]
    return found
