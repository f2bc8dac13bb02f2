"""Where the booked visits of a series would go after a change. Nothing is written here: the preview and the change
itself ask the same questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from clinics.domain.calendar import local_date, local_instant
from clinics.domain.refusals import Refusal
from scheduling.domain.booking import (
    FARTHEST,
    TOO_FAR,
    Seat,
    Window,
    interval_refusal,
    just_taken,
    pair_refusal,
    time_refusal,
    window_refusal,
)
from scheduling.domain.capacity import ChairDay, DayCapacity, Fit, Phase, total_minutes
from scheduling.domain.course import in_words
from scheduling.domain.offers import Limits, Span, Wishes, single_offers
from scheduling.domain.status import MOVABLE
from scheduling.models import PlannedInfusion, Visit

from .courses import day_of, today_of
from .days import read_days
from .holds import keep_days, kept_days
from .plan import CoursePlan
from .seats import not_the_place, place_needed
from .series import Ask, outlook

SEARCHED_DAYS = 43
"""How many days of a window are searched for a visit that moves along (product default)."""
HERE = Refusal("not_movable", "The patient is here for this infusion. Finish that visit first.")


@dataclass(frozen=True, slots=True)
class Step:
    """One infusion before and after. ``after`` is None where it would no longer be given. ``seat`` is where its booked
    visit would go (None: it keeps its time, or has none); ``refusals`` say why no time was found, or why the one
    chosen cannot be had. ``held``: its time is given up and its window is held instead.
    """

    before: PlannedInfusion
    after: PlannedInfusion | None
    visit: Visit | None
    seat: Seat | None = None
    phases: tuple[Phase, ...] = ()
    chair: str = ""
    nurse: str = ""
    held: bool = False
    refusals: tuple[Refusal, ...] = ()

    @property
    def ordinal(self) -> int:
        return self.before.ordinal

    @property
    def ends(self) -> datetime | None:
        """When the visit would end at its new time."""
        return self.seat.starts + timedelta(minutes=total_minutes(self.phases)) if self.seat else None

    @property
    def gives_up(self) -> bool:
        """Whether the booked time would be given up."""
        return self.visit is not None and (self.after is None or self.held)


def series(plan: CoursePlan, ask: Ask, *, now: datetime) -> tuple[Step, ...] | Refusal:
    """Every infusion still to be given, before and after; booked visits of those that move are found a new time.

    Each keeps its time of day, nurse and chair where it can, on the day moved by as much as its target; else the best
    time in its new window. The first one planned comes first; each is looked for after those before it.
    """
    after = outlook(plan, ask, now=now)
    if isinstance(after, Refusal):
        return after
    return _Laying(plan, after, ask, now).steps()


@dataclass(slots=True)
class _Laying:
    """A series being laid out: ``days`` are those on which its infusions stand so far, by ordinal."""

    plan: CoursePlan
    after: CoursePlan
    ask: Ask
    now: datetime
    moving: list[int] = field(default_factory=list)
    days: dict[int, date] = field(default_factory=dict)

    def steps(self) -> tuple[Step, ...]:
        pairs = [
            (row, new)
            for row, new in zip(self.plan.planned, self.after.planned, strict=True)
            if row.state == "planned"
        ]
        for row, new in pairs:
            visit = self.plan.visit_of(row)
            if visit is not None and (new.state != "planned" or self._goes(row, new)):
                self.moving.append(visit.pk)
            elif visit is not None:
                self.days[row.ordinal] = day_of(visit, self.plan.clinic)
        return tuple(self._step(row, new) for row, new in pairs)

    def _goes(self, row: PlannedInfusion, new: PlannedInfusion) -> bool:
        """Whether the infusion's booked visit goes along with the change."""
        ordinal = row.ordinal
        if self.ask.alone:
            return ordinal in self.ask.seats
        return ordinal in self.ask.seats or ordinal in self.ask.held or new.target_on != row.target_on

    def _step(self, row: PlannedInfusion, new: PlannedInfusion) -> Step:
        visit = self.plan.visit_of(row)
        step = Step(row, new if new.state == "planned" else None, visit, held=row.ordinal in self.ask.held)
        if visit is None or visit.pk not in self.moving:
            return step
        if visit.status not in MOVABLE:
            return replace(step, refusals=(HERE,))
        if step.gives_up:
            return step
        chosen = self.ask.seats.get(row.ordinal)
        step = self._chosen(step, new, chosen) if chosen else self._found(step, new, visit)
        if step.seat is not None:
            self.days[row.ordinal] = local_date(step.seat.starts, self.plan.clinic.zone)
        return step

    def _chosen(self, step: Step, new: PlannedInfusion, seat: Seat) -> Step:
        """A chosen time with everything that is against it."""
        day = local_date(seat.starts, self.plan.clinic.zone)
        phases = self.after.phases(new, day)
        ends = seat.starts + timedelta(minutes=total_minutes(phases))
        clash = self.plan.clashing(seat.starts, ends, besides=self.moving)
        own, others = self._days_beside(new)
        found = [
            time_refusal(seat.starts, now=self.now),
            self._window_refusal(step.before, new, day),
            TOO_FAR if seat.starts > self.now + FARTHEST else None,
            interval_refusal(
                self.plan.regimen,
                new.ordinal,
                day,
                own_induction=own,
                others=others,
                opens=new.first_of_group,
            ),
            Refusal("patient_busy", "The patient has another visit at that time.", "time") if clash else None,
        ]
        capacity = self._read(day, day)[day]
        if not clash:
            found += capacity.refusals(seat.starts, phases, seat.chair, seat.nurse, seat.handovers)
        found += not_the_place(capacity, seat, place_needed(self.plan))
        kept = kept_days(self.plan.clinic, {day: capacity}, now=self.now)
        found.append(Refusal("kept_for_holds", kept[day], "day") if day in kept else None)
        found += self._left_behind(new, day)
        chair, nurse = capacity.chairs.get(seat.chair), capacity.nurses.get(seat.nurse)
        return replace(
            step,
            seat=seat,
            phases=phases,
            chair=chair.name if chair else "",
            nurse=nurse.name if nurse else "",
            refusals=self._weighed([each for each in found if each], chair, seat),
        )

    def _left_behind(self, new: PlannedInfusion, day: date) -> list[Refusal | None]:
        """Where the first infusion moves alone: whether the others of the induction stay within their windows."""
        if new.ordinal != 1 or not self.ask.alone:
            return []
        return [
            pair_refusal(self.plan.regimen, day, n, on)
            for n, on in self.days.items()
            if 1 < n <= len(self.plan.induction)
        ]

    def _weighed(self, found: list[Refusal], chair: ChairDay | None, seat: Seat) -> tuple[Refusal, ...]:
        """The reasons as they are told: of a chair that somebody else has, nothing more need be said."""
        if chair is not None and any(each.code == "chair_taken" for each in found):
            local = seat.starts.astimezone(self.plan.clinic.zone)
            return (just_taken(f"{chair.name}, {in_words(local.date())} at {local:%H:%M}"),)
        return tuple(dict.fromkeys(found))

    def _window_refusal(self, before: PlannedInfusion, new: PlannedInfusion, day: date) -> Refusal | None:
        if new.ordinal > 1:
            return window_refusal(day, Window(new.earliest_on, new.latest_on))
        return None if self.ask.prescriber else window_refusal(day, self.plan.window(before))

    def _days_beside(self, new: PlannedInfusion) -> tuple[list[date], list[date]]:
        """The days of the infusions that belong together with one and of all the patient's others, its own left out."""
        together = {row.ordinal for row in self.plan.group(new)}
        given = {row.given_on for row in self.plan.group(new) if row.given_on}
        own = [day for n, day in self.days.items() if n in together and n != new.ordinal]
        others = [day for n, day in self.days.items() if n not in together and n != new.ordinal]
        return [*own, *given], [*others, *(day for day in self.plan.past.given if day not in given)]

    def _found(self, step: Step, new: PlannedInfusion, visit: Visit) -> Step:
        """The best free time in the new window, nearest to how the visit stands now."""
        window = self._open_window(new)
        if window is None:
            return replace(step, refusals=(_none_free(new),))
        local = visit.starts_at.astimezone(self.plan.clinic.zone)
        shifted = local.date() + (new.target_on - step.before.target_on)
        wanted = min(max(shifted, window.earliest), window.latest)
        first = max(window.earliest, wanted - timedelta(days=SEARCHED_DAYS // 2))
        last = min(window.latest, first + timedelta(days=SEARCHED_DAYS - 1))
        capacity = self._read(first, last)
        kept = dict(keep_days(self.plan.clinic, capacity, now=self.now))
        fit = None if wanted in kept else self._as_before(new, visit, capacity[wanted], local.time())
        if fit is None:
            offers = single_offers(
                capacity,
                Span(first, wanted, last),
                lambda day: self.after.phases(new, day),
                now=self.now,
                wishes=Wishes(nurse=visit.nurse_id, at=local.time()),
                limits=Limits(),
            )
            zone = self.plan.clinic.zone
            alike = [
                one for one in offers if _alike(capacity[local_date(one.starts, zone)], one.chair, visit)
            ]
            fit = next((Fit(one.starts, one.ends, one.chair, one.nurse) for one in alike or offers), None)
        if fit is None:
            return replace(step, refusals=(_none_free(new),))
        day = capacity[local_date(fit.starts, self.plan.clinic.zone)]
        return replace(
            step,
            seat=Seat(fit.starts, fit.chair, fit.nurse),
            phases=self.after.phases(new, day.day),
            chair=day.chairs[fit.chair].name,
            nurse=day.nurses[fit.nurse].name,
        )

    def _open_window(self, new: PlannedInfusion) -> Window | None:
        """The days in which the infusion may stand once the infusions around it stand where they go."""
        first, last = max(new.earliest_on, today_of(self.plan.clinic, self.now)), new.latest_on
        least = timedelta(days=self.plan.regimen.min_interval_days)
        _, others = self._days_beside(new)
        if 1 < new.ordinal == new.first_of_group:
            near = [day for day in others if day <= last]
            first = max([first, *(day + least for day in near)])
        return Window(first, last) if first <= last else None

    def _as_before(self, new: PlannedInfusion, visit: Visit, day: DayCapacity, at: time) -> Fit | None:
        """The same time of day with the same nurse and, if it can be, in the same chair."""
        starts = local_instant(day.day, at, self.plan.clinic.zone)
        if isinstance(starts, Refusal) or starts < self.now:
            return None
        phases = self.after.phases(new, day.day)
        alike = [chair for chair in day.chairs if _alike(day, chair, visit)]
        for chair in dict.fromkeys((visit.chair_id or 0, *alike)):
            answer = day.fits(starts, phases, chair, visit.nurse_id or 0)
            if isinstance(answer, Fit):
                return answer
        return None

    def _read(self, first: date, last: date) -> dict[date, DayCapacity]:
        days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        patient = self.plan.course.patient
        return read_days(self.plan.clinic, days, now=self.now, patient=patient, without=self.moving)


def _alike(day: DayCapacity, chair: int, visit: Visit) -> bool:
    """Whether a chair is of the kind the visit has: whoever has a bed keeps one."""
    return visit.chair is None or day.chairs[chair].kind == visit.chair.kind


def _none_free(new: PlannedInfusion) -> Refusal:
    return Refusal(
        "no_time_found",
        f"No free time for infusion {new.ordinal} from {in_words(new.earliest_on)} to {in_words(new.latest_on)}.",
    )
