"""Recording what is taken beside the infusions."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.text import problem_with_text
from clinics.models import User
from scheduling.models import CoTherapyRecord, Course
from scheduling.queries import co_therapy

LONGEST_WORDS = 250


@transaction.atomic
def record_co_therapy(
    *, course: Course, code: str, is_taken: bool, words: str, by: User | None, now: datetime
) -> CoTherapyRecord:
    """Record whether a medicine of the plan is taken, with its dose, or why it is not. A new row; the old ones stay.

    Refused for a medicine that is not in the plan, and where it is not taken without a word why.
    """
    medicine = next((each for each in co_therapy(course) if each.code == code), None)
    if medicine is None:
        raise Refused(Refusal("not_in_plan", "This medicine is not part of the plan.", "code"))
    said = words.strip()
    if problem := problem_with_text(said):
        raise Refused(Refusal("words_unreadable", problem, "words"))
    if len(said) > LONGEST_WORDS:
        raise Refused(Refusal("words_too_long", f"At most {LONGEST_WORDS} characters.", "words"))
    if not is_taken and not said:
        raise Refused(Refusal("no_reason", "Say in a few words why it is not taken.", "words"))
    row = CoTherapyRecord.objects.create(
        clinic=course.clinic,
        patient=course.patient,
        course=course,
        code=code,
        is_taken=is_taken,
        words=said,
        by=by,
        at=now,
    )
    record(
        clinic=course.clinic,
        by=by,
        verb="recorded co-therapy",
        subject=row,
        record_number=course.patient.record_number,
        changes={"medicine": medicine.medicine, "taken": is_taken, "words": said},
    )
    return row
