"""What the desk shows of a day: cards, board, counts and gates, in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from clinics.domain.calendar import local_date
from clinics.domain.rights import Right
from clinics.models import Chair, Clinic, Membership
from clinics.queries import calendar, chairs
from evaluation.domain.findings import Tally, Verdict
from monitoring import queries as monitoring
from monitoring.domain.standing import Standing
from monitoring.models import FollowUp
from patients import queries as patients
from patients.models import Patient
from scheduling import queries as scheduling
from scheduling.domain.course import in_words
from scheduling.models import STANDING, RuleBreach, Visit
from scheduling.queries.answers import confirmed
from treatment import queries as treatment
from treatment.domain.steps import (
    ARRIVED,
    BOOKED,
    COMPLETED,
    DONE,
    IN_CHAIR,
    IN_TREATMENT,
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
    """Whether treatment may start on the visit's day: what can be acted on now, what is asked nearer to the day, and
    what to watch."""

    permits: bool
    now: tuple[str, ...]
    later: tuple[str, ...]
    warnings: tuple[str, ...]
    tally: Tally

    @property
    def chip(self) -> tuple[str, str, str]:
        """Tone, icon and words of the gate's chip."""
        if self.permits:
            return (
                ("warning", "unlock", "May start: warnings")
                if self.warnings
                else ("success", "unlock", "May start")
            )
        if self.now and not self.later:
            return "danger", "lock", f"Gate closed: {len(self.now)} open"
        if self.now:
            return "warning", "clipboard2-check", f"Needed before: {len(self.now)}"
        return "neutral", "clipboard2-check", "To check on the day"


@dataclass(frozen=True, slots=True)
class Card:
    """One visit of the day as it is shown to one colleague: its steps are those the colleague may take now. ``passed``:
    the soft rules that were broken knowingly for the place it stands in. ``takeovers``: from when on another nurse
    has the patient.
    """

    visit: Visit
    stage: Stage
    moves: tuple[Move, ...]
    can_undo: bool
    taken_at: datetime | None
    gate: Gate | None
    follow_up: FollowUp | None
    place: Place | None = None
    passed: RuleBreach | None = None
    takeovers: tuple[tuple[datetime, str], ...] = ()
    confirmed: bool = False

    @property
    def is_over(self) -> bool:
        return self.stage in (DONE, COMPLETED, NO_SHOW)

    @property
    def has_bedside(self) -> bool:
        """There is a chart to open: from the arrival on."""
        return self.visit.kind == "infusion" and self.stage in (ARRIVED, *IN_TREATMENT, DONE)

    @property
    def gate_shut(self) -> bool:
        return self.gate is not None and not self.gate.permits


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
    def by_chair(self) -> tuple[Card, ...]:
        """The infusions chair by chair, each in order of time."""
        order = {chair.pk: place for place, chair in enumerate(self.columns)}
        return tuple(sorted(self.infusions, key=lambda card: order.get(card.visit.chair_id or 0, len(order))))

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
    coming = confirmed(clinic, visits)
    passed, over = scheduling.breaches(clinic, visits), scheduling.takeovers(clinic, visits)
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
            passed.get(visit.pk),
            over.get(visit.pk, ()),
            visit.pk in coming,
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
        visit
        for visit in visits
        if visit.kind == "infusion" and treatment.stage(visit) in (BOOKED, ARRIVED, IN_CHAIR)
    ]
    verdicts = treatment.gates(clinic, waiting, today=today)
    return {pk: _gate(verdict, today) for pk, verdict in verdicts.items()}


def _gate(verdict: Verdict, today: date) -> Gate:
    due = verdict.due_now(today)
    return Gate(
        permits=verdict.permits,
        now=tuple(f"{each.label}: {each.words}" for each in due),
        later=tuple(f"{each.label}: {each.words}" for each in verdict.blocking if each not in due),
        warnings=tuple(f"{each.label}: {each.words}" for each in verdict.warnings),
        tally=verdict.tally,
    )


def _card(
    visit: Visit,
    member: Membership,
    now: datetime,
    taken_at: datetime | None,
    gate: Gate | None,
    follow_up: FollowUp | None,
    place: Place | None,
    passed: RuleBreach | None,
    takeovers: tuple[tuple[datetime, str], ...],
    confirmed: bool,
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
    back = undone(stage, taken_at=taken_at, now=now, kind=visit.kind)
    can_undo = isinstance(back, Stage) and may_undo(visit, member)
    return Card(visit, stage, moves, can_undo, taken_at, gate, follow_up, place, passed, takeovers, confirmed)


def may_undo(visit: Visit, member: Membership) -> bool:
    """Whether the colleague could have taken the step that led to the visit's stage."""
    stage = treatment.stage(visit)
    led = [step for step in STEPS_OF[visit.kind] if MOVES[step].after == stage]
    return all(member.may(RIGHT_FOR[step]) for step in led)


def what_follows(visit: Visit, *, today: date) -> str:
    """What comes after an infusion that is done: the next window and the next follow-up, in a sentence each."""
    if visit.kind != "infusion" or treatment.stage(visit) != DONE:
        return ""
    words = ""
    following = treatment.next_planned(visit)
    if following is not None:
        words += f" Next infusion: {in_words(following.earliest_on)} to {in_words(following.latest_on)}."
    upcoming = monitoring.shown(monitoring.of_patient(visit.patient), clinic=visit.clinic, today=today)
    due = next(
        (each.follow_up for each in upcoming if each.standing in (Standing.DUE, Standing.COMING)), None
    )
    if due is not None:
        words += f" Follow-up: {due.title}, around {in_words(due.due_on)}."
    return words


def _counts(cards: Iterable[Card]) -> Counts:
    stages = Counter(card.stage.code for card in cards)
    return Counts(
        expected=stages[BOOKED.code],
        arrived=stages[ARRIVED.code],
        in_chair=sum(stages[stage.code] for stage in IN_TREATMENT),
        done=stages[DONE.code] + stages[COMPLETED.code],
        no_show=stages[NO_SHOW.code],
        gate_closed=sum(card.gate_shut for card in cards),
    )


def found_patients(clinic: Clinic, words: str) -> QuerySet[Patient]:
    """Patients by name, record number or birth date, however the date is written."""
    days = days_meant(words)
    rows = patients.patients(clinic).filter(birth_date__in=days) if days else patients.search(clinic, words)
    return patients.with_conditions(rows).order_by("family_name", "given_name", "pk")
