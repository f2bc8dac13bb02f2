"""The calendar feed: an address made for one calendar, shown once, and taken back at any time."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User

from ..feeds import digest_of, feed_of
from ..models import FeedToken, PortalAccess
from .trail import note

TOKEN_BYTES = 32
"""256 random bits: more than can ever be guessed (OWASP ASVS 5.0 asks for 128 of a secret in an address)."""


@transaction.atomic
def make_feed(*, access: PortalAccess, by: User, now: datetime, instead_of: int | None = None) -> str:
    """Make the token of a calendar feed; returns it, for the only time. The one it is made ``instead_of`` ends.

    Refused where another one stands: a calendar that looks at it must not lose it by a second press or an old page.
    """
    held = (
        PortalAccess.objects.of(access.clinic).select_for_update().select_related("patient").get(pk=access.pk)
    )
    standing = feed_of(held)
    if standing is not None and standing.pk != instead_of:
        raise Refused(Refusal("has_a_feed", "There is an address already."))
    if standing is not None:
        _end(standing, by, now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = FeedToken.objects.create(
        clinic=held.clinic, patient=held.patient, access=held, digest=digest_of(token), made_at=now
    )
    note(held.patient, by, "made a calendar feed", row)
    return token


@transaction.atomic
def end_feed(*, access: PortalAccess, feed_pk: int, by: User, now: datetime) -> bool:
    """Take this feed of the access back, with effect from a calendar's next question; False where it ended before."""
    held = (
        PortalAccess.objects.of(access.clinic).select_for_update().select_related("patient").get(pk=access.pk)
    )
    standing = feed_of(held)
    if standing is None or standing.pk != feed_pk:
        return False
    _end(standing, by, now)
    return True


def _end(row: FeedToken, by: User, now: datetime) -> None:
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    note(row.patient, by, "ended a calendar feed", row)


@transaction.atomic
def note_feed_read(*, feed: FeedToken, today: date) -> None:
    """Note that a calendar asked for the feed: once a day, however often it asks."""
    rows = FeedToken.objects.of(feed.clinic).filter(pk=feed.pk)
    if rows.filter(Q(read_on__isnull=True) | Q(read_on__lt=today)).update(read_on=today):
        note(feed.patient, feed.access.user, "read the calendar feed", feed)
