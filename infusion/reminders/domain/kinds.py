"""Every kind of message: whom it is for, when it goes, by which channels, and whether a patient may switch it off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time

from patients.domain.messages import MAY_SWITCH_OFF

BOOKED, MOVED, CANCELLED = "booked", "moved", "cancelled"
NOTICES = (BOOKED, MOVED, CANCELLED)
REMINDER = "reminder_"
EARLY, LATE = "reminder_7", "reminder_2"
MORNING_OF = "morning_of"
HEALTH_CHECK = "health_check"
GATE_NEEDS = "gate_needs"
LAB_DUE = "lab_due"
WINDOW_OPEN = "window_open"
ARRANGE, OVERDUE = "arrange", "overdue"
ANSWER_READY = "answer_ready"
REQUEST_REFUSED = "request_refused"
INVITED = "invited"
WAITLIST_OFFER, WAITLIST_GONE = "waitlist_offer", "waitlist_gone"
DIGEST = "digest"

EMAIL, SMS, TASK = "email", "sms", "task"
MORNING = time(9)
"""When a message leaves that has no time of its own: nobody is woken, and the clinic's telephone is answered."""
EVENING = time(18)
"""When what is said on the morning of a visit leaves where that morning is too short: the evening before (product
default).
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message. ``days`` before the day it is about (none: it follows from what somebody did), and the
    bounds within which a clinic may set them; ``at`` is wall-clock time of the clinic.

    ``must_reach``: where the patient wants no messages at all, a person tells them instead. ``one_visit``: it speaks
    of one visit alone, so that a clinic's own words for it can hold that visit's date and time.
    """

    code: str
    title: str
    about: str
    audience: str = "patient"
    days: int | None = None
    least_days: int = 0
    most_days: int = 0
    at: time | None = None
    channels: tuple[str, ...] = (EMAIL, SMS)
    is_optional: bool = True
    must_reach: bool = False
    one_visit: bool = False

    @property
    def may_switch_off(self) -> bool:
        """Whether a patient may do without it."""
        return self.code in MAY_SWITCH_OFF

    @property
    def has_days(self) -> bool:
        return self.days is not None


# Days and times are product defaults: a clinic sets its own. ``is_optional`` says whether a clinic may do without the
# kind: a change of a visit is always told.
KINDS: tuple[Kind, ...] = (
    Kind(BOOKED, "Visit booked", "A visit was booked.", is_optional=False, must_reach=True),
    Kind(MOVED, "Visit moved", "A visit has another time.", is_optional=False, must_reach=True),
    Kind(CANCELLED, "Visit cancelled", "A visit was cancelled.", is_optional=False, must_reach=True),
    Kind(
        EARLY,
        "First reminder",
        "A visit is near.",
        days=7,
        least_days=4,
        most_days=60,
        at=MORNING,
        one_visit=True,
    ),
    Kind(
        LATE,
        "Second reminder",
        "A visit is very near.",
        days=2,
        least_days=1,
        most_days=3,
        at=MORNING,
        one_visit=True,
    ),
    Kind(
        MORNING_OF,
        "Morning of the visit",
        f"Time, place and what to bring, on the day; at {EVENING:%H:%M} the day before where the visit begins early.",
        days=0,
        at=time(7),
        one_visit=True,
    ),
    Kind(
        HEALTH_CHECK,
        "Questions before a visit",
        "A few questions about health, to be answered before the visit.",
        days=3,
        least_days=1,
        most_days=3,
        at=MORNING,
        one_visit=True,
    ),
    Kind(
        GATE_NEEDS,
        "Something is missing",
        "Something the patient can see to is missing for the next infusion.",
        days=14,
        least_days=3,
        most_days=60,
        at=MORNING,
        one_visit=True,
    ),
    Kind(
        LAB_DUE,
        "Blood test due",
        "A blood test before an infusion has to be done by a day, from which the days count.",
        days=14,
        least_days=3,
        most_days=60,
        at=MORNING,
    ),
    Kind(
        WINDOW_OPEN,
        "Time to choose a time",
        "An infusion comes due and has no time yet.",
        days=42,
        least_days=7,
        most_days=120,
        at=MORNING,
    ),
    Kind(
        ARRANGE,
        "Please arrange a follow-up",
        "A follow-up comes due and has no time yet.",
        days=14,
        least_days=1,
        most_days=90,
        at=MORNING,
    ),
    Kind(ANSWER_READY, "Answer to a report", "Somebody answered what the patient told the clinic."),
    Kind(
        REQUEST_REFUSED,
        "Change not possible",
        "A patient asked for a change of a visit, and it stays as it is.",
        is_optional=False,
        must_reach=True,
        one_visit=True,
    ),
    Kind(WAITLIST_OFFER, "Earlier time on offer", "A patient would come earlier.", must_reach=True),
    Kind(WAITLIST_GONE, "Earlier time gone", "An earlier time that was offered has gone."),
    Kind(
        INVITED,
        "Invitation to the patient's pages",
        "The patient's own pages were opened.",
        channels=(EMAIL,),
        is_optional=False,
        must_reach=True,
    ),
    Kind(
        OVERDUE,
        "Follow-up overdue",
        "Nobody booked a follow-up, and its time has passed.",
        audience="staff",
        channels=(TASK,),
        is_optional=False,
    ),
    Kind(
        DIGEST,
        "Morning mail to a colleague",
        "What waits in the clinic, in numbers; each colleague chooses it for themselves.",
        audience="staff",
        channels=(EMAIL,),
        is_optional=False,
    ),
)
BY_CODE = {kind.code: kind for kind in KINDS}
FOR_PATIENTS = tuple(kind for kind in KINDS if kind.audience == "patient")


def code_of(kind: str) -> str:
    """The kind a ledger's row belongs to: reminders carry their days, and are of the first or the second kind."""
    if kind.startswith(REMINDER):
        days = int(kind.removeprefix(REMINDER))
        return EARLY if days >= BY_CODE[EARLY].least_days else LATE
    if kind.startswith(GATE_NEEDS):
        return GATE_NEEDS
    return kind


def kind_of(kind: str) -> Kind:
    """What the catalogue says of a ledger's kind."""
    return BY_CODE[code_of(kind)]


def title(kind: str) -> str:
    """A ledger's kind in words for staff."""
    if kind.startswith(REMINDER):
        days = kind.removeprefix(REMINDER)
        return f"Reminder, {days} day{'' if days == '1' else 's'} before"
    if kind.startswith(f"{GATE_NEEDS}_"):
        return f"{BY_CODE[GATE_NEEDS].title}, {kind.removeprefix(f'{GATE_NEEDS}_')} days before"
    return BY_CODE[kind].title


def channels_used(wanted: Iterable[str], kind: str) -> tuple[str, ...]:
    """The channels of a kind among those wanted, mail first; mail where none of them serves."""
    allowed = kind_of(kind).channels
    return tuple(channel for channel in allowed if channel in {*wanted}) or allowed[:1]
