"""What a clinic leaves to its patients on their own pages."""

from __future__ import annotations

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import STALE, fingerprint
from clinics.models import Clinic, User

from .rules import lock_clinic
from .trail import differences, record

MOST_NOTICE_HOURS = 336


def portal_mark(clinic: Clinic) -> str:
    """The mark of the portal's rule as it stands."""
    return fingerprint(clinic.portal_moves, clinic.portal_notice_hours)


@transaction.atomic
def change_portal_rule(*, clinic: Clinic, moves: str, notice_hours: int, seen: str, by: User) -> Clinic:
    """Set whether patients move visits themselves or ask, and with how much notice. Refused out of bounds, and on a
    stale page.
    """
    if moves not in ("ask", "book"):
        raise Refused(Refusal("not_a_choice", "Choose from the list.", "moves"))
    if not 0 <= notice_hours <= MOST_NOTICE_HOURS:
        raise Refused(
            Refusal("hours_out_of_range", f"Between 0 and {MOST_NOTICE_HOURS} hours.", "notice_hours")
        )
    standing = lock_clinic(clinic)
    new: dict[str, str | int] = {"portal_moves": moves, "portal_notice_hours": notice_hours}
    changes = differences(standing, new)
    if changes and seen != portal_mark(standing):
        raise Refused(STALE)
    if changes:
        standing.portal_moves, standing.portal_notice_hours = moves, notice_hours
        standing.save(update_fields=list(new))
        record(clinic=clinic, by=by, verb="changed portal rule", subject=standing, changes=changes)
    return standing
