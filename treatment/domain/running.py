"""How the infusion runs: what has been given so far, what comes next, and when it will be through. Exact fractions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from regimens.domain.rates import RatePlan, RateStep

from .chart import Change, Chart


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time at one rate (mg/h), and what flowed in it (mg)."""

    begins: datetime
    ends: datetime
    mg_h: Fraction
    mg: Fraction


@dataclass(frozen=True, slots=True)
class Next:
    """The next planned change: to which rate and when. ``step`` is its number in the plan."""

    at: datetime
    mg_h: Fraction
    step: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes, if nothing interrupts: the planned changes in order, and when the dose will be through (None while
    the drug is paused).
    """

    changes: tuple[Next, ...]
    through_at: datetime | None

    @property
    def next(self) -> Next | None:
        return self.changes[0] if self.changes else None


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of the plan beside what was done: planned for ``planned_at``, taken at ``taken_at`` (None: not yet)."""

    step: RateStep
    planned_at: datetime | None
    taken_at: datetime | None


def minutes(span: timedelta) -> Fraction:
    """A length of time in exact minutes."""
    return Fraction(span // timedelta(microseconds=1), 60_000_000)


def span(length: Fraction) -> timedelta:
    """Exact minutes as a length of time, up to the next microsecond."""
    return timedelta(microseconds=-(-length * 60_000_000 // 1))


def stretches(chart: Chart, now: datetime) -> Iterator[Stretch]:
    """The chart's rates as stretches until ``now`` or the end; what lies ahead of ``now`` has not flowed."""
    until = now if chart.ended_at is None else min(now, chart.ended_at)
    for place, change in enumerate(chart.changes):
        following = chart.changes[place + 1].at if place + 1 < len(chart.changes) else until
        ends = min(following, until)
        if ends > change.at:
            mg = change.mg_h * minutes(ends - change.at) / 60
            yield Stretch(change.at, ends, change.mg_h, mg)


def dose_given(chart: Chart, dose_mg: Fraction, now: datetime) -> Fraction:
    """What has flowed until ``now`` by the rates of the chart (mg); never more than the dose."""
    return min(sum((each.mg for each in stretches(chart, now)), Fraction(0)), dose_mg)


def volume_given(given_mg: Fraction, concentration: Fraction) -> Fraction:
    """The volume that holds what was given (mL), at a concentration in mg/mL."""
    return given_mg / concentration


def at_rate_since(changes: Sequence[Change]) -> datetime | None:
    """Since when the present rate has run: said again, a rate did not begin anew."""
    since = None
    for place, change in enumerate(changes):
        if place == 0 or change.mg_h != changes[place - 1].mg_h:
            since = change.at
    return since


def ahead(chart: Chart, plan: RatePlan, dose_mg: Fraction, now: datetime) -> Ahead:
    """What comes if the plan is followed from the present rate on.

    After a rate that is not in the plan (slowed after a reaction), the plan goes on with its next faster step once the
    present rate has run as long as the step it stands at. A change that is overdue is due now.
    """
    since = at_rate_since(chart.changes)
    if since is None or chart.ended is not None:
        return Ahead((), None)
    rate = chart.changes[-1].mg_h
    if rate == 0:
        return Ahead((), None)
    left = dose_mg - dose_given(chart, dose_mg, now)
    at, changes = now, []
    due = max(since + span(_length(plan, rate)), now)
    for step in _faster(plan, rate):
        flows = rate * minutes(due - at) / 60
        if flows >= left:
            break
        left, at, rate = left - flows, due, Fraction(step.rate_mg_h)
        changes.append(Next(at, rate, step.n))
        due = at + span(step.minutes)
    return Ahead(tuple(changes), at + span(left / rate * 60))


def _length(plan: RatePlan, rate: Fraction) -> Fraction:
    """How long the plan stays at the step in which a rate falls."""
    at_or_below = [step for step in plan.steps if step.rate_mg_h <= rate]
    step = at_or_below[-1] if at_or_below else plan.steps[0]
    return step.minutes


def _faster(plan: RatePlan, rate: Fraction) -> Iterator[RateStep]:
    return (step for step in plan.steps if step.rate_mg_h > rate)


def beside(chart: Chart, plan: RatePlan, coming: Ahead) -> tuple[Planned, ...]:
    """Each step of the plan: when it is or was planned, and when it was taken first."""
    began, due = chart.began_at, {each.step: each.at for each in coming.changes}
    rows = []
    for step in plan.steps:
        taken = next((each.at for each in chart.changes if each.mg_h == step.rate_mg_h), None)
        planned = due.get(step.n)
        if planned is None and began is not None:
            planned = began + span(step.start_minute)
        rows.append(Planned(step, planned, taken))
    return tuple(rows)
