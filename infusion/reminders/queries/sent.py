"""What a patient is shown of their own messages."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from patients.models import Patient

from ..domain.kinds import EMAIL, INVITED, SMS
from ..models import Message

SHOWN_TO_PATIENT = 50


def sent_to(patient: Patient) -> QuerySet[Message]:
    """The newest messages that went to the patient, are on their way or could not be sent. What became untrue before
    it was sent is left out, and so is what a carer was sent. Each has as ``left_at`` when it was sent, or is due.
    """
    rows = Message.objects.of(patient.clinic).filter(
        patient=patient,
        channel__in=(EMAIL, SMS),
        state__in=("planned", "sending", "sent", "failed", "no_address"),
    )
    to_others = Q(kind=INVITED) & ~Q(recipient__in=("", patient.email))
    dated = rows.exclude(to_others).annotate(left_at=Coalesce("sent_at", "due_at"))
    return dated.order_by("-left_at", "-id")[:SHOWN_TO_PATIENT]
