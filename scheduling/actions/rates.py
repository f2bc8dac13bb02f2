"""Choosing an optional rate profile for one infusion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from scheduling.models import PlannedInfusion
from scheduling.queries import profile_answers_refusals, read_plan

from .transactions import lock_course, retried


@retried
def choose_rate_profile(
    *, planned: PlannedInfusion, code: str, answers: Mapping[str, bool], by: User, now: datetime
) -> PlannedInfusion:
    """Let one infusion run by an optional rate profile of its regimen; an empty ``code`` takes that back.

    Refused in an ended course, once the infusion is given or booked (the length of its visit follows from it), for a
    profile the regimen does not have or that is not for the condition or the dose, where anything the profile asks for
    was not answered with yes, and where the first infusion's rates are due.
    """
    course = lock_course(planned.course)
    plan = read_plan(course)
    row = plan.infusion(planned.ordinal)
    if row is None or row.state != "planned" or course.state != "active":
        raise Refused(Refusal("not_planned", "This infusion is no longer planned. Look at the course again."))
    if plan.visit_of(row) is not None:
        words = "Its visit is booked, and its length follows from the rates. Cancel the visit first."
        raise Refused(Refusal("already_booked", words))
    against = profile_answers_refusals(plan, row, code, answers) if code else ()
    if against:
        raise Refused(*against)
    if row.rate_profile == code:
        return row
    before, row.rate_profile = row.rate_profile, code
    row.save(update_fields=["rate_profile"])
    record(
        clinic=course.clinic,
        by=by,
        verb="chose rate profile",
        subject=row,
        record_number=course.patient.record_number,
        changes={
            "rate_profile": [before, code],
            "confirmed": sorted(ask for ask, yes in answers.items() if yes),
        },
    )
    return row
