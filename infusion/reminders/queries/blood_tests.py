"""Before which infusions a patient has to have a blood test, and whether it is still to be had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from monitoring.domain.surveillance import CHECKS, due_before
from monitoring.queries import is_test_outstanding
from scheduling.models import PlannedInfusion, VisitVersion

from ..domain.asking import Subject
from ..domain.due import Circumstances, owed
from ..domain.kinds import LAB_DUE
from ..domain.lab import BloodTest
from ..domain.rules import Rules
from ..models import Message
from .settled import SETTLED

MONTHS_DIFFER = timedelta(days=4)
"""By how much a length of time named in months, and a clinic's own day, may differ from one place to another."""


VISIT_AT = Subquery(
    VisitVersion.across_clinics.filter(
        version=1, visit__planned_infusion=OuterRef("pk"), visit__status="booked"
    )
    .order_by("visit_id")
    .values("visit__starts_at")[:1]
)
"""When the visit begins that is booked for a planned infusion."""


def courses_ahead() -> QuerySet[PlannedInfusion]:
    """Planned infusions after the induction, of active courses whose clearance was not withdrawn."""
    rows = PlannedInfusion.across_clinics.filter(
        state="planned",
        course__state="active",
        course__clearance__withdrawn_at__isnull=True,
        patient__deceased=False,
    )
    return rows.exclude(phase="induction").order_by("id")


def blood_test(planned_id: int, planned_on: date, visit_at: datetime | None) -> BloodTest | None:
    """What is due before one infusion; None where no rule asks for a test."""
    due_on = due_before(planned_on, CHECKS)
    return BloodTest(planned_id, due_on, visit_at) if due_on else None


def with_blood_tests(rules: Mapping[int, Rules], now: datetime) -> set[int]:
    """Patients who may have to be told by which day to have a blood test, and have not been: only infusions are looked
    at whose test falls due within the clinics' days, and whether it is still to be had is not asked here.
    """
    asking = [pk for pk, rule in rules.items() if rule.is_on(LAB_DUE)]
    today = now.date()
    if not asking or (due_on := due_before(today, CHECKS)) is None:
        return set()
    first = today + (today - due_on) - MONTHS_DIFFER
    last = first + 2 * MONTHS_DIFFER + timedelta(days=max(rules[pk].days(LAB_DUE) for pk in asking))
    rows = courses_ahead().filter(clinic_id__in=asking, planned_on__range=(first, last))
    found = [
        (patient_id, clinic_id, test)
        for pk, patient_id, clinic_id, planned_on, visit_at in rows.values_list(
            "id", "patient_id", "clinic_id", "planned_on", VISIT_AT
        )
        if (test := blood_test(pk, planned_on, visit_at))
    ]
    settled = _settled({patient_id for patient_id, _clinic, _test in found})
    return {
        patient_id
        for patient_id, clinic_id, test in found
        for one in owed(
            Circumstances(patient_id, blood_tests=(test,), said=settled[patient_id]), rules[clinic_id], now
        )
        if one.due_at <= now
    }


def told_about_on(clinic: Clinic, rules: Rules, day: date) -> QuerySet[PlannedInfusion]:
    """Infusions of whose blood test patients may be told on a day or close to it."""
    due_on = due_before(day, CHECKS)
    if due_on is None or not rules.is_on(LAB_DUE):
        return courses_ahead().none()
    about, margin = day + (day - due_on) + timedelta(days=rules.days(LAB_DUE)), MONTHS_DIFFER
    return courses_ahead().filter(clinic=clinic, planned_on__range=(about - margin, about + margin))


def _settled(patient_ids: Collection[int]) -> dict[int, frozenset[Subject]]:
    """What these patients were told of blood tests, or waits to be said, or need not be."""
    found: dict[int, set[Subject]] = defaultdict(set)
    rows = Message.across_clinics.filter(SETTLED, kind=LAB_DUE, patient_id__in=patient_ids).order_by()
    for patient_id, subject_kind, subject_id, version, kind in rows.values_list(
        "patient_id", "subject_kind", "subject_id", "subject_version", "kind"
    ):
        found[patient_id].add((subject_kind, subject_id, version, kind))
    return {pk: frozenset(found[pk]) for pk in patient_ids}


def needs_a_test(message: Message, now: datetime) -> bool:
    """Whether the patient must still have the blood test that a message is about, as the laboratory checks stand."""
    assert message.patient is not None
    planned = PlannedInfusion.objects.of(message.clinic).filter(pk=message.subject_id).first()
    today = local_date(now, message.clinic.zone)
    return planned is not None and is_test_outstanding(
        message.patient, before=planned.planned_on, today=today
    )
