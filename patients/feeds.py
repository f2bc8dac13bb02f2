"""Finding a calendar feed by its token: the token names the clinic and the patient, and nothing else opens it."""

from __future__ import annotations

import hashlib

from .models import FeedToken, PortalAccess


def digest_of(token: str) -> str:
    """What is kept of a token. It is random through and through, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def feed_by_token(token: str) -> FeedToken | None:
    """The standing feed of a token, or None. Looked up by the hash, which tells nothing of how near a guess was."""
    return (
        FeedToken.across_clinics.select_related("clinic", "patient", "access__user")
        .filter(
            digest=digest_of(token),
            revoked_at__isnull=True,
            access__revoked_at__isnull=True,
            access__confirmed_at__isnull=False,
            access__user__is_active=True,
            patient__deceased=False,
        )
        .first()
    )


def feed_of(access: PortalAccess) -> FeedToken | None:
    """The standing feed that this access made."""
    return FeedToken.objects.of(access.clinic).filter(access=access, revoked_at__isnull=True).first()
