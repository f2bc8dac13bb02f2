"""Carers: a patient asks somebody to help, who says yes or no; either of them ends it again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.text import problem_with_text
from clinics.models import User

from ..models import Patient, PortalAccess
from ..queries import asked_to_help, carers_gone, carers_of, standing_accesses
from .trail import note

MOST_CARERS = 3
LONGEST_NAME = 100
_ADDRESS = re.compile(r"[/:@]|[.。．｡]\w\w|\d{2}")
"""The name stands in a mail of ours to an address that the patient chose: no address of a page and no number to call
may pass for a name.
"""
ASKED_AGAIN_AFTER = timedelta(days=7)
"""Who said no is left in peace for so long (product default)."""
OWN_ADDRESS = Refusal("own_address", "This is your own address. Write the other person’s.", "email")
SAID_NO = Refusal("said_no", "This person said no. You can ask again a week later.", "email")


@transaction.atomic
def give_access(*, patient: Patient, name: str, email: str, by: User, now: datetime) -> PortalAccess:
    """Ask somebody to help, under an address of their own; the question goes there, and opens nothing before they
    say yes.

    Only the patient does that, signed in under their own access. Whether the address is known to us makes no
    difference to what is answered: a colleague's is asked like any other, but the patients' door does not open to it.
    Refused beyond the most carers, for the patient's own address, and soon after a no. Asked twice it is one access.
    """
    held = Patient.objects.of(patient.clinic).select_for_update().get(pk=patient.pk)
    own = held.portalaccess_set.filter(user=by, is_carer=False, revoked_at__isnull=True)
    if held.deceased or not own.filter(confirmed_at__isnull=False).exists():
        raise Refused(Refusal("not_the_patient", "Only the patient can give access."))
    name, email = name.strip(), email.strip().lower()
    if problems := _problems(name, email):
        raise Refused(*problems)
    standing = list(carers_of(held))
    again = next((row for row in standing if row.user.email.lower() == email), None)
    if again is not None:
        return again
    if len(standing) >= MOST_CARERS:
        raise Refused(
            Refusal("too_many_carers", f"At most {MOST_CARERS} people can have access. Remove one first.")
        )
    if email in (held.email.lower(), by.email.lower()):
        raise Refused(OWN_ADDRESS)
    if carers_gone(held, now - ASKED_AGAIN_AFTER).filter(user__email__iexact=email).exists():
        raise Refused(SAID_NO)
    user = User.objects.filter(email__iexact=email).first()
    user = user or User.objects.create_user(email, None, name="", door="portal")
    access = PortalAccess.objects.create(
        clinic=held.clinic,
        patient=held,
        user=user,
        is_carer=True,
        name=name,
        invited_by=by,
        invited_at=now,
    )
    note(held, by, "asked a carer", access, email=email, name=name)
    return access


@transaction.atomic
def remove_carer(*, patient: Patient, access_pk: int, by: User, now: datetime) -> bool:
    """Take a carer's access away; takes effect with their next page. Says whether there was any to take."""
    access = carers_of(patient).select_for_update(of=("self",)).filter(pk=access_pk).first()
    if access is None:
        return False
    access.revoked_at = now
    access.save(update_fields=["revoked_at"])
    note(patient, by, "took a carer's access away", access, email=access.user.email)
    return True


@transaction.atomic
def accept_to_help(*, access_pk: int, by: User, now: datetime) -> PortalAccess | None:
    """A carer says yes to one who asked; None where nobody asks any more."""
    access = asked_to_help(by).select_for_update(of=("self",)).filter(pk=access_pk).first()
    if access is None:
        return None
    access.accepted_at = now
    access.save(update_fields=["accepted_at"])
    note(access.patient, by, "agreed to help", access)
    return access


@transaction.atomic
def decline_to_help(*, access_pk: int, by: User, now: datetime) -> PortalAccess | None:
    """A carer says no to one who asked; None where nobody asks any more."""
    access = asked_to_help(by).select_for_update(of=("self",)).filter(pk=access_pk).first()
    return _ended(access, "declined to help", by, now)


@transaction.atomic
def stop_helping(*, access_pk: int, by: User, now: datetime) -> PortalAccess | None:
    """A carer gives their access back; None where there is none to give back."""
    held = standing_accesses(by).select_for_update(of=("self",))
    return _ended(held.filter(pk=access_pk, is_carer=True).first(), "stopped helping", by, now)


def _ended(access: PortalAccess | None, verb: str, by: User, now: datetime) -> PortalAccess | None:
    if access is not None:
        access.revoked_at = access.declined_at = now
        access.save(update_fields=["revoked_at", "declined_at"])
        note(access.patient, by, verb, access)
    return access


def _problems(name: str, email: str) -> list[Refusal]:
    found = []
    if not name or _ADDRESS.search(name):
        found.append(Refusal("name_missing", "Write the person's name.", "name"))
    elif problem := problem_with_text(name):
        found.append(Refusal("name_unreadable", problem, "name"))
    elif len(name) > LONGEST_NAME:
        found.append(Refusal("name_too_long", f"At most {LONGEST_NAME} letters, please.", "name"))
    try:
        validate_email(email)
    except ValidationError:
        found.append(
            Refusal("address_unreadable", "Write a mail address, for example ana@example.org.", "email")
        )
    return found
