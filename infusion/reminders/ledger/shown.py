"""What a page of the ledger shows, in a fixed number of queries however long the ledger is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from clinics.domain.calendar import day_bounds
from clinics.models import Clinic, StaffTask
from patients import queries as patients
from patients.models import Patient

from .. import queries
from ..domain.due import Owed, owed
from ..domain.kinds import BY_CODE, EARLY, GATE_NEEDS, LATE, REMINDER
from ..domain.reach import is_wanted
from ..models import Message
from .forms import Asked

PAGE = 50
COUNTED = timedelta(days=7)
SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One message, the call it left for staff where there is one, whether mail to its address comes back, and whether
    it may be asked for once more: not where it is certainly too late.
    """

    message: Message
    task: StaffTask | None
    marked: bool
    may_go_again: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Fifty messages, newest first, and the number of the last one where older ones follow."""

    rows: tuple[Row, ...]
    older: int | None


def page(clinic: Clinic, asked: Asked, *, now: datetime) -> Page:
    """The messages somebody asked for, newest first."""
    found = list(_narrowed(clinic, asked, now).select_related("patient", "asked_by")[: PAGE + 1])
    shown = found[:PAGE]
    calls = queries.calls_left(clinic, shown)
    marked = patients.marked_addresses(clinic, {row.patient_id for row in shown if row.patient_id})
    rows = tuple(
        Row(
            message,
            calls.get(message.pk),
            bool(message.recipient) and marked.get(message.patient_id or 0) == message.recipient,
            message.may_go_again and message.expires_at > now,
        )
        for message in shown
    )
    return Page(rows, shown[-1].pk if len(found) > PAGE else None)


def _narrowed(clinic: Clinic, asked: Asked, now: datetime) -> QuerySet[Message]:
    rows = Message.objects.of(clinic).order_by("-due_at", "-id")
    for name in ("state", "channel"):
        if wanted := getattr(asked, name):
            rows = rows.filter(**{name: wanted})
    if asked.kind:
        rows = rows.filter(_of_kind(asked.kind))
    if asked.day:
        begins, ends = day_bounds(asked.day, clinic.zone)
        rows = rows.filter(due_at__gte=begins, due_at__lt=ends)
    if asked.week:
        rows = rows.filter(due_at__gte=now - COUNTED)
    if asked.words:
        rows = rows.filter(patient__in=patients.search(clinic, asked.words).order_by().values("pk"))
    return rows.filter(_older_than(clinic, asked.before))


def _of_kind(code: str) -> Q:
    """The rows of a kind: reminders carry their days, and what is missing is asked for more than once."""
    kind = BY_CODE[code]
    if code in (EARLY, LATE):
        return Q(kind__in=[f"{REMINDER}{days}" for days in range(kind.least_days, kind.most_days + 1)])
    return Q(kind__startswith=code) if code == GATE_NEEDS else Q(kind=code)


def _older_than(clinic: Clinic, number: int | None) -> Q:
    """Where the page goes on: behind the last message of the one before it."""
    last = (
        Message.objects.of(clinic).filter(pk=number).values_list("due_at", "pk").first() if number else None
    )
    if last is None:
        return Q()
    return Q(due_at__lte=last[0]) & (Q(due_at__lt=last[0]) | Q(pk__lt=last[1]))


def counts(clinic: Clinic, *, now: datetime) -> list[tuple[str, int]]:
    """How many messages of the last seven days are in each state, in the order of a message's life."""
    rows = Message.objects.of(clinic).filter(due_at__gte=now - COUNTED, due_at__lte=now).order_by()
    found = dict(rows.values_list("state").annotate(Count("id")))
    return [(state, found[state]) for state, _word in Message.STATES if state in found]


def total(found: Iterable[tuple[str, int]]) -> int:
    return sum(number for _state, number in found)


@dataclass(frozen=True, slots=True)
class Coming:
    """What a patient will be sent soon, as things stand."""

    patient: Patient
    owed: Owed


def coming(clinic: Clinic, *, now: datetime) -> list[Coming]:
    """What goes out in the next day and does not stand in the ledger yet, soonest first, in as many questions
    however many patients they are. What a patient does without is left out.
    """
    rules = queries.rules_of(clinic)
    ids = queries.patients_ahead(clinic, rules, now=now)
    written = queries.settled_subjects(clinic, ids)
    found = [
        (patient_id, one)
        for patient_id, known in queries.known(ids).items()
        for one in owed(known.circumstances(patient_id), rules, now)
        if now < one.due_at <= now + SOON
        and one.subject not in written
        and is_wanted(one.kind, known.reach, rules)
    ]
    people = {row.pk: row for row in patients.patients(clinic).filter(pk__in={pk for pk, _one in found})}
    return [Coming(people[pk], one) for pk, one in sorted(found, key=lambda each: each[1].due_at)]
