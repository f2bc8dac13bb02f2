"""What the pages of re-planning show, in a fixed number of queries: who is touched, and a plan beside what stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinics.domain.calendar import OpenCalendar, local_date
from clinics.models import Clinic
from clinics.queries import calendar
from clinics.queries import chairs as chairs_in_service
from infusion.desk.domain.board import MAX_CHAIRS, Board, Booked, lay_out
from patients.models import Patient
from scheduling.actions import telling_of
from scheduling.domain.course import in_words
from scheduling.domain.disruption import CHAIR, NURSE, Disruption
from scheduling.domain.proposals import (
    Ending,
    Proposed,
    Spot,
    Totals,
    ending_of,
    in_order,
    kind_of,
    rows_of,
    totals,
)
from scheduling.domain.telling import Telling, nobody_placed
from scheduling.models import Replan, Visit
from scheduling.queries import replans as queries

BOARDS = 3
"""Days drawn beside each other at most; the table names every day."""


@dataclass(frozen=True, slots=True)
class Touched:
    """One visit that cannot stay: who, how much harm a delay does and why, and by when the patient must be told."""

    visit: Visit
    harm: queries.Harm
    plannable: bool
    telling: Telling


@dataclass(frozen=True, slots=True)
class Line:
    """One visit of a plan. ``kind`` is a word of ``Totals``; ``was`` and ``to`` are times, chairs and nurses in words,
    ``moved`` says by how much. ``changed`` marks a visit that was changed after the plan was made.
    """

    number: int
    row: Proposed
    patient: Patient
    kind: str
    ordinal: int
    course: int | None
    was: tuple[str, str]
    to: tuple[str, str]
    moved: str
    telling: Telling | None
    changed: bool
    accepted: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """One visit on a small board: its line (None where the plan leaves it alone), its place, and how it looks."""

    line: Line | None
    column: int
    step: int
    span: int
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class SmallBoard:
    """A day in small: ``title`` says whether it is today's plan or the proposed one."""

    title: str
    board: Board
    marks: tuple[Mark, ...]
    chairs: tuple[str, ...]
    closed: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as its page shows it."""

    lines: tuple[Line, ...]
    totals: Totals
    ending: Ending | None
    boards: tuple[tuple[date, SmallBoard, SmallBoard], ...]

    @property
    def unplaced(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.kind == "unplaced")

    @property
    def moving(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.row.moves)

    @property
    def staying(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.kind == "stay")

    @property
    def calls(self) -> tuple[Line, ...]:
        """Whom to call, the most urgent first."""
        wanted = [line for line in self.lines if line.telling is not None and line.telling.call]
        return tuple(sorted(wanted, key=lambda line: line.telling.by if line.telling else datetime.max))

    @property
    def mailed(self) -> int:
        """How many patients are told by mail alone."""
        return sum(line.telling is not None and not line.telling.call for line in self.lines)


def touched(clinic: Clinic, what: Disruption, *, now: datetime) -> list[Touched]:
    """The visits a disruption touches, the most harmed by delay first."""
    visits = queries.touched(clinic, what, now=now)
    order = queries.harms(visits)
    found = [
        Touched(
            visit,
            order[visit.pk],
            queries.can_be_planned(visit, now=now),
            nobody_placed(visit.starts_at, now=now),
        )
        for visit in visits
    ]
    return sorted(found, key=lambda one: one.harm.rank)


def title_of(
    kind: str,
    first: date,
    last: date,
    what: Disruption | None,
    chairs: Mapping[int, str],
    people: Mapping[int, str],
) -> str:
    """What was asked, in words."""
    days = in_words(first) if first == last else f"{in_words(first)} to {in_words(last)}"
    if what is None:
        return f"Re-plan {days}" if kind == "day" else f"Reserved windows of {first:%B %Y}"
    if what.cause == NURSE:
        return f"{people.get(what.nurse or 0, 'A nurse')} away, {days}"
    if what.cause == CHAIR:
        return f"{chairs.get(what.chair or 0, 'A chair')} out of service, {days}"
    return f"Closed from {what.since:%H:%M}, {days}" if what.since else f"Closed, {days}"


def plan_of(replan: Replan, *, now: datetime, draw: bool = True) -> Plan:
    """A stored plan beside what stands now."""
    clinic, zone = replan.clinic, replan.clinic.zone
    rows = in_order(rows_of(replan.answer))
    visits = queries.visits_by_key(clinic, [row.visit for row in rows if row.visit])
    planned = queries.planned_by_key(clinic, [row.planned for row in rows])
    chairs, people = queries.names(clinic)
    accepted = frozenset(replan.params.get("accepted", ()))
    lines = []
    for number, row in enumerate(rows, start=1):
        infusion = planned.get(row.planned)
        patient = infusion.patient if infusion else visits[row.visit or 0].patient
        visit = visits.get(row.visit or 0)
        done = replan.state == "applied"
        lines.append(
            Line(
                number=number,
                row=row,
                patient=patient,
                kind=kind_of(row, zone),
                ordinal=infusion.ordinal if infusion else 0,
                course=infusion.course_id if infusion else None,
                was=_spot_words(row.was, zone, chairs, people),
                to=_spot_words(row.to, zone, chairs, people),
                moved=_moved(row, zone),
                telling=telling_of(row, patient, now=now),
                changed=not done and visit is not None and visit.version != row.version,
                accepted=row.key in accepted,
            )
        )
    boards = _boards(replan, lines, chairs, now=now) if draw else ()
    return Plan(tuple(lines), totals(rows, zone), ending_of(replan.answer), boards)


def _spot_words(
    spot: Spot | None, zone: ZoneInfo, chairs: Mapping[int, str], people: Mapping[int, str]
) -> tuple[str, str]:
    if spot is None:
        return "", ""
    starts, ends = spot.starts.astimezone(zone), spot.ends.astimezone(zone)
    nurses = [people.get(nurse, "") for nurse in (spot.nurse, *(one for _, one in spot.handovers))]
    handed = "".join(
        f", {name} from {at.astimezone(zone):%H:%M}"
        for (at, _), name in zip(spot.handovers, nurses[1:], strict=True)
    )
    when = f"{starts:%a} {starts.day} {starts:%b}, {starts:%H:%M}–{ends:%H:%M}"
    return when, f"{chairs.get(spot.chair, '')} · {nurses[0]}{handed}"


def _moved(row: Proposed, zone: ZoneInfo) -> str:
    """By how much a visit moves, in words."""
    if row.was is None or row.to is None or row.to.starts == row.was.starts:
        return ""
    days = (local_date(row.to.starts, zone) - local_date(row.was.starts, zone)).days
    if days:
        return f"{abs(days)} day{'s' if abs(days) != 1 else ''} {'later' if days > 0 else 'earlier'}"
    minutes = (row.to.starts - row.was.starts) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    length = " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
    return f"{length} {'later' if minutes > 0 else 'earlier'}"


# --- the boards ------------------------------------------------------------------------------------------------------


def _boards(
    replan: Replan, lines: Sequence[Line], chairs: Mapping[int, str], *, now: datetime
) -> tuple[tuple[date, SmallBoard, SmallBoard], ...]:
    """Each day that the plan changes, as it stands and as proposed: the days asked about first, then the fullest."""
    clinic, zone = replan.clinic, replan.clinic.zone
    count: Counter[date] = Counter()
    for line in lines:
        for spot in (line.row.was, line.row.to):
            if spot is not None and line.kind != "stay":
                count[local_date(spot.starts, zone)] += 1
    asked = [day for day in count if replan.first_day <= day <= replan.last_day]
    others = sorted(set(count) - set(asked), key=lambda day: (-count[day], day))
    days = sorted([*sorted(asked), *others][:BOARDS])
    if not days:
        return ()
    alone = queries.beside(clinic, days, [line.row.visit for line in lines if line.row.visit])
    opening = calendar(clinic, min(days), max(days))
    in_service = [chair.pk for chair in chairs_in_service(clinic)]
    found = []
    for day in days:
        before, after = (
            _small(replan, day, lines, alone, opening, in_service, chairs, proposed=proposed, now=now)
            for proposed in (False, True)
        )
        if before is not None and after is not None:
            found.append((day, before, after))
    return tuple(found)


def _small(
    replan: Replan,
    day: date,
    lines: Iterable[Line],
    alone: Iterable[Visit],
    opening: OpenCalendar,
    columns: Sequence[int],
    names: Mapping[int, str],
    *,
    proposed: bool,
    now: datetime,
) -> SmallBoard | None:
    zone, what = replan.clinic.zone, queries.disruption_of(replan)
    by_key: dict[int, Line | Visit] = {}
    booked = []
    for line in lines:
        spot = line.row.to if proposed else line.row.was
        if spot is not None and local_date(spot.starts, zone) == day:
            by_key[line.number] = line
            booked.append(Booked(line.number, spot.chair, spot.starts, spot.ends))
    for visit in alone:
        if visit.chair_id is not None and local_date(visit.starts_at, zone) == day:
            by_key[-visit.pk] = visit
            booked.append(Booked(-visit.pk, visit.chair_id, visit.starts_at, visit.ends_at))
    usual = opening.hours.get(day.weekday())
    hours = _left_open(opening.open_hours(day), what, day) if proposed else usual
    laid = lay_out(booked, day=day, zone=zone, hours=hours, chairs=columns, now=now)
    if not 0 < len(laid.columns) <= MAX_CHAIRS:
        return None
    marks = tuple(
        _mark(by_key[place.visit], place.column, place.step, place.span, zone, proposed)
        for place in laid.places
    )
    closed = ""
    if hours is None:
        closed = opening.closed_because(day) or (what.reason if what else "") or "closed"
    title = "Proposed" if proposed else "As booked"
    return SmallBoard(title, laid, marks, tuple(names.get(key, "") for key in laid.columns), closed)


def _left_open(
    hours: tuple[time, time] | None, what: Disruption | None, day: date
) -> tuple[time, time] | None:
    """The hours that are left of a day where the clinic closes."""
    if hours is None or what is None or what.cause in (NURSE, CHAIR) or not what.first <= day <= what.last:
        return hours
    if what.since is None or what.since <= hours[0]:
        return None
    return hours[0], min(hours[1], what.since)


TONES = {
    "unplaced": "danger",
    "same_day": "warning",
    "other_day": "warning",
    "hand": "info",
    "new": "success",
    "stay": "neutral",
}
WORDS = {
    "unplaced": "no place found",
    "same_day": "other time",
    "other_day": "other day",
    "hand": "other chair or nurse",
    "new": "new",
    "stay": "stays",
}


def _mark(who: Line | Visit, column: int, step: int, span: int, zone: ZoneInfo, proposed: bool) -> Mark:
    if isinstance(who, Line):
        spot = who.row.to if proposed else who.row.was
        at = f"{spot.starts.astimezone(zone):%H:%M}" if spot else ""
        return Mark(who, column, step, span, TONES[who.kind], f"{who.patient}, {at}, {WORDS[who.kind]}")
    at = f"{who.starts_at.astimezone(zone):%H:%M}"
    return Mark(None, column, step, span, "neutral", f"{who.patient}, {at}, not touched")
