"""Two hundred people want the same chair at the same time: real HTTP, real processes, the run's own database."""

import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry, Clinic, Membership
from infusion.demo import leash
from scheduling.domain.booking import Seat
from scheduling.forms import offer_text
from scheduling.models import Course, Visit, VisitVersion
from tests import factory, programs

RACERS = 200
PROGRAMS = 4
SERVER = ("--workers", "4", "--worker-class", "sync", "--timeout", "120")


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The site served by gunicorn from this test's database, on a free port of this machine; yields port and log."""
    log = tmp_path / "gunicorn.log"
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        listening.set_inheritable(True)
        port = listening.getsockname()[1]
        running = leash.start(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "infusion.wsgi",
                "--bind",
                f"fd://{listening.fileno()}",
                *SERVER,
            ],
            log=log,
            env=programs.environment(),
            cwd=programs.ROOT,
            inherit=[listening.fileno()],
        )
        try:
            programs.until(lambda: _answers(port), seconds=90, what="an answer of gunicorn")
            yield port, log
        finally:
            leash.stop([running])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError):
        return False


def session_for(member: Membership) -> str:
    """A session as signing in with password and second factor leaves it; returns its key."""
    now = time.time()
    session = SessionStore()
    session[SESSION_KEY] = str(member.user_id)
    session[BACKEND_SESSION_KEY] = "infusion.doors.backend.AuthenticationBackend"
    session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": now},
        {"method": "mfa", "at": now, "type": "totp"},
    ]
    session["account_authentication_methods_user"] = user_id_to_str(member.user)
    # They have looked at the times on offer a moment ago.
    session["began_at"] = session["seen_at"] = now
    session.create()
    return str(session.session_key)


def request_for(course: Course, session: str, offer: str) -> dict[str, Any]:
    """One racer's request, with a session and CSRF token of its own."""
    token = secrets.token_hex(16)
    return {
        "path": reverse("scheduling:pair", args=[course.pk]),
        "body": f"offer={urllib.request.quote(offer)}",
        "headers": {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={session}; csrftoken={token}",
            "X-CSRFToken": token,
        },
    }


def run(port: int, requests: list[dict[str, Any]]) -> list[tuple[int, float, str]]:
    """Send all requests at one moment from several processes."""
    at = time.time() + 3
    running = []
    for first in range(PROGRAMS):
        task = {"port": port, "at": at, "requests": requests[first::PROGRAMS]}
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.racers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=programs.ROOT,
            text=True,
        )
        assert program.stdin is not None
        program.stdin.write(json.dumps(task))
        program.stdin.close()
        running.append(program)
    answers = []
    for program in running:
        assert program.stdout is not None
        answers += json.load(program.stdout)
        assert program.wait() == 0
    return [tuple(answer) for answer in answers]


def monday() -> date:
    today = timezone.localdate()
    return today + timedelta(days=21 - today.weekday())


def seats(clinic: Clinic, chair: int, nurse: int) -> str:
    """The induction pair at nine o'clock in one chair with one nurse, as a form carries it."""
    places = (
        list(clinic.chairs.order_by("pk"))[chair],
        list(clinic.memberships.filter(role="nurse").order_by("pk"))[nurse],
    )
    days = (monday(), monday() + timedelta(days=14))
    return offer_text(
        Seat(datetime.combine(day, clock(9), tzinfo=clinic.zone).astimezone(UTC), places[0].pk, places[1].pk)
        for day in days
    )


def racers(clinic: Clinic, count: int) -> list[tuple[Course, str]]:
    """So many patients with a course to book, and as many colleagues signed in."""
    regimen = factory.make_regimen(clinic)
    prescriber = factory.make_member(clinic, "prescriber").user
    found = []
    with transaction.atomic():
        for _ in range(count):
            patient = factory.make_patient(clinic)
            clearance = factory.make_clearance(patient, regimen_version=regimen, signed_by=prescriber)
            course = factory.make_course(patient, start_on=monday(), clearance=clearance, maintenance=1)
            found.append((course, session_for(factory.make_member(clinic))))
    return found


def warm_up(port: int, course: Course, session: str) -> None:
    """Let every worker load its pages once."""
    url = f"http://127.0.0.1:{port}{reverse('scheduling:pair', args=[course.pk])}"

    def look(_: int) -> int:
        page = urllib.request.Request(url, headers={"Cookie": f"sessionid={session}"})
        with urllib.request.urlopen(page, timeout=60) as answer:
            return answer.status

    with ThreadPoolExecutor(max_workers=8) as readers:
        assert set(readers.map(look, range(32))) == {200}


def told(answers: list[tuple[int, float, str]], name: str) -> None:
    """Print how long the answers took."""
    seconds = sorted(answer[1] for answer in answers)
    cuts = quantiles(seconds, n=100)
    print(
        f"\n{name} on {connection.vendor}: {len(answers)} requests, {dict(Counter(a[0] for a in answers))}, "
        f"p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, last {seconds[-1]:.2f} s"
    )


def test_one_of_two_hundred_gets_the_slot_and_the_rest_are_told(server):
    port, log = server
    clinic = factory.make_clinic(chairs=3, nurses=2)
    entrants = racers(clinic, RACERS)
    warm_up(port, *entrants[0])
    offer = seats(clinic, 0, 0)
    answers = run(port, [request_for(course, session, offer) for course, session in entrants])
    told(answers, "one slot")
    assert Counter(answer[0] for answer in answers) == {302: 1, 409: RACERS - 1}, log.read_text()[-4000:]
    lost = [text for status, _, text in answers if status == 409]
    assert all("Someone just took this time: Chair 1," in text for text in lost)
    assert all("The nearest free times" in text for text in lost)
    assert [visit.chair.name for visit in Visit.objects.all()] == ["Chair 1", "Chair 1"]
    assert (Visit.objects.count(), VisitVersion.objects.count()) == (2, 2)
    assert AuditEntry.objects.filter(verb="booked visit").count() == 2


def test_racers_for_different_chairs_do_not_get_in_each_others_way(server):
    port, log = server
    clinic = factory.make_clinic(chairs=4, nurses=4)
    entrants = racers(clinic, 24)
    warm_up(port, *entrants[0])
    requests = [
        request_for(course, session, seats(clinic, number % 4, number % 4))
        for number, (course, session) in enumerate(entrants)
    ]
    answers = run(port, requests)
    told(answers, "four slots")
    assert Counter(answer[0] for answer in answers) == {302: 4, 409: 20}, log.read_text()[-4000:]
    taken = Visit.objects.values_list("chair__name", flat=True).order_by("chair_id")
    assert list(dict.fromkeys(taken)) == ["Chair 1", "Chair 2", "Chair 3", "Chair 4"]
