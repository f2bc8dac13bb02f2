"""Whether a visit may be booked: the person, the clearance, the time, the window and the interval, as values.

Chairs and nurses are decided in `scheduling.domain.capacity`; intervals in `scheduling.domain.course`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.refusals import Refusal
from regimens.domain.dates import Phase as CoursePhase
from regimens.domain.dates import dose_on_protocol, phase_of
from regimens.domain.definition import Regimen
from scheduling.domain.course import check_interval, in_words

ADULT_YEARS = 18
START_TOLERANCE_DAYS = 28
"""How many days after the prescriber's date a course may still begin; its dates then count from the day it
does. Product default, unverified.
"""

FARTHEST = timedelta(days=3 * 366)
"""Nothing is booked farther ahead than this: such a year is a slip of the hand."""
TOO_FAR = Refusal("too_far", "This is more than three years ahead. Check the year.", "day")

# Refusals that come of somebody else having been quicker: they are answered with other times.
RACED = frozenset(
    {
        "just_taken",
        "nurse_full",
        "nurse_starting",
        "nurse_off_duty",
        "no_such_chair",
        "patient_busy",
        "prep_full",
        "kept_for_holds",
        "kept_for_waitlist",
    }
)
# What stands in the way whoever was quicker: then other times are no answer.
_NO_RACE = frozenset({"outside_hours", "closed_day", "outside_window", "in_the_past"})


def was_raced(codes: Iterable[str]) -> bool:
    """Whether a refusal comes of somebody else having been quicker, and of nothing else that other times would not
    mend.
    """
    found = set(codes)
    return bool(found & RACED) and not found & _NO_RACE


@dataclass(frozen=True, slots=True)
class Seat:
    """A wanted time (UTC instant) with its chair and nurse, by their keys. From each handover's instant on, its
    nurse has the patient.
    """

    starts: datetime
    chair: int
    nurse: int
    handovers: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """A clearance as far as booking asks about it."""

    valid_from: date
    valid_until: date
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The days in which an infusion may stand, both included."""

    earliest: date
    latest: date


def person_refusal(*, deceased: bool, years: int) -> Refusal | None:
    """Nothing is booked after death, nor for anybody who is under 18 on the day."""
    if deceased:
        return Refusal("deceased", "This patient has died. Nothing can be booked.")
    if years < ADULT_YEARS:
        return Refusal(
            "under_age", f"The patient would be {max(years, 0)} on that day; treatment begins at 18."
        )
    return None


def clearance_refusal(signed: Signed | None, *, today: date) -> Refusal | None:
    """A signed clearance that stands today is needed to book."""
    if signed is None:
        return Refusal("no_clearance", "No clearance has been signed for this course. A prescriber signs it.")
    if signed.withdrawn:
        return Refusal("clearance_withdrawn", "The clearance was withdrawn. A prescriber signs a new one.")
    if today < signed.valid_from:
        return Refusal("clearance_not_yet", f"The clearance only stands from {in_words(signed.valid_from)}.")
    if today > signed.valid_until:
        return Refusal(
            "clearance_expired",
            f"The clearance ended on {in_words(signed.valid_until)}. A prescriber renews it.",
        )
    return None


def time_refusal(starts: datetime, *, now: datetime) -> Refusal | None:
    """Visits begin in the future and on a whole minute."""
    if starts < now:
        return Refusal("in_the_past", "This time has passed already.", "time")
    if starts.second or starts.microsecond:
        return Refusal("not_whole_minutes", "A visit begins on a whole minute.", "time")
    return None


def window_refusal(on: date, window: Window) -> Refusal | None:
    """Outside its window an infusion is a prescriber's decision."""
    if window.earliest <= on <= window.latest:
        return None
    return Refusal(
        "outside_window",
        f"{in_words(on)} lies outside this infusion's window, {in_words(window.earliest)} to "
        f"{in_words(window.latest)}. A prescriber decides whether the course changes.",
        "day",
    )


def start_window(window: Window, start: date) -> Window:
    """The window of a course's first infusion: its own, and days up to the tolerance after the start."""
    return Window(window.earliest, max(window.latest, start + timedelta(days=START_TOLERANCE_DAYS)))


def window_from(regimen: Regimen, anchor: date, ordinal: int) -> Window | None:
    """The protocol's window of one infusion of a course that begins on ``anchor``; None past the regimen's
    end.
    """
    dose = dose_on_protocol(regimen, anchor, ordinal)
    return Window(dose.earliest, dose.latest) if dose else None


def pair_refusal(regimen: Regimen, anchor: date, ordinal: int, booked_on: date) -> Refusal | None:
    """Moving the first infusion must leave a booked induction infusion inside its window."""
    window = window_from(regimen, anchor, ordinal)
    if window is None or window.earliest <= booked_on <= window.latest:
        return None
    days = (booked_on - anchor).days
    return Refusal(
        "pair_apart",
        f"Infusion {ordinal} stands on {in_words(booked_on)}: that would be {days} days after the first one. "
        "Move both together.",
        "day",
    )


def interval_refusal(
    regimen: Regimen,
    ordinal: int,
    on: date,
    *,
    own_induction: Iterable[date],
    others: Iterable[date],
    opens: int | None = None,
) -> Refusal | None:
    """The minimum interval against all of the patient's infusions, here or elsewhere, given or booked.

    ``own_induction`` are the other infusions of the induction, or of the pair or repeated course that begins with
    infusion ``opens``: these may stand near one another. ``others`` are all the rest. From the second of them on those
    before the first do not count, because that one answers for them; those since do, and so does what stands after.
    """
    induction = phase_of(regimen, ordinal) is CoursePhase.INDUCTION
    together = induction or opens is not None
    own = list(own_induction)
    if on in own:
        return check_interval(on, others=[on], induction_pair=True, min_days=regimen.min_interval_days)
    counted = [*others] if together else [*others, *own]
    opening = opens or 1
    if together and ordinal > opening and (own or opening == 1):
        begun = min([*own, on])
        counted = [day for day in counted if day >= begun]
    return check_interval(on, others=counted, induction_pair=False, min_days=regimen.min_interval_days)


def just_taken(what: str = "") -> Refusal:
    """Somebody was quicker. ``what`` names the chair and time, where they are known."""
    return Refusal("just_taken", f"Someone just took this time{': ' + what if what else ''}.")
