"""Free starts of a half-hour visit, every chair: one day and half a year, over HTTP and in process, beside what the
same answer costs at the very least: one indexed query and bit masks.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench import figures
from bench.cells import SIZES
from bench.people import sign_in, the_clinic
from bench.sections.bookings import staff
from bench.site import served
from clinics.domain.calendar import day_bounds
from clinics.models import Chair, Clinic
from scheduling import queries
from scheduling.models import STANDING

MINUTES = 30
STEP = 300
DAY_CALLS, HALF_YEAR_CALLS = 40, 12
FARTHEST = timedelta(hours=16)


def measure(size: str) -> figures.Figures:
    """Day by day through the year, then half a year at once."""
    clinic = the_clinic()
    ahead = SIZES[size].days
    today = timezone.localdate()
    days = [today + timedelta(days=number) for number in range(1, ahead + 1)]
    single = [days[number % ahead] for number in range(3, 3 + DAY_CALLS)]
    found = _over_http(clinic, single, days)
    found |= _in_process(clinic, single, days)
    return figures.named(connection.vendor, size, found)


def _over_http(clinic: Clinic, single: Sequence[date], days: Sequence[date]) -> figures.Figures:
    path, session = reverse("scheduling:free"), sign_in(staff(clinic, 1))[0]
    counts: list[int] = []

    def ask(first: date, last: date) -> None:
        asked = {"from": first.isoformat(), "to": last.isoformat(), "minutes": str(MINUTES), "all": "1"}
        answer = browser.get(path, **asked)
        if answer.status != 200:
            raise ValueError(f"{path} answered {answer.status}: {answer.text[:500]}")
        counts.append(len(answer.text))

    with served() as site:
        browser = site.browser(session)
        day = figures.timed(len(single), lambda number: ask(single[number], single[number]))
        year = figures.timed(HALF_YEAR_CALLS, lambda _: ask(days[0], days[-1]))
        told = json.loads(
            browser.get(
                path,
                **{
                    "from": days[0].isoformat(),
                    "to": days[-1].isoformat(),
                    "minutes": str(MINUTES),
                    "all": "1",
                },
            ).text
        )
    starts = sum(len(chair) for each in told["days"] for chair in each.get("chairs", {}).values())
    return {
        **figures.spread("free_day_http", day),
        **figures.spread(f"free_{len(days)}d_http", year),
        f"free_{len(days)}d_starts": starts,
        f"free_{len(days)}d_kilobytes": counts[-1] // 1000,
    }


def _in_process(clinic: Clinic, single: Sequence[date], days: Sequence[date]) -> figures.Figures:
    now = timezone.now()
    name = f"free_{len(days)}d"
    chairs = list(Chair.objects.of(clinic).values_list("pk", flat=True))
    day = figures.timed(
        len(single), lambda number: queries.free_days(clinic, [single[number]], MINUTES, now=now)
    )
    year = figures.timed(HALF_YEAR_CALLS, lambda _: queries.free_days(clinic, days, MINUTES, now=now))
    bare_day = figures.timed(len(single), lambda number: bare(clinic, chairs, [single[number]]))
    bare_year = figures.timed(HALF_YEAR_CALLS, lambda _: bare(clinic, chairs, days))
    with CaptureQueriesContext(connection) as seen:
        queries.free_days(clinic, days, MINUTES, now=now)
    return {
        **figures.spread("free_day_inprocess", day),
        **figures.spread(f"{name}_inprocess", year),
        "free_day_bare_ms": figures.ms(median(bare_day)),
        f"{name}_bare_ms": figures.ms(median(bare_year)),
        "free_day_ratio_to_bare": round(median(day[1:]) / median(bare_day), 1),
        f"{name}_ratio_to_bare": round(median(year[1:]) / median(bare_year), 1),
        f"{name}_queries": len(seen),
    }


def bare(clinic: Clinic, chairs: Sequence[int], days: Sequence[date]) -> dict[date, dict[int, int]]:
    """The least that must be done: one indexed query, a mask for each chair and day, and the runs of free steps.

    No nurses, no holds, no closures, no opening hours but the clinic's own; it answers less than the engine does.
    """
    begins = [day_bounds(day, clinic.zone)[0] for day in days]
    end = day_bounds(days[-1], clinic.zone)[1]
    marks = ", ".join(["%s"] * len(STANDING))
    seconds = "extract(epoch FROM {})::bigint" if connection.vendor == "postgresql" else "unixepoch({})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT chair_id, {seconds.format('starts_at')}, {seconds.format('ends_at')} FROM scheduling_visit "
            f"WHERE clinic_id = %s AND starts_at > %s AND starts_at < %s AND ends_at > %s AND status IN ({marks})",
            [clinic.pk, begins[0] - FARTHEST, end, begins[0], *STANDING],
        )
        rows: list[tuple[int, int, int]] = cursor.fetchall()
    edges = [int(begin.timestamp()) for begin in begins]
    taken: list[dict[int, int]] = [{} for _ in days]
    for chair, starts, ends in rows:
        place = bisect_right(edges, starts) - 1
        first, last = (starts - edges[place]) // STEP, -(-(ends - edges[place]) // STEP)
        here = taken[place]
        here[chair] = here.get(chair, 0) | ((1 << (last - first)) - 1) << first
    opening = ((1 << 120) - 1) << 96
    found: dict[date, dict[int, int]] = {}
    for day, here in zip(days, taken, strict=True):
        found[day] = {}
        for chair in chairs:
            free = opening & ~here.get(chair, 0)
            for shift in (1, 2, 2):
                free &= free >> shift
            found[day][chair] = free
    return found
