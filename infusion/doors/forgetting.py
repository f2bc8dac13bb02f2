"""What the doors keep is kept as long as it is of use: sessions, and who knocked from where, are deleted then."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session

KEPT = timedelta(days=30)
"""How long tries and sign-ins are kept with their network addresses, for whoever looks into an attack (product
default). They lock for minutes only.
"""


def forget(*, now: datetime) -> int:
    """Delete what is of no use any more; how many rows that were."""
    long_ago = now - KEPT
    old = (
        Session.objects.filter(expire_date__lt=now),
        AccessAttempt.objects.filter(attempt_time__lt=long_ago),
        AccessLog.objects.filter(attempt_time__lt=long_ago),
    )
    return sum(rows.delete()[0] for rows in old)
