"""Celery's thin entries. A task carries an id at most and never a time: what is due stands in the ledger."""

from __future__ import annotations

import logging
import time

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import actions, post, queries

logger = logging.getLogger(__name__)

NUDGES = 20
"""How many messages one sweep hands out at most: enough to call every worker, and each goes on with the others."""

GOES_ON = 5.0
"""Seconds for which one nudge goes on with whatever else is due: then the worker's other work has its turn."""

LAST_IN_LINE = 9
"""A nudge's place in the broker's queue: what runs by the clock goes first, however much is to be sent."""

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
            send_one.apply_async((message_id,), expires=NUDGE_LASTS, priority=LAST_IN_LINE, retry=False)
    except (OperationalError, OSError) as problem:
        logger.warning("the broker takes no work (%s): sending in the sweep itself", problem)
        send_due()
    return len(due)


@shared_task(name="infusion.reminders.tasks.send_one", ignore_result=True)
def send_one(message_id: int) -> str:
    """Claim and send one message, then go on with others that are due; says what became of the one.

    Where somebody else has it, nothing happens to it. One nudge therefore sends many messages, and a lost one none
    the fewer.
    """
    began = time.monotonic()
    with post.Line() as line:
        message = actions.claim_one(message_id)
        state = actions.send(message, message.fence, line) if message else actions.LOST
        if state != actions.WAITING:
            _send_due(line, began + GOES_ON)
    return state


def send_due() -> dict[str, int]:
    """Send what may be sent now, one after the other; how many ended in which state.

    Stops where no mail server can be reached: the others would wait for it in vain.
    """
    with post.Line() as line:
        return _send_due(line)


def _send_due(line: post.Line, until: float | None = None) -> dict[str, int]:
    """As ``send_due``, over this line to the mail server, at most until the monotonic clock shows ``until``."""
    ended: dict[str, int] = {}
    while (until is None or time.monotonic() < until) and (message := actions.claim_one()):
        state = actions.send(message, message.fence, line)
        ended[state] = ended.get(state, 0) + 1
        if state == actions.WAITING:
            break
    return ended
