"""Celery's thin entries. A task carries a key at most: what is asked stands in the database."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from . import actions
from .actions.waiting import lapse

logger = logging.getLogger(__name__)

UNREAD_LASTS = 300.0
"""Seconds after which an unread message is dropped: whoever asked has had the plan worked out elsewhere."""


@shared_task(name="scheduling.tasks.work_out_replan", ignore_result=True)
def work_out_replan(pk: int) -> str:
    """Work out one question; where somebody else does or did, nothing happens."""
    return actions.work_out(pk=pk)


def hand_over(pk: int) -> bool:
    """Hand a question to a worker. Where no broker takes it, it is worked out here and now, in a short time; the
    answer says so. Returns whether a worker has it.
    """
    try:
        if not settings.BROKER_URL:
            raise OperationalError("no broker is configured")
        work_out_replan.apply_async((pk,), expires=UNREAD_LASTS, retry=False)
    except (OperationalError, OSError) as problem:
        logger.warning("the broker takes no work (%s): the plan is worked out here", problem)
        actions.work_out(pk=pk, here=True)
        return False
    return True


@shared_task(name="scheduling.tasks.lapse_offers", ignore_result=True)
def lapse_offers() -> int:
    """Close offers of the waiting list that have run out. Nothing waits for it: they count for nothing already."""
    return lapse(now=timezone.now())
