"""The calls that messages left for staff, and which of them nobody need make any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from clinics.models import Clinic, StaffTask
from patients.queries import marked_addresses
from scheduling.models import Visit, VisitVersion

from ..models import Message

CAUSE = "message:"
TELLING = ("email", "sms")


def cause_of(message: Message) -> str:
    """The name under which a task knows the message that left it."""
    return f"{CAUSE}{message.pk}"


def calls_left(clinic: Clinic, messages: Iterable[Message]) -> dict[int, StaffTask]:
    """The tasks that these messages left for staff, by message."""
    causes = {cause_of(message): message.pk for message in messages}
    return {causes[task.cause]: task for task in StaffTask.objects.of(clinic).filter(cause__in=causes)}


@dataclass(frozen=True, slots=True)
class Settled:
    """An open call that need not be made: the message was sent after all, or what it says no longer stands.
    ``is_marked`` says that its address is still one from which mail comes back.
    """

    task: StaffTask
    message: Message
    was_sent: bool
    is_marked: bool


def settled_calls() -> list[Settled]:
    """The open calls of all clinics that nobody need make any more, in a fixed number of queries a clinic."""
    waiting = {"tasks__closed_at__isnull": True, "tasks__kind": "call_patient"}
    clinics = Clinic.objects.filter(**waiting, tasks__cause__startswith=CAUSE).distinct().order_by("pk")
    return [settled for clinic in clinics for settled in _settled(clinic)]


def _settled(clinic: Clinic) -> list[Settled]:
    tasks = StaffTask.objects.of(clinic).filter(
        closed_at__isnull=True, kind="call_patient", cause__startswith=CAUSE
    )
    by_message = {task.cause.removeprefix(CAUSE): task for task in tasks}
    numbers = [number for number in by_message if number.isdecimal()]
    rows = list(Message.objects.of(clinic).filter(pk__in=numbers).select_related("clinic", "patient"))
    stands = _standing(clinic, rows)
    later = _sent_later(clinic, rows)
    marked = marked_addresses(clinic, {row.patient_id for row in rows if row.patient_id})
    found = []
    for row in rows:
        task = by_message[str(row.pk)]
        was_sent = row.state != "sent" and any(
            at > task.created_at and _says_the_same(row, other) for other, at in later[row.patient_id]
        )
        if was_sent or (row.covers and not any((visit, version) in stands for visit, version in row.covers)):
            is_marked = bool(row.recipient) and marked.get(row.patient_id or 0) == row.recipient
            found.append(Settled(task, row, was_sent, is_marked))
    return found


def _standing(clinic: Clinic, rows: Iterable[Message]) -> set[tuple[int, int]]:
    """Those of the visits with the version that was to be told that are still as they were then."""
    ids = {visit_id for row in rows for visit_id, _ in row.covers}
    now = {
        pk: (status, starts_at)
        for pk, status, starts_at in Visit.objects.of(clinic)
        .filter(pk__in=ids)
        .values_list("pk", "status", "starts_at")
    }
    versions = VisitVersion.objects.of(clinic).filter(visit_id__in=ids).order_by()
    return {
        (visit_id, version)
        for visit_id, version, status, starts_at in versions.values_list(
            "visit_id", "version", "status", "starts_at"
        )
        if now[visit_id] == (status, starts_at)
    }


def _sent_later(clinic: Clinic, rows: Iterable[Message]) -> dict[int | None, list[tuple[Message, datetime]]]:
    """What was sent to these patients since the first of the calls was asked for, by patient."""
    found: dict[int | None, list[tuple[Message, datetime]]] = defaultdict(list)
    sent = Message.objects.of(clinic).filter(
        patient__in={row.patient_id for row in rows}, state="sent", channel__in=TELLING
    )
    first = min((row.created_at for row in rows), default=None)
    for other in sent.filter(sent_at__gt=first) if first else ():
        assert other.sent_at is not None
        found[other.patient_id].append((other, other.sent_at))
    return found


def _says_the_same(message: Message, other: Message) -> bool:
    """Whether another message tells all that this one was to tell."""
    about = ("subject_kind", "subject_id", "subject_version", "kind")
    same = all(getattr(message, name) == getattr(other, name) for name in about)
    covered = {tuple(one) for one in message.covers} <= {tuple(one) for one in other.covers}
    notices = message.subject_kind == other.subject_kind == "patient"
    return same or (notices and bool(message.covers) and covered)
