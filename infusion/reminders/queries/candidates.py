"""The few patients to whom something may be due: narrow questions, however many visits stand."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, Max, OuterRef, Q, Subquery
from django.db.models.functions import Cast, Coalesce

from monitoring.models import FollowUp
from scheduling.models import STANDING, VisitVersion, WaitlistOffer

from ..domain.due import (
    INVITATION_KEPT,
    NOTICE_KEPT,
    TELLING,
    Circumstances,
    OpenFollowUp,
    Rules,
    owed,
    reminder_times,
)
from ..domain.kinds import NOTICES, WAITLIST_GONE, WAITLIST_OFFER
from ..models import Message
from .knowing import open_invitations
from .settled import SAID, SETTLED


def patients_to_look_at(rules: dict[int, Rules], now: datetime) -> set[int]:
    """The few patients to whom something may be due and is not in the ledger yet."""
    if not rules:
        return set()
    found = _with_changes(now) | _with_visits_ahead(rules, now) | _with_follow_ups(rules, now)
    return found | _with_invitations(now) | _with_earlier_times(now)


def _with_invitations(now: datetime) -> set[int]:
    """Patients whose invitation has not been written yet."""
    key = Cast(OuterRef("pk"), CharField())
    written = Message.across_clinics.filter(SETTLED, subject_kind="portal_access", subject_id=key)
    fresh = open_invitations().filter(invited_at__gt=now - INVITATION_KEPT, invited_at__lte=now)
    return set(fresh.filter(~Exists(written)).values_list("patient_id", flat=True))


def _with_earlier_times(now: datetime) -> set[int]:
    """Patients to whom a time is on offer, or was and is gone, and who have not been written to about it."""
    about = Message.across_clinics.filter(
        subject_kind=WAITLIST_OFFER,
        subject_id=Cast(OuterRef("pk"), CharField()),
        subject_version=OuterRef("version"),
    )
    is_open = Q(state="open", expires_at__gt=now)
    unsaid = is_open & ~Exists(about.filter(SETTLED, kind=WAITLIST_OFFER))
    gone = (
        ~is_open
        & Q(state__in=("open", "gone", "lapsed"))
        & Exists(about.filter(SAID, kind=WAITLIST_OFFER))
        & ~Exists(about.filter(SETTLED, kind=WAITLIST_GONE))
    )
    rows = WaitlistOffer.across_clinics.filter(unsaid | gone, patient__deceased=False, starts_at__gt=now)
    return set(rows.order_by().values_list("patient_id", flat=True))


def _with_changes(now: datetime) -> set[int]:
    """Patients whose visits have changed more often than the newest settled notice knows."""
    changes = VisitVersion.across_clinics.filter(Q(change__in=NOTICES) | Q(status__in=TELLING))
    recent = changes.filter(at__gte=now - NOTICE_KEPT, starts_at__gt=now, patient__deceased=False)
    settled = (
        Message.across_clinics.filter(SETTLED, subject_kind="patient", patient_id=OuterRef("patient_id"))
        .order_by()
        .values("patient_id")
        .annotate(newest=Max("subject_version"))
        .values("newest")
    )
    rows = (
        changes.filter(patient_id__in=recent.order_by().values("patient_id"))
        .order_by()
        .values("patient_id")
        .annotate(made=Count("id"))
        .filter(made__gt=Coalesce(Subquery(settled), 0))
    )
    return set(rows.values_list("patient_id", flat=True))


def _with_visits_ahead(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients with a booked visit whose reminder may be due and is not settled."""
    furthest = max((day for rule in rules.values() for day in rule.reminder_days), default=0)
    booked = Q(
        visit__status="booked",
        visit__starts_at__gt=now,
        visit__starts_at__lt=now + timedelta(days=furthest + 2),
    )
    firsts = VisitVersion.across_clinics.filter(booked, version=1, patient__deceased=False).order_by()
    settled = set(
        Message.across_clinics.filter(SETTLED & booked, subject_kind="visit").values_list(
            "visit_id", "kind", "due_at"
        )
    )
    found = set()
    for visit_id, patient_id, clinic_id, starts_at in firsts.values_list(
        "visit_id", "patient_id", "clinic_id", "visit__starts_at"
    ):
        for kind, due_at, expires_at in reminder_times(starts_at, rules[clinic_id]):
            if due_at <= now < expires_at and (visit_id, kind, due_at) not in settled:
                found.add(patient_id)
    return found


def _with_follow_ups(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients with a follow-up not booked that may have to be arranged, or has been forgotten."""
    furthest = max(rule.arrange_days for rule in rules.values())
    rows = FollowUp.across_clinics.filter(
        Q(visit__isnull=True) | ~Q(visit__status__in=STANDING),
        state="due",
        patient__deceased=False,
        due_on__lte=now.date() + timedelta(days=furthest + 1),
    )
    subjects = Message.across_clinics.filter(
        SETTLED, subject_kind="follow_up", patient_id__in=rows.order_by().values("patient_id")
    )
    settled = set(subjects.values_list("subject_kind", "subject_id", "subject_version", "kind"))
    found = set()
    for pk, patient_id, clinic_id, due_on, latest_on in rows.values_list(
        "id", "patient_id", "clinic_id", "due_on", "latest_on"
    ):
        alone = Circumstances(patient_id, follow_ups=(OpenFollowUp(pk, due_on, latest_on, False),))
        for one in owed(alone, rules[clinic_id], now):
            if one.due_at <= now and one.subject not in settled:
                found.add(patient_id)
    return found
