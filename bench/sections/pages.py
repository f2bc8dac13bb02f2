"""How many queries the main pages and actions ask, how long they take, and how large a process grows."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench import figures
from bench.people import sign_in, the_clinic
from bench.sections.bookings import free_seats, pair_requests, prepared, staff, thirds
from bench.site import served
from clinics.models import Clinic, Membership
from scheduling.forms import offer_text
from scheduling.models import PlannedInfusion, Visit

TIMES = 12
LONGEST = 8.0
"""Seconds spent on one page; a slow one is asked for less often."""


def measure(size: str) -> figures.Figures:
    """Each page in this process for its queries, then over HTTP for its time."""
    clinic = the_clinic()
    session = sign_in(staff(clinic, 1))[0]
    manager = sign_in(_managers(clinic))[0]
    found: figures.Figures = {}
    pages = _pages(clinic)
    for name, path in pages.items():
        found[f"queries_{name}"] = _queries(manager if name == "series_move" else session, path)
    found["queries_book_post"] = _posted(session, clinic)
    found["queries_book_pair_post"] = _posted_pair(session, clinic)
    with served() as site:
        browser = site.browser(session)
        for name, path in pages.items():
            once = browser.get(path).seconds
            times = max(1, min(TIMES, int(LONGEST / once)))
            found[f"page_{name}_ms"] = figures.ms(median(browser.get(path).seconds for _ in range(times)))
        found["memory_web_worker_mb"] = round(max(site.memory()))
    found["memory_this_process_mb"] = _own_memory()
    return figures.named(connection.vendor, size, found)


def _managers(clinic: Clinic) -> list[Membership]:
    return list(Membership.objects.of(clinic).filter(role="prescriber").select_related("user")[:1])


def _pages(clinic: Clinic) -> dict[str, str]:
    """The pages staff open most, each with an object of its own."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    visit = Visit.objects.of(clinic).filter(status="booked", starts_at__gt=timezone.now()).order_by("pk")[0]
    single, pair = prepared(clinic, "Single", 1)[0], prepared(clinic, "Pair", 1)[0]
    return {
        "today": reverse("desk:today") + f"?day={tomorrow.isoformat()}",
        "worklist": reverse("desk:worklist"),
        "patient": reverse("patients:detail", args=[visit.patient_id]),
        "course": reverse("scheduling:course", args=[single.pk]),
        "times_single": reverse("scheduling:single", args=[_third(single).pk]),
        "times_pair": reverse("scheduling:pair", args=[pair.pk]),
        "visit": reverse("scheduling:visit", args=[visit.pk]),
        "move": reverse("scheduling:move", args=[visit.pk]),
    }


def _third(course: Any) -> PlannedInfusion:
    return thirds([course])[0]


def _client(session: str) -> Client:
    client = Client()
    client.cookies["sessionid"] = session
    return client


def _queries(session: str, path: str) -> int:
    client = _client(session)
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(path)
    if answer.status_code != 200:
        raise ValueError(f"{path} answered {answer.status_code}")
    return len(seen)


def _posted(session: str, clinic: Clinic) -> int:
    """The queries of one booking, the second of two."""
    courses = prepared(clinic, "Single", 2)
    seats = free_seats(clinic, timezone.localdate() + timedelta(days=200), 2)
    count = 0
    for course, seat in zip(courses, seats, strict=True):
        path = reverse("scheduling:single", args=[_third(course).pk])
        with CaptureQueriesContext(connection) as seen:
            answer = _client(session).post(path, {"offer": offer_text([seat])})
        if answer.status_code != 302:
            raise ValueError(f"{path} answered {answer.status_code}")
        count = len(seen)
    return count


def _posted_pair(session: str, clinic: Clinic) -> int:
    count = 0
    for wanted in pair_requests(clinic, 2):
        offer = wanted["body"].removeprefix("offer=")
        with CaptureQueriesContext(connection) as seen:
            answer = _client(session).post(
                wanted["path"], f"offer={offer}", content_type="application/x-www-form-urlencoded"
            )
        if answer.status_code != 302:
            raise ValueError(f"{wanted['path']} answered {answer.status_code}")
        count = len(seen)
    return count


def _own_memory() -> int:
    for line in Path(f"/proc/{os.getpid()}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0
