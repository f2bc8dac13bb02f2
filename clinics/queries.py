"""Reading the clinic: who works there, when it is open, what waits, and what was done."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import holidays
from django.db.models import Model, Q, QuerySet
from django.http import Http404
from holidays.registry import COUNTRIES

from .domain.calendar import OpenCalendar
from .domain.rights import Role
from .models import (
    Absence,
    AuditEntry,
    Chair,
    ChairOutage,
    Clinic,
    Closure,
    Membership,
    OpeningHours,
    Shift,
    StaffTask,
    User,
)
from .prepared import Given, Prepared


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


_ROLES = Prepared(
    lambda: (
        Membership.objects.of_person(Given("user"))
        .filter(is_active=True)
        .select_related("clinic")
        .order_by("id")
    )
)


def standing_roles(user: User) -> list[Membership]:
    """A person's standing roles as the staff's door reads them at every click; each knows that very person."""
    rows = _ROLES.all(user=user.pk)
    for row in rows:
        row.user = user
    return rows


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


_HOURS = Prepared(lambda: OpeningHours.objects.of(Given("clinic")).values_list("weekday", "opens", "closes"))
_CLOSURES = Prepared(
    lambda: (
        Closure.objects.of(Given("clinic"))
        .filter(first_day__lte=Given("last"), last_day__gte=Given("first"))
        .values_list("first_day", "last_day", "since", "reason")
    )
)


def calendar(clinic: Clinic, first: date, last: date) -> OpenCalendar:
    """The clinic's open calendar from ``first`` to ``last`` inclusive, closures and public holidays with reasons."""
    shut: dict[date, str] = {}
    if clinic.country:
        for year in range(first.year, last.year + 1):
            shut.update(_public_holidays(clinic.country, clinic.region, year))
    hours = opening_hours(clinic)
    early: dict[date, time] = {}
    for first_day, last_day, since, reason in _CLOSURES.all(clinic=clinic.pk, first=first, last=last):
        day = max(first, first_day)
        while day <= min(last, last_day):
            opens = hours[day.weekday()][0] if day.weekday() in hours else time.max
            if since is None or since <= opens:
                shut[day] = reason
            else:
                early[day] = min(since, early.get(day, time.max))
            day += timedelta(days=1)
    return OpenCalendar(hours=hours, closures=shut, shut_from=early)


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


# --- how the clinic is set up ---------------------------------------------------------------------------

JUST_NOW = timedelta(minutes=1)
"""Two clicks no further apart than this, by one person, are one."""


def opening_hours(clinic: Clinic) -> dict[int, tuple[time, time]]:
    """When the clinic opens and closes, by weekday (0 is Monday)."""
    return {weekday: (opens, closes) for weekday, opens, closes in _HOURS.all(clinic=clinic.pk)}


def closures(clinic: Clinic, *, today: date) -> QuerySet[Closure]:
    """The closures of today and later."""
    return Closure.objects.of(clinic).filter(last_day__gte=today).order_by("first_day", "id")


def all_chairs(clinic: Clinic) -> QuerySet[Chair]:
    """Every chair, the retired ones too."""
    return Chair.objects.of(clinic).order_by("id")


def outages(clinic: Clinic, *, today: date) -> QuerySet[ChairOutage]:
    """The chairs' outages of today and later."""
    rows = ChairOutage.objects.of(clinic).exclude(last_day__lt=today)
    return rows.select_related("chair").order_by("first_day", "id")


def shifts_of(member: Membership) -> list[Shift]:
    """All of a nurse's shifts with their breaks, past ones too, by weekday and time."""
    rows = Shift.objects.of(member.clinic).filter(member=member).prefetch_related("breaks")
    return list(rows.order_by("weekday", "starts", "valid_from", "id"))


def shifts(clinic: Clinic) -> QuerySet[Shift]:
    """All nurses' shifts with their breaks, past ones too."""
    rows = Shift.objects.of(clinic).filter(member__in=nurses(clinic)).prefetch_related("breaks")
    return rows.select_related("clinic", "member__user", "member__clinic").order_by("weekday", "starts", "id")


def leave(clinic: Clinic, *, today: date) -> QuerySet[Absence]:
    """Everybody's leave of today and later."""
    rows = Absence.objects.of(clinic).filter(last_day__gte=today)
    return rows.select_related("clinic", "member__user", "member__clinic").order_by("first_day", "id")


def done_just_now(clinic: Clinic, *, verb: str, subject: Model, by: User, now: datetime) -> bool:
    """Whether this very person did this to the subject a moment ago: the second half of a double click."""
    rows = AuditEntry.objects.of(clinic).filter(verb=verb, actor=by, at__gte=now - JUST_NOW)
    kind, key = named(subject)
    return rows.filter(subject_kind=kind, subject_id=key).exists()


def was_done(clinic: Clinic, *, verb: str, kind: str, key: int) -> bool:
    """Whether the audit trail of the clinic says that this was done to a subject that is gone."""
    rows = AuditEntry.objects.of(clinic).filter(verb=verb, subject_kind=kind, subject_id=str(key))
    return rows.exists()


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """The countries whose public holidays are known, by code, in order of their names."""
    small = {"And", "Of", "The", "Da"}
    names = {
        code: " ".join(
            word.lower() if word in small and place else word
            for place, word in enumerate(module.replace("_", " ").title().split())
        )
        for module, (_, code, *_rest) in COUNTRIES.items()
    }
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


@lru_cache(maxsize=256)
def region_names(country: str) -> dict[str, str] | None:
    """A country's regions that have holidays of their own, by code, or None for an unknown country."""
    if country not in country_names():
        return None
    found = holidays.country_holidays(country)
    aliases = found.get_subdivision_aliases()
    names = {code: (aliases.get(code) or [code])[0] for code in found.subdivisions}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


def coming_holidays(country: str, region: str, *, today: date) -> list[tuple[date, str]]:
    """The public holidays of the next twelve months, in order."""
    if not country:
        return []
    last = today + timedelta(days=365)
    found = _public_holidays(country, region, today.year) | _public_holidays(country, region, last.year)
    return sorted((day, name) for day, name in found.items() if today <= day <= last)


def as_it_stands(clinic: Clinic) -> Clinic:
    """The clinic's own row read again, so that what a transaction changes and takes back touches no other copy."""
    return Clinic.objects.get(pk=clinic.pk)


def shortcomings(clinic: Clinic, *, today: date) -> list[str]:
    """What keeps anything from being booked at all, in words."""
    found = []
    if not chairs(clinic).exists():
        found.append("No chair is left in service: no infusion can be booked.")
    on_duty = Shift.objects.of(clinic).filter(member__in=nurses(clinic)).exclude(valid_until__lt=today)
    if not on_duty.exists():
        found.append("No nurse has a shift: no infusion can be booked.")
    return found
