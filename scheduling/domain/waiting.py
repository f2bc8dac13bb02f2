"""Who may be offered a freed time, in which order, and why somebody may not: as values.

The order is stated and the same for everybody: harm of waiting first, then who has waited longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal
from regimens.domain.dates import Phase as CoursePhase
from regimens.domain.dates import phase_of
from regimens.domain.definition import Regimen
from scheduling.domain.booking import (
    Signed,
    Window,
    clearance_refusal,
    interval_refusal,
    pair_refusal,
    person_refusal,
    window_refusal,
)
from scheduling.domain.capacity import STEP_MINUTES, DayCapacity, Fit, NurseRules, Phase, total_minutes
from scheduling.domain.course import in_words
from scheduling.domain.harm import Part

AT_ONCE = 3
"""To how many patients staff are proposed to offer one time at once (product default, unverified)."""

PARTS = {
    Part.SECOND_INDUCTION: "Second induction infusion",
    Part.SECOND_OF_PAIR: "Later infusion of its pair",
    Part.FIRST_INDUCTION: "First induction infusion",
    Part.MAINTENANCE: "Maintenance",
}
PLACES = {"bed": "a bed", "isolation": "an isolation room"}

GONE = Refusal("time_gone", "This time has gone: somebody else was quicker. Nothing has changed.")
LAPSED = Refusal(
    "offer_lapsed", "This offer has ended: it was open until the time it named. Nothing has changed."
)
ANSWERED = Refusal("offer_answered", "This offer was answered before. Nothing has changed.")
NOT_EARLIER = Refusal("not_earlier", "The visit booked now is not later than this time.")


@dataclass(frozen=True, slots=True)
class Freed:
    """A time (UTC instant) in a chair that has come free."""

    starts: datetime
    chair: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the patient asks of a time. ``weekdays`` counts Monday as 0; none named means any. A visit is over by
    ``not_after``. ``notice`` is how long beforehand the patient must know.
    """

    weekdays: frozenset[int] = frozenset()
    not_before: time | None = None
    not_after: time | None = None
    place: str = ""
    notice: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Waiter:
    """One patient who waits, as far as a freed time asks about them.

    ``phases`` and ``years`` are those of the freed time's day, ``present`` the start of the visit booked now (None:
    not booked), ``own_induction`` the days of the infusions that belong together with it (the first is ``opens``) and
    ``others`` those of the patient's other infusions, ``partners`` the booked
    later induction infusions as (ordinal, day), ``busy`` the patient's other visits. ``declined`` are times to which
    the patient said no. ``kept`` says why held windows need the freed day's room, empty where this patient may have it.
    """

    entry: int
    since: datetime
    regimen: Regimen
    ordinal: int
    window: Window
    clearance: Signed | None
    phases: tuple[Phase, ...]
    years: int
    present: datetime | None = None
    nurse: int | None = None
    is_planned: bool = True
    is_movable: bool = True
    deceased: bool = False
    from_on: date | None = None
    wanted: Wanted = field(default_factory=Wanted)
    opens: int | None = None
    own_induction: tuple[date, ...] = ()
    others: tuple[date, ...] = ()
    partners: tuple[tuple[int, date], ...] = ()
    busy: tuple[tuple[datetime, datetime], ...] = ()
    has_open_offer: bool = False
    declined: frozenset[datetime] = frozenset()
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A patient who may be offered the time, with the nurse who would have them; ``because`` says why at this place
    in the order.
    """

    waiter: Waiter
    nurse: int
    ends: datetime
    because: str


@dataclass(frozen=True, slots=True)
class NotFitting:
    """A patient who may not be offered the time, and every reason against it."""

    waiter: Waiter
    reasons: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer for one freed time: who fits, in the stated order, and who does not."""

    fits: tuple[Fitting, ...] = ()
    refused: tuple[NotFitting, ...] = ()


def rank(
    freed: Freed, waiters: Iterable[Waiter], day: DayCapacity, *, now: datetime, notice: timedelta
) -> Ranking:
    """Everybody who waits, judged for one freed time. ``notice`` is the clinic's own.

    Order (product default, unverified): by the part of the course as ``scheduling.domain.harm`` ranks it (a second
    induction infusion, a later one of a pair, a first one, maintenance); then the fewest days left until the infusion's
    latest day; then who has waited longest; then the older entry.
    """
    fits: list[Fitting] = []
    refused: list[NotFitting] = []
    for waiter in sorted(waiters, key=lambda each: order_of(each, day.zone, now=now)):
        reasons = against(freed, waiter, day, now=now, notice=notice)
        found = reasons or _nurse_for(freed, waiter, day)
        if isinstance(found, Fit):
            because = because_of(waiter, day.zone, now=now)
            fits.append(Fitting(waiter, found.nurse, found.ends, because))
        else:
            refused.append(NotFitting(waiter, found))
    return Ranking(tuple(fits), tuple(refused))


def order_of(waiter: Waiter, zone: ZoneInfo, *, now: datetime) -> tuple[Part, int, datetime, int]:
    """The place in the order; the smaller comes first."""
    left = (waiter.window.latest - local_date(now, zone)).days
    return part_of(waiter), left, waiter.since, waiter.entry


def because_of(waiter: Waiter, zone: ZoneInfo, *, now: datetime) -> str:
    """The place in the order in words for staff."""
    left = (waiter.window.latest - local_date(now, zone)).days
    days = f"{left} {'day' if left == 1 else 'days'} left until its latest day"
    waits = f"waits since {in_words(local_date(waiter.since, zone))}"
    return f"{PARTS[part_of(waiter)]}, {days}, {waits}"


def part_of(waiter: Waiter) -> Part:
    """Which part of the course the infusion is, as far as harm of waiting asks."""
    if phase_of(waiter.regimen, waiter.ordinal) is not CoursePhase.INDUCTION:
        return Part.SECOND_OF_PAIR if waiter.ordinal > (waiter.opens or waiter.ordinal) else Part.MAINTENANCE
    return Part.FIRST_INDUCTION if waiter.ordinal == 1 else Part.SECOND_INDUCTION


def against(
    freed: Freed, waiter: Waiter, day: DayCapacity, *, now: datetime, notice: timedelta
) -> tuple[Refusal, ...]:
    """Every reason why a patient may not be offered a time, the weightiest first; the nurse is asked last.

    A reason about the person (no clearance, an ended course) stands alone: the rest is of no use then.
    """
    person = _against_the_person(waiter, local_date(now, day.zone))
    if person:
        return person
    found = [
        *_against_the_day(freed, waiter, day.zone),
        *_against_the_notice(freed, waiter, now=now, notice=notice),
        *_against_the_wishes(freed, waiter, day),
        *_against_the_length(freed, waiter, day),
    ]
    return tuple(found)


def _against_the_person(waiter: Waiter, today: date) -> tuple[Refusal, ...]:
    found = [
        None if waiter.is_planned else Refusal("not_planned", "This infusion is no longer planned."),
        person_refusal(deceased=waiter.deceased, years=waiter.years),
        clearance_refusal(waiter.clearance, today=today),
        None
        if waiter.is_movable
        else Refusal("not_movable", "The visit booked now cannot be moved any more."),
        Refusal("offer_open", "Another time is on offer to this patient.") if waiter.has_open_offer else None,
    ]
    return tuple(refusal for refusal in found if refusal is not None)


def _against_the_day(freed: Freed, waiter: Waiter, zone: ZoneInfo) -> list[Refusal]:
    on = local_date(freed.starts, zone)
    found = [
        NOT_EARLIER if waiter.present is not None and freed.starts >= waiter.present else None,
        Refusal("declined_before", "The patient said no to this time.")
        if freed.starts in waiter.declined
        else None,
        window_refusal(on, waiter.window),
        interval_refusal(
            waiter.regimen,
            waiter.ordinal,
            on,
            own_induction=waiter.own_induction,
            others=waiter.others,
            opens=waiter.opens,
        ),
    ]
    if waiter.ordinal == 1:
        found += [pair_refusal(waiter.regimen, on, other, booked_on) for other, booked_on in waiter.partners]
    ends = freed.starts + timedelta(minutes=total_minutes(waiter.phases))
    if any(starts < ends and until > freed.starts for starts, until in waiter.busy):
        found.append(Refusal("patient_busy", "The patient has another visit at that time."))
    if waiter.kept:
        found.append(Refusal("kept_for_holds", waiter.kept))
    return [refusal for refusal in found if refusal is not None]


def _against_the_notice(freed: Freed, waiter: Waiter, *, now: datetime, notice: timedelta) -> list[Refusal]:
    ahead = freed.starts - now
    if ahead < notice:
        return [
            Refusal("clinic_notice", f"The clinic gives {_hours(notice)} of notice; this time is too soon.")
        ]
    if ahead < waiter.wanted.notice:
        words = f"The patient asks for {_hours(waiter.wanted.notice)} of notice; this time is too soon."
        return [Refusal("patient_notice", words)]
    return []


def _against_the_wishes(freed: Freed, waiter: Waiter, day: DayCapacity) -> list[Refusal]:
    """What the patient said about times to wait for. On the waiting list a wish is kept, not weighed."""
    wanted = waiter.wanted
    begins = freed.starts.astimezone(day.zone)
    ends = (freed.starts + timedelta(minutes=total_minutes(waiter.phases))).astimezone(day.zone)
    found = []
    if waiter.from_on is not None and begins.date() < waiter.from_on:
        found.append(Refusal("not_before_day", f"The patient can come from {in_words(waiter.from_on)} on."))
    if wanted.weekdays and begins.weekday() not in wanted.weekdays:
        found.append(Refusal("wish_weekday", f"The patient does not wish to come on a {begins:%A}."))
    if wanted.not_before is not None and begins.time() < wanted.not_before:
        found.append(
            Refusal("wish_early", f"The patient wishes to begin at {wanted.not_before:%H:%M} or later.")
        )
    if wanted.not_after is not None and (ends.date() > begins.date() or ends.time() > wanted.not_after):
        words = f"The patient wishes to be done by {wanted.not_after:%H:%M}; this would end at {ends:%H:%M}."
        found.append(Refusal("wish_late", words))
    chair = day.chairs.get(freed.chair)
    if wanted.place and chair is not None and chair.kind != wanted.place:
        found.append(Refusal("wish_place", f"The patient needs {PLACES.get(wanted.place, wanted.place)}."))
    return found


def _against_the_length(freed: Freed, waiter: Waiter, day: DayCapacity) -> list[Refusal]:
    free, needed = free_minutes(day, freed.chair, freed.starts), total_minutes(waiter.phases)
    if needed <= free:
        return []
    words = f"The visit takes {_length(needed)}; the chair is free for {_length(free)}."
    return [Refusal("too_long", words)]


def _nurse_for(freed: Freed, waiter: Waiter, day: DayCapacity) -> Fit | tuple[Refusal, ...]:
    """The nurse who would have the patient: of those with attention to spare the one they have now, else the one with
    the least to do; or why there is none.
    """
    found = nurses_for(freed, waiter.phases, day, wanted=waiter.nurse)
    if found:
        return found[0]
    answers = [day.fits(freed.starts, waiter.phases, freed.chair, nurse) for nurse in day.nurses]
    others = [each for each in answers if isinstance(each, Refusal) and not each.code.startswith("nurse_")]
    return (others[0] if others else Refusal("no_nurse", "No nurse has attention to spare for this visit."),)


def nurses_for(
    freed: Freed, phases: Sequence[Phase], day: DayCapacity, *, wanted: int | None = None
) -> list[Fit]:
    """How a visit fits at a time, for each nurse who could take it: the one wanted first, then the least busy."""
    answers = [day.fits(freed.starts, phases, freed.chair, nurse) for nurse in day.nurses]
    fits = [each for each in answers if isinstance(each, Fit)]
    return sorted(fits, key=lambda fit: (fit.nurse != wanted, day.nurses[fit.nurse].used, fit.nurse))


def free_minutes(day: DayCapacity, chair: int, starts: datetime) -> int:
    """For how long a chair is free from an instant on, inside the opening hours; 0 where it is not."""
    if chair not in day.chairs:
        return 0
    step = day.step_of(starts)
    if step < 0:
        return 0
    free = (day.open & ~day.chairs[chair].taken) >> step
    length = (~free & (free + 1)).bit_length() - 1
    lead = (starts - day.instant_of(step)) // timedelta(minutes=1)
    return max(length * STEP_MINUTES - lead, 0)


def combined(plans: Sequence[Sequence[Phase]], rules: NurseRules) -> tuple[Phase, ...]:
    """One visit that needs, at every minute, as much as the most demanding of several: what is kept while a time is on
    offer to all of them, so that whoever accepts finds room.
    """
    minutes: list[Phase] = []
    for plan in plans:
        at = 0
        for phase in plan:
            for _ in range(phase.minutes):
                if at == len(minutes):
                    minutes.append(phase)
                elif rules.weight_of(phase) > rules.weight_of(minutes[at]):
                    minutes[at] = phase
                at += 1
    found: list[Phase] = []
    for phase in minutes:
        if found and (found[-1].name, found[-1].acuity) == (phase.name, phase.acuity):
            found[-1] = Phase(phase.name, found[-1].minutes + 1, phase.acuity)
        else:
            found.append(Phase(phase.name, 1, phase.acuity))
    return tuple(found)


def _hours(notice: timedelta) -> str:
    hours = -(-int(notice.total_seconds()) // 3600)
    return f"{hours} {'hour' if hours == 1 else 'hours'}"


def _length(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )
