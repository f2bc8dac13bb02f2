"""The way out of all messages: an address in each mail that can do this and nothing else."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from patients.actions import set_message_wishes
from patients.models import Patient

from .. import queries
from ..models import Message


def stop_address(message: Message) -> str:
    """Where the reader of this mail stops all messages. It carries the message's number, signed, and never runs out;
    it stops working when the patient has another mail address.
    """
    token = queries.SIGNER.sign(str(message.pk))
    return f"{settings.SITE_ADDRESS}{reverse('ledger:stop', args=[token])}"


def stop_messages(*, patient: Patient, now: datetime) -> None:
    """The patient wants no more messages; what else they wish stays as it is."""
    wishes = queries.message_wishes(patient)
    set_message_wishes(
        patient=patient,
        none=True,
        kinds_off=wishes.kinds_off if wishes else [],
        channel=wishes.channel if wishes else "",
        language=patient.language,
        by=None,
        now=now,
    )
