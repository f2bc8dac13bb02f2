"""How a follow-up stands today: overdue, due, coming, booked, or over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Standing(StrEnum):
    """In the order in which staff look at them."""

    OVERDUE = "overdue"
    DUE = "due"
    BOOKED = "booked"
    COMING = "coming"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Words:
    """How a standing is shown: colour, icon and word together."""

    words: str
    tone: str
    icon: str


SHOWN: dict[Standing, Words] = {
    Standing.OVERDUE: Words("Overdue", "danger", "exclamation-triangle"),
    Standing.DUE: Words("Due", "warning", "calendar-plus"),
    Standing.BOOKED: Words("Booked", "info", "calendar-check"),
    Standing.COMING: Words("Coming", "neutral", "clock"),
    Standing.OVER: Words("Closed", "success", "check-circle"),
}


def standing_of(
    *,
    state: str,
    due_on: date,
    earliest_on: date,
    latest_on: date,
    booked_on: date | None,
    arrange_days: int,
    today: date,
) -> Standing:
    """Where a follow-up stands on a local date.

    ``booked_on`` is the day of its standing visit, or None; a booked visit whose day passed without being done is
    overdue. Unbooked it is due once its window opens or ``arrange_days`` (the clinic's setting) remain, and overdue
    when its window has closed.
    """
    if state != "due":
        return Standing.OVER
    if booked_on is not None:
        return Standing.BOOKED if booked_on >= today else Standing.OVERDUE
    if latest_on < today:
        return Standing.OVERDUE
    near = earliest_on <= today or (due_on - today).days <= arrange_days
    return Standing.DUE if near else Standing.COMING
