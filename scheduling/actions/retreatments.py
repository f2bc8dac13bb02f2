"""Retreatment on demand: started by a prescriber, planned from then on."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import F

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling.domain.booking import clearance_refusal, person_refusal
from scheduling.domain.course import in_words
from scheduling.models import Course, DoseDecision, PlannedInfusion, Retreatment
from scheduling.queries import next_ordinal, planned_of, regimen, retreatment_refusal, signed, today_of

from .planning import replan
from .transactions import lock_course, retried
from .visits import NO_REASON, visits_of_course


@retried
def start_retreatment(
    *, course: Course, start_on: date, reason: str, by: User | None, now: datetime
) -> Retreatment:
    """Start a retreatment in a course: its infusions are planned from ``start_on`` on, and what the regimen still has
    comes after them, on its own dates.

    Refused without a reason, in the past, in an ended course, after death, without a clearance that stands, for a
    regimen without retreatment, while an infusion of the induction or of an earlier retreatment is still to be given,
    and while a later infusion is booked: its visit is cancelled first.
    """
    if not reason.strip():
        raise Refused(NO_REASON)
    course = lock_course(course)
    what, rows, today = regimen(course), planned_of(course), today_of(course.clinic, now)
    later = [row for row in rows if row.ordinal >= next_ordinal(rows) and row.state == "planned"]
    found = [
        None if course.state == "active" else Refusal("course_not_active", "This course has ended."),
        person_refusal(deceased=course.patient.deceased, years=course.patient.age_on(start_on)),
        Refusal("start_in_past", "A retreatment begins today or later.", "start_on")
        if start_on < today
        else None,
        clearance_refusal(signed(course.clearance), today=max(start_on, today)),
        retreatment_refusal(what, rows),
        Refusal(
            "later_booked",
            "A later infusion is booked. Cancel its visit first; it can be booked again after.",
        )
        if visits_of_course(later)
        else None,
    ]
    if any(found):
        raise Refused(*[each for each in found if each])
    n, size = next_ordinal(rows), len(what.retreatment)
    row = Retreatment.objects.create(
        clinic=course.clinic,
        patient=course.patient,
        course=course,
        ordinal=n,
        start_on=start_on,
        reason=reason.strip(),
        by=by,
        at=now,
    )
    # What was decided about later infusions stays with them; windows held for them are asked for again.
    DoseDecision.objects.of(course.clinic).filter(course=course, ordinal__gte=n).update(
        ordinal=F("ordinal") + size
    )
    PlannedInfusion.objects.of(course.clinic).filter(pk__in=[each.pk for each in later]).update(
        held_at=None, held_minutes=0
    )
    changes = replan(course, now=now)
    record(
        clinic=course.clinic,
        by=by,
        verb="started retreatment",
        subject=row,
        record_number=course.patient.record_number,
        changes={"from": in_words(start_on), "infusion": n, "reason": row.reason, **changes},
    )
    return row
