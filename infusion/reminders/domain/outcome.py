"""What a mail server's answer means for a message: try again later, or give up and let a person call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 10, 20, 30))
"""Waits after the first to the fifth "not now" (SMTP 4xx); after the sixth the message has failed (product default)."""

AWAY = timedelta(minutes=1)
"""Wait when no mail server could be reached at all. That is nobody's fault and is not counted: the ledger waits."""


def refused_for_good(codes: Iterable[int]) -> bool:
    """Whether the SMTP reply codes say that another try is useless: one of them is 5xx and none asks to wait."""
    answers = list(codes)
    return bool(answers) and all(code >= 500 for code in answers)


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many refused attempts (from 1), or None where it was one too many."""
    return BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None
