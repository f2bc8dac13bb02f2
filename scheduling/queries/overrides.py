"""Reading overrides of the gate: those that stand for visits, and those of a time for the count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from clinics.models import Clinic
from clinics.queries import or_404
from evaluation.domain.findings import Override
from scheduling.models import GateOverride, Visit


def overrides(clinic: Clinic) -> QuerySet[GateOverride]:
    """Every override of the clinic, withdrawn ones too, newest first."""
    return GateOverride.objects.of(clinic).select_related("patient", "visit", "by", "withdrawn_by")


def override(clinic: Clinic, pk: int) -> GateOverride:
    """One override of the clinic, or 404."""
    return or_404(overrides(clinic), pk=pk)


def overrides_of(visit: Visit) -> list[GateOverride]:
    """Everything opened for one visit, newest first."""
    return list(overrides(visit.clinic).filter(visit=visit))


def overrides_since(clinic: Clinic, begins: datetime) -> QuerySet[GateOverride]:
    """What was opened from an instant on."""
    return overrides(clinic).filter(at__gte=begins)


def standing_overrides(clinic: Clinic, visits: Iterable[Visit]) -> dict[int, tuple[Override, ...]]:
    """What stands for each of the visits, as the verdict takes it; one query."""
    found: dict[int, list[Override]] = defaultdict(list)
    rows = GateOverride.objects.of(clinic).filter(
        visit__in=[visit.pk for visit in visits], withdrawn_at__isnull=True
    )
    for row in rows.select_related("by").order_by("at", "id"):
        tokens = frozenset(each["token"] for each in row.requirements)
        found[row.visit_id].append(Override(tokens, str(row.by), row.reason, row.expires_on))
    return {pk: tuple(some) for pk, some in found.items()}


def opened_counts(rows: QuerySet[GateOverride]) -> list[tuple[str, int]]:
    """How often each requirement was opened, the most often first."""
    counted = Counter(each["label"] for kept in rows.values_list("requirements", flat=True) for each in kept)
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
