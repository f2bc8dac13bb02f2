"""The few patients to whom something may be due: narrow questions, however many visits stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, Max, OuterRef, Q, Subquery
from django.db.models.functions import Cast, Coalesce

from monitoring.models import FollowUp
from scheduling.models import STANDING, VisitVersion, WaitlistOffer

from ..domain.asking import ANSWER_KEPT, OpenWindow, Subject
from ..domain.before import TRAVEL
from ..domain.due import (
    INVITATION_KEPT,
    NOTICE_KEPT,
    TELLING,
    Circumstances,
    OpenFollowUp,
    owed,
)
from ..domain.kinds import (
    ANSWER_READY,
    NOTICES,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    WINDOW_OPEN,
)
from ..domain.rules import Rules
from ..models import Message
from .before_visits import with_visits_ahead
from .blood_tests import with_blood_tests
from .knowing import answered, open_invitations, open_windows
from .requests import with_requests
from .settled import SAID, SETTLED, SETTLED_NOTICE


def patients_to_look_at(rules: dict[int, Rules], now: datetime) -> set[int]:
    """The few patients to whom something may be due and is not in the ledger yet."""
    if not rules:
        return set()
    found = _with_changes(rules, now) | with_visits_ahead(rules, now) | _with_follow_ups(rules, now)
    found |= _with_invitations(now) | _with_earlier_times(rules, now)
    found |= with_blood_tests(rules, now) | with_requests(now)
    return found | _with_windows(rules, now) | _with_answers(rules, now)


def _with_invitations(now: datetime) -> set[int]:
    """Patients whose invitation has not been written yet."""
    key = Cast(OuterRef("pk"), CharField())
    written = Message.across_clinics.filter(
        SETTLED | Q(state__in=("failed", "no_address"), recipient=OuterRef("user__email")),
        subject_kind="portal_access",
        subject_id=key,
    )
    fresh = open_invitations().filter(invited_at__gt=now - INVITATION_KEPT, invited_at__lte=now)
    return set(fresh.filter(~Exists(written)).values_list("patient_id", flat=True))


def _with_earlier_times(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients to whom a time is on offer, or was and is gone, and who have not been written to about it."""
    offering, closing = (
        Q(clinic_id__in=[pk for pk, rule in rules.items() if rule.is_on(kind)])
        for kind in (WAITLIST_OFFER, WAITLIST_GONE)
    )
    about = Message.across_clinics.filter(
        subject_kind=WAITLIST_OFFER,
        subject_id=Cast(OuterRef("pk"), CharField()),
        subject_version=OuterRef("version"),
    )
    is_open = Q(state="open", expires_at__gt=now)
    unsaid = offering & is_open & ~Exists(about.filter(SETTLED, kind=WAITLIST_OFFER))
    gone = (
        closing
        & ~is_open
        & Q(state__in=("open", "gone", "lapsed"))
        & Exists(about.filter(SAID, kind=WAITLIST_OFFER))
        & ~Exists(about.filter(SETTLED, kind=WAITLIST_GONE))
    )
    rows = WaitlistOffer.across_clinics.filter(unsaid | gone, patient__deceased=False, starts_at__gt=now)
    return set(rows.order_by().values_list("patient_id", flat=True))


def _with_changes(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients whose visits have changed more often than the newest settled notice knows; in a clinic's quiet hours
    only those with a visit whose time, or one it had before, is too near for waiting until the hours end.
    """
    changes = VisitVersion.across_clinics.filter(Q(change__in=NOTICES) | Q(status__in=TELLING))
    recent = changes.filter(at__gte=now - NOTICE_KEPT, starts_at__gt=now, patient__deceased=False)
    waiting: dict[datetime, list[int]] = defaultdict(list)
    for clinic_id, rule in rules.items():
        if (ends := rule.quiet.ends_at(now, rule.zone)) is not None:
            waiting[ends].append(clinic_id)
    for ends, clinics in waiting.items():
        near = ends + TRAVEL
        earlier = VisitVersion.across_clinics.filter(
            visit_id=OuterRef("visit_id"), starts_at__gt=now, starts_at__lte=near
        )
        can_wait = Q(version=1) | ~Exists(earlier)
        recent = recent.exclude(can_wait, clinic_id__in=clinics, starts_at__gt=near)
    settled = (
        Message.across_clinics.filter(SETTLED_NOTICE, patient_id=OuterRef("patient_id"))
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


def _with_windows(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients who may have to choose a time for an infusion, and have not been asked."""
    asking = [pk for pk, rule in rules.items() if rule.is_on(WINDOW_OPEN)]
    if not asking:
        return set()
    furthest = max(rules[pk].days(WINDOW_OPEN) for pk in asking)
    rows = open_windows().filter(
        clinic_id__in=asking,
        earliest_on__lte=now.date() + timedelta(days=furthest + 1),
        latest_on__gte=now.date() - timedelta(days=1),
    )
    settled: dict[int, set[Subject]] = defaultdict(set)
    subjects = Message.across_clinics.filter(
        SETTLED, subject_kind="planned", patient_id__in=rows.order_by().values("patient_id")
    )
    for patient_id, subject_kind, subject_id, version, kind in subjects.values_list(
        "patient_id", "subject_kind", "subject_id", "subject_version", "kind"
    ):
        settled[patient_id].add((subject_kind, subject_id, version, kind))
    windows: dict[tuple[int, int], list[OpenWindow]] = defaultdict(list)
    for pk, patient_id, clinic_id, earliest_on, latest_on in rows.values_list(
        "id", "patient_id", "clinic_id", "earliest_on", "latest_on"
    ):
        windows[patient_id, clinic_id].append(OpenWindow(pk, earliest_on, latest_on))
    found = set()
    for (patient_id, clinic_id), open_ones in windows.items():
        said = frozenset(settled[patient_id])
        alone = Circumstances(patient_id, windows=tuple(open_ones), said=said)
        if any(one.due_at <= now for one in owed(alone, rules[clinic_id], now)):
            found.add(patient_id)
    return found


def _with_answers(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients to whom somebody has answered, and who have not been told."""
    told = Message.across_clinics.filter(
        SETTLED,
        subject_kind="report",
        kind=ANSWER_READY,
        subject_id=Cast(OuterRef("report_id"), CharField()),
    )
    rows = answered().filter(
        ~Exists(told),
        clinic_id__in=[pk for pk, rule in rules.items() if rule.is_on(ANSWER_READY)],
        at__gt=now - ANSWER_KEPT,
        at__lte=now,
    )
    return set(rows.order_by().values_list("patient_id", flat=True))


def settled_notices(patient_ids: Collection[int]) -> dict[int, int]:
    """Up to which version the notices of these patients are settled."""
    rows = Message.across_clinics.filter(SETTLED_NOTICE, patient_id__in=patient_ids).order_by()
    return dict(rows.values_list("patient_id").annotate(Max("subject_version")))


def with_a_notice_under_way(patient_ids: Collection[int]) -> set[int]:
    """Those of these patients to whom a message is just being sent, or a notice waits: what they know may change."""
    rows = Message.across_clinics.filter(
        Q(state="sending") | Q(state="planned", subject_kind="patient"), patient_id__in=patient_ids
    )
    return set(rows.order_by().values_list("patient_id", flat=True))
