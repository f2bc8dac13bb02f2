"""The audit trail: appended with every change, sealed into a chain, and checked."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from clinics.models import AuditEntry, AuditSeal, Clinic, User
from clinics.prepared import insert
from clinics.queries import named

SYSTEM = "the system"


def record(
    *,
    clinic: Clinic | None,
    by: User | None,
    verb: str,
    subject: models.Model | None = None,
    record_number: str = "",
    changes: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one row to the audit trail, in the caller's transaction.

    ``changes`` maps a field to ``[before, after]`` or names what was seen; it must be JSON. ``by`` is None for the
    system itself.
    """
    kind, key = named(subject)
    return insert(
        AuditEntry(
            clinic=clinic,
            at=timezone.now(),
            actor=by,
            actor_name=by.email if by else SYSTEM,
            verb=verb,
            subject_kind=kind,
            subject_id=key,
            record_number=record_number,
            changes=changes or {},
        )
    )


def differences(before: models.Model, after: dict[str, Any]) -> dict[str, list[str]]:
    """Which of the named fields would change, as ``{field: [before, after]}`` in text."""
    return {
        name: [str(getattr(before, name)), str(value)]
        for name, value in after.items()
        if getattr(before, name) != value
    }


def digest_of(previous: str, entry: AuditEntry) -> str:
    """SHA-256 over the digest before and every field of the entry, in a fixed order."""
    content = [
        entry.pk,
        entry.clinic_id,
        entry.at.isoformat(),
        entry.actor_id,
        entry.actor_name,
        entry.verb,
        entry.subject_kind,
        entry.subject_id,
        entry.record_number,
        entry.changes,
    ]
    text = json.dumps([previous, content], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def seal_audit(*, now: datetime, limit: int = 5_000) -> int:
    """Seal what was appended since the last time into the hash chain; returns how many rows.

    One job does this, so that no page waits for the chain. A second one at the same moment loses on the unique
    position and leaves the work to the first.
    """
    try:
        with transaction.atomic():
            last = AuditSeal.objects.order_by("-position").first()
            position, previous = (last.position, last.digest) if last else (0, "")
            entries = AuditEntry.across_clinics.filter(seal__isnull=True).order_by("id")[:limit]
            sealed = 0
            for entry in entries:
                position += 1
                previous = digest_of(previous, entry)
                AuditSeal.objects.create(entry=entry, position=position, digest=previous, sealed_at=now)
                sealed += 1
            return sealed
    except IntegrityError:
        return 0


def verify_audit() -> tuple[int, str]:
    """Walk the chain: how many sealed rows hold, and words for the first break (empty where there is none)."""
    previous = ""
    held = 0
    for seal in AuditSeal.objects.select_related("entry").order_by("position").iterator(chunk_size=2_000):
        if seal.position != held + 1:
            return held, f"Seal {held + 1} is missing."
        if seal.digest != digest_of(previous, seal.entry):
            return held, f"Entry {seal.entry_id} is not what was sealed at position {seal.position}."
        previous = seal.digest
        held += 1
    return held, ""
