"""What names a message for good, in the mail itself and in what mail servers write back about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from .. import queries
from ..models import Message


def identify(row: Message) -> str:
    """The Message-ID of a new row: the same wherever and however often it is derived, another for each copy, and for
    nobody to guess, as reports of mail that came back are believed by it. A row keeps the one it was stored with.
    """
    named = repr((settings.SITE_ADDRESS, queries.key_of(row)))
    digest = salted_hmac("infusion.reminders.message_id", named, algorithm="sha256").hexdigest()
    return f"<{digest[:40]}@{urlsplit(settings.SITE_ADDRESS).hostname or 'localhost'}>"
