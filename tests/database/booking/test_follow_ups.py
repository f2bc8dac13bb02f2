"""Follow-ups: a clinician and no chair."""

from datetime import UTC, date, datetime

import pytest

from clinics.domain.rights import Role
from clinics.models import Absence
from scheduling import actions
from scheduling.domain.booking import Window
from scheduling.models import VisitVersion
from tests.database.booking.arranged import NOW, at, booked, codes, follow_up, nurses
from tests.factory import (
    make_member,
    make_patient,
)

pytestmark = pytest.mark.django_db


def test_a_follow_up_is_booked_without_a_chair(clinic, desk, course):
    doctor = make_member(clinic, Role.PRESCRIBER)
    visit = actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    assert (visit.kind, visit.chair, visit.nurse, visit.title, visit.phases) == (
        "follow_up",
        None,
        doctor,
        "Week 4 bloods",
        [["consultation", 30, "usual"]],
    )
    again = actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    assert again == visit
    assert VisitVersion.objects.count() == 1


def test_a_clinician_sees_one_patient_at_a_time(clinic, desk, course):
    doctor = make_member(clinic, Role.PRESCRIBER)
    actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    other = make_patient(clinic)
    busy = follow_up(other, at(12, 10, 15), nurse=doctor)
    assert codes(actions.book_follow_up, by=desk, **busy) == ("clinician_busy",)
    free = follow_up(other, at(12, 10, 30), nurse=doctor)
    assert actions.book_follow_up(by=desk, now=NOW, **free).status == "booked"


def test_a_nurse_watching_a_patient_takes_no_follow_up(clinic, desk, course):
    booked(course, desk)
    nurse = clinic.memberships.get(pk=nurses(clinic)[0])
    busy = follow_up(make_patient(clinic), at(10, 10), nurse=nurse)
    assert codes(actions.book_follow_up, by=desk, **busy) == ("nurse_full",)


@pytest.mark.parametrize(
    ("starts", "more", "code"),
    [
        (datetime(2031, 3, 1, 10, tzinfo=UTC), {}, "in_the_past"),
        (at(15, 10), {}, "closed_day"),
        (at(12, 19), {}, "outside_hours"),
        (at(12, 10), {"minutes": 0}, "impossible_length"),
        (at(12, 10), {"minutes": 100_000}, "impossible_length"),
        (at(12, 10), {"window": Window(date(2031, 3, 13), date(2031, 3, 20))}, "outside_window"),
    ],
)
def test_a_follow_up_at_an_impossible_time_is_refused(clinic, desk, starts, more, code):
    patient = make_patient(clinic)
    assert codes(actions.book_follow_up, by=desk, **follow_up(patient, starts, **more)) == (code,)


def test_a_follow_up_is_moved_with_a_reason_and_version(clinic, desk, course):
    doctor = make_member(clinic, Role.PRESCRIBER)
    visit = actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10), nurse=doctor))
    Absence.objects.create(
        clinic=clinic, member=doctor, first_day=date(2031, 3, 13), last_day=date(2031, 3, 13)
    )
    to = {"visit": visit, "version": 1, "reason": "later", "by": desk}
    assert codes(actions.move_follow_up, starts_at=at(13, 10), **to) == ("clinician_away",)
    assert codes(actions.move_follow_up, starts_at=at(14, 10), **{**to, "version": 3}) == ("stale",)
    moved = actions.move_follow_up(starts_at=at(12, 10, 15), now=NOW, **to)
    assert (moved.starts_at, moved.ends_at, moved.version) == (at(12, 10, 15), at(12, 10, 45), 2)
