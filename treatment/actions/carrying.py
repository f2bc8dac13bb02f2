"""What happened carries forward: to the course, the next visit's rates and length, the prescriber, and the clinic's own
lengths. Told anew where a correction changes it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.rights import Role
from clinics.models import User
from evaluation.actions import note_reaction, withdraw_clearance
from evaluation.queries import standing_clearance
from scheduling import actions as scheduling
from scheduling import queries as schedule
from scheduling.domain.after_reaction import AFTER
from scheduling.domain.course import in_words
from scheduling.models import Visit

from .. import queries
from ..domain.running import minutes
from ..domain.steps import DONE
from ..models import InfusionRecord

LIFE_THREATENING = 4


def carry_forward(
    visit: Visit, record: InfusionRecord, *, by: User | None, now: datetime, told_before: bool = False
) -> None:
    """Tell the course that the infusion was given and how it was borne: the next one's rates and length follow, and a
    visit that is booked already and has become too short is a task for the desk. The gate hears of every reaction, and
    where one was ``told_before``, that it was none after all. Where less than the planned dose was given a prescriber
    decides what becomes of the rest: the course counts it as given.
    """
    planned = visit.planned_infusion
    assert planned is not None
    on = local_date(visit.starts_at, visit.clinic.zone)
    grade = record.reaction_grade
    scheduling.mark_given(planned=planned, on=on, by=by, now=now, reaction_grade=grade)
    if record.dose_mg is not None and record.dose_mg < planned.dose_mg:
        _ask_about_the_rest(visit, record, planned.dose_mg, now)
    if not grade and not told_before:
        return
    tell_gate(visit, grade, record.reaction_text, by=by, now=now)
    if not grade:
        return
    course = schedule.course(visit.clinic, planned.course_id)
    scheduling.ask_for_length(
        schedule.read_plan(course),
        lambda row: (
            f"{visit.patient}: after the grade {grade} reaction, infusion {row.ordinal} runs more slowly"
        ),
        every=True,
    )
    if AFTER[grade].review:
        _ask_a_prescriber(visit, record, now)


def tell_gate(visit: Visit, grade: int, words: str, *, by: User | None, now: datetime) -> None:
    """Let the gate know the visit's reaction by its grade; 0 where there was none after all."""
    note_reaction(
        patient=visit.patient,
        grade=grade,
        on=local_date(visit.starts_at, visit.clinic.zone),
        words=words or "No reaction after all.",
        source_id=f"infusion:{visit.pk}",
        by=by,
        now=now,
    )


def tell_severe_at_once(
    visit: Visit, record: InfusionRecord, before: int, *, by: User | None, now: datetime
) -> None:
    """Let the gate know a reaction that needs a review (grade 3 or 4) as soon as it is charted: the discharge may never
    be. ``before`` is the chart's worst grade until now; one that was severe and is none any more is told as it stands.
    """
    if record.state == DONE.state:
        return  # what is typed after the discharge carries forward as a whole
    chart = queries.chart_of(visit)
    grade = chart.worst_grade
    if any(AFTER[each].review for each in (grade, before) if each):
        tell_gate(visit, grade, queries.told(visit, chart).words, by=by, now=now)


def learn_length(visit: Visit, record: InfusionRecord, *, now: datetime) -> None:
    """Let the clinic learn from how long a charted, complete infusion took in the chair. What was closed on a later day
    was forgotten: it teaches nothing.
    """
    chart = queries.chart_of(visit)
    if chart.ended is None or not chart.ended.payload["complete"] or record.in_chair_at is None:
        return
    assert record.done_at is not None
    zone = visit.clinic.zone
    if local_date(record.done_at, zone) != local_date(record.in_chair_at, zone):
        return
    took = int(minutes(record.done_at - record.in_chair_at))
    profile = queries.profile_of(visit, chart).code
    scheduling.note_actual_length(visit=visit, profile=profile, minutes=took, now=now)


def _ask_a_prescriber(visit: Visit, record: InfusionRecord, now: datetime) -> None:
    """Ask a prescriber; after a life-threatening reaction no clearance stands until a new one is signed."""
    grade, on = record.reaction_grade, local_date(visit.starts_at, visit.clinic.zone)
    words = f"Grade {grade} infusion reaction on {in_words(on)}"
    asked = "Decide whether anything more is given."
    if grade >= LIFE_THREATENING:
        asked = "The clearance is withdrawn: nothing more is given without a newly signed evaluation."
        _withdraw_clearances(visit, words, now)
    trail.open_task(
        clinic=visit.clinic,
        kind="reaction",
        role=Role.PRESCRIBER,
        due_on=local_date(now, visit.clinic.zone),
        reason=f"{visit.patient}: {words}. {record.reaction_text} {asked}",
        cause=f"reaction:{record.pk}:{visit.version}:{grade}",
        record_number=visit.patient.record_number,
    )


def _ask_about_the_rest(visit: Visit, record: InfusionRecord, planned_mg: Decimal, now: datetime) -> None:
    assert record.dose_mg is not None
    given, whole = (f"{dose.normalize():f}" for dose in (record.dose_mg, planned_mg))
    on = in_words(local_date(visit.starts_at, visit.clinic.zone))
    trail.open_task(
        clinic=visit.clinic,
        kind="part_of_a_dose",
        role=Role.PRESCRIBER,
        due_on=local_date(now, visit.clinic.zone),
        reason=f"{visit.patient}: {given} of {whole} mg were given on {on}. Decide what becomes of the rest; the "
        "course counts this infusion as given.",
        cause=f"part_of_a_dose:{record.pk}:{visit.version}:{given}",
        record_number=visit.patient.record_number,
    )


def _withdraw_clearances(visit: Visit, words: str, now: datetime) -> None:
    """The system takes back the course's clearance and any newer one for the same disease."""
    assert visit.planned_infusion is not None
    course = visit.planned_infusion.course
    today = local_date(now, visit.clinic.zone)
    newest = standing_clearance(visit.patient, today, condition=course.diagnosis.condition)
    for clearance in {each.pk: each for each in (course.clearance, newest) if each is not None}.values():
        if clearance.withdrawn_at is None:
            withdraw_clearance(clearance=clearance, reason=words, by=None, now=now)
