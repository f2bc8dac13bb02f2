"""Staff tasks: opened once a cause, closed once."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, StaffTask, User

from .trail import record


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
def close_task(*, task: StaffTask, outcome: str, by: User | None, now: datetime) -> StaffTask:
    """Close a task with what came of it; ``by`` is None where its cause has gone by itself.

    Refused without words, or when a colleague closed it meanwhile.
    """
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
