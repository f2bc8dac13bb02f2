"""Celery's thin entries. A task carries an id at most and never a time: what is due stands in the ledger."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import actions, queries

logger = logging.getLogger(__name__)

NUDGES = 500
"""How many messages one sweep hands out at most; the next one finds the rest."""

NUDGE_LASTS = 60.0
"""Seconds after which an unread nudge is dropped: later sweeps have nudged again."""


@shared_task(name="infusion.reminders.tasks.sweep", ignore_result=True)
def sweep() -> int:
    """Bring the ledger up to date and hand out what may be sent; sends it here where no broker takes it.

    Any number of sweeps may run at once and none is needed in particular.
    """
    actions.derive(now=timezone.now())
    due = queries.claimable_ids(NUDGES)
    try:
        if not settings.BROKER_URL:
            raise OperationalError("no broker is configured")
        for message_id in due:
            send_one.apply_async((message_id,), expires=NUDGE_LASTS, retry=False)
    except (OperationalError, OSError) as problem:
        logger.warning("the broker takes no work (%s): sending in the sweep itself", problem)
        send_due()
    return len(due)


@shared_task(name="infusion.reminders.tasks.send_one", ignore_result=True)
def send_one(message_id: int) -> str:
    """Claim and send one message; says what became of it. Where somebody else has it, nothing happens."""
    message = actions.claim_one(message_id)
    return actions.send(message, message.fence) if message else actions.LOST


def send_due() -> dict[str, int]:
    """Send everything that may be sent now, one after the other; how many ended in which state.

    Stops where no mail server can be reached: the others would wait for it in vain.
    """
    ended: dict[str, int] = {}
    while message := actions.claim_one():
        state = actions.send(message, message.fence)
        ended[state] = ended.get(state, 0) + 1
        if state == actions.WAITING:
            break
    return ended
