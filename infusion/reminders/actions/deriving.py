"""Deriving the ledger: what is due and not in it yet."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Now

from .. import queries
from ..domain.due import Owed, owed
from ..domain.kinds import EMAIL, TASK
from ..domain.reach import Way, ways
from ..domain.rules import Rules
from ..domain.silence import silent_changes
from ..models import Message
from .calls import settle_calls
from .digests import derive_digests
from .identity import identify

AT_ONCE = 500

UNWANTED = "The patient has asked to do without this message."
NOTHING_TO_TELL = "What was changed leaves nothing to tell the patient."


def derive(*, now: datetime) -> int:
    """Write into the ledger what is due and not in it yet; returns how many rows were offered to it.

    Two sweeps at the same moment derive the same rows, and the ledger's uniqueness keeps one of each. A row laid
    aside as no longer true is taken up again where it has become true again. Calls that nobody need make any more are
    closed.
    """
    rules = queries.every_clinics_rules()
    settle_calls(now)
    patients = sorted(queries.patients_to_look_at(rules, now))
    return derive_digests(rules, now=now) + sum(
        _derive_for(patients[place : place + AT_ONCE], rules, now)
        for place in range(0, len(patients), AT_ONCE)
    )


def _derive_for(patient_ids: list[int], rules: dict[int, Rules], now: datetime) -> int:
    wanted: dict[tuple, Message] = {}
    silent: list[Message] = []
    for patient_id, known in queries.known(patient_ids).items():
        of_clinic, circumstances = rules[known.clinic_id], known.circumstances(patient_id)
        if changes := silent_changes(circumstances, of_clinic, now):
            silent.append(_silence(*changes, patient_id, known, of_clinic, now))
        for one in owed(circumstances, of_clinic, now):
            if one.due_at <= now:
                for way in ways(one.kind, known.reach, of_clinic, to=one.to):
                    row = _row(one, known.clinic_id, patient_id, way)
                    wanted[queries.key_of(row)] = row
    present = queries.in_ledger(patient_ids)
    new = [row for key, row in wanted.items() if key not in present]
    Message.across_clinics.bulk_create(new, ignore_conflicts=True)
    _take_up({present[key]: row for key, row in wanted.items() if key in present and row.state == "planned"})
    if silent:
        _note_silence(silent, present)
    return len(new)


def _note_silence(rows: list[Message], present: dict[tuple, int]) -> None:
    """Keep of changes that tell their patient nothing that they were looked at, unless a message is under way that may
    still fail: then what the patient knows is not certain yet.
    """
    patient_ids = [row.patient_id for row in rows if row.patient_id]
    settled, under_way = queries.settled_notices(patient_ids), queries.with_a_notice_under_way(patient_ids)
    unsettled = {
        queries.key_of(row): row
        for row in rows
        if row.patient_id not in under_way and settled.get(row.patient_id or 0, 0) < row.subject_version
    }
    new = [row for key, row in unsettled.items() if key not in present]
    Message.across_clinics.bulk_create(new, ignore_conflicts=True)
    written = [present[key] for key in unsettled if key in present]
    laid_aside = Message.across_clinics.filter(pk__in=written, state="superseded", handed_over_at=None)
    laid_aside.update(state="not_needed", why=NOTHING_TO_TELL)


def _take_up(again: dict[int, Message]) -> None:
    """Plan rows once more that were laid aside and are owed after all, for the time for which they are owed now."""
    silent = Q(state="not_needed", subject_kind="patient")
    laid_aside = Message.across_clinics.filter(
        Q(state__in=("superseded", "unwanted")) | silent, handed_over_at=None
    )
    for pk in list(laid_aside.filter(pk__in=again).order_by("id").values_list("pk", flat=True)):
        laid_aside.filter(pk=pk).update(
            state="planned",
            why="",
            attempts=0,
            due_at=again[pk].due_at,
            expires_at=again[pk].expires_at,
            next_attempt_at=Now(),
        )


def _silence(
    version: int, kind: str, patient_id: int, known: queries.Known, rules: Rules, now: datetime
) -> Message:
    """The row that settles a patient's changes up to a version without a word."""
    by = next((way for way in ways(kind, known.reach, rules) if way.channel != TASK), None)
    one = Owed("patient", str(patient_id), version, kind, now, now)
    row = _row(one, known.clinic_id, patient_id, by or Way(EMAIL, known.reach.email))
    row.state, row.why = "not_needed", NOTHING_TO_TELL
    return row


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
