"""What a preview shows: every later infusion before and after, and the checks, follow-ups and reminders that move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.calendar import local_date
from evaluation.domain.verdict import sample_spans
from evaluation.queries import subject_of
from evaluation.rule_queries import catalogue_of
from infusion.reminders.domain.before import reminder_times
from infusion.reminders.domain.kinds import title
from infusion.reminders.queries import rules_of
from monitoring.domain.follow_up import FollowUpDue, Infused, follow_ups_due
from scheduling.domain.booking import Window
from scheduling.domain.course import in_words
from scheduling.domain.series import Outlook, outside, short_intervals
from scheduling.forms import offer_text
from scheduling.models import PlannedInfusion
from scheduling.queries import Ask, CoursePlan, Step, day_of, rooms_for, today_of

from .forms import RowForm
from .saying import said_of


@dataclass(frozen=True, slots=True)
class Moved:
    """A check, follow-up or reminder that an infusion brings with it, in words, before and after; an empty text
    stands for none.
    """

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    """One infusion of a preview. ``moves``: its day or its time changes; ``flags`` are what a person must look at."""

    step: Step
    moves: bool
    flags: tuple[str, ...]
    brings: tuple[Moved, ...]
    form: RowForm | None = None

    @property
    def offer(self) -> str:
        """The time found or chosen, as a form carries it."""
        return offer_text([self.step.seat]) if self.step.seat else ""

    @property
    def brings_changed(self) -> int:
        return sum(each.before != each.after for each in self.brings)


def rows(
    plan: CoursePlan,
    ask: Ask,
    steps: Sequence[Step],
    forms: dict[int, RowForm],
    *,
    now: datetime,
) -> list[Row]:
    """Every infusion still to be given, in order."""
    before = {step.ordinal: _day(plan, step.before, step) for step in steps}
    after = {step.ordinal: _day_after(plan, step) for step in steps}
    near, full = _too_near(plan, steps, after), _without_room(plan, steps, now=now)
    follow_ups = _follow_ups(plan, steps, before, now=now), _follow_ups(plan, steps, after, now=now)
    moving = {
        step.ordinal
        for step in steps
        if step.seat is not None or step.gives_up or before[step.ordinal] != after[step.ordinal]
    }
    said = said_of(plan, steps, moving, now=now)
    found = []
    for step in steps:
        n = step.ordinal
        brings = [
            *_checks(plan, before[n], after[n], ask),
            *_changed_follow_ups(n, *follow_ups),
            *_reminders(plan, step, now=now),
        ]
        found.append(
            Row(
                step=step,
                moves=n in moving,
                flags=(*said.get(n, ()), *_flags(step, after[n], near.get(n), plan), *full.get(n, ())),
                brings=tuple(brings),
                form=forms.get(n),
            )
        )
    return found


def _day(plan: CoursePlan, row: PlannedInfusion, step: Step) -> date | None:
    return day_of(step.visit, plan.clinic) if step.visit else row.planned_on


def _day_after(plan: CoursePlan, step: Step) -> date | None:
    """The day on which an infusion would stand; None where it would not be given."""
    if step.after is None:
        return None
    if step.seat is not None:
        return local_date(step.seat.starts, plan.clinic.zone)
    if step.visit is not None and not step.held and not step.refusals:
        return day_of(step.visit, plan.clinic)
    return step.after.planned_on


def _too_near(plan: CoursePlan, steps: Iterable[Step], after: dict[int, date | None]) -> dict[int, int]:
    here = {row.given_on for row in plan.planned if row.given_on}
    given = [Outlook(r.ordinal, r.given_on, r.given_on, r.given_on) for r in plan.planned if r.given_on]
    looks = [
        Outlook(step.ordinal, after[step.ordinal], step.after.earliest_on, step.after.latest_on)
        for step in steps
        if step.after is not None
    ]
    return short_intervals(
        [*given, *looks],
        inductions=len(plan.regimen.induction),
        min_days=plan.regimen.min_interval_days,
        others=[day for day in plan.past.given if day not in here],
        opens={row.ordinal: row.first_of_group for row in plan.planned},
    )


def _without_room(plan: CoursePlan, steps: Iterable[Step], *, now: datetime) -> dict[int, tuple[str, ...]]:
    """The windows that would be held, or held on other days, where nothing more fits: in words, by infusion."""
    held = [step for step in steps if step.after is not None and _holds_anew(step)]
    wanted = [
        (Window(step.after.earliest_on, step.after.latest_on), _minutes(step)) for step in held if step.after
    ]
    rooms = rooms_for(
        plan.clinic,
        wanted,
        now=now,
        besides=[step.before.pk for step in held],
        without=[step.visit.pk for step in held if step.visit],
    )
    return {
        step.ordinal: ("The clinic is closed throughout its window.",)
        if room.closed
        else ("Its window has no room: all of it is booked or held.",)
        for step, room in zip(held, rooms, strict=True)
        if room.word == "none"
    }


def _holds_anew(step: Step) -> bool:
    """Whether a window would come to be held, or one that is held would lie on other days."""
    before, after = step.before, step.after
    if after is None or step.held:
        return step.held
    moves = (before.earliest_on, before.latest_on) != (after.earliest_on, after.latest_on)
    return before.held_at is not None and step.visit is None and moves


def _minutes(step: Step) -> int:
    if step.visit is None:
        return step.before.held_minutes
    return (step.visit.ends_at - step.visit.starts_at) // timedelta(minutes=1)


def _flags(step: Step, day: date | None, gap: int | None, plan: CoursePlan) -> Iterable[str]:
    """What must be looked at: what stands in the way first, then breaches, then what the plan itself says."""
    yield from (refusal.message for refusal in step.refusals)
    if step.after is None or day is None:
        return
    if gap is not None:
        least = plan.regimen.min_interval_days
        yield f"Only {gap} days after the infusion before; at least {least} are needed."
    off = outside(Outlook(step.ordinal, day, step.after.earliest_on, step.after.latest_on))
    if off and not step.refusals:
        days = f"{abs(off)} {'day' if abs(off) == 1 else 'days'}"
        yield f"{days} {'before its window opens' if off < 0 else 'after its window closes'}."
    if step.after.moved_reason and not step.seat:
        yield f"{step.after.moved_reason[:1].upper()}{step.after.moved_reason[1:]}."
    if step.after.concern and not step.seat:
        yield step.after.concern


def _checks(plan: CoursePlan, before: date | None, after: date | None, ask: Ask) -> list[Moved]:
    """When the laboratory samples for an infusion count: the first and the last day they may be taken on."""
    subject = subject_of(plan.course.patient, plan.course.diagnosis.condition)
    start = plan.course.start_on
    rules = catalogue_of(plan.clinic)
    was = sample_spans(subject, on=before, course_start=start, catalogue=rules) if before else ()
    begins = ask.start or start
    will = sample_spans(subject, on=after, course_start=begins, catalogue=rules) if after else ()
    spans = {code: words for code, _, words in _sampled(will)}
    labels = {code: label for code, label, _ in (*_sampled(was), *_sampled(will))}
    before_spans = {code: words for code, _, words in _sampled(was)}
    return [Moved(label, before_spans.get(code, ""), spans.get(code, "")) for code, label in labels.items()]


def _sampled(spans: Iterable) -> list[tuple[str, str, str]]:
    return [
        (
            requirement.code,
            requirement.label,
            in_words(last) if first == last else f"{in_words(first)} to {in_words(last)}",
        )
        for requirement, first, last in spans
    ]


def _follow_ups(
    plan: CoursePlan, steps: Iterable[Step], days: dict[int, date | None], *, now: datetime
) -> dict[tuple[int, str], FollowUpDue]:
    """The follow-ups that come of the infusions given and of those to come, as if each were given on its day."""
    given = [Infused(r.ordinal, r.phase, r.given_on) for r in plan.planned if r.given_on]
    ahead = [
        Infused(step.ordinal, step.before.phase, day)
        for step in steps
        if (day := days[step.ordinal]) is not None
    ]
    due = follow_ups_due(
        [*given, *ahead],
        induction_doses=len(plan.regimen.induction),
        induction_window_ends=None,
        next_dose_on=None,
        today=today_of(plan.clinic, now),
    )
    return {(each.from_n, each.kind): each for each in due}


def _changed_follow_ups(
    n: int,
    before: dict[tuple[int, str], FollowUpDue],
    after: dict[tuple[int, str], FollowUpDue],
) -> list[Moved]:
    found = []
    for key in sorted({*before, *after}, key=lambda each: (after.get(each) or before[each]).due_on):
        if key[0] == n:
            was, will = before.get(key), after.get(key)
            what = f"Follow-up: {(will or before[key]).title}"
            found.append(
                Moved(what, in_words(was.due_on) if was else "", in_words(will.due_on) if will else "")
            )
    return found


def _reminders(plan: CoursePlan, step: Step, *, now: datetime) -> list[Moved]:
    """When the patient is reminded of a booked infusion. Of a new time nobody is reminded before its notice is out."""
    stays = step.visit is not None and step.seat is None and not step.gives_up
    was = step.visit.starts_at if step.visit else None
    will = step.seat.starts if step.seat else was if stays and step.after is not None else None
    rules, zone = rules_of(plan.clinic), plan.clinic.zone

    def told(starts: datetime | None) -> dict[str, str]:
        times = reminder_times(starts, rules) if starts else []
        local = [
            (kind, due.astimezone(zone))
            for kind, due, _ in times
            if starts == was or due > now + rules.notice_delay
        ]
        return {kind: f"{in_words(due.date())}, {due:%H:%M}" for kind, due in local}

    before, after = told(was), told(will)
    return [
        Moved(title(kind), before.get(kind, ""), after.get(kind, ""))
        for kind in dict.fromkeys([*before, *after])
    ]
