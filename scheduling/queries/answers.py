"""Reading what patients answered to their visits, and the times they may choose from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet

from clinics.domain.calendar import day_bounds, local_date
from clinics.models import Clinic, StaffTask
from clinics.queries import or_404
from patients.models import Patient
from scheduling.domain.answers import ASK, CANNOT_COME, CONFIRMED, Rule, Subject
from scheduling.domain.booking import FARTHEST, interval_refusal
from scheduling.domain.status import MOVABLE
from scheduling.models import PlannedInfusion, Visit, VisitAnswer

from .courses import course, today_of
from .offers import WHOLE_DAY, Asked, single_times, times_to_move_to
from .plan import CoursePlan, read_plan
from .visits import visits

MOST_TIMES, A_DAY = 12, 3
NOON = 12
BEFORE, SEARCHED = timedelta(days=7), timedelta(days=28)
"""How far around the present time a patient is offered others (product default)."""

Days = list[tuple[date, list[datetime]]]


def rule_of(clinic: Clinic) -> Rule:
    return Rule(clinic.portal_moves or ASK, clinic.portal_notice_hours)


def subject_of(visit: Visit) -> Subject:
    """The visit as its answer sees it: all but an infusion of the induction stands alone."""
    planned = visit.planned_infusion
    return Subject(visit.status, visit.starts_at, planned is None or planned.phase != "induction")


def answer_of_form(patient: Patient, key: UUID) -> VisitAnswer | None:
    return VisitAnswer.objects.of(patient.clinic).filter(patient=patient, key=key).first()


def answers_since(patient: Patient, since: datetime) -> int:
    """How many answers came from a patient's pages, about whatever visit."""
    return VisitAnswer.objects.of(patient.clinic).filter(patient=patient, at__gt=since).count()


def standing_answer(visit: Visit | None) -> VisitAnswer | None:
    """What was answered last to a visit at the time at which it stands."""
    if visit is None:
        return None
    rows = VisitAnswer.objects.of(visit.clinic).filter(visit=visit, starts_at=visit.starts_at)
    return rows.order_by("-at", "-pk").first()


def answers_of(visit: Visit) -> list[VisitAnswer]:
    """Everything a patient ever answered to a visit, newest first; what a later answer replaced too."""
    rows = VisitAnswer.objects.of(visit.clinic).filter(visit=visit).select_related("by", "closed_by")
    return list(rows.order_by("-at", "-pk"))


def call_awaited(patient: Patient) -> VisitAnswer | None:
    """The visit a patient gave up last, while the clinic has not yet called to find another time."""
    rows = VisitAnswer.objects.of(patient.clinic).filter(patient=patient, answer=CANNOT_COME, state="done")
    last = rows.order_by("-at", "-pk").first()
    calls = StaffTask.objects.of(patient.clinic).filter(closed_at__isnull=True)
    return last if last is not None and calls.filter(cause=f"visit_answer:{last.pk}").exists() else None


def confirmed(clinic: Clinic, shown: Iterable[Visit]) -> frozenset[int]:
    """Which of the visits their patients have confirmed for the time at which they stand. One query."""
    rows = VisitAnswer.objects.of(clinic).filter(visit__in=list(shown), visit__starts_at=F("starts_at"))
    last = dict(rows.order_by("at", "pk").values_list("visit", "answer"))
    return frozenset(key for key, answer in last.items() if answer == CONFIRMED)


def unconfirmed(clinic: Clinic, now: datetime) -> list[Visit]:
    """Tomorrow's visits whose patients have a way into the portal and have not confirmed."""
    begins, ends = day_bounds(today_of(clinic, now) + timedelta(days=1), clinic.zone)
    rows = (
        visits(clinic)
        .filter(status__in=MOVABLE, starts_at__gte=begins, starts_at__lt=ends)
        .filter(
            patient__portalaccess__revoked_at__isnull=True, patient__portalaccess__confirmed_at__isnull=False
        )
        .distinct()
        .order_by("starts_at", "pk")
    )
    found = list(rows)
    done = confirmed(clinic, found)
    return [visit for visit in found if visit.pk not in done]


def requests(clinic: Clinic, now: datetime) -> QuerySet[VisitAnswer]:
    """What patients asked for and nobody has answered, for visits that still stand where they stood; the nearest
    visit first.
    """
    rows = VisitAnswer.objects.of(clinic).filter(
        state="open", visit__status__in=MOVABLE, visit__starts_at=F("starts_at"), starts_at__gt=now
    )
    said = Prefetch("visit__answers", VisitAnswer.objects.of(clinic).filter(state="replaced"))
    return (
        rows.select_related("patient", "visit__planned_infusion")
        .prefetch_related(said)
        .order_by("starts_at", "pk")
    )


def is_open(asked: VisitAnswer) -> bool:
    """Whether a request still waits: nobody has answered it, and its visit stands where it stood."""
    visit = asked.visit
    return asked.state == "open" and visit.status in MOVABLE and visit.starts_at == asked.starts_at


def request_of(clinic: Clinic, pk: int) -> VisitAnswer:
    """One request of a patient of the clinic, or 404; a mere confirmation is none."""
    rows = VisitAnswer.objects.of(clinic).exclude(answer=CONFIRMED)
    return or_404(rows.select_related("patient", "clinic", "by", "closed_by"), pk=pk)


def plan_of(visit: Visit) -> CoursePlan | None:
    """The course of an infusion's visit, as it stands."""
    return (
        read_plan(course(visit.clinic, visit.planned_infusion.course_id)) if visit.planned_infusion else None
    )


def free_times(visit: Visit, *, now: datetime, on: date | None = None) -> list[datetime]:
    """Times to which a visit could move: free, within its window, with the intervals and the clinic's notice kept, the
    soonest first; the present one is none of them. ``on``: the times of that day only.
    """
    rule, plan = rule_of(visit.clinic), plan_of(visit)
    if visit.planned_infusion is None:
        found = list(times_to_move_to(visit, now=now, on=on))
    else:
        planned = plan.infusion(visit.planned_infusion.ordinal) if plan else None
        found = _infusion_times(plan, planned, visit, now, on) if plan and planned else []
    return sorted(at for at in {*found} - {visit.starts_at} if at >= now + rule.notice)


def is_free(visit: Visit, at: datetime, *, now: datetime) -> bool:
    """Whether a visit could move to one time. Others wait while this is asked: it looks at that time's day alone."""
    if not now < at < now + FARTHEST:
        return False
    return at in free_times(visit, now=now, on=local_date(at, visit.clinic.zone))


def _infusion_times(
    plan: CoursePlan, planned: PlannedInfusion, visit: Visit, now: datetime, on: date | None
) -> list[datetime]:
    own, others = plan.infusion_days(of=planned, besides=[planned.pk])
    start = on or local_date(visit.starts_at, visit.clinic.zone) - BEFORE
    asked, days = Asked(start, None, WHOLE_DAY), 1 if on else SEARCHED.days
    times = single_times(plan, planned, now=now, asked=asked, without=[visit.pk], days=days)
    return [
        card.places[0].starts
        for card in times.cards
        if not interval_refusal(
            plan.regimen,
            planned.ordinal,
            local_date(card.places[0].starts, visit.clinic.zone),
            own_induction=own,
            others=others,
            opens=planned.first_of_group,
        )
    ]


def times_for(
    visit: Visit, *, now: datetime, half: str = "", after: date | None = None
) -> tuple[Days, date | None]:
    """A few of the times to which a visit could move, by local day; ``half``: am or pm only; ``after``: on later days
    only. With them the last day shown where there are times on later ones.
    """
    zone = visit.clinic.zone
    found = [
        at
        for at in free_times(visit, now=now)
        if _in_half(at.astimezone(zone), half) and (after is None or local_date(at, zone) > after)
    ]
    days = _spread(found, visit.clinic)
    goes_on = bool(days) and local_date(found[-1], zone) > days[-1][0]
    return days, days[-1][0] if goes_on else None


def _in_half(local: datetime, half: str) -> bool:
    return half not in ("am", "pm") or (local.hour < NOON) == (half == "am")


def _spread(found: list[datetime], clinic: Clinic) -> Days:
    """A few times of each day, spread over it, until there are enough."""
    days: Days = []
    left = MOST_TIMES
    for day, times in groupby(found, key=lambda at: local_date(at, clinic.zone)):
        every = list(times)
        take = min(A_DAY, left, len(every))
        if take:
            step = max(1, (len(every) - 1) // max(1, take - 1)) if take > 1 else 1
            days.append((day, every[::step][:take]))
            left -= take
    return days
