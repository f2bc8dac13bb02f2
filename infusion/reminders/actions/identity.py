"""What names a message for good, in the mail itself and in what mail servers write back about it."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from django.conf import settings

from .. import queries
from ..models import Message


def identify(row: Message) -> str:
    """The Message-ID of a row: the same wherever and however often it is derived, another for each copy."""
    digest = hashlib.sha256(repr((settings.SITE_ADDRESS, queries.key_of(row))).encode()).hexdigest()
    return f"<{digest[:40]}@{urlsplit(settings.SITE_ADDRESS).hostname or 'localhost'}>"
