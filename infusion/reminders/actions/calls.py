"""What a person must do where a message cannot: a call, or a follow-up that nobody booked."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from clinics.actions import close_task, open_task
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import StaffTask
from clinics.queries import open_tasks
from patients.phones import readable

from .. import queries
from ..models import Message

ASK_FOR_ADDRESS = "Ask for a mail address that works."
PASSED = "What the mail said has passed."
FOR_ADDRESS, AGAIN = ":address", ":again"
SENT_AFTER_ALL = "Closed by itself: the message went out after all."
NO_LONGER_STANDS = "Closed by itself: what was to be said no longer stands."


def call(message: Message, by_phone: str, why: str, now: datetime, *, about: str = "") -> None:
    """Ask the reception to call, once for each message and what the call is ``about`` beside it; once more where the
    first call was closed by itself, as of a mail that left late and then came back.
    """
    patient = message.patient
    if patient is None:  # a colleague's morning mail: the next one comes tomorrow
        return
    cause = f"{queries.cause_of(message)}{about}"
    if queries.closed_by_itself(message.clinic, cause):
        cause += AGAIN
    phone = readable(patient.phone) or "no telephone number known"
    letter = "" if message.is_hasty else " A letter can be printed from the patient's messages."
    open_task(
        clinic=message.clinic,
        kind="call_patient",
        role=Role.RECEPTIONIST,
        due_on=local_date(now, message.clinic.zone),
        reason=f"Call {patient} ({phone}). {by_phone} {why}{letter}",
        cause=cause,
        record_number=patient.record_number,
    )


def withdraw_call(message: Message, now: datetime) -> None:
    """Close the call that was asked for while a message waited, which has gone out after all."""
    for task in open_tasks(message.clinic).filter(cause=queries.cause_of(message)):
        _close(task, SENT_AFTER_ALL, now)


def settle_calls(now: datetime) -> None:
    """Close the calls that nobody need make any more: what was to be said no longer stands, or was sent after all.
    Where somebody must still ask for an address that works, a call for that alone takes the place.
    """
    for settled in queries.settled_calls():
        _close(settled.task, SENT_AFTER_ALL if settled.was_sent else NO_LONGER_STANDS, now)
        if settled.is_marked and ASK_FOR_ADDRESS in settled.task.reason:
            call(settled.message, f"{PASSED} {ASK_FOR_ADDRESS}", settled.message.why, now, about=FOR_ADDRESS)


def _close(task: StaffTask, outcome: str, now: datetime) -> None:
    """Close a task whose cause has gone; where a colleague has just closed it, theirs stands."""
    with suppress(Refused):
        close_task(task=task, outcome=outcome, by=None, now=now)


def open_overdue_task(message: Message, now: datetime) -> None:
    follow_up = queries.follow_up(message.clinic, message.subject_id)
    assert message.patient is not None
    open_task(
        clinic=message.clinic,
        kind="follow_up_overdue",
        role=Role.RECEPTIONIST,
        due_on=local_date(now, message.clinic.zone),
        reason=f"{follow_up.title} was due on {follow_up.due_on:%d %B %Y} for {message.patient} and is not booked.",
        cause=queries.cause_of(message),
        record_number=message.patient.record_number,
    )
