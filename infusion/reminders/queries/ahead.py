"""Whom a clinic will write to soon: what the sweep will find, before it finds it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import islice

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from monitoring.models import FollowUp
from scheduling.models import Visit, VisitVersion

from ..domain.before import furthest_day, visit_times
from ..domain.kinds import WINDOW_OPEN
from ..domain.rules import Rules
from ..models import Message
from .blood_tests import told_about_on
from .knowing import open_windows
from .settled import SETTLED

MOST = 1_000
"""Patients looked at for one page: more than a clinic writes to in a day."""

DAY = timedelta(days=1)


def patients_ahead(clinic: Clinic, rules: Rules, *, now: datetime) -> list[int]:
    """Patients who may be written to within a day: of a change, of a booked visit, of a follow-up to arrange, of a
    time to choose or of a blood test.
    """
    today = local_date(now, clinic.zone)
    changes = VisitVersion.objects.of(clinic).filter(at__range=(now - DAY, now), starts_at__gt=now)
    found = dict.fromkeys(changes.order_by("-at").values_list("patient_id", flat=True)[:MOST])
    found |= dict.fromkeys(islice(_with_visits(clinic, rules, now), MOST))
    follow_ups = FollowUp.objects.of(clinic).filter(
        state="due", due_on__lte=today + timedelta(days=rules.arrange_days + 2), patient__deceased=False
    )
    found |= dict.fromkeys(follow_ups.order_by("due_on").values_list("patient_id", flat=True)[:MOST])
    if rules.is_on(WINDOW_OPEN):
        opens = today + timedelta(days=rules.days(WINDOW_OPEN))
        windows = open_windows().filter(clinic=clinic, earliest_on__range=(opens - DAY, opens + 2 * DAY))
        found |= dict.fromkeys(windows.values_list("patient_id", flat=True)[:MOST])
    tests = told_about_on(clinic, rules, today)
    found |= dict.fromkeys(tests.values_list("patient_id", flat=True)[:MOST])
    return list(found)


def _with_visits(clinic: Clinic, rules: Rules, now: datetime) -> Iterator[int]:
    """Patients of whose booked visits something is said within a day, the nearest visit first."""
    furthest = timedelta(days=max(furthest_day(rules), 1) + 2)
    visits = Visit.objects.of(clinic).filter(
        status="booked", starts_at__gt=now, starts_at__lt=now + furthest, patient__deceased=False
    )
    rows = visits.order_by("starts_at").values_list("patient_id", "starts_at", "planned_infusion_id")
    for patient_id, starts_at, dose in rows:
        times = visit_times(starts_at, rules, is_infusion=dose is not None)
        if any(now < due <= now + DAY for _kind, due, _end in times):
            yield patient_id


def settled_subjects(clinic: Clinic, ids: Collection[int]) -> set[tuple[str, str, int, str]]:
    """What has been written to these patients, or waits to be."""
    rows = Message.objects.of(clinic).filter(SETTLED, patient__in=ids)
    return set(rows.values_list("subject_kind", "subject_id", "subject_version", "kind"))
