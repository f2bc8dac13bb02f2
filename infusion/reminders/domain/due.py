"""Which messages a patient is owed, derived from what stands in the schedule and what the patient was told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from clinics.domain.calendar import day_bounds

from .asking import (
    ANSWER_KEPT,
    Answered,
    OpenWindow,
    TurnedDown,
    answers_told,
    window_asked,
)
from .before import TRAVEL, replaced, visit_times
from .kinds import (
    ARRANGE,
    BOOKED,
    CANCELLED,
    HEALTH_CHECK,
    INVITED,
    MOVED,
    NOTICES,
    OVERDUE,
    REQUEST_REFUSED,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    title,
)
from .lab import BloodTest, blood_tests_asked
from .rules import Rules

TELLING = (BOOKED, CANCELLED)

NOTICE_KEPT = timedelta(days=30)
"""A change this old makes no notice any more: longer than any outage worth planning for. Reminders still go out."""

OVERDUE_KEPT = timedelta(days=365)
"""How long a follow-up that nobody closes may still open its one task."""


INVITATION_KEPT = timedelta(days=14)
"""How long an invitation to the patient's pages may still be sent."""


@dataclass(frozen=True, slots=True)
class VisitState:
    """A visit as it was after one change, made at the instant ``at``."""

    visit_id: int
    version: int
    change: str
    status: str
    starts_at: datetime
    at: datetime
    is_infusion: bool = False

    @property
    def stands(self) -> bool:
        """Whether the patient is expected: only a booked visit is ever written about."""
        return self.status == BOOKED

    @property
    def tells(self) -> bool:
        """Whether the change may concern the patient, who is expected after it, or no longer expected."""
        return self.change in NOTICES or self.status in TELLING


@dataclass(frozen=True, slots=True)
class OpenFollowUp:
    """A follow-up not yet done; dates are local and inclusive."""

    follow_up_id: int
    due_on: date
    latest_on: date
    is_booked: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """A way into the patient's pages that was opened and has not been used; ``to`` is a carer's address."""

    access_id: int
    at: datetime
    to: str = ""
    to_name: str = ""


@dataclass(frozen=True, slots=True)
class EarlierTime:
    """A time offered to a patient who would come earlier, open until ``expires_at``. ``state`` is open, gone or lapsed
    (what the patient answered is not told back); ``ended_at`` is when somebody else took it or it was closed.
    """

    offer_id: int
    version: int
    state: str
    starts_at: datetime
    offered_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that bears on what one patient is owed.

    ``told`` maps a visit to the newest of its versions the patient was (or may have been) told of. ``said`` holds
    the subjects of messages that went out or may have gone out, as ``Owed.subject``.
    """

    patient_id: int
    is_deceased: bool = False
    versions: tuple[VisitState, ...] = ()
    follow_ups: tuple[OpenFollowUp, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    earlier_times: tuple[EarlierTime, ...] = ()
    windows: tuple[OpenWindow, ...] = ()
    blood_tests: tuple[BloodTest, ...] = ()
    answers: tuple[Answered, ...] = ()
    turned_down: tuple[TurnedDown, ...] = ()
    told: Mapping[int, int] = field(default_factory=dict)
    said: frozenset[tuple[str, str, int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """What a message says of one visit: that it is booked, moved, cancelled or near (``reminder``).

    ``starts_at`` is the time it speaks of, ``was`` the time a moved visit had before, ``version`` the visit's newest.
    """

    visit_id: int
    version: int
    verb: str
    starts_at: datetime
    was: datetime | None = None

    @property
    def first_at(self) -> datetime:
        """The first instant at which the patient may be on the way, whichever of the two times they know."""
        return min(self.starts_at, self.was or self.starts_at)


@dataclass(frozen=True, slots=True)
class Owed:
    """One message owed: to be sent from ``due_at`` on, and of no use from ``expires_at`` on. ``to`` is the address of
    somebody else than the patient.
    """

    subject_kind: str
    subject_id: str
    subject_version: int
    kind: str
    due_at: datetime
    expires_at: datetime
    changes: tuple[Change, ...] = ()
    to: str = ""
    to_name: str = ""

    @property
    def subject(self) -> tuple[str, str, int, str]:
        """What makes the message the same as another one to the same recipient."""
        return self.subject_kind, self.subject_id, self.subject_version, self.kind

    @property
    def title(self) -> str:
        return title(self.kind)

    @property
    def visit_ids(self) -> tuple[int, ...]:
        return tuple(change.visit_id for change in self.changes)

    @property
    def in_time_until(self) -> datetime:
        """Until when it may wait for the quiet hours to end. A notice that would be told later goes out at once: the
        patient may be on the way to a visit that is not then.
        """
        if self.kind not in NOTICES:
            return self.expires_at
        return min(change.first_at for change in self.changes) - TRAVEL

    def misses(self, now: datetime) -> bool:
        """Whether it leaves so late that a patient who sets out for a visit may not have read that it is not then."""
        return self.kind in NOTICES and any(
            change.verb in (MOVED, CANCELLED) and now > change.first_at - TRAVEL for change in self.changes
        )


def owed(patient: Circumstances, rules: Rules, now: datetime) -> tuple[Owed, ...]:
    """Every message the patient is owed, now or later, in the order they fall due. Nothing is owed to the dead."""
    if patient.is_deceased:
        return ()
    visits = _by_visit(patient.versions)
    found = [notice(patient, rules, now)]
    for states in visits.values():
        found += _reminders(states, patient, rules, now)
    for follow_up in patient.follow_ups:
        found += _follow_up(follow_up, rules)
    found += [
        Owed(
            "portal_access",
            str(one.access_id),
            1,
            INVITED,
            one.at,
            one.at + INVITATION_KEPT,
            (),
            one.to,
            one.to_name,
        )
        for one in patient.invitations
    ]
    found += [_turned_down(one, visits.get(one.visit_id, []), rules) for one in patient.turned_down]
    found += [_earlier_time(one, patient.said, now) for one in patient.earlier_times]
    asked = (
        *window_asked(patient.windows, patient.said, rules, now),
        *blood_tests_asked(patient.blood_tests, patient.said, rules),
        *answers_told(patient.answers, rules),
    )
    found += [Owed(*one) for one in asked]
    standing = [
        replace(one, due_at=rules.after_quiet(one.due_at, one.in_time_until))
        for one in found
        if one and one.expires_at > now and one.subject not in patient.said and rules.is_on(one.kind)
    ]
    return tuple(sorted(standing, key=lambda one: (one.due_at, one.subject)))


def notice(patient: Circumstances, rules: Rules, now: datetime) -> Owed | None:
    """The one notice that brings the patient from what they were told to what stands now, or None.

    It is due when the patient's visits have been left alone for the clinic's delay, so changes made meanwhile come
    as one message and what was undone says nothing. Its version is the number of changes ever made to the patient's
    visits: every further change makes it another message.
    """
    changes_made = [state for state in patient.versions if state.tells]
    found = [
        change
        for states in _by_visit(patient.versions).values()
        if (change := _difference(states, patient.told.get(states[-1].visit_id), now))
    ]
    if not found:
        return None
    due = max(state.at for state in changes_made) + rules.notice_delay
    expires = max(change.starts_at for change in found)
    if due >= expires:
        return None
    verbs = {change.verb for change in found}
    return Owed(
        "patient",
        str(patient.patient_id),
        len(changes_made),
        verbs.pop() if len(verbs) == 1 else MOVED,
        due,
        expires,
        tuple(sorted(found, key=lambda change: (change.starts_at, change.visit_id))),
    )


def _by_visit(versions: Iterable[VisitState]) -> dict[int, list[VisitState]]:
    visits: dict[int, list[VisitState]] = {}
    for state in sorted(versions, key=lambda state: (state.visit_id, state.version)):
        visits.setdefault(state.visit_id, []).append(state)
    return visits


def _believed(states: list[VisitState], told: int | None) -> VisitState | None:
    """The visit as the patient knows it, or None where they expect none."""
    if told is None:
        return None
    known = [state for state in states if state.version <= told]
    return known[-1] if known and known[-1].stands else None


def _difference(states: list[VisitState], told: int | None, now: datetime) -> Change | None:
    """What the patient must still be told of one visit. A time that has passed is not written about."""
    last, believed = states[-1], _believed(states, told)
    if now - max(state.at for state in states) > NOTICE_KEPT:
        return None
    if last.stands and last.starts_at > now:
        if believed is None:
            return Change(last.visit_id, last.version, BOOKED, last.starts_at)
        if believed.starts_at != last.starts_at:
            return Change(last.visit_id, last.version, MOVED, last.starts_at, believed.starts_at)
    elif believed is not None and believed.starts_at > now and last.status == CANCELLED:
        if states[-2].status == "arrived":  # sent home by word of mouth
            return None
        return Change(last.visit_id, last.version, CANCELLED, believed.starts_at)
    return None


def _reminders(states: list[VisitState], patient: Circumstances, rules: Rules, now: datetime) -> list[Owed]:
    """Reminders of a standing visit, each useful until the next one is due, the last until an hour before the visit.

    The version is the first at which the visit stood at this time, so that a change of chair, or a move that was
    undone, reminds nobody twice; nor does a change of the clinic's days. What was due before the visit was put at this
    time is left out, as the notice has just said it; the questions it does not hold come with it.
    """
    last = states[-1]
    if not last.stands or last.starts_at <= now:
        return []
    first = next(state for state in states if state.stands and state.starts_at == last.starts_at)
    since = _known_since(states, patient.told.get(last.visit_id)) + rules.notice_delay
    change = Change(last.visit_id, last.version, "reminder", last.starts_at)
    about = ("visit", str(last.visit_id), first.version)
    said = {kind for *subject, kind in patient.said if (*subject,) == about}
    return [
        Owed(*about, kind, since if kind == HEALTH_CHECK and due <= since else due, expires, (change,))
        for kind, due, expires in visit_times(last.starts_at, rules, is_infusion=last.is_infusion)
        if (since < due or (kind == HEALTH_CHECK and since < expires)) and kind not in replaced(said, rules)
    ]


def _known_since(states: list[VisitState], told: int | None) -> datetime:
    """When the visit was put at its present time, as the patient knows it: a move undone unsaid never happened."""
    last = states[-1]
    run = len(states) - 1
    while run and states[run - 1].stands and states[run - 1].starts_at == last.starts_at:
        run -= 1
    believed = _believed(states, told)
    if believed is not None and believed.starts_at == last.starts_at:
        return min(states[run].at, believed.at)
    return states[run].at


def _follow_up(follow_up: OpenFollowUp, rules: Rules) -> list[Owed]:
    """For a follow-up not yet booked: "please arrange", and a task for staff once its window has closed.

    The version is the due date itself, as a day number: a follow-up that falls due on another day is asked for anew.
    """
    if follow_up.is_booked:
        return []
    key = str(follow_up.follow_up_id)
    due = rules.leaves(ARRANGE, follow_up.due_on, rules.arrange_days)
    closes = day_bounds(follow_up.latest_on, rules.zone)[1]
    version = follow_up.due_on.toordinal()
    return [
        Owed("follow_up", key, version, ARRANGE, due, closes),
        Owed("follow_up", key, version, OVERDUE, closes, closes + OVERDUE_KEPT),
    ]


def _turned_down(one: TurnedDown, states: list[VisitState], rules: Rules) -> Owed | None:
    """That a visit stays as it is though a change was asked for; one that moved since tells so by itself."""
    if not states or not states[-1].stands or states[-1].starts_at != one.starts_at:
        return None
    change = Change(one.visit_id, states[-1].version, "reminder", one.starts_at)
    due, expires = one.at + rules.notice_delay, min(one.starts_at, one.at + ANSWER_KEPT)
    return Owed("request", str(one.answer_id), 1, REQUEST_REFUSED, due, expires, (change,))


def _earlier_time(
    offer: EarlierTime, said: frozenset[tuple[str, str, int, str]], now: datetime
) -> Owed | None:
    """That an earlier time is on offer, at once and only while it is; that it has gone, to whom it was offered.

    Who took it, or said no, is told nothing more here: a visit that moved makes its own notice. An offer whose end has
    passed is over, whatever is written of it.
    """
    subject = WAITLIST_OFFER, str(offer.offer_id), offer.version
    if offer.state == "open" and now < offer.expires_at:
        return Owed(*subject, WAITLIST_OFFER, offer.offered_at, offer.expires_at)
    if (*subject, WAITLIST_OFFER) not in said:
        return None
    return Owed(*subject, WAITLIST_GONE, offer.ended_at or offer.expires_at, offer.starts_at)
