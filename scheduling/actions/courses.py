"""Writing courses: prescribed, continued from before, carried on by a new clearance, and stopped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import uuid4

from django.db import IntegrityError, transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from evaluation.models import Clearance
from patients.models import Patient
from patients.queries import earlier_infusion_dates
from regimens.models import RegimenVersion
from regimens.queries import may_be_prescribed, regimen_of
from scheduling.domain.booking import clearance_refusal, person_refusal
from scheduling.domain.continuing import given_doses
from scheduling.domain.course import GivenDose
from scheduling.models import Course
from scheduling.queries import active_course, body_refusal, planned_of, signed, today_of

from .changes import note_change, standing
from .planning import replan, write_given
from .transactions import lock_course, retried
from .visits import NO_REASON, changed, visits_of_course

ACTIVE = Refusal("course_active", "This patient has an active course already. There is only ever one.")


def prescribe_course(
    *,
    clinic: Clinic,
    patient: Patient,
    clearance: Clearance,
    regimen_version: RegimenVersion,
    start_on: date,
    by: User,
    now: datetime,
) -> Course:
    """Prescribe a course from a signed clearance: its infusions are planned to the horizon, from
    ``start_on``.

    Refused after death, under 18, without a clearance that stands on the start, for another regimen than the
    signed one, for a start in the past, and where a course is active (the database refuses that too).
    """
    today = today_of(clinic, now)
    reasons = _not_prescribable(patient, clearance, regimen_version, start_on, today)
    if start_on < today:
        reasons.append(Refusal("start_in_past", "A course begins today or later.", "start_on"))
    if reasons:
        raise Refused(*reasons)
    return _begin(clinic, patient, clearance, regimen_version, start_on, (), by=by, now=now)


def continue_course(
    *,
    clinic: Clinic,
    patient: Patient,
    clearance: Clearance,
    regimen_version: RegimenVersion,
    by: User,
    now: datetime,
    since: date | None = None,
) -> Course:
    """Continue a course that began before this system kept the record, here or elsewhere.

    The earlier infusions from ``since`` on (all of them by default) count as given: the first is the anchor,
    and what follows the last is planned. Refused as prescribe_course, and where no earlier infusion is on
    record.
    """
    today = today_of(clinic, now)
    days = [day for day in earlier_infusion_dates(patient) if since is None or day >= since]
    if not days:
        raise Refused(
            Refusal("nothing_to_continue", "No earlier infusion is on record to continue from.", "since")
        )
    reasons = _not_prescribable(patient, clearance, regimen_version, today, today)
    if reasons:
        raise Refused(*reasons)
    given = given_doses(regimen_of(regimen_version), days)
    return _begin(clinic, patient, clearance, regimen_version, days[0], given, by=by, now=now)


def _not_prescribable(
    patient: Patient, clearance: Clearance, version: RegimenVersion, start: date, today: date
) -> list[Refusal]:
    found = [
        person_refusal(deceased=patient.deceased, years=patient.age_on(start)),
        Refusal("other_patient", "This clearance is another patient's.")
        if clearance.patient_id != patient.pk
        else clearance_refusal(signed(clearance), today=max(start, today)),
        None
        if clearance.regimen_version_id == version.pk
        else Refusal("other_regimen", "The clearance was signed for another regimen.", "regimen"),
        None
        if may_be_prescribed(version)
        else Refusal(
            "regimen_not_approved", "This regimen is not approved by a prescriber and a pharmacist."
        ),
        body_refusal(regimen_of(version), patient),
        ACTIVE if active_course(patient) else None,
    ]
    return [refusal for refusal in found if refusal is not None]


def _begin(
    clinic: Clinic,
    patient: Patient,
    clearance: Clearance,
    version: RegimenVersion,
    start: date,
    given: Iterable[GivenDose],
    *,
    by: User,
    now: datetime,
) -> Course:
    given = list(given)
    try:
        with transaction.atomic():
            course = Course.objects.create(
                clinic=clinic,
                patient=patient,
                diagnosis=clearance.evaluation.diagnosis,
                regimen_version=version,
                clearance=clearance,
                prescribed_by=by,
                prescribed_at=now,
                start_on=start,
            )
            what = regimen_of(version)
            for dose in given:
                write_given(course, what, dose)
            record(
                clinic=clinic,
                by=by,
                verb="continued course" if given else "prescribed course",
                subject=course,
                record_number=patient.record_number,
                changes={
                    "regimen": f"{version.code} version {version.version}",
                    "start_on": str(start),
                    "given_before": len(given),
                },
            )
            replan(course, now=now)
            return course
    except IntegrityError as lost:
        if active_course(patient) is None:
            raise
        raise Refused(ACTIVE) from lost


@retried
def renew_clearance(*, course: Course, clearance: Clearance, by: User, now: datetime) -> Course:
    """Let a newly signed clearance carry an active course. Refused for another patient, disease or regimen,
    and for one that does not stand today.
    """
    course = lock_course(course)
    same = (
        clearance.patient_id == course.patient_id
        and clearance.evaluation.diagnosis_id == course.diagnosis_id
        and clearance.regimen_version.code == course.regimen_version.code
    )
    if not same:
        raise Refused(Refusal("other_regimen", "This clearance was signed for something else."))
    reason = clearance_refusal(signed(clearance), today=today_of(course.clinic, now))
    if course.state != "active":
        reason = Refusal("course_not_active", "This course has ended.")
    if reason:
        raise Refused(reason)
    before, course.clearance = course.clearance_id, clearance
    course.save(update_fields=["clearance"])
    record(
        clinic=course.clinic,
        by=by,
        verb="renewed clearance",
        subject=course,
        record_number=course.patient.record_number,
        changes={"clearance": [before, clearance.pk]},
    )
    return course


@retried
def stop_course(*, course: Course, reason: str, by: User, now: datetime) -> Course:
    """Stop a course with a reason: what is planned is cancelled, and so are its booked visits, in one notice.

    A course that was stopped already is left as it is. Refused without a reason and while the patient is
    here.
    """
    if not reason.strip():
        raise Refused(NO_REASON)
    course = lock_course(course)
    if course.state != "active":
        return course
    rows = [row for row in planned_of(course) if row.state == "planned"]
    visits, batch = visits_of_course(rows), uuid4()
    if any(visit.status == "arrived" for visit in visits):
        raise Refused(
            Refusal("patient_here", "The patient is here for an infusion. Finish that visit first.")
        )
    before = standing(course, rows)
    for visit in visits:
        words = f"Course stopped: {reason.strip()}"[:250]
        changed(visit, "cancelled", by=by, now=now, batch=batch, reason=words, status="cancelled")
    for row in rows:
        row.state = "cancelled"
        row.save(update_fields=["state"])
    course.state, course.ended_reason, course.ended_at = "stopped", reason.strip(), now
    course.save(update_fields=["state", "ended_reason", "ended_at"])
    summary = f"Stopped the course: {course.ended_reason}"
    note_change(course.clinic, course.patient, course, batch, "decide", summary, before, by, now)
    record(
        clinic=course.clinic,
        by=by,
        verb="stopped course",
        subject=course,
        record_number=course.patient.record_number,
        changes={"reason": course.ended_reason, "visits_cancelled": len(visits)},
    )
    return course
