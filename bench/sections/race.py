"""Many racers for one slot, and at the same moment colleagues who book other slots and must not notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from bench import figures
from bench.cells import SIZES
from bench.loading import BEYOND
from bench.people import sign_in, the_clinic
from bench.sections.bookings import free_seats, prepared, refusals_of, single_requests, staff, thirds
from bench.site import Answer, Site, request_for, served
from clinics.models import AuditEntry, Clinic
from scheduling.domain.booking import Seat
from scheduling.forms import offer_text
from scheduling.models import Visit

RACES = (50, 200, 500)
OTHERS = 20
"""Colleagues who book other slots while the race runs: every other chair and nurse of the same morning, and the same
chair and nurse on the day after."""
FIRST_DAY = BEYOND + 90


def measure(size: str) -> figures.Figures:
    """One race after the other, each for a slot of its own day."""
    clinic = the_clinic()
    races = RACES if SIZES[size].days > 7 else (8,)
    found: figures.Figures = {}
    with served() as site:
        site.crowd(single_requests(clinic, 24), at_once=False, clients=8)
        for number, racers in enumerate(races):
            found |= _race(site, clinic, number, racers)
    return figures.named(connection.vendor, "", found)


def _race(site: Site, clinic: Clinic, number: int, racers: int) -> figures.Figures:
    day = timezone.localdate() + timedelta(days=FIRST_DAY + 3 * number)
    seats = free_seats(clinic, day, 2 * OTHERS)
    slot = seats[0]
    beside = [seat for seat in seats[1:] if seat.starts == slot.starts]
    after = next(seat for seat in seats if seat.starts > slot.starts and seat.chair == slot.chair)
    others = [*beside, after][:OTHERS]
    began_with = AuditEntry.objects.of(clinic).filter(verb="booked visit").count()
    requests = _requests(clinic, "Racer", 0, [slot] * racers)
    # Those who book elsewhere stand in the middle of the crowd.
    busy = _requests(clinic, "Single", 1_900 + number * OTHERS if racers > 8 else 90, others)
    middle = racers // 2
    answers, _ = site.crowd([*requests[:middle], *busy, *requests[middle:]], at_once=True)
    elsewhere, racing = _told_apart(answers, len(requests), len(busy), middle)
    rows = Visit.objects.of(clinic).filter(starts_at=slot.starts, chair=slot.chair)
    seconds = [answer.seconds for answer in racing]
    name = f"race_{racers}"
    # The winner of this race is not to be a patient of the next one.
    winner = rows.filter(status="booked").first()
    found = {
        f"{name}_rows": rows.filter(status="booked").count(),
        f"{name}_winners": Counter(a.status for a in racing)[302],
        f"{name}_told": Counter(a.status for a in racing)[409],
        f"{name}_errors": _errors(racing),
        f"{name}_p50_ms": figures.ms(figures.percentile(seconds, 50)),
        f"{name}_p99_ms": figures.ms(figures.percentile(seconds, 99)),
        f"{name}_other_slots": len(others),
        f"{name}_other_booked": Counter(a.status for a in elsewhere)[302],
        f"{name}_other_errors": _errors(elsewhere),
        f"{name}_other_false_conflicts": Counter(a.status for a in elsewhere)[409],
        f"{name}_audit_rows": AuditEntry.objects.of(clinic).filter(verb="booked visit").count() - began_with,
    }
    if winner is not None:
        Visit.objects.of(clinic).filter(pk=winner.pk).update(status="cancelled")
    odd = [a for a in racing if a.status not in (302, 409)] + [a for a in elsewhere if a.status != 302]
    return found | ({f"{name}_odd": refusals_of(odd)} if odd else {})


def _requests(clinic: Clinic, name: str, skip: int, seats: Sequence[Seat]) -> list[dict[str, Any]]:
    courses = prepared(clinic, name, skip + len(seats))[skip:]
    planned = {row.course_id: row.pk for row in thirds(courses)}
    sessions = sign_in(staff(clinic, len(seats)))
    return [
        request_for(
            reverse("scheduling:single", args=[planned[course.pk]]), session, offer=offer_text([seat])
        )
        for course, session, seat in zip(courses, sessions * len(seats), seats, strict=False)
    ]


def _told_apart(
    answers: list[Answer], racers: int, others: int, middle: int
) -> tuple[list[Answer], list[Answer]]:
    """Which answers went to those who booked elsewhere, and which to the racers: by the place of their request."""
    elsewhere = [answer for answer in answers if middle <= answer.place < middle + others]
    racing = [answer for answer in answers if not middle <= answer.place < middle + others]
    assert len(racing) == racers
    return elsewhere, racing


def _errors(answers: Sequence[Answer]) -> int:
    """Broken connections and answers of 500 and above."""
    return sum(answer.status == 0 or answer.status >= 500 for answer in answers)
