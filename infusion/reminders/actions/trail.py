"""How the reminders room writes into the audit trail."""

from __future__ import annotations

from clinics.actions import record
from clinics.models import User

from ..models import Message


def record_view(*, message: Message, by: User, verb: str = "viewed message") -> None:
    """Note in the audit trail who read a patient's message."""
    number = message.patient.record_number if message.patient else ""
    record(clinic=message.clinic, by=by, verb=verb, subject=message, record_number=number)
