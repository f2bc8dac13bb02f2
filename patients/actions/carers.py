"""Carers: a patient gives somebody else access to their pages, and takes it away again."""

from __future__ import annotations

import re
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.text import problem_with_text
from clinics.models import User

from ..models import Patient, PortalAccess
from ..queries import carers_of
from .trail import note

MOST_CARERS = 3
LONGEST_NAME = 100
_ADDRESS = re.compile(r"[/:@]|\.\w\w")
"""The name stands in a mail of ours to an address that the patient chose: no address of a page may pass for a name."""
NOT_HERE = Refusal("address_unusable", "This address cannot be used here. Use another one.", "email")


@transaction.atomic
def give_access(*, patient: Patient, name: str, email: str, by: User, now: datetime) -> PortalAccess:
    """Open a patient's pages for a carer under the carer's own address; the invitation goes there.

    Only the patient does that, signed in under their own access. Whether the address is known to us makes no
    difference to what is answered. Refused beyond the most carers, for a colleague's or the patient's own address, and
    for one that has access already. Asked twice it is one access.
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
    user = User.objects.filter(email__iexact=email).first()
    if user is not None and (user.door != "portal" or user.pk == by.pk):
        raise Refused(NOT_HERE)
    if email == held.email.lower():
        raise Refused(NOT_HERE)
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
    note(held, by, "gave a carer access", access, email=email, name=name)
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
