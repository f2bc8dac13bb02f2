"""What a person must do where a message cannot: a call, or a follow-up that nobody booked."""

from __future__ import annotations

from datetime import datetime

from clinics.actions import open_task
from clinics.domain.calendar import local_date
from clinics.domain.rights import Role
from patients.phones import readable

from .. import queries
from ..models import Message

ASK_FOR_ADDRESS = "Ask for a mail address that works."


def call(message: Message, by_phone: str, why: str, now: datetime) -> None:
    """Ask the reception to call, once for each message."""
    patient = message.patient
    if patient is None:  # a colleague's morning mail: the next one comes tomorrow
        return
    phone = readable(patient.phone) or "no telephone number known"
    letter = "" if message.is_hasty else " A letter can be printed from the patient's messages."
    open_task(
        clinic=message.clinic,
        kind="call_patient",
        role=Role.RECEPTIONIST,
        due_on=local_date(now, message.clinic.zone),
        reason=f"Call {patient} ({phone}). {by_phone} {_sentence(why)}{letter}",
        cause=f"message:{message.pk}",
        record_number=patient.record_number,
    )


def _sentence(text: str) -> str:
    """What a mail server said has no full stop of its own."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def open_overdue_task(message: Message, now: datetime) -> None:
    follow_up = queries.follow_up(message.clinic, message.subject_id)
    assert message.patient is not None
    open_task(
        clinic=message.clinic,
        kind="follow_up_overdue",
        role=Role.RECEPTIONIST,
        due_on=local_date(now, message.clinic.zone),
        reason=f"{follow_up.title} was due on {follow_up.due_on:%d %B %Y} for {message.patient} and is not booked.",
        cause=f"message:{message.pk}",
        record_number=message.patient.record_number,
    )
