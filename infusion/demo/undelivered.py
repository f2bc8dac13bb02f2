"""Messages of the demo that did not arrive: one that a mail server refused, and one that came back a little later."""

from __future__ import annotations

from datetime import datetime

from clinics.models import Clinic
from infusion.demo.people import Invented
from infusion.reminders import actions
from infusion.reminders.domain.bounces import Delivery, Outcome, Report
from infusion.reminders.models import Message
from infusion.reminders.post import Answer, Fate


def tell(clinic: Clinic, refused: Invented, returned: Invented, *, now: datetime) -> None:
    """Write what is due into the ledger, and let the two patients' first mails fail."""
    actions.derive(now=now)
    _first_mail(
        clinic,
        refused,
        Answer(Fate.REFUSED, "550 5.2.1 The mailbox is full and takes no more mail"),
        now,
    )
    back = _first_mail(clinic, returned, Answer(Fate.TAKEN), now)
    reason = "550 5.1.1 No such person at this address"
    delivery = Delivery(frozenset({back.recipient.lower()}), Outcome.REFUSED, reason)
    actions.note_report(report=Report(back.message_id, (delivery,)), now=now)


def _first_mail(clinic: Clinic, who: Invented, answer: Answer, now: datetime) -> Message:
    """Send the first mail that waits for a patient to a mail server that answers this."""
    waiting = Message.objects.of(clinic).filter(patient__family_name=who.family, state="planned")
    message = actions.claim_one(waiting.order_by("id")[0].pk)
    assert message is not None
    ready = actions.prepare(message.pk, message.fence, now=now)
    assert isinstance(ready, actions.Ready)
    actions.finish(ready, answer, now=now)
    return message
