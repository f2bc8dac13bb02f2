"""The best chair and nurse for a time somebody has chosen: one that fits, else the least overbooked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal
from clinics.models import Chair, Clinic
from clinics.prepared import Given, Prepared
from clinics.queries import members
from patients.models import Wishes
from scheduling.domain.booking import FARTHEST, TOO_FAR, Seat, time_refusal, window_refusal
from scheduling.domain.capacity import DayCapacity, Fit, Phase
from scheduling.domain.soft import only_soft
from scheduling.domain.waiting import PLACES
from scheduling.models import PlannedInfusion

from .days import read_days
from .plan import CoursePlan

NOTHING_FREE = Refusal(
    "nothing_free", "No chair and nurse are free for the whole visit at that time.", "time"
)


@dataclass(frozen=True, slots=True)
class NamedSeat:
    """A wanted time with the names of its chair and nurse, empty where the clinic has none of that key."""

    starts: datetime
    chair: str
    nurse: str


def named_seats(clinic: Clinic, seats: Sequence[Seat]) -> list[NamedSeat]:
    """Wanted times as people read them: two queries, none without seats."""
    if not seats:
        return []
    chairs = Chair.objects.of(clinic).filter(pk__in=[seat.chair for seat in seats])
    named = {chair.pk: chair.name for chair in chairs}
    nurses = {
        member.pk: str(member.user) for member in members(clinic).filter(pk__in=[s.nurse for s in seats])
    }
    return [NamedSeat(seat.starts, named.get(seat.chair, ""), nurses.get(seat.nurse, "")) for seat in seats]


def seat_at(
    plan: CoursePlan,
    planned: PlannedInfusion,
    starts: datetime,
    *,
    now: datetime,
    without: Collection[int] = (),
) -> Seat | Refusal:
    """The chair and nurse for a typed time, or the reason why there is none.

    Where nobody has attention to spare it is still a free chair, with the nurse on duty who has most left: going past
    a soft rule is then the booking's question, and so are the window, the patient's other visits and the intervals.
    """
    day = local_date(starts, plan.clinic.zone)
    refusal = time_refusal(starts, now=now)
    if refusal is None and starts > now + FARTHEST:
        refusal = window_refusal(day, plan.window(planned)) or TOO_FAR
    if refusal is not None:
        return refusal
    capacity = read_days(plan.clinic, [day], now=now, without=without)[day]
    return best_seat(capacity, starts, plan.phases(planned, day), needed=place_needed(plan))


_PLACE = Prepared(
    lambda: Wishes.objects.of(Given("clinic")).filter(patient=Given("patient")).values_list("place")
)


def place_needed(plan: CoursePlan) -> str:
    """The kind of place the patient needs; empty for any."""
    found = _PLACE.first(clinic=plan.clinic.pk, patient=plan.course.patient_id)
    return found[0] if found else ""


def not_the_place(day: DayCapacity, seat: Seat, needed: str) -> list[Refusal]:
    """A chair where the patient needs a bed or a room."""
    if not needed or seat.chair not in day.chairs or day.chairs[seat.chair].kind == needed:
        return []
    words = f"The patient needs {PLACES.get(needed, needed)}; {day.chairs[seat.chair].name} is none."
    return [Refusal("not_a_bed", words, "chair")]


def best_seat(
    capacity: DayCapacity, starts: datetime, phases: Sequence[Phase], *, needed: str = ""
) -> Seat | Refusal:
    """The first chair and nurse that fit, a bed first where a bed is ``needed``; else the pair that breaks the fewest
    soft rules, of the nurse with most attention left on that day; else the weightiest reason.
    """
    reasons: list[Refusal] = []
    overbooked: list[tuple[int, int, int, int, int]] = []
    chairs = sorted(capacity.chairs, key=lambda key: _wrong(capacity, key, needed))
    for chair in chairs or [0]:
        for nurse in capacity.nurses or (0,):
            if isinstance(capacity.fits(starts, phases, chair, nurse), Fit):
                return Seat(starts, chair, nurse)
            found = capacity.refusals(starts, phases, chair, nurse)
            reasons += found
            if only_soft(found):
                wrong = _wrong(capacity, chair, needed)
                overbooked.append((wrong, len(found), -_left(capacity, nurse), nurse, chair))
    if overbooked:
        *_, nurse, chair = min(overbooked)
        return Seat(starts, chair, nurse)
    return next((each for each in reasons if each.code in ("closed_day", "outside_hours")), NOTHING_FREE)


def _wrong(capacity: DayCapacity, chair: int, needed: str) -> bool:
    return bool(needed) and capacity.chairs[chair].kind != needed


def _left(capacity: DayCapacity, nurse: int) -> int:
    """Units of attention, over all steps of the day, that a nurse has left."""
    on = capacity.nurses[nurse]
    return on.on_duty.bit_count() * capacity.rules.units - on.used
