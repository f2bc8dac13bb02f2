"""Doses by body surface, reckoned anew from the latest weight and height."""

from __future__ import annotations

from datetime import datetime

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from patients.models import Patient
from regimens.domain.definition import Dose, DoseUnit
from regimens.domain.dosing import Reckoned
from scheduling.models import PlannedInfusion
from scheduling.queries import active_course, amounts_of, planned_of, read_plan

from .lengths import ask_for_length
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
        ask_for_length(
            read_plan(course),
            lambda row: f"The dose of infusion {row.ordinal} is now {row.dose_mg.normalize():f} mg",
        )
    return changed
