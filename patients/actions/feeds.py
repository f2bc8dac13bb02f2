"""The calendar feed: an address made for one calendar, shown once, and taken back at any time."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from clinics.models import User

from ..feeds import digest_of
from ..models import FeedToken, PortalAccess
from .trail import note

TOKEN_BYTES = 32
"""256 random bits: more than can ever be guessed (OWASP ASVS 5.0 asks for 128 of a secret in an address)."""


@transaction.atomic
def make_feed(*, access: PortalAccess, by: User, now: datetime) -> str:
    """Make the token of a calendar feed; returns it, for the only time. One made before by this access ends."""
    held = (
        PortalAccess.objects.of(access.clinic).select_for_update().select_related("patient").get(pk=access.pk)
    )
    _end(held, by, now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = FeedToken.objects.create(
        clinic=held.clinic, patient=held.patient, access=held, digest=digest_of(token), made_at=now
    )
    note(held.patient, by, "made a calendar feed", row)
    return token


@transaction.atomic
def end_feed(*, access: PortalAccess, by: User, now: datetime) -> bool:
    """Take the access's feed back, with effect from a calendar's next question; False where there was none."""
    held = (
        PortalAccess.objects.of(access.clinic).select_for_update().select_related("patient").get(pk=access.pk)
    )
    return _end(held, by, now)


def _end(access: PortalAccess, by: User, now: datetime) -> bool:
    row = FeedToken.objects.of(access.clinic).filter(access=access, revoked_at__isnull=True).first()
    if row is None:
        return False
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    note(access.patient, by, "ended a calendar feed", row)
    return True


@transaction.atomic
def note_feed_read(*, feed: FeedToken, today: date) -> None:
    """Note that a calendar asked for the feed: once a day, however often it asks."""
    rows = FeedToken.objects.of(feed.clinic).filter(pk=feed.pk)
    if rows.filter(Q(read_on__isnull=True) | Q(read_on__lt=today)).update(read_on=today):
        note(feed.patient, feed.access.user, "read the calendar feed", feed)
