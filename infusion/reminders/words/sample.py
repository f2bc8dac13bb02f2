"""A message about nobody, to look at a clinic's own words before they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling.models import Visit, WaitlistOffer

from ..domain.due import Change
from ..domain.kinds import ARRANGE, BY_CODE, LAB_DUE, MOVED, NOTICES, SMS, WAITLIST_GONE, WAITLIST_OFFER
from ..domain.texts import parts
from ..domain.wording import OwnWords
from .mail import Words, compose
from .text import compose_text

LENGTH = timedelta(hours=5)
WEEK = 7
"""Days to the visit of the sample, where the kind has none of its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The mail, and the text message; empty for a kind that has none. ``most_parts`` is in how many parts the text goes
    on the day of the week whose name is the dearest: "sábado" has a letter that "lunes" has not.
    """

    mail: Words
    text: str
    most_parts: int


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the sample tells of."""

    changes: tuple[Change, ...]
    visits: dict[int, Visit]
    earlier: WaitlistOffer | None
    by_day: date | None


def sample(*, kind: str, clinic: Clinic, language: str, own: OwnWords, now: datetime) -> Sample:
    """The message as an invented patient would get it."""
    about = BY_CODE[kind]
    day = local_date(now, clinic.zone) + timedelta(days=WEEK if about.days is None else about.days)
    patient = Patient(clinic=clinic, given_name="Alex", family_name="Example", language=language)
    follow_up = FollowUp(due_on=day, earliest_on=day - timedelta(days=7), latest_on=day + timedelta(days=7))
    facts = _facts_on(day, kind, clinic, now)
    mail = compose(
        kind=kind,
        clinic=clinic,
        patient=patient,
        changes=facts.changes,
        visits=facts.visits,
        calendar_keys={0: str(UUID(int=0))},
        follow_up=follow_up if kind == ARRANGE else None,
        earlier=facts.earlier,
        own=own,
        by_day=facts.by_day,
        now=now,
    )
    if SMS not in about.channels:
        return Sample(mail, "", 0)
    week = [_facts_on(day + timedelta(days=n), kind, clinic, now) for n in range(WEEK)]
    texts = [
        compose_text(kind, one.changes, one.visits, clinic, patient, one.earlier, own, one.by_day, now=now)
        for one in week
    ]
    return Sample(mail, texts[0], max(map(parts, texts)))


def _facts_on(day: date, kind: str, clinic: Clinic, now: datetime) -> _Facts:
    begins = datetime.combine(day, time(9), tzinfo=clinic.zone).astimezone(UTC)
    change = Change(
        visit_id=0,
        version=1,
        verb=kind if kind in NOTICES else "reminder",
        starts_at=begins,
        was=begins - timedelta(days=1) if kind == MOVED else None,
    )
    offer = WaitlistOffer(starts_at=begins, ends_at=begins + LENGTH, expires_at=now + timedelta(hours=2))
    return _Facts(
        changes=(change,) if BY_CODE[kind].one_visit or kind in NOTICES else (),
        visits={0: Visit(pk=0, clinic=clinic, starts_at=begins, ends_at=begins + LENGTH)},
        earlier=offer if kind in (WAITLIST_OFFER, WAITLIST_GONE) else None,
        by_day=day if kind == LAB_DUE else None,
    )
