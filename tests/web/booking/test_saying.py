"""Before a series moves, the preview says what its patient answered, what call is open and how the patient is told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from evaluation.actions import note_reported_infection
from infusion.desk.series.saying import CONFIRMED, ON_HOLD
from scheduling.actions.answers import answer_visit
from tests.web.booking.arranged import monday
from tests.web.booking.test_series import a_series, asked, url_of

pytestmark = pytest.mark.django_db


def test_preview_says_what_was_answered_what_call_is_open_and_when_the_notice_leaves(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    now, on = timezone.now(), timezone.localdate()
    told = {"version": first.version, "key": uuid4(), "by": None, "now": now}
    answer_visit(visit=first, answer="confirmed", **told)
    told = {"words": "Fever", "source_id": "report:1", "by": None, "now": now}
    note_reported_infection(patient=course.patient, on=on, **told)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=1)))
    assert page.context["rows"][0].flags[:2] == (ON_HOLD, CONFIRMED)
    shown = page.context["telling"]
    assert (shown.delay, shown.by_call, shown.is_told, shown.waits_until) == ("2 minutes", False, True, None)


def test_notice_that_can_wait_leaves_after_the_quiet_hours_and_the_preview_says_when(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    local = timezone.localtime(timezone.now(), clinic.zone)
    quiet = (local - timedelta(hours=1)).time(), (local + timedelta(hours=1)).replace(second=0, microsecond=0)
    type(clinic).objects.filter(pk=clinic.pk).update(quiet_from=quiet[0], quiet_until=quiet[1].time())
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=1)))
    assert page.context["telling"].waits_until == quiet[1]
