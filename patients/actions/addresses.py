"""Noting that mail to a patient's address comes back, and that the address works again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User

from ..models import AddressProblem, Patient
from .trail import note


@transaction.atomic
def note_address_problem(*, patient: Patient, address: str, reason: str, now: datetime) -> bool:
    """Mark the patient's mail address as one from which mail comes back; returns whether that is new.

    An address that is no longer the patient's is left alone.
    """
    held = Patient.objects.of(patient.clinic).select_for_update(no_key=True).get(pk=patient.pk)
    if not held.email or held.email.lower() != address.lower():
        return False
    standing = AddressProblem.objects.of(patient.clinic).filter(patient=patient, cleared_at__isnull=True)
    if standing.exists():
        return False
    found = AddressProblem.objects.create(
        clinic=patient.clinic, patient=patient, address=held.email, reason=reason[:250], noted_at=now
    )
    note(patient, None, "marked address", found, address=found.address, reason=found.reason)
    return True


@transaction.atomic
def say_address_works(*, patient: Patient, by: User, now: datetime) -> None:
    """A colleague has learnt that the address works: mail goes there again. Refused where no mark stands any more."""
    if not _clear(patient, by, now):
        raise Refused(Refusal("not_marked", "The address is not marked any more: a colleague was faster."))


def forget_address_problem(*, patient: Patient, by: User | None) -> None:
    """The patient has another address: the mark of the one before goes."""
    _clear(patient, by, timezone.now())


def _clear(patient: Patient, by: User | None, now: datetime) -> bool:
    standing = AddressProblem.objects.of(patient.clinic).select_for_update()
    found = standing.filter(patient=patient, cleared_at__isnull=True).first()
    if found is None:
        return False
    found.cleared_at, found.cleared_by = now, by
    found.save(update_fields=["cleared_at", "cleared_by"])
    note(patient, by, "cleared address", found, address=found.address)
    return True
