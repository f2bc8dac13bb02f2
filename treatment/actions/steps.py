"""Writing the day: each step once, in order, behind the visit's own lock, with its row in the audit trail."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.models import User
from clinics.queries import open_tasks
from scheduling import actions as scheduling
from scheduling.domain.after_reaction import AFTER
from scheduling.domain.course import in_words
from scheduling.models import Visit

from .. import queries
from ..domain.steps import (
    ARRIVED,
    BOOKED,
    COMPLETED,
    DONE,
    IN_CHAIR,
    NO_SHOW,
    Stage,
    Step,
    before_its_time,
    take,
    undone,
)
from ..models import InfusionRecord
from .carrying import carry_forward, learn_length, tell_gate
from .closing import close_chart, reopen_chart
from .gating import pass_gate
from .locking import locked, note

STALE = Refusal("stale", "A colleague has changed this visit meanwhile. Look at it again, then decide.")

WORST_GRADE = 4
"""CTCAE grades of a reaction end here; grade 5 is death, which is recorded with the patient."""


def _step(visit: Visit, step: Step, now: datetime, version: int | None) -> tuple[Visit, Stage | None]:
    """Lock the visit and judge the step: the stage it leads to, or None where it was taken before."""
    visit = locked(visit)
    before = queries.stage(visit)
    zone = visit.clinic.zone
    starts = visit.starts_at.astimezone(zone)
    after = take(step, now_at=before, visit_on=starts.date(), today=local_date(now, zone))
    if isinstance(after, Stage) and after == before:
        return visit, None
    if version is not None and version != visit.version:
        raise Refused(STALE)
    early = before_its_time(step, starts_at=visit.starts_at, now=now, at=f"{starts:%H:%M}")
    for refusal in (after, early):
        if isinstance(refusal, Refusal):
            raise Refused(refusal)
    if visit.patient.deceased:
        raise Refused(Refusal("deceased", "The patient has died. Cancel the visit instead."))
    assert isinstance(after, Stage)
    return visit, after


def _note(visit: Visit, verb: str, by: User | None, before: Stage, after: Stage, **more: str) -> None:
    note(visit, verb, by, stage=[before.words, after.words], **more)


@transaction.atomic
def arrive(*, visit: Visit, by: User | None, now: datetime, version: int | None = None) -> Visit:
    """The patient is here. A second click changes nothing; refused out of order and on another day than the visit's.

    ``version`` is the one the page showed: an older one is refused.
    """
    visit, after = _step(visit, Step.ARRIVE, now, version)
    if after is None:
        return visit
    scheduling.set_status(visit=visit, status=after.status, by=by, now=now)
    if visit.kind == "infusion":
        InfusionRecord.objects.create(
            clinic=visit.clinic, patient=visit.patient, visit=visit, state=after.state, arrived_at=now
        )
    _note(visit, "noted arrival", by, BOOKED, after)
    return queries.visit(visit.clinic, visit.pk)


@transaction.atomic
def start(*, visit: Visit, by: User | None, now: datetime, version: int | None = None) -> Visit:
    """The patient is in the chair. Nothing is given yet: identity and weight may be taken while the gate is closed."""
    _infusion_only(visit)
    visit, after = _step(visit, Step.START, now, version)
    if after is None:
        return visit
    record = queries.record_of(visit)
    assert record is not None
    record.state, record.in_chair_at, record.started_by = after.state, now, by
    record.save(update_fields=["state", "in_chair_at", "started_by"])
    _note(visit, "noted in chair", by, ARRIVED, after)
    return queries.visit(visit.clinic, visit.pk)


@transaction.atomic
def finish(
    *,
    visit: Visit,
    by: User | None,
    now: datetime,
    dose_mg: Decimal | None = None,
    product: str = "",
    reaction_grade: int = 0,
    reaction_text: str = "",
    early_reason: str = "",
    version: int | None = None,
) -> Visit:
    """The patient is discharged. What was charted at the bedside is what was given; without a chart it is what is typed
    here, and without a dose it was given as planned (mg).

    Where nothing was charted the gate is judged here: refused while it is closed. A charted patient is observed to the
    end, or a reason says why not (``early_reason``). The planned infusion counts as given on the visit's own local day,
    and the course is planned anew from it. A reaction of CTCAE grade 3 asks a prescriber; grade 4 also withdraws the
    clearance, so that nothing more is given without a newly signed evaluation.
    """
    _infusion_only(visit)
    visit, after = _step(visit, Step.FINISH, now, version)
    if after is None:
        return visit
    before, record, planned = queries.stage(visit), queries.record_of(visit), visit.planned_infusion
    assert record is not None
    assert planned is not None
    _check(dose_mg, reaction_grade, reaction_text)
    if not record.gate:
        pass_gate(visit, record, now)
    told = queries.Closing(dose_mg, product, reaction_grade, reaction_text)
    if before != IN_CHAIR:
        told = close_chart(visit, by=by, now=now, early_reason=early_reason)
    scheduling.set_status(visit=visit, status=after.status, by=by, now=now)
    record.state, record.done_at, record.completed_by = after.state, now, by
    record.dose_mg = planned.dose_mg if told.dose_mg is None else told.dose_mg
    record.product, record.reaction_grade, record.reaction_text = told.product, told.grade, told.words
    record.save()
    carry_forward(visit, record, by=by, now=now)
    if before != IN_CHAIR:
        learn_length(visit, record, now=now)
    details = {"dose_mg": f"{record.dose_mg.normalize():f}"}
    if record.product:
        details["product"] = record.product
    if record.reaction_grade:
        details |= {"reaction_grade": str(record.reaction_grade), "reaction": record.reaction_text}
    _note(visit, "finished infusion", by, before, after, **details)
    return queries.visit(visit.clinic, visit.pk)


def _infusion_only(visit: Visit) -> None:
    if visit.kind != "infusion":
        raise Refused(Refusal("no_infusion", "This visit is a follow-up: nothing is infused."))


def _check(dose_mg: Decimal | None, grade: int, words: str) -> None:
    """Refuse a dose that is none, a grade that is none, and a reaction without words."""
    wrong = []
    if dose_mg is not None and not (dose_mg.is_finite() and dose_mg > 0):
        wrong.append(Refusal("dose_impossible", "The dose must be above zero.", "dose_mg"))
    if grade not in range(WORST_GRADE + 1):
        wrong.append(
            Refusal("grade_impossible", "A reaction is graded from 1 to 4, or none.", "reaction_grade")
        )
    elif grade and not words.strip():
        wrong.append(
            Refusal("reaction_without_words", "Say in a few words what the reaction was.", "reaction_text")
        )
    if not grade and words.strip():
        wrong.append(
            Refusal(
                "reaction_without_grade", "Choose the reaction's grade, or clear the words.", "reaction_grade"
            )
        )
    if wrong:
        raise Refused(*wrong)


@transaction.atomic
def complete_follow_up(*, visit: Visit, by: User | None, now: datetime, version: int | None = None) -> Visit:
    """A follow-up with a clinician is over: it has no chair, no gate and no record of its own."""
    if visit.kind == "infusion":
        raise Refused(Refusal("no_follow_up", "This visit is an infusion: it is finished, not completed."))
    visit, after = _step(visit, Step.COMPLETE, now, version)
    if after is None:
        return visit
    scheduling.set_status(visit=visit, status=after.status, by=by, now=now)
    _note(visit, "completed follow-up", by, ARRIVED, after)
    return queries.visit(visit.clinic, visit.pk)


@transaction.atomic
def no_show(*, visit: Visit, by: User | None, now: datetime, version: int | None = None) -> Visit:
    """The patient did not come: the chair is free, the planned infusion may be booked again, and somebody calls."""
    visit, after = _step(visit, Step.NO_SHOW, now, version)
    if after is None:
        return visit
    scheduling.set_status(visit=visit, status=after.status, by=by, now=now)
    starts = visit.starts_at.astimezone(visit.clinic.zone)
    trail.open_task(
        clinic=visit.clinic,
        kind="no_show",
        role=Role.RECEPTIONIST,
        due_on=local_date(now, visit.clinic.zone),
        reason=f"{visit.patient} did not come on {in_words(starts.date())} at {starts:%H:%M}. "
        "Call, and offer a new time.",
        cause=_no_show_cause(visit),
        record_number=visit.patient.record_number,
    )
    _note(visit, "noted no-show", by, BOOKED, after)
    return queries.visit(visit.clinic, visit.pk)


def _no_show_cause(visit: Visit) -> str:
    """Each no-show of a visit asks for a call of its own."""
    return f"no_show:{visit.pk}:{visit.version}"


@transaction.atomic
def undo_last_step(
    *, visit: Visit, by: User, now: datetime, reason: str, version: int | None = None
) -> Visit:
    """Take back the last step, pressed by mistake, within ten minutes; the reason stays in the audit trail.

    Refused once something was booked, moved or cancelled for the patient since, and where a severe reaction was
    recorded with it: others have acted on that.
    """
    visit = locked(visit)
    before = queries.stage(visit)
    taken_at = queries.steps_taken(visit.clinic, [visit]).get(visit.pk)
    charted = queries.chart_of(visit).state if before == DONE else ""
    after = undone(before, taken_at=taken_at, now=now, kind=visit.kind, charted=charted)
    if version is not None and version != visit.version:
        raise Refused(STALE)
    if isinstance(after, Refusal):
        raise Refused(after)
    if not reason.strip():
        raise Refused(Refusal("reason_missing", "Say why this step is taken back.", "reason"))
    if before in (DONE, COMPLETED, NO_SHOW):
        _refuse_if_followed(visit, taken_at)
    record = queries.record_of(visit)
    if before == NO_SHOW:
        _close_call(visit, by, now)
    if after.status != before.status:
        scheduling.set_status(
            visit=visit, status=after.status, by=by, now=now, reason=reason.strip()[:250], undo=True
        )
    if before == DONE and visit.planned_infusion is not None:
        scheduling.mark_not_given(planned=visit.planned_infusion, by=by, now=now)
        reopen_chart(visit, by=by, now=now, reason=reason.strip())
        if record is not None and record.reaction_grade:
            tell_gate(visit, 0, "", by=by, now=now)
    if record is not None:
        _step_back(record, after)
    _note(visit, "took a step back", by, before, after, reason=reason.strip())
    return queries.visit(visit.clinic, visit.pk)


def _refuse_if_followed(visit: Visit, taken_at: datetime | None) -> None:
    record = queries.record_of(visit)
    if record is not None and record.reaction_grade and AFTER[record.reaction_grade].review:
        raise Refused(
            Refusal("severe_reaction", "A severe reaction was recorded with this step; it stays on record.")
        )
    if taken_at is not None and queries.changed_since(visit.patient, since=taken_at, besides=visit):
        raise Refused(
            Refusal(
                "followed",
                "Another visit of this patient was changed since. This step can no longer be taken back.",
            )
        )


def _step_back(record: InfusionRecord, after: Stage) -> None:
    """Put the record back to the stage before; an arrival taken back leaves no record."""
    if after == BOOKED:
        record.delete()
        return
    record.state, record.done_at, record.completed_by = after.state, None, None
    record.dose_mg, record.product, record.reaction_grade, record.reaction_text = None, "", 0, ""
    if after == ARRIVED:
        record.in_chair_at, record.started_by = None, None
    if after in (ARRIVED, IN_CHAIR):
        record.gate = {}
    record.save()


def _close_call(visit: Visit, by: User, now: datetime) -> None:
    task = open_tasks(visit.clinic).filter(cause=_no_show_cause(visit)).first()
    if task is not None:
        trail.close_task(task=task, outcome="The patient was not missing after all.", by=by, now=now)
