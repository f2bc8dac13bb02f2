"""Deriving the ledger: what is due and not in it yet."""

from __future__ import annotations

from datetime import datetime

from django.db.models.functions import Now

from .. import queries
from ..domain.due import Owed, owed
from ..domain.reach import Way, ways
from ..domain.rules import Rules
from ..models import Message
from .digests import derive_digests
from .identity import identify

AT_ONCE = 500

UNWANTED = "The patient has asked to do without this message."


def derive(*, now: datetime) -> int:
    """Write into the ledger what is due and not in it yet; returns how many rows were offered to it.

    Two sweeps at the same moment derive the same rows, and the ledger's uniqueness keeps one of each. A row laid
    aside as no longer true is taken up again where it has become true again.
    """
    rules = queries.every_clinics_rules()
    patients = sorted(queries.patients_to_look_at(rules, now))
    return derive_digests(rules, now=now) + sum(
        _derive_for(patients[place : place + AT_ONCE], rules, now)
        for place in range(0, len(patients), AT_ONCE)
    )


def _derive_for(patient_ids: list[int], rules: dict[int, Rules], now: datetime) -> int:
    wanted: dict[tuple, Message] = {}
    for patient_id, known in queries.known(patient_ids).items():
        of_clinic = rules[known.clinic_id]
        for one in owed(known.circumstances(patient_id), of_clinic, now):
            if one.due_at <= now:
                for way in ways(one.kind, known.reach, of_clinic, to=one.to):
                    row = _row(one, known.clinic_id, patient_id, way)
                    wanted[queries.key_of(row)] = row
    present = queries.in_ledger(patient_ids)
    new = [row for key, row in wanted.items() if key not in present]
    Message.across_clinics.bulk_create(new, ignore_conflicts=True)
    _take_up({present[key]: row for key, row in wanted.items() if key in present and row.state == "planned"})
    return len(new)


def _take_up(again: dict[int, Message]) -> None:
    """Plan rows once more that were laid aside and are owed after all, for the time for which they are owed now."""
    laid_aside = Message.across_clinics.filter(state__in=("superseded", "unwanted"), handed_over_at=None)
    for pk in list(laid_aside.filter(pk__in=again).order_by("id").values_list("pk", flat=True)):
        laid_aside.filter(pk=pk).update(
            state="planned",
            why="",
            attempts=0,
            due_at=again[pk].due_at,
            expires_at=again[pk].expires_at,
            next_attempt_at=Now(),
        )


def _row(one: Owed, clinic_id: int, patient_id: int, way: Way) -> Message:
    row = Message(
        clinic_id=clinic_id,
        patient_id=patient_id,
        subject_kind=one.subject_kind,
        subject_id=one.subject_id,
        subject_version=one.subject_version,
        kind=one.kind,
        channel=way.channel,
        recipient=way.recipient,
        visit_id=one.visit_ids[0] if one.visit_ids else None,
        state="planned" if way.is_wanted else "unwanted",
        why="" if way.is_wanted else UNWANTED,
        due_at=one.due_at,
        expires_at=one.expires_at,
        next_attempt_at=one.due_at,
    )
    row.message_id = identify(row)
    return row
