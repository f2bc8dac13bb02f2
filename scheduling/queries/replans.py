"""Reading plans: what was asked and answered, and which visits a disruption touches."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from clinics.domain.calendar import day_bounds, local_date
from clinics.models import Chair, Clinic, Membership
from clinics.queries import or_404
from patients.models import Patient
from scheduling.domain.disruption import Disruption, read
from scheduling.domain.harm import Affected, Part, by_harm
from scheduling.domain.proposals import LIMIT_SECONDS, shown_state
from scheduling.domain.status import MOVABLE
from scheduling.models import STANDING, PlannedInfusion, Replan, Visit

from .days import LONGEST

RECENT = 8
"""How many earlier questions are shown beside a new one."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What staff allow a plan to do: move a visit by at most ``minutes`` on its own day or to at most ``days`` other
    days; move visits that are not touched (``others``); finish the day early (``early``) rather than change little.
    """

    minutes: int = 60
    days: int = 7
    others: bool = False
    early: bool = False

    @property
    def stored(self) -> dict[str, Any]:
        return {"minutes": self.minutes, "days": self.days, "others": self.others, "early": self.early}


def tolerance_of(replan: Replan) -> Tolerance:
    """The tolerance a question was asked with."""
    stored = replan.params
    return Tolerance(stored["minutes"], stored["days"], stored["others"], stored["early"])


def disruption_of(replan: Replan) -> Disruption | None:
    """What had happened, where that was the question."""
    if replan.kind != "disruption":
        return None
    return read(replan.params, replan.first_day, replan.last_day)


def replans(clinic: Clinic) -> QuerySet[Replan]:
    return Replan.objects.of(clinic).select_related("clinic", "asked_by", "applied_by")


def replan(clinic: Clinic, pk: int) -> Replan:
    """One question of the clinic with its answer, or 404."""
    return or_404(replans(clinic), pk=pk)


def replan_by_key(pk: int) -> Replan | None:
    """The question a worker was handed, found from its key alone; None where it is gone."""
    clinic = Clinic.objects.filter(replans__pk=pk).first()
    return replans(clinic).filter(pk=pk).first() if clinic else None


def recent_replans(clinic: Clinic) -> list[Replan]:
    """What was asked lately, newest first."""
    return list(replans(clinic).defer("answer", "versions")[:RECENT])


def state_of(replan: Replan, *, now: datetime) -> str:
    """The state a page shows: a question whose worker was lost is not solving any more."""
    began = replan.progress.get("began")
    return shown_state(
        replan.state,
        began=datetime.fromisoformat(began) if began else None,
        limit=replan.progress.get("limit", LIMIT_SECONDS),
        now=now,
    )


def nurses_of(visit: Visit) -> frozenset[int]:
    """Everybody who has the patient during a visit."""
    own = {visit.nurse_id} if visit.nurse_id else set()
    return frozenset(own | {nurse for _, nurse in visit.handovers})


def touched(clinic: Clinic, what: Disruption, *, now: datetime) -> list[Visit]:
    """The visits still to come or under way that cannot stay as they are, in order of time: one query."""
    return [visit for visit in standing_on(clinic, what.first, what.last, now=now) if is_touched(visit, what)]


def is_touched(visit: Visit, what: Disruption) -> bool:
    return what.touches(
        visit.starts_at,
        visit.ends_at,
        chair=visit.chair_id,
        nurses=nurses_of(visit),
        zone=visit.clinic.zone,
    )


def standing_on(clinic: Clinic, first: date, last: date, *, now: datetime) -> list[Visit]:
    """The visits of these days that are not over, with what a list of them shows: one query."""
    begin, end = day_bounds(first, clinic.zone)[0], day_bounds(last, clinic.zone)[1]
    rows = Visit.objects.of(clinic).filter(
        status__in=("pending", "booked", "arrived"),
        starts_at__gte=begin,
        starts_at__lt=end,
        ends_at__gt=now,
    )
    return list(
        rows.select_related(
            "clinic",
            "patient",
            "chair",
            "nurse__user",
            "planned_infusion__course__regimen_version",
            "planned_infusion__course__clearance",
        ).order_by("starts_at", "id")
    )


@dataclass(frozen=True, slots=True)
class Harm:
    """How much a delay of one visit harms: 1 is the worst ``rank``; ``weight`` for the optimiser; why, in words."""

    rank: int
    weight: int
    words: str


def harms(visits: Iterable[Visit], windows: Iterable[PlannedInfusion] = ()) -> dict[int, Harm]:
    """The harm of delay of visits, by key, and of reserved windows, by their key below zero."""
    affected = [_affected(visit) for visit in visits]
    for row in windows:
        starts = day_bounds(row.planned_on, row.clinic.zone)[0]
        affected.append(Affected(-row.pk, starts, row.planned_on, _part(row), row.latest_on))
    return {one.key: Harm(rank, one.weight, one.words) for rank, one in enumerate(by_harm(affected), start=1)}


def _affected(visit: Visit) -> Affected:
    planned, on = visit.planned_infusion, local_date(visit.starts_at, visit.clinic.zone)
    return Affected(
        visit.pk, visit.starts_at, on, _part(planned), planned.latest_on if planned is not None else None
    )


def _part(planned: PlannedInfusion | None) -> Part:
    if planned is None:
        return Part.OTHER
    if planned.phase != "induction":
        return Part.SECOND_OF_PAIR if planned.ordinal > planned.first_of_group else Part.MAINTENANCE
    return Part.FIRST_INDUCTION if planned.ordinal == 1 else Part.SECOND_INDUCTION


def can_be_planned(visit: Visit, *, now: datetime) -> bool:
    """Whether a plan may give the visit another time: an infusion that has not begun."""
    return visit.kind == "infusion" and visit.status in MOVABLE and visit.starts_at > now


def windows_to_plan(clinic: Clinic, first: date, last: date) -> list[PlannedInfusion]:
    """Reserved windows planned for these days that no visit holds yet, the soonest first."""
    booked = Visit.objects.of(clinic).filter(status__in=STANDING, planned_infusion__isnull=False)
    rows = PlannedInfusion.objects.of(clinic).filter(
        state="planned",
        held_at__isnull=False,
        course__state="active",
        patient__deceased=False,
        planned_on__gte=first,
        planned_on__lte=last,
    )
    return list(
        rows.exclude(pk__in=booked.values("planned_infusion"))
        .select_related(
            "clinic", "patient", "course__regimen_version", "course__clearance", "course__diagnosis"
        )
        .order_by("planned_on", "pk")
    )


def visits_by_key(clinic: Clinic, keys: Iterable[int]) -> dict[int, Visit]:
    """Visits with what a page of a plan shows of them."""
    rows = Visit.objects.of(clinic).filter(pk__in=list(keys))
    return {visit.pk: visit for visit in rows.select_related("patient", "planned_infusion__course")}


def patients_by_key(clinic: Clinic, keys: Iterable[int]) -> dict[int, Patient]:
    """Patients with their addresses and telephone numbers: one query."""
    return {row.pk: row for row in Patient.objects.of(clinic).filter(pk__in=list(keys))}


def planned_by_key(clinic: Clinic, keys: Iterable[int]) -> dict[int, PlannedInfusion]:
    rows = PlannedInfusion.objects.of(clinic).filter(pk__in=list(keys))
    return {row.pk: row for row in rows.select_related("patient", "course")}


def names(clinic: Clinic) -> tuple[dict[int, str], dict[int, str]]:
    """The clinic's chairs and colleagues by key, whether or not they are at work still."""
    chairs = dict(Chair.objects.of(clinic).values_list("pk", "name"))
    people = Membership.objects.of(clinic).values_list("pk", "user__name", "user__email")
    return chairs, {pk: name or email for pk, name, email in people}


def beside(clinic: Clinic, days: Collection[date], without: Collection[int]) -> list[Visit]:
    """The standing infusions of some days that a plan leaves alone, for the picture of those days: one query."""
    at = Q(pk__in=[])
    for day in days:
        begin, end = day_bounds(day, clinic.zone)
        at |= Q(starts_at__lt=end, starts_at__gt=begin - LONGEST, ends_at__gt=begin)
    rows = Visit.objects.of(clinic).filter(at, status__in=STANDING, kind="infusion")
    return list(rows.exclude(pk__in=without).select_related("patient").order_by("starts_at", "id"))
