"""The steps of an infusion visit, what each makes of the visit's status, and the one table of words for the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from clinics.domain.refusals import Refusal

UNDO_MINUTES = 10
"""How long a step that was pressed by mistake may be taken back (product default, unverified)."""

LATE_COMER_HOURS = 12
"""How long a patient marked as not come may still turn up: whether the time is still theirs, the database decides
(product default, unverified)."""


class Step(StrEnum):
    """What staff press, in the order of the day."""

    ARRIVE = "arrive"
    START = "start"
    FINISH = "finish"
    COMPLETE = "complete"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True)
class Stage:
    """How a visit stands: FHIR's ``status`` and the record's ``state`` together, and how that is shown.

    ``state`` is empty where the visit has no record of the day. ``code`` names the stage in forms and pages.
    """

    code: str
    status: str
    state: str
    words: str
    tone: str
    icon: str


STAGES: tuple[Stage, ...] = (
    Stage("proposed", "proposed", "", "Proposed", "neutral", "circle"),
    Stage("pending", "pending", "", "Waiting for an answer", "warning", "hourglass-split"),
    Stage("waitlist", "waitlist", "", "On the waiting list", "warning", "hourglass-split"),
    Stage("booked", "booked", "", "Booked", "info", "calendar-check"),
    Stage("arrived", "arrived", "arrived", "Arrived", "progress", "person-check"),
    Stage("in_chair", "arrived", "in_chair", "In chair", "progress", "person"),
    Stage("premedicating", "arrived", "premedicating", "Premedication", "progress", "capsule"),
    Stage("infusing", "arrived", "infusing", "Infusing", "progress", "droplet-half"),
    Stage("observing", "arrived", "observing", "Observation", "progress", "eye"),
    Stage("done", "fulfilled", "done", "Discharged", "success", "check-circle"),
    Stage("completed", "fulfilled", "", "Done", "success", "check-circle"),
    Stage("noshow", "noshow", "", "Did not come", "danger", "person-x"),
    Stage("cancelled", "cancelled", "", "Cancelled", "neutral", "x-circle"),
)
_BY_CODE: Mapping[str, Stage] = MappingProxyType({stage.code: stage for stage in STAGES})
BOOKED, ARRIVED, IN_CHAIR, DONE, COMPLETED, NO_SHOW = (
    _BY_CODE[code] for code in ("booked", "arrived", "in_chair", "done", "completed", "noshow")
)
PREMEDICATING, INFUSING, OBSERVING = (_BY_CODE[code] for code in ("premedicating", "infusing", "observing"))
IN_TREATMENT = (IN_CHAIR, PREMEDICATING, INFUSING, OBSERVING)
"""The patient is in the chair: from being seated to the discharge, in the order of the day."""


@dataclass(frozen=True, slots=True)
class Move:
    """One step: from which stages it leads to which, the words of its button, and why it is refused elsewhere. The
    first of the stages is the usual one for a visit that is not charted at the bedside.
    """

    step: Step
    before: tuple[Stage, ...]
    after: Stage
    button: str
    otherwise: Mapping[str, str]


_NOT_ARRIVED = "The patient has not arrived yet: note the arrival first."
_GONE = {
    "cancelled": "This visit was cancelled.",
    "proposed": "This visit is not booked yet.",
    "pending": "This visit is not booked yet.",
    "waitlist": "This visit is not booked yet.",
}
_SEATED = dict.fromkeys((stage.code for stage in IN_TREATMENT), "The patient is in the chair already.")
_OVER = {"done": "This visit is done already.", "completed": "This visit is done already."}
_NOT_COME = {"noshow": "This patient is marked as not come. If they came after all, undo that first."}
MOVES: Mapping[Step, Move] = MappingProxyType(
    {
        Step.ARRIVE: Move(
            Step.ARRIVE,
            (BOOKED,),
            ARRIVED,
            "Arrived",
            {
                **_SEATED,
                **_OVER,
                **_NOT_COME,
                **_GONE,
            },
        ),
        Step.START: Move(
            Step.START,
            (ARRIVED,),
            IN_CHAIR,
            "In chair",
            {"booked": _NOT_ARRIVED, **_SEATED, **_OVER, **_NOT_COME, **_GONE},
        ),
        Step.FINISH: Move(
            Step.FINISH,
            (IN_CHAIR, OBSERVING),
            DONE,
            "Done",
            {
                "booked": _NOT_ARRIVED,
                "arrived": "The patient is not in the chair yet: treatment has not begun.",
                "premedicating": "The infusion has not begun. Go on at the bedside.",
                "infusing": "The infusion is still running: end it at the bedside first.",
                **_OVER,
                **_NOT_COME,
                **_GONE,
            },
        ),
        Step.COMPLETE: Move(
            Step.COMPLETE,
            (ARRIVED,),
            COMPLETED,
            "Done",
            {"booked": _NOT_ARRIVED, **_SEATED, **_OVER, **_NOT_COME, **_GONE},
        ),
        Step.NO_SHOW: Move(
            Step.NO_SHOW,
            (BOOKED,),
            NO_SHOW,
            "Did not come",
            {
                "arrived": "The patient has arrived.",
                **_SEATED,
                **_OVER,
                **_GONE,
            },
        ),
    }
)

STEPS_OF: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "infusion": (Step.ARRIVE, Step.START, Step.FINISH, Step.NO_SHOW),
        "follow_up": (Step.ARRIVE, Step.COMPLETE, Step.NO_SHOW),
    }
)
"""The steps of each kind of visit: a follow-up with a clinician has no chair."""


def stage_of(status: str, state: str = "") -> Stage:
    """The stage of a visit. A visit that has arrived without a record of the day (a follow-up) has arrived.

    A record's state counts only while the visit is arrived or done. ValueError for a status that is not FHIR's.
    """
    if status == ARRIVED.status:
        return next((stage for stage in IN_TREATMENT if stage.state == state), ARRIVED)
    if status == DONE.status:
        return DONE if state == DONE.state else COMPLETED
    for stage in STAGES:
        if stage.status == status:
            return stage
    raise ValueError(f"no such status: {status}")


def take(step: Step, *, now_at: Stage, visit_on: date, today: date) -> Stage | Refusal:
    """The stage after a step. The same stage where the step was taken before: a second click changes nothing.

    Refused out of order, and for a day still to come; a day that has passed may be completed late.
    """
    move = MOVES[step]
    if now_at == move.after:
        return now_at
    if now_at not in move.before:
        return Refusal("out_of_order", move.otherwise[now_at.code])
    if visit_on > today:
        words = "note the arrival on the day" if step is Step.ARRIVE else "that can be noted on the day"
        return Refusal("not_today", f"This visit is on {visit_on.day} {visit_on:%B %Y}: {words}.")
    return move.after


def before_its_time(step: Step, *, starts_at: datetime, now: datetime, at: str) -> Refusal | None:
    """Why nobody can have failed to come yet: the visit's time (``at``, in the clinic's words) lies ahead."""
    if step is Step.NO_SHOW and now < starts_at:
        return Refusal("not_yet_due", f"The visit begins at {at}. Until then the patient may still come.")
    return None


def next_moves(now_at: Stage, kind: str = "infusion") -> tuple[Move, ...]:
    """The steps that can be taken from a stage of a visit of this kind, the usual one first."""
    return tuple(MOVES[step] for step in STEPS_OF[kind] if now_at in MOVES[step].before)


def undone(
    now_at: Stage,
    *,
    taken_at: datetime | None,
    now: datetime,
    kind: str = "infusion",
    charted: str = "",
) -> Stage | Refusal:
    """The stage before the last step, for a click made by mistake, within ``UNDO_MINUTES`` of it; a no-show within
    ``LATE_COMER_HOURS``, for whoever came after all. ``charted`` is how far the chart had come: a discharge is taken
    back to there.
    """
    move = next((MOVES[step] for step in STEPS_OF[kind] if MOVES[step].after == now_at), None)
    if move is None or taken_at is None:
        return Refusal("nothing_to_undo", "There is no step to take back.")
    limit, words = timedelta(minutes=UNDO_MINUTES), f"{UNDO_MINUTES} minutes"
    if move.step is Step.NO_SHOW:
        limit, words = timedelta(hours=LATE_COMER_HOURS), f"{LATE_COMER_HOURS} hours"
    if now - taken_at > limit:
        return Refusal("too_late_to_undo", f"This can be taken back for {words}; that time has passed.")
    return next((stage for stage in move.before if stage.state == charted), move.before[0])
