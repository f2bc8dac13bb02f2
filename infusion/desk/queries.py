"""What the desk shows of a day: cards, board, counts and gates, in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from clinics.domain.calendar import local_date
from clinics.domain.rights import Right
from clinics.models import Chair, Clinic, Membership
from clinics.queries import calendar, chairs
from django.db.models import QuerySet
from monitoring import queries as monitoring
from monitoring.models import FollowUp
from patients import queries as patients
from patients.models import Patient
from scheduling.models import STANDING, Visit
from treatment import queries as treatment
from treatment.domain.steps import (
    ARRIVED,
    BOOKED,
    DONE,
    IN_CHAIR,
    MOVES,
    NO_SHOW,
    STEPS_OF,
    Move,
    Stage,
    Step,
    next_moves,
    undone,
)

from .domain.board import MAX_CHAIRS, Board, Booked, Place, lay_out
from .domain.dates import days_meant

RIGHT_FOR = {
    Step.ARRIVE: Right.RUN_DAY,
    Step.START: Right.TREAT,
    Step.FINISH: Right.TREAT,
    Step.COMPLETE: Right.RUN_DAY,
    Step.NO_SHOW: Right.RUN_DAY,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether treatment may start on the visit's day: what is open, worst first, and what to watch."""

    permits: bool
    headline: str
    blocking: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One visit of the day as it is shown to one colleague: its steps are those the colleague may take now."""

    visit: Visit
    stage: Stage
    moves: tuple[Move, ...]
    can_undo: bool
    taken_at: datetime | None
    gate: Gate | None
    follow_up: FollowUp | None
    place: Place | None = None

    @property
    def is_over(self) -> bool:
        return self.stage in (DONE, NO_SHOW)


@dataclass(frozen=True, slots=True)
class Counts:
    """How far the day is: infusions and follow-ups together."""

    expected: int
    arrived: int
    in_chair: int
    done: int
    no_show: int
    gate_closed: int


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a clinic."""

    day: date
    today: date
    now: datetime
    cards: tuple[Card, ...]
    board: Board
    columns: tuple[Chair, ...]
    counts: Counts
    closed_because: str

    @property
    def infusions(self) -> tuple[Card, ...]:
        return tuple(card for card in self.cards if card.visit.kind == "infusion")

    @property
    def follow_ups(self) -> tuple[Card, ...]:
        return tuple(card for card in self.cards if card.visit.kind != "infusion")

    @property
    def on_board(self) -> tuple[Card, ...]:
        return tuple(card for card in self.cards if card.place is not None)

    @property
    def off_board(self) -> tuple[Card, ...]:
        return tuple(card for card in self.infusions if card.place is None)

    @property
    def fits_board(self) -> bool:
        return 0 < len(self.columns) <= MAX_CHAIRS


def day(clinic: Clinic, on: date, *, member: Membership, now: datetime) -> Day:
    """The clinic's day for one colleague. The number of queries does not grow with the visits."""
    zone, today = clinic.zone, local_date(now, clinic.zone)
    visits = treatment.day_visits(clinic, on)
    gates, taken = _gates(clinic, visits, today), treatment.steps_taken(clinic, visits)
    booked_for = monitoring.of_visits(clinic, [visit for visit in visits if visit.kind != "infusion"])
    open_calendar = calendar(clinic, on, on)
    in_service = list(chairs(clinic))
    board = lay_out(
        [
            Booked(visit.pk, visit.chair_id, visit.starts_at, visit.ends_at, visit.status in STANDING)
            for visit in visits
            if visit.chair_id is not None
        ],
        day=on,
        zone=zone,
        hours=open_calendar.open_hours(on),
        chairs=[chair.pk for chair in in_service],
        now=now,
    )
    places = {place.visit: place for place in board.places}
    cards = tuple(
        _card(
            visit,
            member,
            now,
            taken.get(visit.pk),
            gates.get(visit.pk),
            booked_for.get(visit.pk),
            places.get(visit.pk),
        )
        for visit in visits
    )
    named = {chair.pk: chair for chair in in_service} | {
        visit.chair_id: visit.chair for visit in visits if visit.chair is not None
    }
    return Day(
        day=on,
        today=today,
        now=now,
        cards=cards,
        board=board,
        columns=tuple(named[pk] for pk in board.columns),
        counts=_counts(cards),
        closed_because=open_calendar.closed_because(on) or "",
    )


def _gates(clinic: Clinic, visits: Iterable[Visit], today: date) -> dict[int, Gate]:
    """The gate of every infusion that has not begun, judged for its own day."""
    waiting = [
        visit for visit in visits if visit.kind == "infusion" and treatment.stage(visit) in (BOOKED, ARRIVED)
    ]
    verdicts = treatment.gates(clinic, waiting, today=today)
    return {
        pk: Gate(
            permits=verdict.permits,
            headline=verdict.headline,
            blocking=tuple(f"{each.label}: {each.words}" for each in verdict.blocking),
            warnings=tuple(f"{each.label}: {each.words}" for each in verdict.warnings),
        )
        for pk, verdict in verdicts.items()
    }


def _card(
    visit: Visit,
    member: Membership,
    now: datetime,
    taken_at: datetime | None,
    gate: Gate | None,
    follow_up: FollowUp | None,
    place: Place | None,
) -> Card:
    stage, zone = treatment.stage(visit), member.clinic.zone
    begun = local_date(visit.starts_at, zone) <= local_date(now, zone)
    moves = tuple(
        move
        for move in next_moves(stage, visit.kind)
        if begun
        and member.may(RIGHT_FOR[move.step])
        and not (move.step is Step.NO_SHOW and now < visit.starts_at)
    )
    led = [step for step in STEPS_OF[visit.kind] if MOVES[step].after == stage]
    back = undone(stage, taken_at=taken_at, now=now, kind=visit.kind)
    can_undo = isinstance(back, Stage) and all(member.may(RIGHT_FOR[step]) for step in led)
    return Card(visit, stage, moves, can_undo, taken_at, gate, follow_up, place)


def _counts(cards: Iterable[Card]) -> Counts:
    stages = Counter(card.stage.code for card in cards)
    return Counts(
        expected=stages[BOOKED.code],
        arrived=stages[ARRIVED.code],
        in_chair=stages[IN_CHAIR.code],
        done=stages[DONE.code],
        no_show=stages[NO_SHOW.code],
        gate_closed=sum(card.gate is not None and not card.gate.permits for card in cards),
    )


def found_patients(clinic: Clinic, words: str) -> QuerySet[Patient]:
    """Patients by name, record number or birth date, however the date is written."""
    days = days_meant(words)
    rows = patients.patients(clinic).filter(birth_date__in=days) if days else patients.search(clinic, words)
    return patients.with_conditions(rows).order_by("family_name", "given_name", "pk")
