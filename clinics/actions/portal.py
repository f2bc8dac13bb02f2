"""What a clinic leaves to its patients on their own pages, and how they find it."""

from __future__ import annotations

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import STALE, fingerprint
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, User

from .rules import lock_clinic
from .trail import differences, record

MOST_NOTICE_HOURS = 336
LONGEST_DIRECTIONS = 500


def portal_mark(clinic: Clinic) -> str:
    """The mark of the portal's settings as they stand."""
    return fingerprint(
        clinic.portal_moves, clinic.portal_notice_hours, clinic.directions, clinic.directions_es
    )


@transaction.atomic
def change_portal(
    *,
    clinic: Clinic,
    moves: str,
    notice_hours: int,
    directions: str,
    directions_es: str,
    seen: str,
    by: User,
) -> Clinic:
    """Set whether patients move visits themselves or ask, and with how much notice, and how they find the clinic.
    Refused out of bounds, where the words cannot be read, and on a stale page.
    """
    ways = {"directions": directions.strip(), "directions_es": directions_es.strip()}
    problems = [_unreadable(text, field) for field, text in ways.items()]
    if moves not in ("ask", "book"):
        problems.append(Refusal("not_a_choice", "Choose from the list.", "moves"))
    if not 0 <= notice_hours <= MOST_NOTICE_HOURS:
        words = f"Between 0 and {MOST_NOTICE_HOURS} hours."
        problems.append(Refusal("hours_out_of_range", words, "notice_hours"))
    if found := [each for each in problems if each is not None]:
        raise Refused(*found)
    standing = lock_clinic(clinic)
    new: dict[str, str | int] = {"portal_moves": moves, "portal_notice_hours": notice_hours, **ways}
    changes = differences(standing, new)
    if changes and seen != portal_mark(standing):
        raise Refused(STALE)
    if changes:
        for field, value in new.items():
            setattr(standing, field, value)
        standing.save(update_fields=list(new))
        record(clinic=clinic, by=by, verb="changed portal settings", subject=standing, changes=changes)
    return standing


def _unreadable(text: str, field: str) -> Refusal | None:
    if problem := problem_with_text(text):
        return Refusal("text_unreadable", problem, field)
    if len(text) > LONGEST_DIRECTIONS:
        return Refusal("text_too_long", f"At most {LONGEST_DIRECTIONS} letters, please.", field)
    return None
