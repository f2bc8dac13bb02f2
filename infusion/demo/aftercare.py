"""What follows in the demo: a report that says call now, one that was answered, and a treatment that ended with its
laboratory watch still open.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from clinics.models import User
from monitoring import actions as monitoring
from patients import actions as patients
from patients.models import Patient


def reports(worried: Patient, settled: Patient, *, nurse: User, now: datetime) -> None:
    """One patient has just written about an unsteady walk; another wrote about a cough, which was answered."""
    for patient in (worried, settled):
        patients.invite(patient=patient, by=nurse, now=now - timedelta(days=60))
    accesses = {patient.pk: patient.portalaccess_set.get() for patient in (worried, settled)}
    then = now - timedelta(days=20)
    cough = monitoring.report_side_effects(
        patient=settled,
        key=uuid4(),
        symptoms=frozenset({"cough"}),
        since=None,
        temperature=Decimal("37.2"),
        words="Since the weekend, worse at night. No fever.",
        by=accesses[settled.pk].user,
        now=then,
    )
    monitoring.read_report(report=cough, by=nurse, now=then + timedelta(minutes=25))
    monitoring.answer_report(
        report=cough,
        outcome="advice",
        answer="Thank you for writing. As you have no fever: rest, drink enough, and call us if it lasts a week.",
        note="Called back: sounds like a cold, chest free, lives with grandchildren.",
        cleared=True,
        by=nurse,
        now=then + timedelta(hours=1),
    )
    monitoring.report_side_effects(
        patient=worried,
        key=uuid4(),
        symptoms=frozenset({"walking", "tired"}),
        since=(now - timedelta(days=4)).date(),
        temperature=None,
        words="My left leg drags a little. My wife noticed it first.",
        by=accesses[worried.pk].user,
        now=now - timedelta(minutes=6),
    )


def ended(patient: Patient, *, months: tuple[int, ...], nurse: User, now: datetime) -> None:
    """Infusions long ago and none to come: what is watched goes on, and what is overdue becomes a task."""
    for ago in months:
        patients.record_earlier_infusion(
            patient=patient,
            given_on=(now - timedelta(days=30 * ago)).date(),
            product="MabThera",
            dose_mg=Decimal(500),
            given_here=True,
            reaction_grade=0,
            reaction_text="",
            by=nurse,
            now=now,
        )
    monitoring.task_overdue_checks(clinic=patient.clinic, now=now)
