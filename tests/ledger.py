"""Steps of the message ledger for its tests: book long ago, claim, settle, deliver, let time pass."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from typing import Any

from django.utils import timezone

from clinics.models import Clinic
from infusion.reminders import actions
from infusion.reminders.actions import Ready
from infusion.reminders.models import Message
from infusion.reminders.post import Answer, Fate
from patients.models import Patient
from scheduling.models import Visit
from tests import factory

HOUR = timedelta(hours=1)
TAKEN = Answer(Fate.TAKEN)


def body_of(mail: EmailMessage) -> str:
    """The plain text of a mail without the line that shows the way out, which the ledger does not keep."""
    part = mail.get_body(("plain",))
    assert part is not None
    text = part.get_content().replace("\r\n", "\n")
    return re.sub(r"\nTo get no more messages from us: \S+\n$", "", text)


def now() -> datetime:
    return timezone.now()


def in_days(days: int, clinic: Clinic, at: time = time(12)) -> datetime:
    """A wall-clock time of the clinic so many days from today."""
    day = timezone.now().astimezone(clinic.zone).date() + timedelta(days=days)
    return datetime.combine(day, at, tzinfo=clinic.zone).astimezone(UTC)


def book(patient: Patient, days: int = 20, *, ago: timedelta = HOUR, **fields: Any) -> Visit:
    """A visit booked so long ago."""
    return factory.make_visit(patient, starts_at=in_days(days, patient.clinic), at=now() - ago, **fields)


def ledger() -> list[tuple[str, str]]:
    return list(Message.across_clinics.order_by("id").values_list("kind", "state"))


def claim() -> Message:
    message = actions.claim_one()
    assert message is not None
    return message


def ready() -> Ready:
    """Claim the next message and settle it, as far as the moment before the mail server is asked."""
    message = claim()
    prepared = actions.prepare(message.pk, message.fence, now=now())
    assert isinstance(prepared, Ready)
    return prepared


def settle() -> str:
    """Claim the next message and let it end where no mail is sent."""
    message = claim()
    state = actions.prepare(message.pk, message.fence, now=now())
    assert isinstance(state, str)
    return state


def deliver() -> Message:
    prepared = ready()
    assert actions.finish(prepared, TAKEN, now=now()) == "sent"
    prepared.message.refresh_from_db()
    return prepared.message


def lease_runs_out(message: Message) -> None:
    Message.across_clinics.filter(pk=message.pk).update(lease_until=now() - timedelta(seconds=1))


def wait_is_over() -> None:
    Message.across_clinics.filter(state="planned").update(next_attempt_at=now() - timedelta(seconds=1))
