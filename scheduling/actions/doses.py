"""Doses by body surface, reckoned anew from the latest weight and height."""

from __future__ import annotations

from datetime import datetime

from clinics.actions import open_task, record
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.models import User
from patients.models import Patient
from regimens.domain.definition import Dose, DoseUnit
from regimens.domain.dosing import Reckoned
from scheduling.domain.course import in_words
from scheduling.domain.status import MOVABLE
from scheduling.models import PlannedInfusion
from scheduling.queries import (
    CoursePlan,
    active_course,
    amounts_of,
    day_of,
    minutes_off,
    planned_of,
    read_plan,
)

from .transactions import lock_course, retried


@retried
def recompute_doses(*, patient: Patient, by: User | None, now: datetime) -> list[PlannedInfusion]:
    """Reckon the doses still to be given anew from the patient's latest weight and height; returns those that changed.

    Nothing happens without an active course, nor where no dose goes by body surface. Booked visits keep their times:
    where one becomes too short for its dose, a task asks the desk to move it. Refused in plain words where weight or
    height is missing or implausible: the doses then stay as they are.
    """
    found = active_course(patient)
    if found is None:
        return []
    course = lock_course(found)
    rows = planned_of(course)
    amounts, changed, told = amounts_of(course, rows), [], {}
    for row in rows:
        if row.state != "planned" or row.dose_per_m2 is None:
            continue
        reckoned = amounts.reckoned(Dose(row.dose_per_m2, DoseUnit.MG_PER_M2))
        if isinstance(reckoned, Refusal):
            raise Refused(reckoned)
        if isinstance(reckoned, Reckoned) and reckoned.mg != row.dose_mg:
            told[f"infusion {row.ordinal}"] = [f"{row.dose_mg.normalize():f} mg", reckoned.words]
            row.dose_mg = reckoned.mg
            row.save(update_fields=["dose_mg"])
            changed.append(row)
    if changed:
        record(
            clinic=course.clinic,
            by=by,
            verb="reckoned doses anew",
            subject=course,
            record_number=patient.record_number,
            changes=told,
        )
        _ask_the_desk(read_plan(course))
    return changed


def _ask_the_desk(plan: CoursePlan) -> None:
    for ordinal, minutes in minutes_off(plan).items():
        row = plan.infusion(ordinal)
        visit = plan.visit_of(row) if row else None
        if row is None or visit is None or minutes <= 0 or visit.status not in MOVABLE:
            continue
        on = day_of(visit, plan.clinic)
        open_task(
            clinic=plan.clinic,
            kind="visit_too_short",
            role=Role.RECEPTIONIST,
            due_on=on,
            reason=(
                f"The dose of infusion {ordinal} is now {row.dose_mg.normalize():f} mg: its visit on {in_words(on)} is "
                f"{minutes} minutes too short. Move it to a time that is long enough."
            ),
            cause=f"too short:{visit.pk}:{visit.version}:{minutes}",
            record_number=plan.course.patient.record_number,
        )
