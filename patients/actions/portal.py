"""Opening and closing the patient's own pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User

from ..models import (
    Patient,
    PortalAccess,
)
from .trail import note

BIRTH_DATE_TRIES = 5


@transaction.atomic
def invite(*, patient: Patient, by: User, now: datetime) -> PortalAccess:
    """Open the portal for a patient under the e-mail address on record.

    Refused without an address, after death, when the address opens another door, or when the door is open already.
    The person proves the address by a typed code and themselves by the birth date.
    """
    if patient.deceased:
        raise Refused(Refusal("deceased", "This patient has died."))
    if not patient.email:
        raise Refused(Refusal("no_address", "This patient has no e-mail address. Add one first.", "email"))
    user = User.objects.filter(email__iexact=patient.email).first()
    if user is None:
        user = User.objects.create_user(patient.email, None, name="", door="portal")
    elif user.door != "portal":
        raise Refused(
            Refusal("staff_address", "This address cannot open a patient's pages. Use another one.", "email")
        )
    if patient.portalaccess_set.filter(user=user, revoked_at__isnull=True).exists():
        raise Refused(Refusal("already_invited", "This patient has been invited under this address already."))
    access = PortalAccess.objects.create(
        clinic=patient.clinic, patient=patient, user=user, invited_by=by, invited_at=now
    )
    note(patient, by, "invited to the portal", access, email=user.email)
    return access


@transaction.atomic
def revoke_access(*, access: PortalAccess, by: User, now: datetime) -> None:
    """Close the portal for one person; takes effect with their next page."""
    if access.revoked_at is None:
        access.revoked_at = now
        access.save(update_fields=["revoked_at"])
        note(access.patient, by, "closed the portal", access, email=access.user.email)


def close_other_addresses(*, patient: Patient, by: User | None) -> None:
    """Close the portal for every address that is no longer the patient's: whoever reads it now is not known. Carers'
    addresses are their own and stay.
    """
    for access in patient.portalaccess_set.filter(revoked_at__isnull=True, is_carer=False).select_related(
        "user", "patient__clinic"
    ):
        if access.user.email.lower() != patient.email.lower():
            access.revoked_at = timezone.now()
            access.save(update_fields=["revoked_at"])
            note(patient, by, "closed the portal", access, email=access.user.email)


@transaction.atomic
def confirm_access(
    *, accesses: Iterable[PortalAccess], birth_date: date, now: datetime
) -> tuple[PortalAccess, ...]:
    """The patients whose birth date was given, among those the address opens; empty when it is nobody's.

    At the first sign-in this proves that the mail reached the right person. A wrong date is counted on each of the
    accesses; after five, staff must invite again. Twins who share an address both come back and choose by name.
    """
    # Read again under a lock: tries made at the same moment count one by one.
    held = [
        PortalAccess.objects.of(row.clinic).select_for_update().get(pk=row.pk)
        for row in sorted(accesses, key=lambda row: row.pk)
    ]
    rows = [row for row in held if row.failed_confirmations < BIRTH_DATE_TRIES]
    matching = tuple(row for row in rows if row.patient.birth_date == birth_date)
    for row in matching:
        row.confirmed_at, row.failed_confirmations = row.confirmed_at or now, 0
        row.save(update_fields=["confirmed_at", "failed_confirmations"])
        note(row.patient, row.user, "proved the birth date", row)
    for row in () if matching else rows:
        PortalAccess.objects.of(row.clinic).filter(pk=row.pk).update(
            failed_confirmations=F("failed_confirmations") + 1
        )
        note(row.patient, row.user, "gave a wrong birth date", row)
    return matching
