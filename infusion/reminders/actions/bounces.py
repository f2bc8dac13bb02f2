"""Mail that came back: the message has failed after all, its address is marked, and somebody calls."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Q

from clinics.actions import open_task, record
from clinics.domain.calendar import local_date
from clinics.domain.rights import Role
from patients.actions import note_address_problem

from .. import queries
from ..domain.bounces import Delivery, Outcome, Report, read
from ..models import Message
from .calls import ASK_FOR_ADDRESS, FOR_ADDRESS, PASSED, call
from .standing import by_telephone, still_owed

logger = logging.getLogger(__name__)

TRIED_FOR = timedelta(days=7)
"""How long ago a mail may have gone out that an unnamed report is about: longer than mail servers try (product
default).
"""

# What became of a mail in the mailbox, or of one recipient that it reports.
FAILED, GIVEN_UP, DELAYED, KNOWN = "failed", "given up", "delayed", "known already"
UNNAMED, STRANGE, NO_REPORT, UNREADABLE = "to be checked", "not of ours", "no report", "unreadable"


def read_bounces(mails: Iterable[bytes], *, now: datetime) -> Counter[str]:
    """Read a mailbox of reports; how many ended in which way. Reading it again changes nothing.

    What comes from outside is not believed: a report counts only where it names a mail of ours, by a Message-ID that
    nobody can guess, and the address it went to. One that names none may be anybody's: staff are asked to check. A mail
    that cannot be read stands in no other's way.
    """
    ended: Counter[str] = Counter()
    for raw in mails:
        try:
            report = read(raw)
            ended.update(note_report(report=report, now=now) if report else [NO_REPORT])
        except DatabaseError:
            raise
        except Exception:
            logger.exception("a mail of the mailbox could not be read")
            ended[UNREADABLE] += 1
    return ended


def note_report(*, report: Report, now: datetime) -> list[str]:
    """Note what a mail server reports of each recipient; says what became of each."""
    return [_note(report, delivery, now) for delivery in report.deliveries]


@transaction.atomic
def _note(report: Report, delivery: Delivery, now: datetime) -> str:
    if not report.message_id:
        return _note_unnamed(delivery, now)
    message = queries.mailed_as(report.message_id)
    if message is None or message.recipient.lower() not in delivery.addresses:
        return STRANGE
    if delivery.outcome is Outcome.DELAYED:
        return _note_delay(message, delivery)
    why = f"The mail came back ({delivery.reason[:200]})."
    gone_out = Message.across_clinics.filter(Q(state="sent") | Q(handed_over_at__isnull=False), pk=message.pk)
    # A sender that holds it still loses its claim, and the patient no longer counts as told.
    fields = {"state": "failed", "why": why, "lease_until": None, "handed_over_at": None}
    if not gone_out.update(fence=F("fence") + 1, **fields):
        return KNOWN
    before, message.state, message.why, message.handed_over_at = message.state, "failed", why, None
    patient = message.patient
    record(
        clinic=message.clinic,
        by=None,
        verb="noted returned mail",
        subject=message,
        record_number=patient.record_number if patient else "",
        changes={"state": [before, "failed"], "why": why},
    )
    if patient is not None:
        is_new = delivery.outcome is Outcome.REFUSED and note_address_problem(
            patient=patient, address=message.recipient, reason=delivery.reason, now=now
        )
        _ask_to_call(message, why, is_new, now)
    return FAILED if delivery.outcome is Outcome.REFUSED else GIVEN_UP


def _note_unnamed(delivery: Delivery, now: datetime) -> str:
    """A report that does not say which mail came back: whoever knows an address can write one, so it changes nothing,
    and asks staff once for each mail whether the address works.
    """
    message = queries.last_mailed(delivery.addresses, since=now - TRIED_FOR)
    if message is None:
        return STRANGE
    if message.patient is not None and delivery.outcome is not Outcome.DELAYED:
        open_task(
            clinic=message.clinic,
            kind="check_address",
            role=Role.RECEPTIONIST,
            due_on=local_date(now, message.clinic.zone),
            reason=f"Mail to {message.patient} at {message.recipient} may have come back: a report arrived that does "
            "not say which mail it is about. Nothing was changed. Ask whether the address works.",
            cause=f"unnamed_report:{message.pk}",
            record_number=message.patient.record_number,
        )
    return UNNAMED


def _note_delay(message: Message, delivery: Delivery) -> str:
    why = f"Delayed on its way: {delivery.reason}"[:250]
    changed = Message.across_clinics.filter(pk=message.pk, state="sent").exclude(why=why).update(why=why)
    return DELAYED if changed else KNOWN


def _ask_to_call(message: Message, why: str, is_new: bool, now: datetime) -> None:
    """Ask for a call about what the mail said, where that still stands, and for an address that works."""
    one = still_owed(message, queries.rules_of(message.clinic), now=now)
    if one is None and not is_new:
        return
    said = by_telephone(message, one) if one else PASSED
    call(message, f"{said} {ASK_FOR_ADDRESS}", why, now, about="" if one else FOR_ADDRESS)
