"""Leave: the days on which a colleague is away."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from clinics.domain.refusals import Refused
from clinics.domain.spans import FARTHEST_BACK_DAYS, Days, overlap, span_problems
from clinics.models import Absence, Membership, User

from .rules import lock_clinic, still_there
from .trail import record


@transaction.atomic
def add_leave(
    *, member: Membership, first_day: date, last_day: date, reason: str, by: User, today: date
) -> Absence:
    """Note that a colleague is away from ``first_day`` to ``last_day`` inclusive; a reason is not asked for.

    The same leave again is the one that stands. Refused out of order, too far away, and where it overlaps with other
    leave of the colleague. It may be noted afterwards.
    """
    days = Days(first_day, last_day)
    if problems := span_problems(days, today=today, back=FARTHEST_BACK_DAYS):
        raise Refused(*problems)
    clinic = lock_clinic(member.clinic)
    others = list(Absence.objects.of(clinic).filter(member=member))
    for other in others:
        if (other.first_day, other.last_day, other.reason) == (first_day, last_day, reason.strip()):
            return other
    if refusal := overlap(days, [(Days(each.first_day, each.last_day), "other leave") for each in others]):
        raise Refused(refusal)
    absence = Absence.objects.create(
        clinic=clinic, member=member, first_day=first_day, last_day=last_day, reason=reason.strip()
    )
    record(
        clinic=clinic,
        by=by,
        verb="added leave",
        subject=absence,
        changes={"colleague": str(member.user), "days": days.in_words, "reason": absence.reason},
    )
    return absence


@transaction.atomic
def remove_leave(*, absence: Absence, by: User) -> None:
    """Take leave back: the colleague works on those days."""
    clinic = lock_clinic(absence.clinic)
    if not still_there(absence):
        return
    days = Days(absence.first_day, absence.last_day)
    record(
        clinic=clinic,
        by=by,
        verb="removed leave",
        subject=absence,
        changes={"colleague": str(absence.member.user), "days": days.in_words},
    )
    absence.delete()
