"""The morning mail to colleagues: one for each who wants it and each day, in the same ledger as every message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.conf import settings
from django.template.loader import render_to_string

from clinics.models import Clinic

from ..domain.digest import Count, morning
from ..domain.due import Rules
from ..domain.kinds import DIGEST
from ..models import Message
from ..queries.digests import counts_for, digests_present, member_of, who_wants_digests
from ..words import Words, one_line
from .identity import identify


def derive_digests(rules: Mapping[int, Rules], *, now: datetime) -> int:
    """Write this morning's mails into the ledger where they are due and not in it yet; returns how many."""
    rows = []
    for member_id, clinic_id, address in who_wants_digests():
        day, due_at, expires_at = morning(now, rules[clinic_id].zone)
        if due_at <= now < expires_at:
            rows.append(_row(member_id, clinic_id, address, day, due_at, expires_at))
    if not rows:
        return 0
    present = digests_present(row.subject_id for row in rows)
    new = [row for row in rows if (row.subject_id, row.subject_version) not in present]
    Message.across_clinics.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _row(
    member_id: int, clinic_id: int, address: str, day: date, due_at: datetime, expires_at: datetime
) -> Message:
    row = Message(
        clinic_id=clinic_id,
        subject_kind=DIGEST,
        subject_id=str(member_id),
        subject_version=day.toordinal(),
        kind=DIGEST,
        recipient=address,
        due_at=due_at,
        expires_at=expires_at,
        next_attempt_at=due_at,
    )
    row.message_id = identify(row)
    return row


def words_of_digest(message: Message, *, now: datetime) -> Words | str:
    """The morning mail as things stand, or why there is none."""
    member = member_of(message)
    if member is None or member.user.email != message.recipient:
        return "The colleague does not get this mail any more."
    counts = counts_for(member, now=now)
    if not counts:
        return "There was nothing to say this morning."
    return _compose(message.clinic, str(member.user), counts)


def _compose(clinic: Clinic, name: str, counts: Iterable[Count]) -> Words:
    """Numbers and addresses alone: no patient is named, and what the clinic treats is not said."""
    subject = "What waits this morning"
    context = {
        "clinic_name": one_line(clinic.name),
        "clinic": clinic,
        "name": one_line(name),
        "subject": subject,
        "site": settings.SITE_ADDRESS,
        "counts": list(counts),
        "language": "en",
    }
    return Words(
        subject,
        render_to_string("reminders/digest.txt", context).strip() + "\n",
        render_to_string("reminders/digest.html", context),
    )
