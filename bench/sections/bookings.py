"""Eight clients book as fast as they can, each another slot for another patient, by the page staff use."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from bench import figures
from bench.cells import SEED, SIZES
from bench.loading import BEYOND, pair_day
from bench.people import OPENS, instant, sign_in, the_clinic
from bench.site import Answer, Site, request_for, served
from clinics.models import AuditEntry, Chair, Clinic, Membership
from scheduling.domain.booking import Seat
from scheduling.forms import offer_text
from scheduling.models import Course, PlannedInfusion, Visit

CLIENTS = 8
SINGLES, PAIRS = 1_600, 400
WARMING = 48


def measure(size: str) -> figures.Figures:
    """Bookings of one visit, then of induction pairs; what was answered, and what stands in the tables."""
    clinic = the_clinic()
    singles, pairs = (SINGLES, PAIRS) if SIZES[size].days > 7 else (32, 8)
    with served() as site:
        requests = single_requests(clinic, singles + WARMING)
        site.crowd(requests[:WARMING], at_once=False, clients=CLIENTS)
        found = _booked(site, "bookings", requests[WARMING:], clinic)
        found |= _booked(site, "pair_bookings", pair_requests(clinic, pairs), clinic)
        found["bookings_worker_rss_mb"] = round(max(site.memory()))
    return figures.named(connection.vendor, str(CLIENTS), found)


def _booked(site: Site, name: str, requests: Sequence[dict[str, Any]], clinic: Clinic) -> figures.Figures:
    visits, audited = Visit.objects.of(clinic).count(), AuditEntry.objects.of(clinic).count()
    busy = site.busy_seconds()
    answers, seconds = site.crowd(requests, at_once=False, clients=CLIENTS)
    busy = site.busy_seconds() - busy
    count = Counter(answer.status for answer in answers)
    told = refusals_of(answers)
    return {
        f"{name}_per_s": round(count[302] / seconds, 1),
        f"{name}_booked": count[302],
        f"{name}_refused": count[409] + count[422],
        f"{name}_errors": sum(n for status, n in count.items() if status == 0 or status >= 500),
        f"{name}_web_cpu_ms": round(1000 * busy / max(len(answers), 1), 1),
        f"{name}_p50_ms": figures.ms(figures.percentile([a.seconds for a in answers], 50)),
        f"{name}_p99_ms": figures.ms(figures.percentile([a.seconds for a in answers], 99)),
        f"{name}_visits_written": Visit.objects.of(clinic).count() - visits,
        f"{name}_audit_rows": AuditEntry.objects.of(clinic).count() - audited,
        **({f"{name}_told": told} if told else {}),
    }


def refusals_of(answers: Sequence[Answer]) -> str:
    """The commonest words of what was refused, to look into."""
    words = Counter(answer.text for answer in answers if answer.status not in (200, 302))
    return "; ".join(f"{count}× {text}" for text, count in words.most_common(2))


def single_requests(clinic: Clinic, count: int) -> list[dict[str, Any]]:
    """One visit each: the prepared patients' third infusion, at opening time on days on which nothing stands."""
    courses = prepared(clinic, "Single", count)
    planned = {row.course_id: row.pk for row in thirds(courses)}
    first = timezone.localdate() + timedelta(days=BEYOND)
    seats = list(free_seats(clinic, first, count))
    random.Random(SEED).shuffle(seats)
    sessions = sign_in(staff(clinic, CLIENTS))
    return [
        request_for(
            reverse("scheduling:single", args=[planned[course.pk]]),
            sessions[number % CLIENTS],
            offer=offer_text([seat]),
        )
        for number, (course, seat) in enumerate(zip(courses, seats, strict=True))
    ]


def pair_requests(clinic: Clinic, count: int) -> list[dict[str, Any]]:
    """Both induction infusions each, at opening time on days on which nothing stands."""
    places = _places(clinic)
    sessions = sign_in(staff(clinic, CLIENTS))
    found = []
    for number, course in enumerate(prepared(clinic, "Pair", count)):
        chair, nurse = places[number % len(places)]
        day = pair_day(number, len(places))
        seats = [Seat(_opens(clinic, on), chair, nurse) for on in (day, day + timedelta(days=14))]
        found.append(
            request_for(
                reverse("scheduling:pair", args=[course.pk]),
                sessions[number % CLIENTS],
                offer=offer_text(seats),
            )
        )
    return found


def prepared(clinic: Clinic, name: str, count: int) -> list[Course]:
    """Courses made ready for booking when the database was filled."""
    rows = Course.objects.of(clinic).filter(patient__family_name__startswith=f"{name} ").order_by("pk")
    found = list(rows[:count])
    if len(found) < count:
        raise ValueError(f"{len(found)} of {count} courses named {name} were prepared")
    return found


def staff(clinic: Clinic, count: int) -> list[Membership]:
    """So many receptionists."""
    return list(
        Membership.objects.of(clinic)
        .filter(role="receptionist")
        .select_related("user")
        .order_by("pk")[:count]
    )


def free_seats(clinic: Clinic, first: date, count: int) -> list[Seat]:
    """Opening times from a day on, every chair with a nurse of its own."""
    places = _places(clinic)
    days = (first + timedelta(days=number) for number in range(-(-count // len(places))))
    every = chain.from_iterable(
        [Seat(_opens(clinic, day), chair, nurse) for chair, nurse in places] for day in days
    )
    return list(every)[:count]


def _places(clinic: Clinic) -> list[tuple[int, int]]:
    chairs = Chair.objects.of(clinic).order_by("pk").values_list("pk", flat=True)
    nurses = Membership.objects.of(clinic).filter(role="nurse").order_by("pk").values_list("pk", flat=True)
    return list(zip(chairs, nurses, strict=False))


def thirds(courses: Sequence[Course]) -> list[PlannedInfusion]:
    return list(PlannedInfusion.objects.filter(course__in=[course.pk for course in courses], ordinal=3))


def _opens(clinic: Clinic, day: date) -> datetime:
    return instant(clinic, day, OPENS)
