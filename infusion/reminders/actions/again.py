"""Sending a message again, because a colleague has a reason to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import in_words
from clinics.domain.text import problem_with_text
from clinics.models import User
from patients.models import Patient
from patients.queries import address_problem

from .. import queries
from ..domain.due import Owed
from ..domain.kinds import EMAIL
from ..domain.reach import ways
from ..domain.rules import Rules
from ..models import MAY_GO_AGAIN, Message
from .identity import identify
from .standing import still_owed

LONGEST_REASON = 250


def why_not_again(message: Message, *, now: datetime) -> Refusal | None:
    """Why a message cannot be sent again, or None where it can."""
    newest = queries.newest_copy(message)
    patient = message.patient
    if patient is None or newest.channel != "email":
        return Refusal("not_mail", "Only a mail to a patient can be sent again.")
    if newest.state in ("planned", "sending"):
        return Refusal("on_its_way", "It is on its way already.")
    if newest.state not in MAY_GO_AGAIN:
        return Refusal("not_true", f"It cannot be sent again: {newest.get_state_display().lower()}.")
    if other := queries.written_after(message):
        where = "is on its way" if other.state in ("planned", "sending") else "was written"
        return Refusal("later", f"The same message {where} to {other.recipient}, later than this one.")
    rules = queries.rules_of(message.clinic)
    if not rules.is_on(message.kind):
        return Refusal("switched_off", "The clinic has switched off messages of this kind.")
    one = _owed_again(message, now)
    if one is None and message.expires_at <= now:
        return Refusal("too_late", f"It is too late: it was of use until {_in_words(message)}.")
    if one is None:
        return Refusal("not_true", "What it says no longer stands, or a newer message has taken its place.")
    if needless := queries.why_not_needed(message, now):
        return Refusal("not_needed", needless)
    return None if one.to else _unreachable(one, patient, rules)


def _in_words(message: Message) -> str:
    """From when a message is of no use, in the clinic's own time."""
    until = message.expires_at.astimezone(message.clinic.zone)
    return f"{in_words(until.date())}, {until:%H:%M}"


def _unreachable(one: Owed, patient: Patient, rules: Rules) -> Refusal | None:
    """Why no mail reaches the patient, by what the clinic has settled, the patient wishes, and there is."""
    if queries.wants_nothing(patient):
        return Refusal("unwanted", "The patient wants no messages. Please call.")
    found = ways(one.kind, queries.reach_of(patient), rules)
    if not any(way.is_wanted for way in found):
        return Refusal("unwanted", "The patient has asked to do without this message. Please call.")
    if all(way.channel != EMAIL for way in found):
        return Refusal("another_way", "The patient gets text messages now, not mails. Please call.")
    if not patient.email:
        return Refusal("no_address", "The patient has no mail address. Add one, or call.")
    if address_problem(patient) is not None:
        return Refusal("marked", "Mail to this address comes back. Change the address, or call.")
    return None


def goes_to(message: Message, *, now: datetime) -> str:
    """The address a message would go to if it were sent again."""
    one = _owed_again(message, now)
    return one.to if one and one.to else message.patient.email if message.patient else ""


def leaves_at(message: Message, *, now: datetime) -> datetime:
    """When a message would leave if it were sent again: now, or at the end of the clinic's quiet hours."""
    one = _owed_again(message, now)
    return _leaves_at(one, queries.rules_of(message.clinic), now) if one else now


def _leaves_at(one: Owed, rules: Rules, now: datetime) -> datetime:
    return rules.after_quiet(now, one.in_time_until)


def _owed_again(message: Message, now: datetime) -> Owed | None:
    return still_owed(
        message, queries.rules_of(message.clinic), now=now, as_before=message.copy_of_id or message.pk
    )


@transaction.atomic
def send_again(*, message: Message, copy: int, reason: str, by: User, now: datetime) -> Message:
    """Plan a message once more, under a number of its own; ``copy`` is the number the page offered.

    The same page posted twice gives one. Refused without a reason, where a colleague was faster or the same one gave
    another reason, and for what ``why_not_again`` says.
    """
    if not reason.strip():
        raise Refused(Refusal("reason_missing", "Say in a few words why it goes out again.", "reason"))
    if words := problem_with_text(reason):
        raise Refused(Refusal("reason_unreadable", words, "reason"))
    first, kept = message.copy_of or message, reason.strip()[:LONGEST_REASON]
    if first.patient_id is not None:
        queries.locked_patient(first.clinic, first.patient_id)
    newest = queries.newest_copy(first)
    if newest.copy == copy and newest.copy and newest.asked_by_id == by.pk:
        if newest.reason != kept:
            words = f"You have sent it again already, with another reason: {newest.reason}"
            raise Refused(Refusal("asked_already", words))
        return newest
    if newest.copy + 1 != copy:
        raise Refused(Refusal("stale", "A colleague has sent it again meanwhile. Look at the newest one."))
    if refusal := why_not_again(first, now=now):
        raise Refused(refusal)
    one, patient = _owed_again(first, now), first.patient
    assert one is not None
    assert patient is not None
    return _plan(first, one, patient, copy, kept, by, now)


def _plan(
    first: Message, one: Owed, patient: Patient, copy: int, reason: str, by: User, now: datetime
) -> Message:
    leaves = _leaves_at(one, queries.rules_of(first.clinic), now)
    row = Message(
        clinic=first.clinic,
        patient=patient,
        subject_kind=first.subject_kind,
        subject_id=first.subject_id,
        subject_version=first.subject_version,
        kind=first.kind,
        channel=first.channel,
        recipient=one.to or patient.email,
        copy=copy,
        copy_of=first,
        reason=reason,
        asked_by=by,
        visit_id=first.visit_id,
        due_at=leaves,
        expires_at=one.expires_at,
        next_attempt_at=leaves,
    )
    row.message_id = identify(row)
    row.save()
    record(
        clinic=first.clinic,
        by=by,
        verb="sent message again",
        subject=row,
        record_number=patient.record_number,
        changes={"reason": reason, "message": first.pk},
    )
    return row
