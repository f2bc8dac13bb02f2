"""The calls that messages left for staff, and which of them nobody need make any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from clinics.models import Clinic, StaffTask
from patients.queries import marked_addresses
from scheduling.models import Visit, VisitVersion

from ..models import MAY_GO_AGAIN, Message

CAUSE = "message:"
TELLING = ("email", "sms")
TOLD_OF = ("pending", "booked", "cancelled")
"""How a visit stands of which a patient may still have to be told."""


def cause_of(message: Message) -> str:
    """The name under which a task knows the message that left it."""
    return f"{CAUSE}{message.pk}"


def closed_by_itself(clinic: Clinic, cause: str) -> bool:
    """Whether a call was asked for and has ended without a colleague."""
    rows = StaffTask.objects.of(clinic).filter(cause=cause, closed_at__isnull=False, closed_by__isnull=True)
    return rows.exists()


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
    ended = _ended(clinic, rows)
    later = _written_later(clinic, rows)
    marked = marked_addresses(clinic, {row.patient_id for row in rows if row.patient_id})
    found = []
    for row in rows:
        task = by_message[str(row.pk)]
        others = later[row.patient_id]
        was_sent = row.state != "sent" and any(
            other.sent_at and other.sent_at > task.created_at and _says_the_same(row, other)
            for other in others
            if other.state == "sent" and other.channel in TELLING
        )
        if was_sent or (
            row.covers and all(_is_over(row, visit, version, ended, others) for visit, version in row.covers)
        ):
            is_marked = bool(row.recipient) and marked.get(row.patient_id or 0) == row.recipient
            found.append(Settled(task, row, was_sent, is_marked))
    return found


def _ended(clinic: Clinic, rows: Iterable[Message]) -> dict[tuple[int, int], bool]:
    """Those of the visits, with the version that was to be told, that are not as they were then; and whether they are
    so for good, as where the patient has come.
    """
    ids = {visit_id for row in rows for visit_id, _ in row.covers}
    visits = Visit.objects.of(clinic).filter(pk__in=ids).values_list("pk", "status", "starts_at")
    now = {pk: (status, starts_at) for pk, status, starts_at in visits}
    versions = VisitVersion.objects.of(clinic).filter(visit_id__in=ids).order_by()
    return {
        (visit_id, version): now[visit_id][0] not in TOLD_OF
        for visit_id, version, status, starts_at in versions.values_list(
            "visit_id", "version", "status", "starts_at"
        )
        if now[visit_id] != (status, starts_at)
    }


def _written_later(clinic: Clinic, rows: Iterable[Message]) -> dict[int | None, list[Message]]:
    """What these patients were told since the first of these messages, or called about, by patient."""
    found: dict[int | None, list[Message]] = defaultdict(list)
    first = min((row.pk for row in rows), default=0)
    told = Message.objects.of(clinic).filter(
        patient__in={row.patient_id for row in rows}, state__in=MAY_GO_AGAIN, pk__gt=first
    )
    for other in told:
        found[other.patient_id].append(other)
    return found


def _is_over(
    row: Message,
    visit_id: int,
    version: int,
    ended: dict[tuple[int, int], bool],
    others: Iterable[Message],
) -> bool:
    """Whether nobody need say any more what a message was to say of one visit. A change that may still be undone is
    not enough: it counts once it was told itself, or left a call of its own, or this one never went out.
    """
    for_good = ended.get((visit_id, version))
    if for_good is None:
        return False
    untold = row.state == "superseded" and row.handed_over_at is None
    newer = (told for other in others for about, told in other.covers if about == visit_id)
    return for_good or untold or any(told > version for told in newer)


def _says_the_same(message: Message, other: Message) -> bool:
    """Whether another message tells all that this one was to tell."""
    about = ("subject_kind", "subject_id", "subject_version", "kind")
    same = all(getattr(message, name) == getattr(other, name) for name in about)
    covered = {tuple(one) for one in message.covers} <= {tuple(one) for one in other.covers}
    notices = message.subject_kind == other.subject_kind == "patient"
    return same or (notices and bool(message.covers) and covered)
