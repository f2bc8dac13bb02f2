"""A visit's status words (FHIR's) and the one table of moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from clinics.domain.refusals import Refusal


class Status(StrEnum):
    """FHIR R4's words for an appointment, as far as this product uses them."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    WAITLIST = "waitlist"


# The words that hold a chair and a patient; the database's walls stand around these.
STANDING = (Status.PENDING, Status.BOOKED, Status.ARRIVED, Status.FULFILLED)
# Still to come: may be moved to another time.
MOVABLE = (Status.PENDING, Status.BOOKED)

MOVES: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.PROPOSED: frozenset({Status.PENDING, Status.BOOKED, Status.CANCELLED}),
        Status.WAITLIST: frozenset({Status.PENDING, Status.BOOKED, Status.CANCELLED}),
        Status.PENDING: frozenset({Status.BOOKED, Status.CANCELLED}),
        Status.BOOKED: frozenset({Status.ARRIVED, Status.NOSHOW, Status.CANCELLED}),
        # Sent home after arriving (a gate that stays shut) is a cancellation with its reason.
        Status.ARRIVED: frozenset({Status.FULFILLED, Status.CANCELLED}),
        Status.NOSHOW: frozenset(),
        Status.FULFILLED: frozenset(),
        Status.CANCELLED: frozenset(),
    }
)
# A step pressed by mistake is taken back; the walls decide whether a time given up is still free.
UNDO_MOVES: Mapping[Status, Status] = MappingProxyType(
    {
        Status.FULFILLED: Status.ARRIVED,
        Status.ARRIVED: Status.BOOKED,
        Status.NOSHOW: Status.BOOKED,
    }
)
WORDS: Mapping[Status, str] = MappingProxyType(
    {
        Status.PROPOSED: "proposed",
        Status.PENDING: "held",
        Status.BOOKED: "booked",
        Status.ARRIVED: "arrived",
        Status.FULFILLED: "done",
        Status.CANCELLED: "cancelled",
        Status.NOSHOW: "marked as not come",
        Status.WAITLIST: "waiting for a time",
    }
)


def move(before: str, after: str, *, undo: bool = False) -> Status | Refusal:
    """The new status, or a refusal where the table has no such move (a repeated one included)."""
    was, wanted = Status(before), Status(after)
    allowed = UNDO_MOVES.get(was) is wanted if undo else wanted in MOVES[was]
    if allowed:
        return wanted
    return Refusal("status_not_allowed", f"This visit is {WORDS[was]}; it cannot become {WORDS[wanted]}.")
