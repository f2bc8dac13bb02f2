"""Reading the clinic: who works there, when it is open, what waits, and what was done."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
from django.db.models import Model, Q, QuerySet
from django.http import Http404

from .domain.calendar import OpenCalendar
from .domain.rights import Role
from .models import (
    AuditEntry,
    Chair,
    Clinic,
    Closure,
    Membership,
    OpeningHours,
    StaffTask,
    User,
)


def or_404(rows: QuerySet, **lookup: Any) -> Any:
    """The one row of an already scoped query, or a 404 that tells nothing about other clinics."""
    try:
        return rows.get(**lookup)
    except (rows.model.DoesNotExist, ValueError, OverflowError) as missing:
        raise Http404 from missing


def clinic_by_slug(slug: str) -> Clinic | None:
    return Clinic.objects.filter(slug=slug).first()


def active_memberships(user: User) -> QuerySet[Membership]:
    """A person's standing roles, oldest first; the only query that begins with a person instead of a clinic."""
    return user.memberships.filter(is_active=True).select_related("clinic", "user").order_by("id")


def members(clinic: Clinic) -> QuerySet[Membership]:
    return Membership.objects.of(clinic).select_related("user").order_by("role", "user__name")


def nurses(clinic: Clinic) -> QuerySet[Membership]:
    return Membership.objects.of(clinic).filter(role=Role.NURSE, is_active=True).select_related("user")


def chairs(clinic: Clinic) -> QuerySet[Chair]:
    return Chair.objects.of(clinic).filter(in_service=True)


@lru_cache(maxsize=64)
def _public_holidays(country: str, region: str, year: int) -> dict[date, str]:
    try:
        return dict(holidays.country_holidays(country, subdiv=region or None, years=year))
    except NotImplementedError:
        return {}


def calendar(clinic: Clinic, first: date, last: date) -> OpenCalendar:
    """The clinic's open calendar from ``first`` to ``last`` inclusive, closures and public holidays with reasons."""
    shut: dict[date, str] = {}
    if clinic.country:
        for year in range(first.year, last.year + 1):
            shut.update(_public_holidays(clinic.country, clinic.region, year))
    for closure in Closure.objects.of(clinic).filter(first_day__lte=last, last_day__gte=first):
        day = max(first, closure.first_day)
        while day <= min(last, closure.last_day):
            shut[day] = closure.reason
            day += timedelta(days=1)
    hours = {row.weekday: (row.opens, row.closes) for row in OpeningHours.objects.of(clinic)}
    return OpenCalendar(hours=hours, closures=shut)


def open_tasks(clinic: Clinic, *, role: str = "") -> QuerySet[StaffTask]:
    rows = StaffTask.objects.of(clinic).filter(closed_at__isnull=True)
    return rows.filter(role=role) if role else rows


def task(clinic: Clinic, pk: int) -> StaffTask:
    return or_404(StaffTask.objects.of(clinic), pk=pk)


def audit_trail(clinic: Clinic, *, record_number: str = "", words: str = "") -> QuerySet[AuditEntry]:
    """What was seen and done, newest first, narrowed to one record or to words in the actor, verb or subject."""
    rows = AuditEntry.objects.of(clinic).order_by("-id")
    if record_number:
        rows = rows.filter(record_number=record_number)
    if words:
        rows = rows.filter(
            Q(actor_name__icontains=words) | Q(verb__icontains=words) | Q(subject_kind__icontains=words)
        )
    return rows


def named(subject: Model | None) -> tuple[str, str]:
    """How the audit trail names a subject: its kind and its key."""
    return (subject._meta.model_name or "", str(subject.pk)) if subject is not None else ("", "")
