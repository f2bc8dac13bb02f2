"""The decision of week 24: a prescriber says whether the treatment goes on, and the gate is told."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.text import problem_with_text
from clinics.models import User
from clinics.queries import or_404
from evaluation import actions as evaluation
from monitoring import queries
from monitoring.domain.follow_up import DECISION
from monitoring.models import FollowUp

LONGEST_REASON = 250


@transaction.atomic
def decide(*, follow_up: FollowUp, decision: str, reason: str, by: User, now: datetime) -> FollowUp:
    """Continue, extend or stop, with a reason; decided again it takes the place of what was decided before.

    The follow-up is done with it unless a visit is booked for it: then it waits for the visit. A stop shuts the gate;
    the course itself is stopped, or a dose deferred, on their own pages.
    """
    or_404(FollowUp.objects.of(follow_up.clinic).select_for_update(), pk=follow_up.pk)
    row = queries.follow_up(follow_up.clinic, follow_up.pk)
    reason = reason.strip()
    if problems := _problems(row, decision, reason):
        raise Refused(*problems)
    before = row.decision
    row.decision, row.decision_reason, row.decided_by, row.decided_at = decision, reason, by, now
    changed = ["decision", "decision_reason", "decided_by", "decided_at"]
    if row.state == "due" and queries.standing_visit(row) is None:
        row.state, row.closed_by = "done", by
        changed += ["state", "closed_by"]
    row.save(update_fields=changed)
    trail.record(
        clinic=row.clinic,
        by=by,
        verb="decided on further treatment",
        subject=row,
        record_number=row.patient.record_number,
        changes={"decision": [before, decision], "reason": reason},
    )
    evaluation.note_continuation(
        patient=row.patient,
        decision=decision,
        on=local_date(now, row.clinic.zone),
        reason=reason,
        source_id=f"follow-up-{row.pk}",
        by=by,
        now=now,
    )
    return row


def _problems(row: FollowUp, decision: str, reason: str) -> list[Refusal]:
    found = []
    if row.kind != DECISION:
        found.append(Refusal("not_a_decision", "Nothing is decided at this follow-up."))
    if row.patient.deceased:
        found.append(Refusal("deceased", "This patient has died."))
    if decision not in dict(FollowUp.DECISIONS):
        found.append(Refusal("decision_missing", "Choose continue, extend or stop.", "decision"))
    if not reason:
        found.append(Refusal("reason_missing", "Say in a few words why.", "reason"))
    if problem := problem_with_text(reason):
        found.append(Refusal("reason_unreadable", problem, "reason"))
    if len(reason) > LONGEST_REASON:
        found.append(Refusal("reason_too_long", f"At most {LONGEST_REASON} letters, please.", "reason"))
    return found
