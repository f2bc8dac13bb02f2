"""What the doors keep is deleted when it is of no use any more."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

pytestmark = pytest.mark.django_db


def test_sessions_that_are_over_and_old_tries_are_deleted_and_nothing_else() -> None:
    now = timezone.now()
    for name, days in (("old", 31), ("new", 29)):
        Session.objects.create(session_key=f"{name}s", expire_date=now + timedelta(days=30 - days))
        AccessAttempt.objects.create(username=name, ip_address="10.0.0.1", failures_since_start=1)
        AccessLog.objects.create(username=name, ip_address="10.0.0.1")
        for kept in (AccessAttempt, AccessLog):
            kept.objects.filter(username=name).update(attempt_time=now - timedelta(days=days))
    said = StringIO()
    call_command("forget_doors", stdout=said)
    left = [list(kept.objects.values_list("username", flat=True)) for kept in (AccessAttempt, AccessLog)]
    assert (said.getvalue(), left) == ("deleted: 3\n", [["new"], ["new"]])
    assert list(Session.objects.values_list("session_key", flat=True)) == ["news"]
