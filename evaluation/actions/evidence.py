"""Writing evidence: results and answers, append-only, one by one, as a checklist, or from another system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, models, transaction

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, User
from clinics.queries import active_memberships
from evaluation import queries
from evaluation.domain.answers import Answer, Incoming
from evaluation.domain.kinds import KINDS
from evaluation.domain.values import parse_value, problem_with_days, read_day
from evaluation.models import Evaluation, Result
from patients.models import Patient

LONGEST_NOTE = 500
LONGEST_REASON = 250


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of imported rows; ``refused`` pairs a row's place (from 0) with the reason.

    ``ignored`` counts rows that are no evidence here, ``amended`` those whose source sent a new value;
    ``fates`` names what became of each row, in their order.
    """

    added: int = 0
    unchanged: int = 0
    amended: int = 0
    ignored: int = 0
    refused: tuple[tuple[int, Refusal], ...] = ()
    fates: tuple[str, ...] = ()


def sentence(text: str, field: str, longest: int, *, needed: str = "") -> str:
    """A free text that can be kept, stripped; raises Refused where it cannot, or is needed and empty."""
    text = text.strip()
    if needed and not text:
        raise Refused(Refusal(f"{field}_missing", needed, field))
    if problem := problem_with_text(text):
        raise Refused(Refusal("text_unreadable", problem, field))
    if len(text) > longest:
        raise Refused(Refusal("text_too_long", f"At most {longest} letters, please.", field))
    return text


def held_open(evaluation: Evaluation) -> Evaluation:
    """The evaluation's row, locked until the transaction ends; refused where it is no longer open."""
    held = Evaluation.objects.of(evaluation.clinic).select_for_update().get(pk=evaluation.pk)
    if held.state != "open":
        word = "signed" if held.state == "signed" else "closed"
        raise Refused(Refusal("not_open", f"This evaluation has been {word} meanwhile. Open a new one."))
    return held


def note_down(
    patient: Patient, by: User | None, verb: str, subject: models.Model, changes: dict[str, Any]
) -> None:
    record(
        clinic=patient.clinic,
        by=by,
        verb=verb,
        subject=subject,
        record_number=patient.record_number,
        changes=changes,
    )


def record_result(
    *,
    clinic: Clinic,
    patient: Patient,
    kind: str,
    value: str,
    unit: str = "",
    observed_on: date,
    by: User | None,
    now: datetime,
    note: str = "",
    valid_until: date | None = None,
    evaluation: Evaluation | None = None,
    supersedes: Result | None = None,
    correction_reason: str = "",
    source_id: str = "",
) -> Result:
    """Record one piece of evidence, or correct one: a correction is a new row, needs a reason, and keeps the
    old.

    Refused with the field (value, unit, observed_on, valid_until, note, correction_reason) where something
    cannot be. A kind that comes from another room's record cannot be recorded.
    """
    read = parse_value(kind, value, unit)
    if isinstance(read, Refusal):
        raise Refused(read)
    _may_record(clinic, kind, by)
    answer = Answer(read, observed_on, valid_until, note)
    with transaction.atomic():
        held = held_patient(clinic, patient)
        if supersedes is not None:
            correction_reason = sentence(
                correction_reason, "correction_reason", LONGEST_REASON, needed="Say why it is corrected."
            )
            if supersedes.patient_id != held.pk or supersedes.kind != kind:
                raise Refused(Refusal("wrong_result", "This corrects another result."))
        row = write_row(
            held,
            answer,
            by,
            local_date(now, clinic.zone),
            evaluation,
            supersedes,
            correction_reason,
            source_id,
        )
        verb = "corrected result" if supersedes else "recorded result"
        before = supersedes.value if supersedes else ""
        changes = {"kind": kind, "value": [before, row.value], "observed_on": row.observed_on.isoformat()}
        note_down(held, by, verb, row, changes | ({"reason": correction_reason} if supersedes else {}))
    return row


@transaction.atomic
def record_answers(
    *,
    patient: Patient,
    answers: Sequence[Answer],
    by: User | None,
    now: datetime,
    evaluation: Evaluation | None = None,
) -> list[Result]:
    """Record what was filled in on a checklist: all of it or nothing. Returns what was new.

    What stands already, the same value on the same day, is not written twice. A statement answered again on
    the same day replaces the earlier answer, which is kept; two laboratory results of one day both stand.
    """
    held = held_patient(patient.clinic, patient)
    if evaluation is not None:
        held_open(evaluation)
    today = local_date(now, patient.clinic.zone)
    standing = list(queries.standing_results(held))
    rows = []
    for answer in answers:
        _may_record(patient.clinic, answer.value.kind, by)
        same_day = [
            r for r in standing if r.kind == answer.value.kind and r.observed_on == answer.observed_on
        ]
        if any(_says(row, answer) for row in same_day):
            continue
        before = same_day[0] if same_day and KINDS[answer.value.kind].is_statement else None
        reason = "answered again on the same day" if before else ""
        rows.append(write_row(held, answer, by, today, evaluation, before, reason, ""))
    if rows:
        changes = {"results": [[row.kind, row.value, row.observed_on.isoformat()] for row in rows]}
        note_down(held, by, "recorded answers", evaluation or rows[0], changes)
    return rows


def _says(row: Result, answer: Answer) -> bool:
    """Whether a row says just what the answer says; a note left out does not contradict."""
    same = row.value == answer.value.text and row.valid_until == answer.valid_until
    return same and answer.note.strip() in ("", row.note)


def held_patient(clinic: Clinic, patient: Patient) -> Patient:
    """The patient's row, locked, so that two people answering at once take turns."""
    rows = Patient.objects.of(clinic).select_related("clinic").select_for_update(of=("self",))
    held = rows.filter(pk=patient.pk).first()
    if held is None:
        raise Refused(Refusal("wrong_patient", "This patient is not in this clinic."))
    return held


def must_prescribe(clinic: Clinic, by: User | None) -> None:
    """Refuse whoever is no prescriber of the clinic."""
    memberships = active_memberships(by) if by else ()
    if not any(m.clinic_id == clinic.pk and m.may(Right.SIGN_CLEARANCE) for m in memberships):
        raise Refused(Refusal("not_a_prescriber", "Only a prescriber of this clinic may do that."))


def _may_record(clinic: Clinic, kind: str, by: User | None) -> None:
    """Refuse a kind that follows from another room's record, and a prescriber's decision by anybody else."""
    role = KINDS[kind].role
    if role == "derived":
        raise Refused(Refusal("kind_derived", "This follows from the record and cannot be typed in.", "kind"))
    if role == "prescriber":
        must_prescribe(clinic, by)


def write_row(
    patient: Patient,
    answer: Answer,
    by: User | None,
    today: date,
    evaluation: Evaluation | None,
    supersedes: Result | None,
    correction_reason: str,
    source_id: str,
) -> Result:
    """Write one checked answer as a row of its own; refused where its days or words cannot be."""
    value = answer.value
    problem = problem_with_days(value, answer.observed_on, today=today, born=patient.birth_date)
    if problem is None and answer.valid_until and answer.valid_until < answer.observed_on:
        problem = Refusal("ends_before_it_begins", "This is before the day it was recorded.", "valid_until")
    if problem is not None:
        raise Refused(problem)
    note = sentence(answer.note, "note", LONGEST_NOTE)
    try:
        with transaction.atomic():
            return Result.objects.create(
                clinic=patient.clinic,
                patient=patient,
                kind=value.kind,
                value=value.text,
                unit=value.unit,
                entered_value=value.entered,
                entered_unit=value.entered_unit,
                note=note,
                observed_on=answer.observed_on,
                valid_until=answer.valid_until,
                evaluation=evaluation,
                recorded_by=by,
                supersedes=supersedes,
                correction_reason=correction_reason,
                source_id=source_id,
            )
    except IntegrityError as race:
        raise Refused(
            Refusal("already_corrected", "A colleague has corrected this result meanwhile. Look again.")
        ) from race


@transaction.atomic
def import_results(
    *, clinic: Clinic, patient: Patient, rows: Sequence[Incoming], by: User | None, now: datetime
) -> ImportOutcome:
    """Take in results of another system; a second time changes nothing.

    A row is known by its ``source_id``, else by kind, day and value. A known source with a new value amends:
    the old row is kept and superseded. Good rows go in, bad ones are reported; one audit row is written for
    the whole.
    """
    held = held_patient(clinic, patient)
    today = local_date(now, clinic.zone)
    known = list(queries.results_of(held))
    counts = {"added": 0, "unchanged": 0, "amended": 0, "ignored": 0}
    refused: list[tuple[int, Refusal]] = []
    written: list[Result] = []
    fates: list[str] = []
    for place, row in enumerate(rows):
        read = _read_incoming(row)
        if read is None:
            counts["ignored"] += 1
            fates.append("ignored")
        elif isinstance(read, Refusal):
            refused.append((place, read))
            fates.append("refused")
        else:
            fate, before = _fate(read, row.source_id, known)
            if fate != "unchanged":
                reason = "amended by its source" if before else ""
                try:
                    _may_record(clinic, read.value.kind, by)
                    new = write_row(held, read, by, today, None, before, reason, row.source_id)
                except Refused as refusal:
                    refused.append((place, refusal.reasons[0]))
                    fates.append("refused")
                    continue
                known.append(new)
                written.append(new)
            counts[fate] += 1
            fates.append(fate)
    if written:
        changes = {"results": [[row.kind, row.value, row.observed_on.isoformat()] for row in written]}
        note_down(held, by, "imported results", held, changes)
    return ImportOutcome(**counts, refused=tuple(refused), fates=tuple(fates))


def _read_incoming(row: Incoming) -> Answer | Refusal | None:
    kind = KINDS.get(row.kind) if row.kind else KINDS.by_loinc(row.loinc)
    if kind is None:
        return None
    value = parse_value(kind, row.value, row.unit)
    if isinstance(value, Refusal):
        return value
    day = read_day(row.observed_on)
    if isinstance(day, Refusal):
        return day
    if problem := problem_with_text(row.source_id):
        return Refusal("text_unreadable", problem, "source_id")
    return Answer(value, day, note=row.note)


def _fate(answer: Answer, source_id: str, known: Sequence[Result]) -> tuple[str, Result | None]:
    """What to do with an imported answer: add it, leave it, or amend the row it came in as before."""
    kind, text, day = answer.value.kind, answer.value.text, answer.observed_on
    if source_id:
        mine = [row for row in known if row.source_id == source_id and row.kind == kind]
        if any((row.value, row.observed_on) == (text, day) for row in mine):
            return "unchanged", None
        superseded = {row.supersedes_id for row in known}
        if mine:
            standing = [row for row in mine if row.pk not in superseded]
            # Where a person corrected what came in, the correction stands.
            return ("amended", standing[0]) if standing else ("unchanged", None)
    if any((row.kind, row.value, row.observed_on) == (kind, text, day) for row in known):
        return "unchanged", None
    return "added", None
