"""Writing which messages a patient wants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User

from ..domain.messages import CHANNELS, unknown_kinds
from ..models import MessageWishes, Patient
from ..phones import takes_texts
from .trail import note

UNKNOWN_KIND = Refusal("unknown_kind", "This kind of message cannot be switched off.", "kinds_off")
UNKNOWN_CHANNEL = Refusal("unknown_channel", "Choose one of the ways on the list.", "channel")
UNKNOWN_LANGUAGE = Refusal("unknown_language", "Choose one of the languages on the list.", "language")
NO_MOBILE = Refusal(
    "no_mobile", "There is no mobile number on record. Text messages need one: add it first.", "channel"
)


STALE = Refusal(
    "stale", "These wishes were changed meanwhile. Look at them as they stand now, and save again."
)


def messages_as_shown(patient: Patient, wishes: MessageWishes | None) -> str:
    """The wishes as one text, by which a page says what it showed."""
    row = wishes or MessageWishes()
    return "|".join((str(row.none), *sorted(row.kinds_off), row.channel, patient.language))


@transaction.atomic
def set_message_wishes(
    *,
    patient: Patient,
    none: bool,
    kinds_off: Iterable[str],
    channel: str,
    language: str,
    by: User | None,
    now: datetime,
    shown: str | None = None,
) -> MessageWishes:
    """Keep which messages a patient wants, by which way and in which language; returns the wishes as they stand.

    Refused for a kind that is always told, for text messages without a number that may take them, and for a channel
    or a language that is none; and with stale where the wishes differ from those the page showed.
    """
    patient = Patient.objects.of(patient.clinic).select_for_update(no_key=True).get(pk=patient.pk)
    wanted: dict[str, Any] = {"none": none, "kinds_off": sorted({*kinds_off}), "channel": channel}
    if problems := _problems(patient, wanted, language):
        raise Refused(*problems)
    row = MessageWishes.objects.of(patient.clinic).filter(patient=patient).first()
    as_they_stand = messages_as_shown(patient, row)
    row = row or MessageWishes(clinic=patient.clinic, patient=patient)
    changes = {
        name: [getattr(row, name), value] for name, value in wanted.items() if getattr(row, name) != value
    }
    differs = bool(changes) or language != patient.language
    if differs and shown is not None and shown != as_they_stand:
        raise Refused(STALE)
    if language != patient.language:
        changes["language"] = [patient.language, language]
        patient.language = language
        patient.version += 1
        patient.save(update_fields=["language", "version"])
    if changes:
        for name, value in wanted.items():
            setattr(row, name, value)
        row.changed_at = now
        row.save()
        note(patient, by, "changed message wishes", row, **changes)
    return row


def _problems(patient: Patient, wanted: dict[str, Any], language: str) -> list[Refusal]:
    found = []
    if unknown_kinds(wanted["kinds_off"]):
        found.append(UNKNOWN_KIND)
    if wanted["channel"] not in CHANNELS:
        found.append(UNKNOWN_CHANNEL)
    if wanted["channel"] == "sms" and not takes_texts(str(patient.phone)):
        found.append(NO_MOBILE)
    if language != patient.language and language not in dict(settings.LANGUAGES):
        found.append(UNKNOWN_LANGUAGE)
    return found
