"""What a patient answers to a visit on their own pages, and what of it is done at once instead of asked of staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinics.domain.refusals import Refusal

from .status import MOVABLE

CONFIRMED, CANNOT_COME, OTHER_TIME = "confirmed", "cannot_come", "other_time"
ASK, BOOK = "ask", "book"
ILL, OTHER_REASON = "ill", "other"
NOT_TO_ANSWER = Refusal("not_to_answer", "This visit has begun, or it no longer stands.")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a clinic leaves to its patients: ``ask`` or ``book``, and with how many hours of notice."""

    moves: str
    notice_hours: int

    @property
    def notice(self) -> timedelta:
        return timedelta(hours=self.notice_hours)


@dataclass(frozen=True, slots=True)
class Subject:
    """The visit that is answered, as far as the answer depends on it. ``alone``: an infusion whose move or loss leaves
    the days of the others where they are.
    """

    status: str
    starts: datetime
    alone: bool


def answer_refusal(subject: Subject, *, now: datetime) -> Refusal | None:
    """Whether the visit can still be answered: it stands, and has not begun."""
    return None if subject.status in MOVABLE and subject.starts > now else NOT_TO_ANSWER


def at_once(subject: Subject, rule: Rule, *, now: datetime, wanted: datetime | None = None) -> bool:
    """Whether a visit is given up, or moved to the ``wanted`` time, without a person deciding. Both the time given up
    and the time taken need the clinic's notice; what moves a series never goes by itself.
    """
    return (
        rule.moves == BOOK
        and subject.alone
        and subject.starts >= now + rule.notice
        and (wanted is None or wanted >= now + rule.notice)
    )
