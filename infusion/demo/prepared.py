"""How patients of the demo get ready: what one holds before an infusion, and a health check that one has answered."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from clinics.models import User
from monitoring import actions as monitoring
from monitoring.queries import questions_for
from scheduling import actions as schedule
from scheduling.models import Visit


def instructed(visit: Visit, *, by: User, now: datetime) -> None:
    """A prescriber has written what the patient does about one of their own medicines."""
    assert visit.planned_infusion is not None
    schedule.enter_hold_instruction(
        course=visit.planned_infusion.course,
        medicine="Enalapril 10 mg",
        words="Do not take it on the evening before and on the morning of the infusion. Take it again that evening.",
        days_before=1,
        days_after=0,
        key=uuid4(),
        by=by,
        now=now,
    )


def well(visit: Visit, *, now: datetime) -> None:
    """The patient has answered the health check: nothing to report."""
    monitoring.answer_health_check(
        visit=visit,
        answers={each.code: "no" for each in questions_for(visit.patient, visit)},
        words="",
        key=uuid4(),
        by=visit.patient.portalaccess_set.get().user,
        now=now,
    )
