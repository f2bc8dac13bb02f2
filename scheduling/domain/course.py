"""When infusions of a course are due: targets from the anchor, windows, closed days, minimum interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from clinics.domain.refusals import Refusal
from regimens.domain.dates import (
    MAX_COUNT,
    Phase,
    Protocol,
    ProtocolDate,
    add_months,
    counted_from,
    dose_on_protocol,
    phase_of,
    windowed,
)
from regimens.domain.definition import Dose, Regimen
from regimens.domain.sequence import Retreatment, Slot

from .series import Decision, ceases_at, is_omitted, shift_by

HORIZON_MONTHS = 24
"""How far ahead a course is laid out (product default)."""

MAX_WORDS = 250
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class GivenDose:
    """Infusion ``n`` of the course (from 1, inductions counted), given on a local date, here or elsewhere."""

    n: int
    on: date


@dataclass(frozen=True, slots=True)
class PlannedDose:
    """An infusion still to be given. ``planned_on`` is the open day inside the window, or None where there is
    none.

    ``moved_reason`` says why ``planned_on`` (or the target itself) is not the protocol's date; ``concern`` is
    what the prescriber must decide. Both are empty where there is nothing to say, and at most 250 characters.
    ``opens`` is the ordinal of the first infusion of the induction, pair or repeated course it belongs to.
    """

    n: int
    phase: Phase
    dose: Dose
    target: date
    earliest: date
    latest: date
    planned_on: date | None
    moved_reason: str
    concern: str
    opens: int = 0


@dataclass(frozen=True, slots=True)
class DoseConcern:
    """Something about an infusion already given that the prescriber must decide on."""

    n: int
    on: date
    message: str


@dataclass(frozen=True, slots=True)
class _Target:
    protocol: ProtocolDate
    reasons: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()


def horizon_until(anchor: date, last_given: date | None, *, months: int = HORIZON_MONTHS) -> date:
    """The last target date to lay out: ``months`` after the anchor or, once infusions are given, the last of
    them.
    """
    try:
        return add_months(max(anchor, last_given or anchor), months)
    except OverflowError:
        return date.max


def plan_course(
    regimen: Regimen,
    *,
    start: date,
    until: date,
    closed: Callable[[date], str | None],
    given: Iterable[GivenDose] = (),
    history: Iterable[date] = (),
    today: date | None = None,
    decisions: Iterable[Decision] = (),
    retreatments: Iterable[Retreatment] = (),
    booked: Mapping[int, date] | None = None,
) -> tuple[PlannedDose, ...] | Refusal:
    """The infusions of a course that are still to be given, up to a target date of ``until`` (included).

    Each infusion counts from the one its regimen names, as given, and until then as planned; later infusions of a
    pair or of a repeated course from where its first one is ``booked``. A series of months counts from its anchor in
    one step, clamped at the month's end, never through dates that are only planned. Outside an induction, a pair or a
    repeated course no infusion is due sooner than ``regimen.min_interval_days`` after the patient's last one, whoever
    gave it (``history``: the patient's infusions outside this course; 112 days is a product default, unverified): its
    target is then the first day allowed, and the prescriber decides whether to re-anchor. ``closed`` says why the
    clinic is shut on a day, or None. Doses below the last one given are never asked for again. With ``today`` nothing
    is planned for a day that has passed. ``decisions`` move a target and its window by days (clamped months first,
    then the days), leave an infusion out or end the series. What is given on demand is planned only from a retreatment
    that was started. ``until`` is compared with the protocol's own date from ``start``, so that neither a deferral nor
    a closed first day loses a dose. Refused only where the calendar cannot hold the dates or the course runs past 200
    infusions.
    """
    on_day = {dose.n: dose.on for dose in given}
    others = sorted(set(history) - set(on_day.values()))
    protocol = Protocol(regimen, on_day.get(1, start), on_day, tuple(retreatments))
    laying = _Laying(regimen, on_day, others, tuple(decisions), dict(booked or {}), start)
    last, end = max(on_day, default=0), ceases_at(laying.decisions) or MAX_COUNT + 2
    planned: list[PlannedDose] = []
    try:
        for n in range(1, MAX_COUNT + 2):
            slot = protocol.slot(n)
            if slot is None or n >= end:
                return tuple(planned)
            if n > last and slot.on is None and protocol.on(slot) > until:
                return tuple(planned)
            target = laying.target(slot)
            if n <= last or is_omitted(laying.decisions, n):
                laying.stands.setdefault(n, target.protocol.date)
                continue
            planned.append(laying.placed(slot, target, closed, today))
    except OverflowError:
        return Refusal(
            "date_out_of_range", "These dates run outside the calendar (years 1 to 9999).", "start"
        )
    return Refusal("too_many_doses", f"A course has at most {MAX_COUNT} infusions.", "start")


class _Laying:
    """A course being laid out: where each of its infusions stands so far, given or planned, by ordinal."""

    def __init__(
        self,
        regimen: Regimen,
        given: Mapping[int, date],
        others: list[date],
        decisions: tuple[Decision, ...],
        booked: Mapping[int, date],
        start: date,
    ) -> None:
        self.regimen, self.given, self.others, self.decisions = regimen, given, others, decisions
        self.booked, self.start = booked, start
        self.stands: dict[int, date] = dict(given)
        self.own: list[date] = list(given.values())
        self.there: set[int] = set(given)

    def target(self, slot: Slot) -> _Target:
        """The infusion's date, counted from what stands, and moved by what was decided. Among those that belong
        together none comes to stand on or before the infusion before it.
        """
        on, root = slot.on or self.start, slot.n
        if slot.links:
            on, root = counted_from(slot, self.given, self.stands)
        target = _Target(windowed(slot, on), concerns=self._reviews(slot, on))
        shift = shift_by(
            self.decisions, slot.n, after=root, opens=slot.opens, chained={link.n for link in slot.links}
        )
        if not shift:
            return target
        moved = _moved(target, shift)
        return _with_floor(moved, max(self.own, default=None), 1) if slot.inside else moved

    def _reviews(self, slot: Slot, on: date) -> tuple[str, ...]:
        """What the regimen itself asks the prescriber to weigh before this infusion."""
        maintenance = self.regimen.maintenance
        if maintenance is None or not slot.number:
            return ()
        found = []
        if maintenance.optional_after_schedule and slot.number > len(maintenance.at):
            found.append("Given only if it is still needed: the prescriber decides.")
        months = maintenance.review_after_months
        if months is not None and on >= add_months(self.stands[1], months):
            found.append(
                f"{months} months after the first infusion: the prescriber reviews whether to go on."
            )
        return tuple(found)

    def placed(
        self, slot: Slot, target: _Target, closed: Callable[[date], str | None], today: date | None
    ) -> PlannedDose:
        """The infusion on an open day of its window, and noted where it stands."""
        floored = _with_floor(target, self._last_infusion(slot), self.regimen.min_interval_days)
        dose = replace(_placed(floored, closed, today), opens=slot.opens)
        day = dose.planned_on or dose.target
        self.own.append(day)
        self.there.add(slot.n)
        self.stands[slot.n] = day if slot.n == 1 else self.booked.get(slot.n, day)
        return dose

    def _last_infusion(self, slot: Slot) -> date | None:
        """The infusion from which the minimum interval before this one counts.

        Among those that belong together the course's own infusions do not count, nor those from before the first of
        them; one that was given elsewhere since it does. Where all before it were left out, it opens them itself.
        """
        if slot.inside and (slot.opens == 1 or any(slot.opens <= n < slot.n for n in self.there)):
            first = self.stands[slot.opens]
            return max((day for day in self.others if day > first), default=None)
        return max([*self.others, *self.own], default=None)


def _moved(target: _Target, shift: timedelta) -> _Target:
    protocol = target.protocol
    moved = replace(
        protocol,
        date=protocol.date + shift,
        earliest=protocol.earliest + shift,
        latest=protocol.latest + shift,
    )
    way = "deferred" if shift > timedelta() else "brought forward"
    days = abs(shift.days)
    words = f"{way} by {days} {'day' if days == 1 else 'days'} from {in_words(protocol.date)}"
    return replace(target, protocol=moved, reasons=(*target.reasons, words))


def _with_floor(target: _Target, last: date | None, min_days: int) -> _Target:
    protocol = target.protocol
    if last is None:
        return target
    floor = last + timedelta(days=min_days)
    if floor <= protocol.date:
        return replace(target, protocol=replace(protocol, earliest=max(protocol.earliest, floor)))
    after = protocol.latest - protocol.date
    why = f"at least {min_days} {'day' if min_days == 1 else 'days'} after the infusion of {in_words(last)}"
    return _Target(
        replace(protocol, date=floor, earliest=floor, latest=floor + after),
        (*target.reasons, f"moved from {in_words(protocol.date)}: {why}"),
        (
            *target.concerns,
            "Held back by the minimum interval: the prescriber decides whether to re-anchor the course.",
        ),
    )


def _placed(target: _Target, closed: Callable[[date], str | None], today: date | None) -> PlannedDose:
    """The dose on the next open day of its window or, failing that, the last open day before its target."""
    dose, reasons, concerns = target.protocol, list(target.reasons), list(target.concerns)
    later = range((dose.latest - dose.date).days + 1)
    sooner = range(-1, (dose.earliest - dose.date).days - 1, -1)
    days = (dose.date + timedelta(days=step) for step in (*later, *sooner))
    planned_on = next((day for day in days if (today is None or day >= today) and closed(day) is None), None)
    if planned_on is None and today is not None and dose.latest < today:
        concerns.append(
            f"Not given by {in_words(dose.latest)}, the end of its window: the prescriber decides."
        )
    elif planned_on is None:
        concerns.append(
            f"No open day from {in_words(dose.earliest)} to {in_words(dose.latest)}: the prescriber decides."
        )
    elif planned_on != dose.date:
        why = closed(dose.date) or "the day has passed"
        reasons.append(f"moved from {in_words(dose.date)}: {why}")
    return PlannedDose(
        n=dose.n,
        phase=dose.phase,
        dose=dose.dose,
        target=dose.date,
        earliest=dose.earliest,
        latest=dose.latest,
        planned_on=planned_on,
        moved_reason=_clipped("; ".join(reasons)),
        concern=_clipped(" ".join(concerns)),
    )


def given_concerns(regimen: Regimen, given: Iterable[GivenDose]) -> tuple[DoseConcern, ...]:
    """Induction infusions given outside their window (−1/+3 days, product default, unverified)."""
    on_day = {dose.n: dose.on for dose in given}
    if 1 not in on_day:
        return ()
    found = []
    for n, on in sorted(on_day.items()):
        if n == 1 or phase_of(regimen, n) is not Phase.INDUCTION:
            continue
        protocol = dose_on_protocol(regimen, on_day[1], n)
        if protocol is not None and not protocol.earliest <= on <= protocol.latest:
            message = (
                f"Infusion {n} was given on {in_words(on)}, outside its window "
                f"({in_words(protocol.earliest)} to {in_words(protocol.latest)}): the prescriber decides."
            )
            found.append(DoseConcern(n, on, message))
    return tuple(found)


def check_interval(
    on: date, *, others: Iterable[date], induction_pair: bool, min_days: int
) -> Refusal | None:
    """Why an infusion on ``on`` would stand too near another of the patient's, or None.

    ``others`` are all the patient's other infusions, given or booked, before or after, wherever given. With
    ``induction_pair`` the infusion is the second of an induction: only a second one on the same day is
    refused. For the first of a pair pass False and leave its partner out of ``others``.
    """
    near = min(others, key=lambda day: abs(day - on), default=None)
    if near is None:
        return None
    gap = abs((near - on).days)
    if gap == 0:
        return Refusal("infusion_same_day", f"There is already an infusion on {in_words(on)}.", "date")
    if induction_pair or gap >= min_days:
        return None
    return Refusal(
        "interval_too_short",
        f"{in_words(on)} is {gap} {'day' if gap == 1 else 'days'} from the infusion of {in_words(near)}; "
        f"at least {min_days} days are needed.",
        "date",
    )


def in_words(day: date) -> str:
    """A date as staff read it: 25 Dec 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _clipped(words: str) -> str:
    return words if len(words) <= MAX_WORDS else words[: MAX_WORDS - 1] + "…"
