"""Whose messages an address out of a mail may stop."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

from patients.models import MessageWishes, Patient

from ..models import Message


class Digits(Signer):
    """Signs in hexadecimal digits: no address in a mail can spell a word by chance."""

    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        return salted_hmac(self.salt, value, key or self.key, algorithm=self.algorithm).hexdigest()


SIGNER = Digits(sep=".", salt="infusion.reminders.stop")


def patient_by_stop_token(token: str) -> Patient | None:
    """The patient whose mail carried this token, or None where it is unknown, altered or no longer in force."""
    try:
        number = int(SIGNER.unsign(token))
    except (BadSignature, ValueError):
        return None
    rows = Message.across_clinics.select_related("patient__clinic").filter(
        pk=number, patient__deceased=False, channel="email"
    )
    message = rows.first()
    if message is None or message.patient is None or message.recipient != message.patient.email:
        return None
    return message.patient


def message_wishes(patient: Patient) -> MessageWishes | None:
    """Which messages the patient wants, where anything was said."""
    return MessageWishes.objects.of(patient.clinic).filter(patient=patient).first()


def wants_nothing(patient: Patient) -> bool:
    """Whether the patient has stopped all messages."""
    wishes = message_wishes(patient)
    return wishes is not None and wishes.none
