"""Asking for a plan, working it out, and stopping: nothing here changes the schedule."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from scheduling.domain import proposals
from scheduling.domain.booking import FARTHEST, TOO_FAR
from scheduling.domain.disruption import Disruption, problems
from scheduling.domain.proposals import INLINE_SECONDS, LIMIT_SECONDS, Ending, Proposed, Spot
from scheduling.domain.replanning import Answer, Place, Problem, Progress, cost, ended_by
from scheduling.models import Replan
from scheduling.optimiser import Limits, solve
from scheduling.queries import today_of
from scheduling.queries.questions import Question, read_question
from scheduling.queries.replans import Tolerance, replan_by_key

from .happened import note_disruption

HEARD_EVERY = 0.5
"""Seconds between two notes of how far a search is, and between two looks whether it should stop."""

FIRST_SHARE = 0.4
"""How much of the time the plan that leaves every other visit alone may take."""

LONGEST_MONTH = 31
OPEN = ("waiting", "solving", "done", "stopped")
ASKED_JUST_NOW = timedelta(seconds=10)
"""The same question asked again so soon is one click pressed twice."""


def ask_replan(
    *,
    clinic: Clinic,
    kind: str,
    first_day: date,
    last_day: date,
    asked: Tolerance,
    by: User,
    now: datetime,
    what: Disruption | None = None,
    note: bool = False,
    may_close: bool = False,
) -> Replan:
    """Note a question to the optimiser: to re-plan a day, to make up for a disruption, or to plan reserved windows.
    With ``note`` what has happened is entered in the same stroke (see note_disruption).

    The same question by the same person a moment ago is that question. Refused in the past, too far ahead, out of
    order, and where a disruption is not told in full.
    """
    found = problems(what, today=today_of(clinic, now)) if what else []
    if what is None and last_day < today_of(clinic, now):
        found.append(Refusal("day_past", "This day is over. Choose today or a later day.", "first_day"))
    if last_day < first_day or (last_day - first_day).days >= LONGEST_MONTH:
        found.append(Refusal("too_long", "Ask about a month at most.", "last_day"))
    if first_day > today_of(clinic, now) + FARTHEST:
        found.append(TOO_FAR)
    if found:
        raise Refused(*dict.fromkeys(found))
    params = asked.stored | (what.stored if what else {})
    with transaction.atomic():
        same = _asked_just_now(clinic, kind, (first_day, last_day), params, by, now)
        if same is not None:
            return same
        row = Replan.objects.create(
            clinic=clinic,
            kind=kind,
            first_day=first_day,
            last_day=last_day,
            params=params,
            asked_by=by,
            created_at=now,
        )
        record(
            clinic=clinic,
            by=by,
            verb="asked for a plan",
            subject=row,
            changes={"kind": kind, "days": [str(first_day), str(last_day)], **params},
        )
        if note:
            note_disruption(replan=row, by=by, now=now, may_close=may_close)
    return row


def _asked_just_now(
    clinic: Clinic, kind: str, days: tuple[date, date], params: dict[str, Any], by: User, now: datetime
) -> Replan | None:
    """The same question by the same person a moment ago. Askers take turns behind the clinic's row."""
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    rows = Replan.objects.of(clinic).filter(
        kind=kind,
        first_day=days[0],
        last_day=days[1],
        asked_by=by,
        state__in=OPEN,
        created_at__gt=now - ASKED_JUST_NOW,
    )
    return next((row for row in rows if _asked(row) == params), None)


def _asked(replan: Replan) -> dict[str, Any]:
    """What a question asked, without what became of it."""
    return {name: value for name, value in replan.params.items() if name not in ("noted", "accepted")}


@transaction.atomic
def ask_again(*, replan: Replan, by: User, now: datetime) -> Replan:
    """Ask the same question anew, about the schedule as it stands now; the old one is laid aside. Pressed twice it is
    asked once.
    """
    clinic, params = replan.clinic, _asked(replan)
    discard_replan(replan=replan, by=by, now=now)
    same = _asked_just_now(clinic, replan.kind, (replan.first_day, replan.last_day), params, by, now)
    if same is not None and same.pk != replan.pk:
        return same
    row = Replan.objects.create(
        clinic=clinic,
        kind=replan.kind,
        first_day=replan.first_day,
        last_day=replan.last_day,
        params=params,
        asked_by=by,
        created_at=now,
    )
    record(clinic=clinic, by=by, verb="asked for a plan", subject=row, changes={"again": replan.pk})
    return row


def stop_replan(*, replan: Replan, by: User, now: datetime) -> Replan:
    """Let the search end with the best plan so far; one that has not begun ends without a plan."""
    rows = Replan.objects.of(replan.clinic).filter(pk=replan.pk)
    if not rows.filter(state="waiting").update(state="stopped", stop_asked=True, finished_at=now):
        rows.filter(state="solving").update(stop_asked=True)
    record(clinic=replan.clinic, by=by, verb="stopped a plan", subject=replan)
    replan.refresh_from_db()
    return replan


def discard_replan(*, replan: Replan, by: User, now: datetime) -> Replan:
    """Lay a plan aside: none of it is accepted. What was laid aside or applied already stays as it is."""
    rows = Replan.objects.of(replan.clinic).filter(
        pk=replan.pk, state__in=("waiting", "done", "stopped", "failed")
    )
    if rows.update(state="discarded", finished_at=now):
        record(clinic=replan.clinic, by=by, verb="laid a plan aside", subject=replan)
    replan.refresh_from_db()
    return replan


def work_out(*, pk: int, here: bool = False) -> str:
    """Work out the answer to one question; returns the state it ended in, or an empty text where somebody else does
    or did. ``here`` is set where a colleague waits for the page: the search is cut short.
    """
    replan = replan_by_key(pk)
    if replan is None:
        return ""
    limit = INLINE_SECONDS if here else LIMIT_SECONDS
    began = timezone.now()
    progress = {"began": began.isoformat(), "limit": limit, "here": here}
    rows = Replan.objects.of(replan.clinic).filter(pk=pk)
    if not rows.filter(state="waiting").update(state="solving", progress=progress):
        return ""
    try:
        question = read_question(replan, now=began)
        with _Watch(replan, progress) as watch:
            answer = _answer(question, limit, watch)
        state, stored, versions = "done", _stored(question, answer, here), _versions(question)
        if answer.ended_by == "stopped":
            state = "stopped"
    except Exception:
        rows.filter(state="solving").update(state="failed", finished_at=timezone.now())
        raise
    rows.filter(state="solving").update(
        state=state, answer=stored, versions=versions, finished_at=timezone.now()
    )
    return state


def _answer(question: Question, limit: float, watch: _Watch) -> Answer:
    """The best plan within the limit. First for the visits that cannot stay, with all others where they are; then,
    where the others may move as well, for all of them. A visit that could stay is never left without a place: where
    the second plan does that, or costs more, the first one stands.
    """

    def ask(problem: Problem, seconds: float) -> Answer:
        return solve(
            problem,
            limits=Limits(wall_seconds=seconds),
            on_progress=watch.hear,
            should_stop=watch.stop.is_set,
        )

    whole = question.whole
    if whole is None:
        return ask(question.small, limit)
    first = ask(question.small, limit * FIRST_SHARE) if question.small.visits else None
    placed = [*(first.placed if first else ()), *_staying(question)]
    left = first.left if first else ()
    second = ask(whole, limit - (first.seconds if first else 0))
    dear = cost(whole, placed, left)
    second = replace(second, seconds=second.seconds + (first.seconds if first else 0))
    may_stay = {row.planned for row in question.rows if not row.affected}
    if not may_stay & set(second.left) and second.objective is not None and second.objective <= dear:
        return replace(second, ended_by=ended_by(first, second))
    proved = second.bound is not None and dear <= second.bound
    stands = replace(
        second,
        placed=tuple(placed),
        left=left,
        objective=dear,
        status="optimal" if proved else "feasible",
        ended_by="proof" if proved else second.ended_by,
    )
    return replace(stands, ended_by=ended_by(first, stands))


def _staying(question: Question) -> list[Place]:
    """The visits that could stay, where they are."""
    whole = question.whole
    assert whole is not None
    asked = question.small.by_key
    return [visit.now for visit in whole.visits if visit.key not in asked and visit.now is not None]


def _versions(question: Question) -> dict[str, int]:
    return {
        str(row.visit): row.version for row in (*question.rows, *question.fixed) if row.visit and row.version
    }


def _stored(question: Question, answer: Answer, here: bool) -> dict[str, Any]:
    """The answer as it is kept: every visit asked about, with where it goes or why it goes nowhere."""
    places = {place.key: place for place in answer.placed}
    rows: list[Proposed] = list(question.fixed)
    for row in question.rows:
        place = places.get(row.planned)
        if place is None:
            rows.append(replace(row, because=row.because or NO_ROOM))
            continue
        begins = question.days[place.day].begins
        starts = begins + timedelta(minutes=place.minute)
        visit = (question.whole or question.small).by_key[row.planned]
        to = Spot(
            starts,
            starts + timedelta(minutes=visit.minutes),
            place.chair,
            place.nurse,
            tuple((begins + timedelta(minutes=at), nurse) for at, nurse in place.handovers),
        )
        rows.append(replace(row, to=to))
    ending = Ending(
        proved=answer.status == "optimal",
        clock=answer.ended_by == "wall_clock",
        seconds=round(answer.seconds, 2),
        objective=answer.objective,
        bound=answer.bound,
        here=here,
    )
    return proposals.stored(proposals.in_order(rows), ending)


NO_ROOM = "No chair and nurse are free for it within what was allowed."


class _Watch:
    """Beside a search: notes how far it is, at most twice a second, and sees whether somebody wants it to stop.

    It has a thread, and so a link to the database, of its own: the search itself knows no database.
    """

    def __init__(self, replan: Replan, first: dict[str, Any]) -> None:
        self.replan, self.first = replan, first
        self.stop = threading.Event()
        self._over = threading.Event()
        self._heard: Progress | None = None
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def hear(self, progress: Progress) -> None:
        """Take note of how far the search is; called by the search, from whatever thread."""
        self._heard = progress

    def _look(self) -> None:
        said = None
        try:
            while not self._over.wait(HEARD_EVERY):
                rows = Replan.objects.of(self.replan.clinic).filter(pk=self.replan.pk, state="solving")
                try:
                    heard = self._heard
                    if heard is not None and heard != said:
                        rows.update(progress=self.first | _plain(heard))
                        said = heard
                    if rows.filter(stop_asked=True).exists():
                        self.stop.set()
                except DatabaseError:
                    continue
        finally:
            connections.close_all()


def _plain(progress: Progress) -> dict[str, Any]:
    return {
        "objective": progress.objective,
        "bound": progress.bound,
        "seconds": round(progress.seconds, 1),
        "at": time.time(),
    }


def record_plan_view(*, replan: Replan, by: User) -> None:
    """Note in the audit trail who looked at a plan: it names patients."""
    record(clinic=replan.clinic, by=by, verb="viewed a plan", subject=replan)
