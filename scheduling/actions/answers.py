"""What a patient answers to a visit: confirmed, given up, moved or asked for; and what staff make of a request."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from clinics.actions import close_task, open_task, record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.domain.text import problem_with_text
from clinics.models import User
from clinics.queries import open_tasks
from patients.phones import readable
from scheduling.domain import answers as rules
from scheduling.domain.booking import was_raced
from scheduling.domain.soft import only_soft
from scheduling.domain.status import MOVABLE, Status
from scheduling.models import Visit, VisitAnswer
from scheduling.queries import seat_at
from scheduling.queries.answers import (
    answer_of_form,
    answers_since,
    is_free,
    plan_of,
    rule_of,
    standing_answer,
    subject_of,
)

from .booking import move_visit
from .follow_ups import move_follow_up
from .transactions import lock_visit, whole
from .visits import STALE, cancel_visit, named

LONGEST_WORDS = 300
ANSWERS_A_DAY = 20
"""Answers of one patient within a day (product default): more than that is a stuck key, and the patient is asked to
call.
"""
MOVE_REASON = "The patient chose another time on their own pages"
CANCEL_REASON = "The patient cannot come"
ABOUT_ILLNESS = ":ill"
NO_ANSWER = Refusal("reason_missing", "Choose a reason.", "reason")
NO_WISH = Refusal("wish_missing", "Say in a few words which days or times suit you.", "words")
NO_REPLY = Refusal("reply_missing", "Say why in a few words. The patient reads them.", "reply")
TIME_GONE = Refusal("time_gone", "This time has just gone. Choose another one.", "wanted")
TOO_MANY = Refusal("too_many", "You have answered many times today. Please call us instead.")
CLOSED = Refusal("already_closed", "A colleague has answered this request meanwhile.")
WITHDRAWN = Refusal(
    "withdrawn", "The patient has taken this request back meanwhile, and said something else."
)


def answer_visit(
    *,
    visit: Visit,
    answer: str,
    version: int,
    key: UUID,
    by: User | None,
    now: datetime,
    reason: str = "",
    wanted_at: datetime | None = None,
    words: str = "",
) -> VisitAnswer:
    """A patient's answer to a visit. Where the clinic's rule lets it, the visit is given up or moved in the same
    transaction; else, and where a soft rule is in the way, it waits as a request, and the visit stands.

    The same form sent twice is one answer; a newer answer takes the place of an open request. Refused on a stale page,
    once the visit has begun, without a reason or a wish, after far too many, and for whatever moving refuses: a time
    that was just taken.
    """
    problems = _problems(answer, reason, wanted_at, words.strip())
    if problems:
        raise Refused(*problems)

    def attempt() -> VisitAnswer:
        held = lock_visit(visit)
        before = answer_of_form(held.patient, key)
        if before is not None:
            return before
        refusal = rules.answer_refusal(subject_of(held), now=now)
        if refusal is None and version != held.version:
            refusal = STALE
        if refusal is not None:
            raise Refused(refusal)
        last = standing_answer(held)
        if answer == rules.CONFIRMED and last is not None and last.answer == answer:
            return last
        if answers_since(held.patient, now - timedelta(days=1)) >= ANSWERS_A_DAY:
            raise Refused(TOO_MANY)
        if wanted_at is not None and not is_free(held, wanted_at, now=now):
            raise Refused(TIME_GONE)
        replaced = list(VisitAnswer.objects.of(held.clinic).filter(visit=held, state="open"))
        VisitAnswer.objects.of(held.clinic).filter(pk__in=[one.pk for one in replaced]).update(
            state="replaced", closed_by=by, closed_at=now
        )
        row = VisitAnswer(
            clinic=held.clinic,
            patient=held.patient,
            visit=held,
            visit_version=held.version,
            starts_at=held.starts_at,
            answer=answer,
            reason=reason,
            wanted_at=wanted_at,
            words=words.strip(),
            key=key,
            by=by,
            at=now,
        )
        was = named(held)
        row.state = "noted" if answer == rules.CONFIRMED else _carried_out(row, held, by=by, now=now)
        row.save()
        _note(row, f"answered visit: {answer}", by, state=row.state)
        _ask_staff(row, was, now)
        if row.state != "open" or row.answer == rules.CANNOT_COME:
            _no_call_for(replaced, row, now)
        return row

    return whole(attempt)


def _problems(answer: str, reason: str, wanted_at: datetime | None, words: str) -> list[Refusal]:
    found = []
    if answer == rules.CANNOT_COME and reason not in dict(VisitAnswer.REASONS):
        found.append(NO_ANSWER)
    if answer == rules.OTHER_TIME and wanted_at is None and not words:
        found.append(NO_WISH)
    return found + _unreadable(words, "words")


def _unreadable(text: str, field: str) -> list[Refusal]:
    if problem := problem_with_text(text):
        return [Refusal("text_unreadable", problem, field)]
    if len(text) > LONGEST_WORDS:
        return [Refusal("text_too_long", f"At most {LONGEST_WORDS} letters, please.", field)]
    return []


def _carried_out(row: VisitAnswer, visit: Visit, *, by: User | None, now: datetime) -> str:
    """The state of a new answer: done where the rule and the schedule let it be done at once, else open."""
    asks_words_only = row.answer == rules.OTHER_TIME and row.wanted_at is None
    if asks_words_only or not rules.at_once(
        subject_of(visit), rule_of(visit.clinic), now=now, wanted=row.wanted_at
    ):
        return "open"
    try:
        with transaction.atomic():
            _carry_out(row, visit, by=by, now=now)
    except Refused as refused:
        if not only_soft(refused.reasons):
            raise
        # What was free a moment ago and is not any more was taken by somebody else.
        if row.wanted_at is not None and not is_free(visit, row.wanted_at, now=now):
            raise Refused(TIME_GONE) from refused
        return "open"
    return "done"


def _carry_out(row: VisitAnswer, visit: Visit, *, by: User | None, now: datetime) -> None:
    """Give the visit up, or move it to the wanted time."""
    told = {"visit": visit, "version": visit.version, "by": by, "now": now}
    if row.answer == rules.CANNOT_COME:
        cancel_visit(reason=f"{CANCEL_REASON} ({row.get_reason_display().lower()})", **told)  # type: ignore[arg-type]
        return
    assert row.wanted_at is not None
    if visit.planned_infusion is None:
        move_follow_up(starts_at=row.wanted_at, reason=MOVE_REASON, **told)  # type: ignore[arg-type]
        return
    for last in (False, True):
        plan = plan_of(visit)
        planned = plan.infusion(visit.planned_infusion.ordinal) if plan is not None else None
        if plan is None or planned is None:
            raise Refused(STALE)
        seat = seat_at(plan, planned, row.wanted_at, now=now, without=[visit.pk])
        if isinstance(seat, Refusal):
            raise Refused(seat)
        try:
            move_visit(seat=seat, reason=MOVE_REASON, **told)  # type: ignore[arg-type]
            return
        except Refused as refused:
            # Another chair may be free at the same time.
            if last or not was_raced(refused.codes):
                raise


def _ask_staff(row: VisitAnswer, was: str, now: datetime) -> None:
    """A visit given up must be booked anew, and one given up at short notice cannot wait for somebody to look. Whoever
    is ill before an infusion is also called by a nurse, whatever becomes of the visit.
    """
    if row.answer != rules.CANNOT_COME:
        return
    who = f"{row.patient} ({readable(row.patient.phone) or 'no telephone number known'})"
    said = f"{row.get_reason_display()}{f': “{row.words}”' if row.words else ''}."
    is_ill = row.reason == rules.ILL and row.visit.planned_infusion_id is not None
    late = row.state == "open" and row.starts_at < now + rule_of(row.clinic).notice
    if row.state == "done":
        words = f"Call {who} and book again inside the window: gave up {was} and has no new time yet. {said}"
    elif late:
        words = f"Call {who} today: cannot come to {was}, and little time is left. {said}"
    else:
        words = ""
    if words:
        _ask_for_a_call(row, f"{words}{' A nurse is asked to call too.' if is_ill else ''}", now)
    if is_ill:
        words = f"Call {who}: ill before an infusion, and cannot come to {was}. {said}"
        _ask_for_a_call(row, words, now, about=ABOUT_ILLNESS, role=Role.NURSE)
        earlier = VisitAnswer.objects.of(row.clinic).filter(visit=row.visit).exclude(pk=row.pk)
        _no_call_for(earlier, row, now, about=ABOUT_ILLNESS)


def _no_call_for(
    replaced: Iterable[VisitAnswer], row: VisitAnswer, now: datetime, *, about: str = ""
) -> None:
    """Close what the desk or a nurse was asked to call about earlier answers, which this one settles or asks for anew.
    Where a colleague closes it at this moment it is closed just as well.
    """
    causes = [_cause(one) + about for one in replaced]
    for task in open_tasks(row.clinic).filter(cause__in=causes):
        words = f"Closed by itself: the patient has answered anew ({row.get_answer_display().lower()})."
        with suppress(Refused):
            close_task(task=task, outcome=words, by=None, now=now)


def _cause(row: VisitAnswer) -> str:
    return f"visit_answer:{row.pk}"


def _ask_for_a_call(
    row: VisitAnswer, words: str, now: datetime, *, about: str = "", role: Role = Role.RECEPTIONIST
) -> None:
    """A task for the desk or a nurse, once for each answer and what it is ``about``."""
    open_task(
        clinic=row.clinic,
        kind="call_patient",
        role=role,
        due_on=local_date(now, row.clinic.zone),
        reason=words,
        cause=f"{_cause(row)}{about}",
        record_number=row.patient.record_number,
    )


def accept_request(*, request: VisitAnswer, by: User, now: datetime) -> VisitAnswer:
    """Staff do what a patient asked: the visit is cancelled, or moved to the wanted time, in one transaction with the
    answer. Clicked twice it is done once. Refused where a colleague answered otherwise, where the patient took
    it back, where the visit stands elsewhere by now, where only words were left, and for whatever moving refuses.
    """

    def attempt() -> VisitAnswer:
        visit, row = _held(request)
        if row.state == "accepted":
            return row
        _refuse_if_closed(row, visit)
        if row.answer == rules.OTHER_TIME and row.wanted_at is None:
            raise Refused(Refusal("no_time_asked", "No time was chosen. Find one on the page of times."))
        _carry_out(row, visit, by=by, now=now)
        return _close(row, "accepted", "", by, now)

    return whole(attempt)


def refuse_request(*, request: VisitAnswer, reply: str, by: User, now: datetime) -> VisitAnswer:
    """Staff tell a patient that it is not possible, in words the patient reads; the visit stands. Refused without
    words, where a colleague answered otherwise, where the patient took the request back, and where the visit no longer
    stands.
    """
    reply = reply.strip()
    if not reply:
        raise Refused(NO_REPLY)
    if problems := _unreadable(reply, "reply"):
        raise Refused(*problems)

    def attempt() -> VisitAnswer:
        visit, row = _held(request)
        if row.state == "refused" and row.reply == reply:
            return row
        _refuse_if_closed(row, visit)
        if visit.status not in MOVABLE:
            raise Refused(STALE)
        closed = _close(row, "refused", reply, by, now)
        if visit.status != Status.BOOKED:
            # Nobody is written to about a visit that is not booked yet.
            words = f"Tell {row.patient} that the change they asked for is not possible: {reply}"
            _ask_for_a_call(row, words, now, about=":refused")
        return closed

    return whole(attempt)


def _held(request: VisitAnswer) -> tuple[Visit, VisitAnswer]:
    """The visit and the request as they stand, held until the transaction ends, the visit first."""
    visit = lock_visit(
        Visit.objects.of(request.clinic)
        .select_related("clinic", "patient", "planned_infusion__course")
        .get(pk=request.visit_id)
    )
    rows = VisitAnswer.objects.of(request.clinic).select_for_update(no_key=True, of=("self",))
    return visit, rows.select_related("clinic", "patient").get(pk=request.pk)


def _refuse_if_closed(row: VisitAnswer, visit: Visit) -> None:
    if row.state != "open":
        raise Refused(WITHDRAWN if row.state == "replaced" else CLOSED)
    if visit.starts_at != row.starts_at:
        raise Refused(STALE)


def _close(row: VisitAnswer, state: str, reply: str, by: User, now: datetime) -> VisitAnswer:
    row.state, row.reply, row.closed_by, row.closed_at = state, reply, by, now
    row.save(update_fields=["state", "reply", "closed_by", "closed_at"])
    _note(row, f"answered request: {state}", by, reply=reply)
    return row


def _note(row: VisitAnswer, verb: str, by: User | None, **changes: object) -> None:
    told = {
        "visit": row.visit_id,
        "reason": row.reason,
        "wanted": str(row.wanted_at or ""),
        "words": row.words,
    }
    record(
        clinic=row.clinic,
        by=by,
        verb=verb,
        subject=row,
        record_number=row.patient.record_number,
        changes={**told, **changes},
    )
