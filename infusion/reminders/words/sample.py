"""A message about nobody, to look at a clinic's own words before they hold."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling.models import Visit, WaitlistOffer

from ..domain.due import Change
from ..domain.kinds import ARRANGE, BOOKED, CANCELLED, LATE, MOVED, REMINDER, WAITLIST_GONE, WAITLIST_OFFER
from ..domain.wording import OwnWords
from .mail import Words, compose

LENGTH = timedelta(hours=5)
AHEAD = {LATE: 2}
"""Days to the visit of the sample; a week for every other kind."""


def sample(*, kind: str, clinic: Clinic, language: str, own: OwnWords, now: datetime) -> Words:
    """The message as an invented patient would get it."""
    today = local_date(now, clinic.zone)
    day = today + timedelta(days=AHEAD.get(kind, 7))
    begins = datetime.combine(day, time(9), tzinfo=clinic.zone).astimezone(UTC)
    about_visit = kind in (BOOKED, MOVED, CANCELLED) or kind.startswith(REMINDER)
    visit = Visit(pk=0, clinic=clinic, starts_at=begins, ends_at=begins + LENGTH)
    change = Change(
        visit_id=0,
        version=1,
        verb=kind if kind in (BOOKED, MOVED, CANCELLED) else "reminder",
        starts_at=begins,
        was=begins - timedelta(days=1) if kind == MOVED else None,
    )
    offered = kind in (WAITLIST_OFFER, WAITLIST_GONE)
    offer = WaitlistOffer(starts_at=begins, ends_at=begins + LENGTH, expires_at=now + timedelta(hours=2))
    follow_up = FollowUp(due_on=day, earliest_on=day - timedelta(days=7), latest_on=day + timedelta(days=7))
    return compose(
        kind=kind,
        clinic=clinic,
        patient=Patient(clinic=clinic, given_name="Alex", family_name="Example", language=language),
        changes=(change,) if about_visit else (),
        visits={0: visit},
        calendar_keys={0: str(UUID(int=0))},
        follow_up=follow_up if kind == ARRANGE else None,
        earlier=offer if offered else None,
        own=own,
        now=now,
    )
