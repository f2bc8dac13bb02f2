"""A whole course in one offer: times for what is booked now, and held windows with their room for all that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal
from scheduling.domain.booking import Window
from scheduling.domain.capacity import total_minutes
from scheduling.domain.offers import Limits
from scheduling.models import PlannedInfusion

from .courses import today_of
from .holds import RoomFor, rooms_for
from .offers import NOTHING_ASKED, Asked, Card, Times, pair_times, single_times
from .plan import CoursePlan
from .series import Ask, outlook

ONE = Limits(1, 1)


@dataclass(frozen=True, slots=True)
class ToHold:
    """One later infusion of an offer: its window, its visit's minutes and the room there is for it."""

    planned: PlannedInfusion
    window: Window
    minutes: int
    room: RoomFor

    @property
    def held(self) -> bool:
        """Whether its window is held already."""
        return self.planned.held_at is not None


@dataclass(frozen=True, slots=True)
class CourseCard(Card):
    """One offer for a whole course: the visits that are booked, and what is held after them."""

    later: tuple[ToHold, ...] = ()

    @property
    def without_room(self) -> int:
        return sum(each.room.word == "none" for each in self.later)


def still_open(plan: CoursePlan, *, after: int = 0) -> list[PlannedInfusion]:
    """The infusions of a course that are planned and that no visit holds yet, in order."""
    return [
        row
        for row in plan.planned
        if row.ordinal > after and row.state == "planned" and plan.visit_of(row) is None
    ]


def left_to_hold(plan: CoursePlan, *, now: datetime) -> list[PlannedInfusion]:
    """What follows the infusions that are booked now and is neither booked nor held: what "Hold the rest" holds. None
    while the next infusion itself waits to be booked, because the offer for it holds the rest as well.
    """
    today, near = today_of(plan.clinic, now), timedelta(days=plan.clinic.hold_beyond_days)
    rows = [row for row in still_open(plan) if row.latest_on >= today]
    if not rows or (rows[0].earliest_on <= today + near and rows[0].held_at is None):
        return []
    return [row for row in rows if row.held_at is None]


def begins_the_rest(plan: CoursePlan, planned: PlannedInfusion, *, now: datetime) -> bool:
    """Whether an infusion is the next of its course to be booked, and something after it can still be held."""
    rows = still_open(plan)
    today = today_of(plan.clinic, now)
    later = [row for row in rows[1:] if row.held_at is None and row.latest_on >= today]
    paired = plan.pair is not None and plan.pair_visits == (None, None)
    return bool(rows) and rows[0].pk == planned.pk and bool(later) and not paired


def course_times(
    plan: CoursePlan,
    *,
    now: datetime,
    asked: Asked = NOTHING_ASKED,
) -> Times:
    """Offers for all that is left of a course. Each card books the induction pair, or the next infusion where there is
    no pair to book, together with what opens within ``clinic.hold_beyond_days``; of everything later it holds the
    window, counted from that card's first day.
    """
    rows = still_open(plan)
    if not rows:
        today = today_of(plan.clinic, now)
        return Times((), today, today, Window(today, today), None, None, ())
    paired = plan.pair is not None and plan.pair_visits == (None, None)
    times = (
        pair_times(plan, now=now, asked=asked)
        if paired
        else single_times(plan, rows[0], now=now, asked=asked)
    )
    around = _Around(plan, now)
    cards = [around.course_card(card) for card in times.cards]
    rooms = _rooms(around, cards, now)
    return replace(times, cards=tuple(_with_rooms(card, rooms) for card in cards))


@dataclass(slots=True)
class _Draft:
    """A card and the infusions after it that are still without a time, as they would be planned."""

    card: Card
    later: tuple[tuple[PlannedInfusion, Window, int], ...]


class _Around:
    """What follows a first day, worked out once for each day."""

    def __init__(self, plan: CoursePlan, now: datetime) -> None:
        self.plan, self.now = plan, now
        near = timedelta(days=plan.clinic.hold_beyond_days)
        self.near = today_of(plan.clinic, now) + near
        self._plans: dict[date, CoursePlan] = {}
        self._soon: dict[tuple[date, int], Card | None] = {}

    def course_card(self, card: Card) -> _Draft:
        """The card with the times of what opens soon, and with what is left to be held."""
        zone = self.plan.clinic.zone
        first, last = card.places[0], card.places[-1]
        day = local_date(first.starts, zone)
        after = self._after(first.planned, day)
        places = list(card.places)
        later: list[tuple[PlannedInfusion, Window, int]] = []
        for row in still_open(after, after=last.planned.ordinal):
            soon = None
            if row.earliest_on <= self.near and not later:
                soon = self._time_for(after, row, day, first.starts.astimezone(zone).time())
            if soon is not None:
                places += soon.places
            else:
                minutes = total_minutes(after.phases(row, row.planned_on))
                later.append((row, Window(row.earliest_on, row.latest_on), minutes))
        return _Draft(replace(card, places=tuple(places)), tuple(later))

    def _after(self, first: PlannedInfusion, day: date) -> CoursePlan:
        """The course as it would be planned with its first infusion on a day."""
        if first.ordinal != 1:
            return self.plan
        if day not in self._plans:
            found = outlook(self.plan, Ask(1, start=day), now=self.now)
            self._plans[day] = self.plan if isinstance(found, Refusal) else found
        return self._plans[day]

    def _time_for(self, after: CoursePlan, row: PlannedInfusion, day: date, at: time) -> Card | None:
        key = (day, row.ordinal)
        if key not in self._soon:
            found = single_times(after, row, now=self.now, asked=Asked(at=at, limits=ONE)).cards
            self._soon[key] = found[0] if found else None
        return self._soon[key]


def _rooms(around: _Around, cards: Sequence[_Draft], now: datetime) -> Mapping[tuple[int, Window], RoomFor]:
    """The room of every window on the cards, asked once."""
    wanted = {(row.pk, window): minutes for card in cards for row, window, minutes in card.later}
    own = {key for key, _ in wanted}
    windows = [(window, minutes) for (_, window), minutes in wanted.items()]
    found = rooms_for(around.plan.clinic, windows, now=now, besides=own)
    return dict(zip(wanted, found, strict=True))


def _with_rooms(draft: _Draft, rooms: Mapping[tuple[int, Window], RoomFor]) -> CourseCard:
    later = tuple(ToHold(row, window, minutes, rooms[row.pk, window]) for row, window, minutes in draft.later)
    return CourseCard(draft.card.places, draft.card.reasons, later)
