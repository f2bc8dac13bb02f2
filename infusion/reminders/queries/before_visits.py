"""Visits ahead of which something may have to be said: asked of the database by kind, so that of a million visits that
stand only the few are read that are not settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from scheduling.models import Visit, VisitVersion

from ..domain.before import furthest_day, visit_times
from ..domain.kinds import HEALTH_CHECK
from ..domain.rules import Rules
from ..models import Message
from .settled import SETTLED

SAME_DAY = timedelta(hours=20)
"""A message due within this of one that is settled is the same one: a clinic may have changed its time of day."""

Slot = tuple[int, datetime, bool]
"""A clinic, an instant at which visits begin there, and whether they are infusions: what is said of them falls due
together.
"""


def with_visits_ahead(rules: Mapping[int, Rules], now: datetime) -> set[int]:
    """Patients with a booked visit of which something may have to be said that is not settled."""
    far = timedelta(days=max(map(furthest_day, rules.values()), default=0) + 2)
    ahead = Visit.across_clinics.filter(
        clinic_id__in=rules, status="booked", starts_at__gt=now, starts_at__lt=now + far
    ).order_by()
    # Nothing older can be about a visit that is still ahead.
    settled = Message.across_clinics.filter(
        SETTLED, clinic_id__in=rules, due_at__gt=now - far, subject_kind="visit"
    ).order_by()
    due: dict[str, dict[Slot, datetime]] = defaultdict(dict)
    for clinic_id, starts_at, kind_of_visit in ahead.values_list("clinic_id", "starts_at", "kind").distinct():
        is_infusion = kind_of_visit == "infusion"
        for kind, due_at, expires_at in visit_times(starts_at, rules[clinic_id], is_infusion=is_infusion):
            if due_at <= now < expires_at:
                due[kind][clinic_id, starts_at, is_infusion] = due_at
    found: set[int] = set()
    for kind, slots in due.items():
        also_late = kind == HEALTH_CHECK
        found |= _unsettled(ahead, settled.filter(kind=kind), slots, rules, also_late=also_late)
    return found


def _unsettled(
    ahead: QuerySet[Visit],
    written: QuerySet[Message],
    slots: Mapping[Slot, datetime],
    rules: Mapping[int, Rules],
    *,
    also_late: bool,
) -> set[int]:
    """Patients of visits in these slots of which one kind is due, and is not among what is written and settled. What
    was due before the visit was booked is never said, unless it is ``also_late``.

    Of a visit that was never changed one settled row says enough, and the database leaves it out. Of the few others
    it may speak of an earlier time: there the instants are compared.
    """
    starts = [starts_at for _, starts_at, _ in slots]
    kinds = {"infusion" if is_infusion else "follow_up" for _, _, is_infusion in slots}
    once = written.filter(visit_id=OuterRef("pk"), subject_version=1)
    rows = ahead.filter(
        starts_at__range=(min(starts), max(starts)), kind__in=kinds, patient__deceased=False
    ).exclude(Q(version=1) & Exists(once))
    settled: dict[int | None, list[datetime]] = defaultdict(list)
    changed = rows.filter(version__gt=1).values("pk")
    for visit_id, was in written.filter(visit_id__in=changed).values_list("visit_id", "due_at"):
        settled[visit_id].append(was)
    first = VisitVersion.across_clinics.filter(visit_id=OuterRef("pk"), version=1).order_by().values("at")
    found = set()
    for pk, patient_id, clinic_id, starts_at, kind_of_visit, booked_at in rows.values_list(
        "pk", "patient_id", "clinic_id", "starts_at", "kind", Subquery(first)
    ):
        due_at = slots.get((clinic_id, starts_at, kind_of_visit == "infusion"))
        if (
            due_at is not None
            and (also_late or booked_at + rules[clinic_id].notice_delay < due_at)
            and not any(abs(due_at - was) < SAME_DAY for was in settled[pk])
        ):
            found.add(patient_id)
    return found
