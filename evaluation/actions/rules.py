"""Setting the rules' numbers for one clinic, append-only, by a prescriber or a pharmacist."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from clinics.models import Clinic, User
from clinics.queries import active_memberships
from evaluation.domain.tailoring import problem_with
from evaluation.domain.values import plain
from evaluation.models import RuleSetting
from evaluation.rule_queries import catalogue_of

from .evidence import LONGEST_REASON, sentence


@transaction.atomic
def set_rule(
    *, clinic: Clinic, code: str, value: Decimal | None, reason: str, by: User, now: datetime
) -> RuleSetting:
    """Set one number for the clinic, with the reason; None goes back to the product's own. It holds from now on, for
    every visit that has not begun; what was signed or started keeps the verdict it was given.
    """
    if not any(m.clinic_id == clinic.pk and m.may(Right.APPROVE_REGIMEN) for m in active_memberships(by)):
        raise Refused(Refusal("not_allowed", "Only a prescriber or a pharmacist of this clinic may do that."))
    reason = sentence(reason, "reason", LONGEST_REASON, needed="Say why.")
    catalogue = catalogue_of(clinic)
    if value is not None and (problem := problem_with(code, value, catalogue)):
        raise Refused(problem)
    row = RuleSetting.objects.create(clinic=clinic, code=code, value=value, reason=reason, by=by, at=now)
    changes = {"code": code, "value": plain(value) if value is not None else "default", "reason": reason}
    record(clinic=clinic, by=by, verb="set a rule", subject=row, changes=changes)
    return row
