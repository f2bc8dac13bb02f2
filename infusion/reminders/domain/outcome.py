"""What a mail server's answer means for a message: try again later, or give up and let a person call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 10, 20, 30))
"""Waits after the first to the fifth "not now" (SMTP 4xx); after the sixth the message has failed (product default)."""

AWAY = timedelta(minutes=1)
"""Wait when no mail server could be reached at all. That is nobody's fault and is not counted: the ledger waits."""


NO_SUCH_ADDRESS = frozenset({550, 551, 553})
"""Answers to a recipient that speak of the address, where no enhanced status code says more."""

OF_THE_SENDER = frozenset({7, 8, 9})
"""Details of the enhanced codes 5.1.x that speak of the sender or of the way there (RFC 3463)."""

NOT_THE_ADDRESS = ("relay", "block", "spam", "policy", "denied", "reputation", "listed")
"""Words of servers that say 550 to whomever they do not like (product default)."""

_ENHANCED = re.compile(r"\s*5\.(\d{1,3})\.(\d{1,3})\b")


def refuses_address(code: int, text: str) -> bool:
    """Whether an answer to a recipient says that the address does not work, and not that the mail is not wanted: by
    its enhanced status code or, without one, by the plain code and no word of something else.
    """
    if code < 500:
        return False
    if enhanced := _ENHANCED.match(text):
        subject, detail = int(enhanced[1]), int(enhanced[2])
        return subject == 1 and detail not in OF_THE_SENDER
    return code in NO_SUCH_ADDRESS and not any(word in text.lower() for word in NOT_THE_ADDRESS)


def refused_for_good(codes: Iterable[int]) -> bool:
    """Whether the SMTP reply codes say that another try is useless: one of them is 5xx and none asks to wait."""
    answers = list(codes)
    return bool(answers) and all(code >= 500 for code in answers)


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many refused attempts (from 1), or None where it was one too many."""
    return BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None
