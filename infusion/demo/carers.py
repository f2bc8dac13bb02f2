"""Whom patients of the demo ask to help: one helps, one said no, one has not answered and can be signed in as."""

from __future__ import annotations

from datetime import datetime, timedelta

from infusion.demo.accounts import Account
from patients import actions
from patients.models import Patient


def asked(patient: Patient, *, now: datetime) -> Account:
    """Fill in a patient's page of those who help; returns the sign-in of the one who has not answered."""
    own = patient.portalaccess_set.get()
    then, born = now - timedelta(days=30), patient.birth_date
    actions.confirm_access(accesses=[own], birth_date=born, now=then)
    helps = actions.give_access(
        patient=patient, name="Nora", email="nora.helps@example.org", by=own.user, now=then
    )
    actions.accept_to_help(access_pk=helps.pk, by=helps.user, now=then)
    actions.confirm_access(accesses=[helps], birth_date=born, now=then)
    said_no = actions.give_access(
        patient=patient, name="Theo", email="theo.busy@example.org", by=own.user, now=now - timedelta(days=9)
    )
    actions.decline_to_help(access_pk=said_no.pk, by=said_no.user, now=now - timedelta(days=8))
    waits = actions.give_access(
        patient=patient, name="Rosa", email="rosa.asked@example.org", by=own.user, now=now
    )
    return Account("asked to help", waits.name, waits.user.email, birth_date=str(born))
