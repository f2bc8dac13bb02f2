"""Writing what happened to a day, so that nothing new is offered there: an absence, a broken chair, a closure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from django.db import transaction

from clinics.actions import add_closure, add_leave, add_outage, open_task
from clinics.domain.rights import Role
from clinics.models import Absence, Chair, ChairOutage, Clinic, Closure, Membership, User
from scheduling.domain.course import in_words
from scheduling.domain.disruption import CHAIR, NURSE, Disruption
from scheduling.models import Replan
from scheduling.queries import today_of
from scheduling.queries.replans import disruption_of

DAY = timedelta(days=1)


@transaction.atomic
def note_disruption(*, replan: Replan, by: User, now: datetime, may_close: bool) -> None:
    """Write what a question says has happened; what stands on record already is left as it is.

    An absence and a broken chair may be noted by whoever books. Closing the clinic takes the right to do so
    (``may_close``): without it a manager is asked to.
    """
    what = disruption_of(replan)
    if what is None or replan.params.get("noted"):
        return
    clinic, today = replan.clinic, today_of(replan.clinic, now)
    if what.nurse is not None and what.cause == NURSE:
        member = Membership.objects.of(clinic).get(pk=what.nurse)
        standing = Absence.objects.of(clinic).filter(member=member)
        for first, last in _left(what, [(row.first_day, row.last_day) for row in standing]):
            add_leave(member=member, first_day=first, last_day=last, reason=what.reason, by=by, today=today)
    elif what.chair is not None and what.cause == CHAIR:
        chair = Chair.objects.of(clinic).get(pk=what.chair)
        outages = ChairOutage.objects.of(clinic).filter(chair=chair)
        reason = what.reason or "Out of service"
        for first, last in _left(what, [(row.first_day, row.last_day or date.max) for row in outages]):
            add_outage(chair=chair, first_day=first, last_day=last, reason=reason, by=by, today=today)
    else:
        _close(clinic, replan, what, by=by, today=today, may_close=may_close)
    replan.params["noted"] = True
    replan.save(update_fields=["params"])


def _close(
    clinic: Clinic, replan: Replan, what: Disruption, *, by: User, today: date, may_close: bool
) -> None:
    closures = Closure.objects.of(clinic).filter(since__isnull=True)
    days = list(_left(what, [(row.first_day, row.last_day) for row in closures]))
    if may_close:
        for first, last in days:
            add_closure(
                clinic=clinic,
                first_day=first,
                last_day=last,
                reason=what.reason,
                by=by,
                today=today,
                since=what.since,
            )
    elif days:
        since = f" from {what.since:%H:%M} on" if what.since else ""
        open_task(
            clinic=clinic,
            kind="enter_closure",
            role=Role.MANAGER,
            due_on=today,
            reason=f"Enter the closure of {_span(what)}{since}: {what.reason}. {by} is moving its visits; until it is "
            "entered, times are still offered there.",
            cause=f"replan:{replan.pk}:closure",
        )


def _span(what: Disruption) -> str:
    first = in_words(what.first)
    return first if what.first == what.last else f"{first} to {in_words(what.last)}"


def _left(what: Disruption, spans: Iterable[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """The days of the disruption that none of the spans covers, drawn together."""
    known = list(spans)
    first: date | None = None
    day = what.first
    while day <= what.last + DAY:
        free = day <= what.last and not any(begin <= day <= end for begin, end in known)
        if free and first is None:
            first = day
        elif not free and first is not None:
            yield first, day - DAY
            first = None
        day += DAY
