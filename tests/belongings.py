"""One of everything in a clinic, for the tests that walk every address."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from clinics.actions import open_task
from clinics.domain.rights import Role
from clinics.models import Absence, ChairOutage, Clinic, Closure
from evaluation.models import Result
from infusion.interop.models import ImportBatch
from infusion.reminders.models import Message
from patients.models import Medication, PortalAccess
from scheduling.models import (
    ChairHold,
    HoldInstruction,
    Replan,
    ScheduleChange,
    Visit,
    VisitAnswer,
    WaitlistEntry,
    WaitlistOffer,
)
from tests import factory
from tests.gates import make_override
from tests.reporting import told
from treatment.models import ChartEntry

HOUR = timedelta(hours=1)


def objects_of(clinic: Clinic) -> dict[str, object]:
    """One of everything in a clinic, by the name used in the table."""
    now = timezone.now()
    patient = factory.make_patient(clinic)
    visit = factory.make_visit(patient)
    course = visit.planned_infusion.course
    prescriber = course.prescribed_by
    message = Message.objects.create(
        clinic=clinic, patient=patient, subject_kind="visit", subject_id="1", subject_version=1, kind="booked",
        recipient=patient.email, due_at=now, expires_at=now, next_attempt_at=now, message_id=f"<{clinic.slug}@x>",
        state="failed", visit=visit, subject_line="Your appointment", body="…",
    )  # fmt: skip
    return {
        "task": open_task(
            clinic=clinic, kind="call", role=Role.NURSE, due_on=now.date(), reason="Call.", cause="test"
        ).pk,
        "member": visit.nurse_id,
        "patient": patient.pk,
        "setting": "igg_warn",
        "medicine": Medication.objects.create(clinic=clinic, patient=patient, text="Ramipril 5 mg").pk,
        "access": PortalAccess.objects.create(
            clinic=clinic, patient=patient, user=factory.make_user(door="portal"), invited_at=now
        ).pk,
        "diagnosis": course.diagnosis_id,
        "regimen": course.regimen_version_id,
        "evaluation": course.clearance.evaluation_id,
        "clearance": course.clearance_id,
        "result": Result.objects.create(
            clinic=clinic, patient=patient, kind="hbsag", value="negative", observed_on=now.date()
        ).pk,
        "replan": Replan.objects.create(
            clinic=clinic,
            kind="day",
            first_day=now.date(),
            last_day=now.date(),
            created_at=now,
            state="discarded",
            params={"minutes": 60, "days": 0, "others": False, "early": False},
        ).pk,
        "course": course.pk,
        "planned": visit.planned_infusion_id,
        "visit": visit.pk,
        "instruction": HoldInstruction.objects.create(
            clinic=clinic,
            patient=patient,
            course=course,
            medicine="Enalapril",
            words="Leave it out that morning.",
            key=uuid4(),
            entered_by=prescriber,
            entered_at=now,
        ).pk,
        "kind": "note",
        "entry_of_chart": ChartEntry.objects.create(
            clinic=clinic,
            patient=patient,
            visit=visit,
            kind="note",
            payload={"text": "Slept well."},
            happened_at=now,
            recorded_at=now,
            key="note-0001",
        ).pk,
        "override": make_override(visit, prescriber).pk,
        "change": ScheduleChange.objects.create(
            clinic=clinic, patient=patient, batch=uuid4(), verb="book", summary="Booked", at=now
        ).pk,
        **waiting_for(visit),
        "asked": VisitAnswer.objects.create(
            clinic=clinic,
            patient=patient,
            visit=visit,
            visit_version=visit.version,
            starts_at=visit.starts_at,
            state="open",
            answer="other_time",
            words="Only on Fridays.",
            key=uuid4(),
            by=prescriber,
            at=now,
        ).pk,
        "follow_up": factory.make_follow_up(patient, due_on=now.date()).pk,
        "report": told(patient, "fever", now=now).pk,
        "message": message.pk,
        "message_kind": "booked",
        "language": "en",
        "batch": ImportBatch.objects.create(clinic=clinic, by=prescriber, created_at=now).pk,
        "results_batch": ImportBatch.objects.create(
            clinic=clinic, subject="results", by=prescriber, created_at=now
        ).pk,
        "slug": "session",
        "rule": "igg_watch",
        "score": "das28_esr",
        "code": "methotrexate",
        "closure": Closure.objects.create(
            clinic=clinic, first_day=now.date(), last_day=now.date(), reason="Works"
        ).pk,
        "chair": visit.chair_id,
        "outage": ChairOutage.objects.create(
            clinic=clinic, chair=visit.chair, first_day=now.date(), reason="Broken"
        ).pk,
        "nurse": visit.nurse_id,
        "absence": Absence.objects.create(
            clinic=clinic, member=visit.nurse, first_day=now.date(), last_day=now.date() + timedelta(days=1)
        ).pk,
        "shift": visit.nurse.shifts.first().pk,
    }


def waiting_for(visit: Visit) -> dict[str, int]:
    """An entry of the waiting list for a visit's infusion, and an earlier time on offer."""
    now, which = timezone.now(), {"clinic": visit.clinic, "patient": visit.patient}
    entry = WaitlistEntry.objects.create(**which, planned_infusion=visit.planned_infusion, at=now)
    until = {
        "starts_at": now + timedelta(days=3),
        "ends_at": now + timedelta(days=3, hours=5),
        "expires_at": now + HOUR,
    }
    hold = ChairHold.objects.create(clinic=visit.clinic, chair=visit.chair, nurse=visit.nurse, **until)
    offer = WaitlistOffer.objects.create(**which, entry=entry, hold=hold, rank=1, offered_at=now, **until)
    return {"entry": entry.pk, "offer": offer.pk}
