"""One course as booking sees it: its infusions, the visits that stand, the windows and how long each one
takes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from clinics.models import Clinic
from regimens.domain.dates import Phase as CoursePhase
from regimens.domain.dates import phase_of
from regimens.domain.definition import Regimen
from scheduling.domain.booking import Window, start_window, window_from
from scheduling.domain.capacity import Phase
from scheduling.domain.lengths import LengthKey, Usual
from scheduling.models import Course, PlannedInfusion, Visit

from .courses import (
    History,
    day_of,
    history,
    infusion_phases,
    planned_of,
    regimen,
    standing_visits,
    usual_lengths,
)


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """A course read once. ``visits`` are all the patient's standing visits, follow-ups included."""

    course: Course
    regimen: Regimen
    planned: tuple[PlannedInfusion, ...]
    visits: tuple[Visit, ...]
    past: History
    usual: Mapping[LengthKey, Usual] = field(default_factory=dict)

    @property
    def clinic(self) -> Clinic:
        return self.course.clinic

    def infusion(self, ordinal: int) -> PlannedInfusion | None:
        return next((row for row in self.planned if row.ordinal == ordinal), None)

    def visit_of(self, planned: PlannedInfusion) -> Visit | None:
        """The standing visit that holds an infusion, if one does."""
        return next((visit for visit in self.visits if visit.planned_infusion_id == planned.pk), None)

    @property
    def induction(self) -> tuple[PlannedInfusion, ...]:
        return tuple(
            row for row in self.planned if phase_of(self.regimen, row.ordinal) is CoursePhase.INDUCTION
        )

    def group(self, planned: PlannedInfusion) -> tuple[PlannedInfusion, ...]:
        """The infusions that belong together with one: the induction, a pair, a repeated course, or itself alone."""
        return tuple(row for row in self.planned if row.first_of_group == planned.first_of_group)

    @property
    def pair(self) -> tuple[PlannedInfusion, PlannedInfusion] | None:
        """The two induction infusions that are booked together, as long as neither was given; None without
        two.
        """
        rows = self.induction
        if len(rows) == 2 and all(row.state == "planned" for row in rows):
            return rows[0], rows[1]
        return None

    @property
    def pair_visits(self) -> tuple[Visit | None, Visit | None]:
        """The standing visits of the pair."""
        rows = self.pair
        return (self.visit_of(rows[0]), self.visit_of(rows[1])) if rows else (None, None)

    def window(self, planned: PlannedInfusion, *, anchor: date | None = None) -> Window:
        """In which days an infusion may stand. The first one may begin later than the prescriber's date, as
        long as nothing was given; with ``anchor``, that first infusion's day, the other induction windows
        count from it.
        """
        own = Window(planned.earliest_on, planned.latest_on)
        if planned.ordinal == 1:
            return start_window(own, self.course.start_on)
        if anchor is not None and planned in self.induction:
            return window_from(self.regimen, anchor, planned.ordinal) or own
        return own

    def phases(self, planned: PlannedInfusion, on: date) -> tuple[Phase, ...]:
        """How an infusion on a day is made up; those of the course before it count as given by then."""
        before = [self.expected_on(row) for row in self.planned if row.ordinal < planned.ordinal]
        # Day 1 of a pair may still be moving: what counts is that it will have been given before day 15.
        latest = on - timedelta(days=1)
        return infusion_phases(
            self.regimen,
            planned.dose_mg,
            on,
            past=self.past,
            before=[min(day, latest) for day in before],
            chosen=planned.rate_profile,
            usual=self.usual,
        )

    def expected_on(self, planned: PlannedInfusion) -> date:
        """The day on which an infusion was given, is booked, or is planned."""
        if planned.given_on is not None:
            return planned.given_on
        visit = self.visit_of(planned)
        return day_of(visit, self.clinic) if visit else planned.planned_on

    def infusion_days(
        self, *, of: PlannedInfusion, besides: Collection[int]
    ) -> tuple[list[date], list[date]]:
        """The days of the infusions that belong together with one and of all the patient's others, given or booked;
        ``besides`` are the planned infusions that are being booked or moved."""
        own: list[date] = []
        others: list[date] = []
        own_keys = {row.pk for row in self.group(of)}
        own_given = {row.given_on for row in self.group(of) if row.given_on}
        for visit in self.visits:
            if visit.kind != "infusion" or visit.planned_infusion_id in besides:
                continue
            place = own if visit.planned_infusion_id in own_keys else others
            place.append(day_of(visit, self.clinic))
        own += own_given
        others += [day for day in self.past.given if day not in own_given]
        return own, others

    def days_of(self, visits: Collection[int]) -> set[date]:
        """The days on which some of the patient's visits stand."""
        return {day_of(visit, self.clinic) for visit in self.visits if visit.pk in visits}

    def clashing(self, starts: datetime, ends: datetime, *, besides: Collection[int]) -> Visit | None:
        """Another standing visit of the patient at that time; ``besides`` are visits that are being moved."""
        return next(
            (v for v in self.visits if v.pk not in besides and v.starts_at < ends and v.ends_at > starts),
            None,
        )


def read_plan(course: Course) -> CoursePlan:
    """Read a course with everything booking asks about: five queries."""
    course.patient.clinic = course.clinic
    planned, visits = planned_of(course), standing_visits(course.patient)
    rows = {row.pk: row for row in planned}
    for visit in visits:
        if visit.planned_infusion_id in rows:
            visit.planned_infusion = rows[visit.planned_infusion_id]
    return CoursePlan(
        course=course,
        regimen=regimen(course),
        planned=tuple(planned),
        visits=tuple(visits),
        past=history(course.patient),
        usual=usual_lengths(course.clinic),
    )
