"""Reading follow-ups: always from a clinic or from one of its patients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from clinics.domain.calendar import local_date
from clinics.domain.rights import Role
from clinics.models import Clinic, Membership
from clinics.queries import members, or_404
from monitoring.domain.follow_up import INDUCTION, FollowUpDue, Infused, follow_ups_due
from monitoring.domain.standing import SHOWN, Standing, Words, standing_of
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling.models import STANDING, PlannedInfusion, Visit
from scheduling.queries import follow_up_times


@dataclass(frozen=True, slots=True)
class Shown:
    """A follow-up with where it stands today and, while one stands, its visit."""

    follow_up: FollowUp
    standing: Standing
    visit: Visit | None

    @property
    def words(self) -> Words:
        return SHOWN[self.standing]


def follow_ups(clinic: Clinic) -> QuerySet[FollowUp]:
    return FollowUp.objects.of(clinic).select_related(
        "patient", "visit__nurse__user", "planned_infusion__course", "closed_by", "decided_by"
    )


def follow_up(clinic: Clinic, pk: int) -> FollowUp:
    """One follow-up of the clinic, or 404."""
    return or_404(follow_ups(clinic).select_related("clinic"), pk=pk)


def open_follow_ups(clinic: Clinic) -> QuerySet[FollowUp]:
    """Those still to be done, for patients who live; soonest due first."""
    return follow_ups(clinic).filter(state="due", patient__deceased=False).order_by("due_on", "id")


def of_patient(patient: Patient) -> QuerySet[FollowUp]:
    return follow_ups(patient.clinic).filter(patient=patient).order_by("due_on", "id")


def of_visits(clinic: Clinic, visits: list[Visit]) -> dict[int, FollowUp]:
    """The follow-ups that the given visits were booked for, by visit."""
    found = follow_ups(clinic).filter(visit__in=[visit.pk for visit in visits])
    return {row.visit_id: row for row in found if row.visit_id is not None}


def clinicians(clinic: Clinic) -> list[Membership]:
    """The nurses and prescribers who work here: whom a follow-up can be booked with."""
    return list(members(clinic).filter(is_active=True, role__in=[Role.NURSE, Role.PRESCRIBER]))


def every_clinic() -> list[Clinic]:
    """All clinics, for the job that derives follow-ups for each."""
    return list(Clinic.objects.order_by("pk"))


def free_times(row: FollowUp, *, now: datetime, minutes: int = 30, best: int = 6) -> list[datetime]:
    """A few free times for a follow-up, from its due date on or, late, from today on."""
    return free_between(
        row.clinic, row.patient, first=row.due_on, last=row.latest_on, now=now, minutes=minutes, best=best
    )


def free_between(
    clinic: Clinic,
    patient: Patient,
    *,
    first: date,
    last: date,
    now: datetime,
    minutes: int = 30,
    best: int = 6,
) -> list[datetime]:
    """A few free times between two days or, where they are over, in the next two weeks."""
    today = local_date(now, clinic.zone)
    found = follow_up_times(
        clinic,
        patient,
        member=None,
        earliest=max(first, today),
        latest=max(last, today + timedelta(weeks=2)),
        minutes=minutes,
        now=now,
        best=200,
    )
    by_day: dict[date, list[datetime]] = {}
    for start, _end in found:
        by_day.setdefault(local_date(start, clinic.zone), []).append(start)
    # Morning and afternoon of each of the first days, rather than six times of one morning.
    picked = [at for starts in by_day.values() for at in dict.fromkeys((starts[0], starts[len(starts) // 2]))]
    return picked[:best]


def standing_visit(follow_up: FollowUp) -> Visit | None:
    """The follow-up's visit, as long as it holds its time."""
    visit = follow_up.visit
    return visit if visit is not None and visit.status in STANDING else None


def shown(rows: QuerySet[FollowUp], *, clinic: Clinic, today: date) -> list[Shown]:
    """The rows with where each stands on the clinic's date."""
    return [_shown(row, clinic.zone, clinic.arrange_days_before, today) for row in rows]


def _shown(row: FollowUp, zone: ZoneInfo, arrange_days: int, today: date) -> Shown:
    visit = standing_visit(row)
    standing = standing_of(
        state=row.state,
        due_on=row.due_on,
        earliest_on=row.earliest_on,
        latest_on=row.latest_on,
        booked_on=local_date(visit.starts_at, zone) if visit else None,
        arrange_days=arrange_days,
        today=today,
    )
    return Shown(row, standing, visit)


def outstanding(clinic: Clinic, *, today: date) -> dict[Standing, list[Shown]]:
    """Every open follow-up of the clinic under overdue, due, booked and coming, in that order."""
    found: dict[Standing, list[Shown]] = {
        standing: [] for standing in Standing if standing is not Standing.OVER
    }
    for each in shown(open_follow_ups(clinic), clinic=clinic, today=today):
        found[each.standing].append(each)
    return found


def waiting(clinic: Clinic, *, today: date) -> list[Shown]:
    """What has to be arranged: overdue first, then due."""
    found = outstanding(clinic, today=today)
    return found[Standing.OVERDUE] + found[Standing.DUE]


def due_follow_ups(
    clinic: Clinic, *, today: date, patient: Patient | None = None
) -> dict[tuple[int, str], FollowUpDue]:
    """What the infusions given ask for, by planned infusion and kind: the derivation, in one query, without writing.

    What would have ended before its course was prescribed here is left out: another clinic saw to it, or nobody did.
    """
    given = Q(state="given", given_on__isnull=False)
    rows = PlannedInfusion.objects.of(clinic).filter(patient__deceased=False)
    if patient is not None:
        rows = rows.filter(patient=patient)
    begun = PlannedInfusion.objects.of(clinic).filter(given).values("course")
    rows = (
        rows.filter(given | Q(state="planned", course__state="active"), course__in=begun)
        .select_related("course")
        .order_by("course_id", "ordinal")
    )
    courses: dict[int, list[PlannedInfusion]] = {}
    for row in rows:
        courses.setdefault(row.course_id, []).append(row)
    found = {}
    for planned in courses.values():
        begun_on = local_date(planned[0].course.prescribed_at, clinic.zone)
        by_ordinal = {row.ordinal: row for row in planned}
        for due in _of_course(planned, today):
            if due.latest >= begun_on:
                found[by_ordinal[due.from_n].pk, due.kind] = due
    return found


def _of_course(planned: list[PlannedInfusion], today: date) -> tuple[FollowUpDue, ...]:
    to_come = [row for row in planned if row.state == "planned"]
    unfinished = [row for row in to_come if row.phase == INDUCTION]
    given = [
        Infused(row.ordinal, row.phase, row.given_on)
        for row in planned
        if row.state == "given" and row.given_on is not None
    ]
    found = follow_ups_due(
        given,
        induction_doses=sum(row.phase == INDUCTION for row in planned),
        induction_window_ends=unfinished[0].latest_on if unfinished else None,
        next_dose_on=to_come[0].target_on if to_come else None,
        today=today,
    )
    others = _before_the_last(planned, today)
    return tuple(due for due in found if due.from_n not in others)


def _before_the_last(planned: list[PlannedInfusion], today: date) -> set[int]:
    """The infusions of a later pair, or of a course given again, that another one of it follows: it is followed up
    from its last infusion, as the induction is.
    """
    return {
        row.ordinal
        for row in planned
        for later in planned
        if row.phase != INDUCTION
        and row.first_of_group == later.first_of_group
        and row.ordinal < later.ordinal
        and (later.state == "given" or (later.state == "planned" and later.latest_on >= today))
    }


def derived(clinic: Clinic, *, patient: Patient | None = None) -> dict[tuple[int, str], FollowUp]:
    """The follow-ups that stand in the clinic's books, by planned infusion and kind."""
    rows = FollowUp.objects.of(clinic).select_related("visit")
    if patient is not None:
        rows = rows.filter(patient=patient)
    return {(row.planned_infusion_id, row.kind): row for row in rows}


def patients_of(clinic: Clinic, infusions: Iterable[int]) -> list[Patient]:
    """The patients of these planned infusions."""
    rows = PlannedInfusion.objects.of(clinic).filter(pk__in=list(infusions))
    return list(Patient.objects.of(clinic).filter(pk__in=rows.values("patient")).order_by("pk"))


def next_dose(row: FollowUp) -> PlannedInfusion | None:
    """The next infusion still planned in the course that a follow-up belongs to, or None."""
    rows = PlannedInfusion.objects.of(row.clinic).filter(
        course=row.planned_infusion.course_id, state="planned", course__state="active"
    )
    return rows.order_by("ordinal").first()
