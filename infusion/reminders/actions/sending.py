"""Sending the ledger: claim one message, settle its words, hand it over, note what became of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.text import Truncator

from patients.actions import note_address_problem
from patients.queries import address_problem

from .. import post, queries, sms
from ..domain.due import Owed
from ..domain.kinds import ARRANGE, EMAIL, LAB_DUE, LATE, NOTICES, OVERDUE, SMS, TASK, WAITLIST_OFFER, code_of
from ..domain.outcome import AWAY, wait_after
from ..domain.reach import Way, ways
from ..domain.texts import parts
from ..domain.wording import STANDARD, OwnWords
from ..models import LONGEST_SUBJECT, Message
from ..words import Words, compose, compose_text, phone_words, supported
from .calls import ASK_FOR_ADDRESS, call, open_overdue_task, withdraw_call
from .deriving import UNWANTED
from .digests import words_of_digest
from .standing import still_owed
from .stopping import stop_address

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
"""How long a sender holds a message, from its claim and again from its last look: longer than a mail server is waited
for before the one and after the other, so that only the dead lose theirs.
"""

CALL_AHEAD = timedelta(hours=24)
"""A message that waits for a mail server this near to its visit, or to the end of an offer, becomes a call as well
(product default).
"""

ON_HOLD = "The infusion is on hold: it says to wait for our call."
LATE_NOTICE = "A message goes out now, but there is so little time that it may not be read."
WANTS_NONE = "The patient wants no messages: staff tell them by telephone."
ANOTHER_WAY = "The patient is written to in another way now."
ANOTHER_ADDRESS = {
    "email": "The patient's mail address has changed.",
    "sms": "The patient's mobile number has changed.",
}

# What ``send`` may answer besides a message's states.
LOST, WAITING = "lost", "waiting"


@dataclass(frozen=True, slots=True)
class Ready:
    """A message whose text is settled and stored, and what a person would say on the telephone instead.

    ``told_before`` is when an earlier sender handed it over, who died or never heard the answer: that copy may have
    been delivered, whatever becomes of the next. ``is_late`` says that the patient may be on the way to a visit that
    is not then: a person calls as well. ``note`` is what the ledger keeps beside it.
    """

    message: Message
    words: Words
    by_phone: str
    needed_by: datetime | None
    told_before: datetime | None = None
    is_late: bool = False
    note: str = ""


def claim_one(message_id: int | None = None) -> Message | None:
    """Claim one message that is due (this one, if named) for the time of a lease; None where there is none.

    Whether it is due, and until when it is claimed, says the database's clock, on which all senders agree. On
    PostgreSQL a row that another sender is claiming is passed by; on SQLite claims queue for the one writer.
    """
    for rows in queries.claimable():
        free = rows if message_id is None else rows.filter(pk=message_id)
        if free.exists() and (claimed := _claim_first(free)):
            return claimed
    return None


@transaction.atomic
def _claim_first(free: QuerySet[Message]) -> Message | None:
    row = free.select_for_update(skip_locked=True).first()
    if row is not None:
        Message.across_clinics.filter(pk=row.pk).update(
            state="sending", fence=F("fence") + 1, lease_until=Now() + LEASE
        )
        row.refresh_from_db()
    return row


def send(message: Message, fence: int, line: post.Line | None = None) -> str:
    """Send a claimed message, over a line to the mail server that the caller keeps for the next, or one of its own;
    returns the state it ended in, ``waiting`` where no mail server could be reached, or ``lost`` where the claim was
    no longer the caller's.

    First, in one short transaction, it is derived anew: what no longer stands is laid aside; the text is stored, and
    the patient counts as told. Then, outside any transaction, once the mail server listens, comes the last look: what
    was changed before it holds the mail back, and what is changed after it finds the patient told and makes a notice.
    At the end the row is marked where the fence is still the caller's. A message that cannot be written or handed over
    for whatever reason is tried again later and stands in nobody else's way; only without a database nothing goes on.
    """
    try:
        ready = prepare(message.pk, fence, now=timezone.now())
        return ready if isinstance(ready, str) else hand_over(ready, line)
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:
        logger.exception("message %s could not be sent", message.pk)
        unsent = post.Answer(post.Fate.UNKNOWN, f"it could not be sent ({type(problem).__name__})")
        return _undelivered(
            message, unsent, "Please tell the patient how their visits stand.", timezone.now()
        )


def hand_over(ready: Ready, line: post.Line | None = None) -> str:
    """Give a settled message to the mail server and note its answer; returns as ``send`` does."""
    settled = ready.message
    if settled.channel == SMS:
        answer = _deliver_text(settled)
    else:
        answer = post.deliver(
            ready.words,
            clinic=settled.clinic,
            recipient=settled.recipient,
            message_id=settled.message_id,
            may_leave=lambda: _may_leave(settled),
            line=line,
        )
    return finish(ready, answer, now=timezone.now())


def _deliver_text(message: Message) -> post.Answer:
    """Hand a text message over, after the last look that a mail is given too."""
    if not _may_leave(message):
        return post.Answer(post.Fate.HELD_BACK)
    return sms.deliver(message.body, to=message.recipient, message_id=message.message_id)


def _may_leave(message: Message) -> bool:
    """The last look before a message leaves: whether the claim is still the sender's, who from here holds it for
    another lease, and whether what it says is still true.
    """
    mine = Message.across_clinics.filter(pk=message.pk, fence=message.fence, state="sending")
    if not mine.update(lease_until=Now() + LEASE):
        return False
    now = timezone.now()
    if message.covers or message.kind == WAITLIST_OFFER:
        return queries.still_stands(message, now)
    if message.patient_id is None:
        return True
    rules = queries.rules_of(message.clinic)
    return still_owed(message, rules, now=now, as_before=message.copy_of_id) is not None


@transaction.atomic
def prepare(message_id: int, fence: int, *, now: datetime) -> Ready | str:
    """Settle a claimed message: the text to hand over, or the state it ended in. ``lost`` where the claim is not
    the caller's.

    The patient's row is locked meanwhile, so that two messages to one patient never tell the same thing twice.
    """
    message = queries.claimed(message_id, fence)
    if message is None:
        return LOST
    if message.expires_at <= now:
        return _close(message, "expired", "Its time had passed before it could be sent.")
    if message.patient_id is None:
        return _prepare_digest(message, now)
    patient = queries.locked_patient(message.clinic, message.patient_id)
    rules = queries.rules_of(message.clinic)
    one = still_owed(message, rules, now=now, as_before=message.copy_of_id)
    if one is None:
        return _close(message, "superseded", _why_not(message, patient.deceased))
    found = ways(one.kind, queries.reach_of(patient), rules, to=one.to)
    if (ended := _by_another_way(message, found)) is not None:
        return ended
    if message.kind == OVERDUE:
        open_overdue_task(message, now)
        return _close(message, "sent", "A task was opened for staff.", sent_at=now)
    if message.channel != TASK and (leaves := rules.after_quiet(now, one.in_time_until)) > now:
        why = "Waiting for the end of the quiet hours."
        return _mark(message, "planned", state="planned", next_attempt_at=leaves, why=why)
    if (needless := queries.why_not_needed(message, now)) is not None:
        return _close(message, "not_needed", needless)
    ready = _write(message, one, now)
    if message.channel == TASK:
        call(message, ready.by_phone, WANTS_NONE, now)
        return _close(message, "sent", WANTS_NONE, sent_at=now)
    if not message.recipient:
        _call_instead(message, ready, "No mail address is known.", now)
        return _close(message, "no_address", "The patient has no mail address.")
    if message.channel == EMAIL and not one.to and address_problem(patient) is not None:
        _call_instead(message, ready, "Mail to the address on record comes back: ask for another.", now)
        return _close(message, "no_address", "Mail to this address comes back.")
    if ready.is_late and (message.channel == EMAIL or not queries.goes_another_way(message)):
        call(message, ready.by_phone, LATE_NOTICE, now)
    message.handed_over_at = now
    message.save(update_fields=["handed_over_at"])
    return ready


def _call_instead(message: Message, ready: Ready, why: str, now: datetime) -> None:
    """Ask for a call, unless the same message goes another way."""
    if not queries.goes_another_way(message):
        call(message, ready.by_phone, why, now)


def _prepare_digest(message: Message, now: datetime) -> Ready | str:
    """Settle the morning mail of a colleague."""
    words = words_of_digest(message, now=now)
    if isinstance(words, str):
        return _close(message, "superseded", words)
    message.subject_line, message.body, message.handed_over_at = words.subject, words.text, now
    message.save(update_fields=["subject_line", "body", "handed_over_at"])
    return Ready(message, words, "", None)


def _by_another_way(message: Message, found: tuple[Way, ...]) -> str | None:
    """The state a message ends in that does not go this way any more; None where it does."""
    way = next(
        (way for way in found if (way.channel, way.recipient) == (message.channel, message.recipient)), None
    )
    if way is None:
        moved = any(way.channel == message.channel for way in found)
        return _close(message, "superseded", ANOTHER_ADDRESS[message.channel] if moved else ANOTHER_WAY)
    return None if way.is_wanted else _close(message, "unwanted", UNWANTED)


def _write(message: Message, one: Owed, now: datetime) -> Ready:
    """Store the words of a message that stands."""
    assert message.patient is not None
    clinic = message.clinic
    visits = queries.visits_by_id(clinic, one.visit_ids)
    about_offer = one.subject_kind == WAITLIST_OFFER
    earlier = queries.earlier_time(clinic, one.subject_id) if about_offer else None
    own, by_day = _own_words(message, one), _last_day(one)
    waits = queries.has_to_wait(message, visits.values())
    words = compose(
        kind=one.kind,
        clinic=clinic,
        patient=message.patient,
        changes=one.changes,
        visits=visits,
        calendar_keys=queries.calendar_keys(clinic, one.visit_ids),
        follow_up=queries.follow_up(clinic, one.subject_id) if one.kind == ARRANGE else None,
        earlier=earlier,
        stop="" if one.to else stop_address(message),
        carer=one.to_name,
        colleague=bool(one.to) and queries.is_a_colleagues(one.to),
        own=own,
        by_day=by_day,
        waits=waits,
        to_hold=code_of(one.kind) == LATE and queries.has_something_to_hold(message.patient, visits.values()),
        now=now,
    )
    text = compose_text(
        one.kind,
        one.changes,
        visits,
        clinic,
        message.patient,
        earlier,
        own,
        by_day,
        waits=waits,
        now=now,
    )
    # A name may be longer than a subject.
    words = replace(words, subject=Truncator(words.subject).chars(LONGEST_SUBJECT))
    message.subject_line, message.body = ("", text) if message.channel == SMS else (words.subject, words.text)
    message.covers = [[change.visit_id, change.version] for change in one.changes]
    message.save(update_fields=["subject_line", "body", "covers"])
    needed_by = min((change.first_at for change in one.changes), default=None)
    if one.kind == WAITLIST_OFFER:
        needed_by = one.expires_at
    by_phone = phone_words(one.kind, one.changes, visits, clinic, earlier)
    return Ready(
        message, words, by_phone, needed_by, message.handed_over_at, one.misses(now), ON_HOLD if waits else ""
    )


def _last_day(one: Owed) -> date | None:
    """The day by which the patient has to do what a message asks, where it names one."""
    return date.fromordinal(one.subject_version) if one.kind == LAB_DUE else None


def _own_words(message: Message, one: Owed) -> OwnWords:
    """The clinic's words for a patient; a carer is written to in the standard ones."""
    assert message.patient is not None
    if one.to:
        return STANDARD
    return queries.own_words(message.clinic, one.kind, supported(message.patient.language))


@transaction.atomic
def finish(ready: Ready, answer: post.Answer, *, now: datetime) -> str:
    """Note what the mail server answered, where the claim still stands; returns as ``send`` does.

    Only a text that was held back or that the server refused counts as not delivered. Where its answer was lost the
    patient counts as told, and the same message, under the same Message-ID, goes out again.
    """
    message = ready.message
    if answer.fate is post.Fate.TAKEN:
        several = parts(message.body) if message.channel == SMS else 1
        why = f"{ready.note} Sent in {several} parts.".strip() if several > 1 else ready.note
        if (
            outcome := _mark(message, "sent", state="sent", sent_at=now, why=why)
        ) == "sent" and not ready.is_late:
            withdraw_call(message, now)
        return outcome
    if answer.fate is post.Fate.HELD_BACK:
        why = "What it says changed at the last moment."
        return _mark(message, "superseded", state="superseded", handed_over_at=ready.told_before, why=why)
    if answer.fate is post.Fate.UNREACHED:
        why = f"Waiting for the mail server: {answer.why}"[:250]
        later = {"next_attempt_at": Now() + AWAY, "handed_over_at": ready.told_before}
        outcome = _mark(message, WAITING, state="planned", why=why, **later)
        if outcome == WAITING and ready.needed_by and ready.needed_by - now < CALL_AHEAD:
            call(message, ready.by_phone, "The mail server cannot be reached and there is little time.", now)
        return outcome
    handed = {} if answer.fate is post.Fate.UNKNOWN else {"handed_over_at": ready.told_before}
    return _undelivered(message, answer, ready.by_phone, now, needed_by=ready.needed_by, **handed)


@transaction.atomic
def _undelivered(
    message: Message,
    answer: post.Answer,
    by_phone: str,
    now: datetime,
    *,
    needed_by: datetime | None = None,
    **handed: datetime | None,
) -> str:
    """Plan the next attempt, or give up and ask for a call; with little time left, both."""
    fields: dict[str, Any] = {"attempts": message.attempts + 1, **handed}
    wait = None if answer.fate is post.Fate.REFUSED else wait_after(message.attempts + 1)
    if wait is not None:
        why = f"Trying again: {answer.why}"[:250]
        outcome = _mark(message, "planned", state="planned", next_attempt_at=Now() + wait, why=why, **fields)
        if outcome == "planned" and needed_by and needed_by - now < CALL_AHEAD:
            call(message, by_phone, "It could not be delivered yet, and there is little time.", now)
        return outcome
    what = "text message" if message.channel == SMS else "mail"
    why = f"The {what} could not be delivered ({answer.why})."
    outcome = _mark(message, "failed", state="failed", why=why, **fields)
    if outcome == "failed":
        is_new = answer.address_refused and _mark_address(message, answer.why, now)
        if is_new or not queries.goes_another_way(message):
            call(message, f"{by_phone} {ASK_FOR_ADDRESS}" if answer.address_refused else by_phone, why, now)
    return outcome


def _mark_address(message: Message, why: str, now: datetime) -> bool:
    """Mark the patient's address as one that does not work, as a mail that comes back does."""
    return message.patient is not None and note_address_problem(
        patient=message.patient, address=message.recipient, reason=why, now=now
    )


def _mark(message: Message, outcome: str, **fields: Any) -> str:
    """Write what became of a claimed message, unless the claim went to another sender meanwhile."""
    mine = Message.across_clinics.filter(pk=message.pk, fence=message.fence, state="sending")
    return outcome if mine.update(lease_until=None, **fields) else LOST


def _close(message: Message, state: str, why: str, **fields: Any) -> str:
    return _mark(message, state, state=state, why=why, **fields)


def _why_not(message: Message, deceased: bool) -> str:
    if deceased:
        return "The patient has died."
    if message.kind in NOTICES:
        return "The visits have changed again, or the patient knows already."
    if message.subject_kind == WAITLIST_OFFER:
        return "The time on offer was answered, taken or has lapsed."
    if message.subject_kind == "follow_up":
        return "The follow-up is booked, closed or due on another day."
    if message.subject_kind == "request":
        return "The visit has another time by now, or none."
    if message.subject_kind == "planned":
        return "The infusion is on another day, or what was asked for is seen to."
    return "The visit no longer stands at that time."
