"""A whole course in one search: both inductions offered together, all maintenance held, to the horizon."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench import figures
from bench.people import sign_in, the_clinic
from bench.sections.bookings import prepared, staff
from bench.site import served
from scheduling import queries
from scheduling.models import Course

CALLS = 16


def measure(size: str) -> figures.Figures:
    """Courses that begin among the bookings, and courses that begin after them, each time another patient's.

    At seven booked cells in ten no chair is free for six hours, so that a course among them finds nothing; the figure
    that counts is that of the courses for which everything is found. With real visit lengths both find their times.
    """
    clinic = the_clinic()
    session = sign_in(staff(clinic, 1))[0]
    among, after = prepared(clinic, "Among", CALLS), prepared(clinic, "After", CALLS)
    found: figures.Figures = {}
    with served() as site:
        browser = site.browser(session)

        def ask(course: Course) -> None:
            path = reverse("scheduling:pair", args=[course.pk])
            answer = browser.get(path)
            if answer.status != 200:
                raise ValueError(f"{path} answered {answer.status}")

        for name, courses in _named(among, after):
            found |= figures.spread(name, figures.timed(CALLS, lambda n, some=courses: ask(some[n])))  # type: ignore[misc]
    for name, courses in _named(among, after):
        cards, asked = [0], [0]

        def search(number: int, some: Sequence[Course] = courses, cards: list[int] = cards) -> None:
            plan = queries.read_plan(queries.course(clinic, some[number].pk))
            cards[0] = len(queries.course_times(plan, now=timezone.now()).cards)

        found |= figures.spread(f"{name}_inprocess", figures.timed(CALLS, search))
        with CaptureQueriesContext(connection) as seen:
            search(0)
        asked[0] = len(seen)
        found |= {f"{name}_offers": cards[0], f"{name}_queries": asked[0]}
    return figures.named(connection.vendor, size, found)


def _named(among: Sequence[Course], after: Sequence[Course]) -> tuple[tuple[str, Sequence[Course]], ...]:
    return ("course_search", after), ("course_search_among", among)
