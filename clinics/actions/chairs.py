"""Chairs: what they are called and are, and when they are out of service."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import (
    FARTHEST_BACK_DAYS,
    STALE,
    Days,
    day_problem,
    fingerprint,
    overlap,
    span_problems,
)
from clinics.domain.text import problem_with_text
from clinics.models import Chair, ChairOutage, Clinic, User
from clinics.queries import all_chairs, done_just_now

from .rules import lock_clinic, still_there
from .trail import differences, record

LONGEST_NAME = 40


def chair_mark(chair: Chair) -> str:
    """The mark of a chair as it stands."""
    return fingerprint(chair.pk, chair.name, chair.kind, chair.in_service)


@transaction.atomic
def add_chair(*, clinic: Clinic, name: str, kind: str, by: User, now: datetime) -> Chair:
    """Add a chair, a bed or an isolation room. The same click again gives the one it made.

    Refused without a name, and where another one bears it.
    """
    clinic = lock_clinic(clinic)
    name = _checked(name, kind)
    for other in all_chairs(clinic):
        if other.name.lower() == name.lower():
            same = (other.name, other.kind) == (name, kind)
            if same and done_just_now(clinic, verb="added chair", subject=other, by=by, now=now):
                return other
            raise Refused(_name_taken(other))
    chair = Chair.objects.create(clinic=clinic, name=name, kind=kind)
    record(clinic=clinic, by=by, verb="added chair", subject=chair, changes={"name": name, "kind": kind})
    return chair


@transaction.atomic
def change_chair(
    *, chair: Chair, name: str, kind: str, in_service: bool, seen: str, by: User
) -> dict[str, list[str]]:
    """Rename a chair, say what it is, retire it or bring it back. Returns what changed; refused on a stale page."""
    # The chair before the clinic, as booking takes them: the other way round the two would wait in a ring.
    Chair.objects.of(chair.clinic).select_for_update(no_key=True).get(pk=chair.pk)
    clinic = lock_clinic(chair.clinic)
    name = _checked(name, kind)
    chair.refresh_from_db()
    after = {"name": name, "kind": kind, "in_service": in_service}
    changes = differences(chair, after)
    if not changes:
        return {}
    if seen != chair_mark(chair):
        raise Refused(STALE)
    for other in all_chairs(clinic):
        if other.pk != chair.pk and other.name.lower() == name.lower():
            raise Refused(_name_taken(other))
    chair.name, chair.kind, chair.in_service = name, kind, in_service
    chair.save(update_fields=list(after))
    record(clinic=clinic, by=by, verb="changed chair", subject=chair, changes=changes)
    return changes


def _checked(name: str, kind: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused(Refusal("no_name", "Give it a name, as it stands on the chair.", "name"))
    if len(name) > LONGEST_NAME:
        raise Refused(Refusal("long_name", f"At most {LONGEST_NAME} letters.", "name"))
    if words := problem_with_text(name):
        raise Refused(Refusal("bad_name", words, "name"))
    if kind not in dict(Chair.KINDS):
        raise Refused(Refusal("no_such_kind", "Choose a chair, a bed or an isolation room.", "kind"))
    return name


def _name_taken(other: Chair) -> Refusal:
    rest = "" if other.in_service else ", retired"
    return Refusal(
        "name_taken", f"There is a {other.get_kind_display().lower()} called {other.name}{rest}.", "name"
    )


@transaction.atomic
def add_outage(
    *, chair: Chair, first_day: date, last_day: date | None, reason: str, by: User, today: date
) -> ChairOutage:
    """Take a chair out of service for some days, or until further notice where there is no last day.

    The same outage again is the one that stands. Refused without a reason, in the past, out of order, too far away,
    and where it overlaps with another one of the chair.
    """
    days = Days(first_day, last_day)
    problems = span_problems(days, today=today)
    if not reason.strip():
        problems.append(Refusal("no_reason", "Say why: colleagues read it on the board.", "reason"))
    if problems:
        raise Refused(*problems)
    clinic = lock_clinic(chair.clinic)
    others = list(ChairOutage.objects.of(clinic).filter(chair=chair))
    for other in others:
        if (other.first_day, other.last_day, other.reason) == (first_day, last_day, reason.strip()):
            return other
    named = [(Days(each.first_day, each.last_day), f"“{each.reason}”") for each in others]
    if refusal := overlap(days, named):
        raise Refused(refusal)
    outage = ChairOutage.objects.create(
        clinic=clinic, chair=chair, first_day=first_day, last_day=last_day, reason=reason.strip()
    )
    record(
        clinic=clinic,
        by=by,
        verb="took chair out of service",
        subject=outage,
        changes={"chair": chair.name, "days": days.in_words, "reason": outage.reason},
    )
    return outage


@transaction.atomic
def end_outage(*, outage: ChairOutage, back_on: date, by: User, today: date) -> None:
    """Put a chair back into service from a day on; an outage that has not begun by then is taken away."""
    if problem := day_problem(back_on, today=today, back=FARTHEST_BACK_DAYS, field="back_on"):
        raise Refused(problem)
    clinic = lock_clinic(outage.clinic)
    if not still_there(outage):
        return
    before = Days(outage.first_day, outage.last_day)
    if outage.last_day is not None and back_on > outage.last_day:
        if back_on == outage.last_day + timedelta(days=1):
            return
        raise Refused(
            Refusal("ends_before", "It is back in service before that day already.", "back_on"),
        )
    after = f"back from {back_on:%d %B %Y}"
    changes = {"chair": outage.chair.name, "days": [before.in_words, after]}
    record(clinic=clinic, by=by, verb="put chair back into service", subject=outage, changes=changes)
    if back_on <= outage.first_day:
        outage.delete()
    else:
        outage.last_day = back_on - timedelta(days=1)
        outage.save(update_fields=["last_day"])
