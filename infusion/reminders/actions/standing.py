"""Whether a message is still owed, and what a person says instead of it."""

from __future__ import annotations

from datetime import datetime

from .. import queries
from ..domain.due import Owed, owed
from ..domain.kinds import WAITLIST_OFFER
from ..domain.rules import Rules
from ..models import Message
from ..words import phone_words


def still_owed(message: Message, rules: Rules, *, now: datetime, as_before: int | None = None) -> Owed | None:
    """The message derived anew from how things stand, or None where it no longer is. ``as_before`` names the message
    that is sent again: it is owed as it was before that one went out.
    """
    if message.patient_id is None:
        return None
    found = queries.known([message.patient_id], leaving_out=message, as_before=as_before)
    known = found.get(message.patient_id)
    if known is None:
        return None
    stands = owed(known.circumstances(message.patient_id), rules, now)
    return next((one for one in stands if one.subject == queries.key_of(message)[:4]), None)


def by_telephone(message: Message, one: Owed) -> str:
    """What a person says instead of a message that stands."""
    clinic = message.clinic
    about_offer = one.subject_kind == WAITLIST_OFFER
    earlier = queries.earlier_time(clinic, one.subject_id) if about_offer else None
    return phone_words(one.kind, one.changes, queries.visits_by_id(clinic, one.visit_ids), clinic, earlier)
