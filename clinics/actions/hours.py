"""When the clinic is open: hours by weekday, and the days on which it is shut."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.spans import (
    STALE,
    WEEKDAYS,
    Days,
    clock_problem,
    fingerprint,
    hours_problems,
    overlap,
    span_problems,
)
from clinics.models import Clinic, Closure, OpeningHours, User
from clinics.queries import opening_hours

from .rules import lock_clinic, still_there
from .trail import record

Week = Mapping[int, tuple[time | None, time | None]]


def hours_mark(clinic: Clinic) -> str:
    """The mark of the opening hours as they stand."""
    return fingerprint(sorted(opening_hours(clinic).items()))


@transaction.atomic
def change_hours(*, clinic: Clinic, hours: Week, seen: str, by: User) -> dict[str, list[str]]:
    """Set the opening hours of every weekday (0 is Monday); no times mean closed. Returns what changed.

    Refused where a day closes before it opens, has one time only, or none is open, and on a stale page.
    """
    if problems := hours_problems(hours):
        raise Refused(*problems)
    clinic = lock_clinic(clinic)
    before, mark = opening_hours(clinic), hours_mark(clinic)
    after = {day: (opens, closes) for day, (opens, closes) in hours.items() if opens and closes}
    changes = {
        WEEKDAYS[day]: [_in_words(before.get(day)), _in_words(after.get(day))]
        for day in range(7)
        if before.get(day) != after.get(day)
    }
    if not changes:
        return {}
    if seen != mark:
        raise Refused(STALE)
    OpeningHours.objects.of(clinic).exclude(weekday__in=after).delete()
    for day, (opens, closes) in after.items():
        if before.get(day) != (opens, closes):
            OpeningHours.objects.update_or_create(
                clinic=clinic, weekday=day, defaults={"opens": opens, "closes": closes}
            )
    record(clinic=clinic, by=by, verb="changed opening hours", subject=clinic, changes=changes)
    return changes


def _in_words(times: tuple[time, time] | None) -> str:
    return f"{times[0]:%H:%M} to {times[1]:%H:%M}" if times else "closed"


@transaction.atomic
def add_closure(
    *,
    clinic: Clinic,
    first_day: date,
    last_day: date,
    reason: str,
    by: User,
    today: date,
    since: time | None = None,
) -> Closure:
    """Shut the clinic from ``first_day`` to ``last_day`` inclusive, with ``since`` only from that time of day on. The
    same closure again is the one that stands.

    Refused without a reason, in the past, out of order, too far away, and where it overlaps with another one.
    """
    days = Days(first_day, last_day)
    problems = span_problems(days, today=today)
    if not reason.strip():
        problems.append(Refusal("no_reason", "Say why: patients and colleagues read it.", "reason"))
    if since and (problem := clock_problem(since, "since")):
        problems.append(problem)
    if problems:
        raise Refused(*problems)
    clinic = lock_clinic(clinic)
    others = list(Closure.objects.of(clinic).filter(last_day__gte=first_day, first_day__lte=last_day))
    wanted = (first_day, last_day, since, reason.strip())
    for other in others:
        if (other.first_day, other.last_day, other.since, other.reason) == wanted:
            return other
    whole_days = [each for each in others if each.since is None]
    if refusal := overlap(days, [(Days(each.first_day, each.last_day), each.reason) for each in whole_days]):
        raise Refused(refusal)
    closure = Closure.objects.create(
        clinic=clinic, first_day=first_day, last_day=last_day, since=since, reason=reason.strip()
    )
    record(
        clinic=clinic,
        by=by,
        verb="added closure",
        subject=closure,
        changes={
            "days": days.in_words,
            "reason": closure.reason,
            **({"since": f"{since:%H:%M}"} if since else {}),
        },
    )
    return closure


@transaction.atomic
def remove_closure(*, closure: Closure, by: User) -> None:
    """Open the clinic again on the days of a closure; once, however often it is clicked."""
    lock_clinic(closure.clinic)
    if not still_there(closure):
        return
    days = Days(closure.first_day, closure.last_day)
    record(
        clinic=closure.clinic,
        by=by,
        verb="removed closure",
        subject=closure,
        changes={"days": days.in_words, "reason": closure.reason},
    )
    closure.delete()
