"""Writing in the clinics room: the audit trail, staff tasks, and people's roles."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, time
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from .domain.refusals import Refusal, Refused
from .domain.rights import Role
from .domain.text import problem_with_text
from .models import AuditEntry, AuditSeal, Chair, Clinic, Membership, OpeningHours, Shift, StaffTask, User
from .queries import named

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
    return AuditEntry.objects.create(
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


def open_task(
    *,
    clinic: Clinic,
    kind: str,
    role: Role,
    due_on: date,
    reason: str,
    cause: str,
    record_number: str = "",
) -> StaffTask:
    """Ask a role to do something. The same cause opens one task, however often it is noticed."""
    found, made = StaffTask.objects.get_or_create(
        clinic=clinic,
        cause=cause,
        defaults={
            "kind": kind,
            "role": role,
            "due_on": due_on,
            "reason": reason,
            "record_number": record_number,
        },
    )
    if made:
        record(
            clinic=clinic,
            by=None,
            verb="opened task",
            subject=found,
            record_number=record_number,
            changes={"reason": reason},
        )
    return found


@transaction.atomic
def close_task(*, task: StaffTask, outcome: str, by: User, now: datetime) -> StaffTask:
    """Close a task with what came of it. Refused without words, or when a colleague closed it meanwhile."""
    if not outcome.strip():
        raise Refused(Refusal("outcome_missing", "Say in a few words what came of it.", "outcome"))
    if words := problem_with_text(outcome):
        raise Refused(Refusal("outcome_unreadable", words, "outcome"))
    closed = StaffTask.objects.of(task.clinic).filter(pk=task.pk, closed_at__isnull=True)
    if not closed.update(outcome=outcome.strip(), closed_by=by, closed_at=now):
        raise Refused(Refusal("already_closed", "A colleague has closed this task meanwhile."))
    task.refresh_from_db()
    record(
        clinic=task.clinic,
        by=by,
        verb="closed task",
        subject=task,
        record_number=task.record_number,
        changes={"outcome": task.outcome},
    )
    return task


@transaction.atomic
def add_member(
    *, clinic: Clinic, email: str, name: str, role: Role, by: User | None, today: date
) -> tuple[Membership, bool]:
    """Give a person a role in the clinic. Returns the membership and whether the account is new (has no password).

    A nurse is put on duty for all opening hours from ``today``.
    """
    user = User.objects.filter(email__iexact=email).first()
    new = user is None
    if user is None:
        user = User.objects.create_user(email, None, name=name)
    elif user.door != "staff":
        raise Refused(
            Refusal(
                "patient_address",
                "This address opens a patient's pages. Staff need an address of their own.",
                "email",
            )
        )
    if Membership.objects.of(clinic).filter(user=user).exists():
        raise Refused(Refusal("already_member", "This person already works here.", "email"))
    member = Membership.objects.create(clinic=clinic, user=user, role=role)
    if role == Role.NURSE:
        # Until a roster says otherwise a nurse is on duty while the clinic is open.
        Shift.objects.bulk_create(
            Shift(
                clinic=clinic,
                member=member,
                weekday=row.weekday,
                starts=row.opens,
                ends=row.closes,
                valid_from=today,
            )
            for row in clinic.opening_hours.all()
        )
    record(
        clinic=clinic, by=by, verb="added member", subject=member, changes={"email": user.email, "role": role}
    )
    return member, new


@transaction.atomic
def change_member(*, member: Membership, role: Role, is_active: bool, by: User) -> Membership:
    """Change a role or close a door. Nobody closes their own, so that a clinic is never left without a manager."""
    if member.user_id == by.pk:
        raise Refused(Refusal("own_membership", "Ask a colleague to change your own role."))
    changes = differences(member, {"role": str(role), "is_active": is_active})
    if changes:
        member.role, member.is_active = role, is_active
        member.save(update_fields=["role", "is_active"])
        record(clinic=member.clinic, by=by, verb="changed member", subject=member, changes=changes)
    return member


@transaction.atomic
def reset_second_factor(*, member: Membership, by: User) -> None:
    """Take away a colleague's lost second factor; the next sign-in enrols a new one. Nobody does this to their own."""
    if member.user_id == by.pk:
        raise Refused(Refusal("own_membership", "Ask a colleague to reset your own second factor."))
    Authenticator.objects.filter(user_id=member.user_id).delete()
    record(clinic=member.clinic, by=by, verb="reset second factor", subject=member)


@transaction.atomic
def open_clinic(
    *,
    slug: str,
    name: str,
    time_zone: str,
    address: str,
    phone: str,
    email: str,
    opens: time,
    closes: time,
    chairs: int,
    days: int = 5,
    by: User | None = None,
    **more: Any,
) -> Clinic:
    """Open a new clinic with numbered chairs and the same hours on the first ``days`` days of the week from Monday.

    Raises ``ValidationError`` on a bad value.
    """
    clinic = Clinic(
        slug=slug,
        name=name,
        time_zone=time_zone,
        address=address,
        phone=phone,
        email=email,
        **{"reminder_days": [7, 2], **more},
    )
    clinic.full_clean()
    clinic.save()
    OpeningHours.objects.bulk_create(
        OpeningHours(clinic=clinic, weekday=weekday, opens=opens, closes=closes) for weekday in range(days)
    )
    Chair.objects.bulk_create(Chair(clinic=clinic, name=f"Chair {n}") for n in range(1, chairs + 1))
    record(clinic=clinic, by=by, verb="opened clinic", subject=clinic, changes={"name": name})
    return clinic


@transaction.atomic
def approve_education(*, clinic: Clinic, version: str, by: User, today: date) -> None:
    """Note that the clinic stands behind the wording of the patients' pages, version by version."""
    clinic.education_approved_version = version
    clinic.education_approved_on = today
    clinic.education_approved_by = by
    clinic.save(
        update_fields=["education_approved_version", "education_approved_on", "education_approved_by"]
    )
    record(clinic=clinic, by=by, verb="approved patient pages", subject=clinic, changes={"version": version})
