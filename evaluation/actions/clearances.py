"""Opening and closing evaluations, signing and withdrawing clearances."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from evaluation import queries
from evaluation.domain.values import long_day
from evaluation.models import Clearance, Evaluation
from patients.models import Diagnosis, Patient
from regimens.models import RegimenVersion
from regimens.queries import may_be_prescribed, off_label_words, regimen_of

from .evidence import LONGEST_REASON, held_open, held_patient, must_prescribe, note_down, sentence

OFF_LABEL_REASON = Refusal(
    "off_label_reason_missing", "Say in a few words why the off-label use is chosen.", "off_label_reason"
)


@transaction.atomic
def open_evaluation(
    *, clinic: Clinic, patient: Patient, diagnosis: Diagnosis, by: User | None, now: datetime
) -> Evaluation:
    """Begin an evaluation for a confirmed diagnosis among the seven; one is open per diagnosis at a time."""
    if patient.clinic_id != clinic.pk or diagnosis.patient_id != patient.pk:
        raise Refused(Refusal("wrong_patient", "This diagnosis belongs to another patient."))
    if diagnosis.state != "confirmed" or not diagnosis.condition:
        raise Refused(Refusal("not_confirmed", "The diagnosis must be confirmed before it is evaluated."))
    if patient.deceased:
        raise Refused(Refusal("deceased", "This patient has died."))
    try:
        with transaction.atomic():
            found = Evaluation.objects.create(
                clinic=clinic, patient=patient, diagnosis=diagnosis, opened_by=by, opened_at=now
            )
    except IntegrityError as race:
        raise Refused(Refusal("already_open", "An evaluation for this diagnosis is open already.")) from race
    record(
        clinic=clinic,
        by=by,
        verb="opened evaluation",
        subject=found,
        record_number=patient.record_number,
        changes={"condition": diagnosis.condition},
    )
    return found


@transaction.atomic
def close_evaluation(*, evaluation: Evaluation, reason: str, by: User, now: datetime) -> Evaluation:
    """Put an open evaluation away without a signature, with the reason. What was recorded stays."""
    reason = sentence(reason, "reason", LONGEST_REASON, needed="Say why it is closed.")
    held = held_open(evaluation)
    held.state, held.closed_reason = "closed", reason
    held.save(update_fields=["state", "closed_reason"])
    note_down(held.patient, by, "closed evaluation", held, {"reason": reason, "at": now.isoformat()})
    return held


@transaction.atomic
def sign(
    *,
    evaluation: Evaluation,
    regimen_version: RegimenVersion,
    valid_until: date,
    by: User,
    now: datetime,
    acknowledged: Iterable[str] = (),
    off_label_reason: str = "",
) -> Clearance:
    """Sign a clearance: a prescriber, an approved regimen for the disease, a verdict that permits.

    The verdict is judged again here, so that what changed since the page was drawn counts; every warning must
    be among ``acknowledged``. It stands from today until ``valid_until``, at most as long as the clinic's
    setting. Where the use or the schedule is not on the label of the clinic's country, a reason is asked for.
    """
    clinic, today = evaluation.clinic, local_date(now, evaluation.clinic.zone)
    must_prescribe(clinic, by)
    reason = sentence(off_label_reason, "off_label_reason", LONGEST_REASON)
    held_patient(clinic, evaluation.patient)
    held = held_open(evaluation)
    verdict = queries.verdict_of(held, on=today)
    problems = list(_regimen_problems(clinic, regimen_version, held.diagnosis.condition))
    if not problems and not reason and off_label_words(clinic, regimen_version, held.diagnosis.condition):
        problems.append(OFF_LABEL_REASON)
    last = queries.last_day_of_a_clearance(clinic, today)
    if not today <= valid_until <= last:
        words = f"Choose a day between today and {long_day(last)}."
        problems.append(Refusal("valid_until_out_of_range", words, "valid_until"))
    if not verdict.permits:
        problems.append(Refusal("not_cleared", f"{verdict.headline}. It cannot be signed yet."))
    seen = set(acknowledged)
    problems += [
        Refusal("warning_not_acknowledged", f"Confirm that you have weighed this: {each.words}", each.code)
        for each in verdict.warnings
        if each.code not in seen
    ]
    if problems:
        raise Refused(*problems)
    clearance = Clearance.objects.create(
        clinic=clinic,
        patient=held.patient,
        evaluation=held,
        regimen_version=regimen_version,
        signed_by=by,
        signed_at=now,
        valid_from=today,
        valid_until=valid_until,
        verdict=verdict.as_json() | {"acknowledged": [each.code for each in verdict.warnings]},
        off_label_reason=reason,
    )
    held.state = "signed"
    held.save(update_fields=["state"])
    changes = {
        "regimen": str(regimen_version),
        "verdict": verdict.state.value,
        "valid_until": valid_until.isoformat(),
    }
    note_down(held.patient, by, "signed clearance", clearance, changes)
    return clearance


def _regimen_problems(clinic: Clinic, version: RegimenVersion, condition: str) -> Iterable[Refusal]:
    field = "regimen_version"
    if version.clinic_id != clinic.pk or not may_be_prescribed(version):
        words = "This regimen is not approved in this clinic. A prescriber and a pharmacist approve it first."
        yield Refusal("regimen_not_approved", words, field)
    elif condition not in regimen_of(version).condition_codes:
        yield Refusal("regimen_not_for_condition", "This regimen is not meant for this disease.", field)


@transaction.atomic
def withdraw_clearance(*, clearance: Clearance, reason: str, by: User | None, now: datetime) -> Clearance:
    """Take a signature back, with the reason: nothing more is booked on it, and the gate of every visit
    closes. A prescriber does that, or the system (``by`` None) after a life-threatening reaction.
    """
    if by is not None:
        must_prescribe(clearance.clinic, by)
    reason = sentence(reason, "reason", LONGEST_REASON, needed="Say why it is withdrawn.")
    held = Clearance.objects.of(clearance.clinic).select_for_update(of=("self",)).get(pk=clearance.pk)
    if held.withdrawn_at is not None:
        raise Refused(Refusal("already_withdrawn", "This clearance has been withdrawn already."))
    held.withdrawn_at, held.withdrawn_by, held.withdrawn_reason = now, by, reason
    held.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    note_down(held.patient, by, "withdrew clearance", held, {"reason": reason})
    return held
