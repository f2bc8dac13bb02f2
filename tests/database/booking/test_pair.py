"""The induction pair: booked together or not at all."""

from datetime import date, timedelta

import pytest

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from patients.models import EarlierInfusion
from scheduling import actions
from scheduling.models import Visit, VisitVersion
from tests.database.booking.arranged import NOW, a_course, at, booked, codes, pair, refusal, seat
from tests.factory import (
    make_member,
    make_patient,
)

pytestmark = pytest.mark.django_db


def test_a_pair_is_booked_with_its_versions_and_audit(clinic, desk, course):
    first, second = booked(course, desk)
    assert (first.starts_at, first.ends_at) == (at(10), at(10) + timedelta(minutes=375))
    assert (second.starts_at, second.ends_at) == (at(24), at(24) + timedelta(minutes=285))
    assert [visit.planned_infusion.ordinal for visit in (first, second)] == [1, 2]
    assert [visit.status for visit in (first, second)] == ["booked", "booked"]
    versions = list(VisitVersion.objects.order_by("visit_id"))
    assert [(row.change, row.version, row.chair_name, row.by, row.at) for row in versions] == [
        ("booked", 1, "Chair 1", desk, NOW),
        ("booked", 1, "Chair 1", desk, NOW),
    ]
    assert versions[0].batch == versions[1].batch
    trail = AuditEntry.objects.of(clinic).filter(verb="booked visit")
    assert [(row.actor, row.record_number) for row in trail] == [(desk, course.patient.record_number)] * 2


def test_the_phases_of_a_visit_are_computed_and_stored(clinic, desk, course):
    first, second = booked(course, desk)
    assert first.phases == [
        ["set_up", 30, "first"],
        ["premedication", 30, "first"],
        ["titration", 210, "first"],
        ["steady", 45, "first"],
        ["observation", 60, "first"],
    ]
    assert second.phases == [
        ["set_up", 30, "usual"],
        ["premedication", 30, "usual"],
        ["titration", 90, "usual"],
        ["steady", 105, "usual"],
        ["observation", 30, "usual"],
    ]


def test_a_patient_treated_before_gets_the_shorter_first_visit(clinic, desk):
    patient = make_patient(clinic)
    EarlierInfusion.objects.create(clinic=clinic, patient=patient, given_on=date(2030, 9, 1))
    first, _ = booked(a_course(clinic, patient=patient), desk)
    assert first.ends_at - first.starts_at == timedelta(minutes=285)


def test_after_a_serious_reaction_both_visits_are_as_long_as_a_first_one(clinic, desk):
    patient = make_patient(clinic)
    EarlierInfusion.objects.create(
        clinic=clinic, patient=patient, given_on=date(2030, 9, 1), reaction_grade=3
    )
    visits = booked(a_course(clinic, patient=patient), desk)
    assert [visit.ends_at - visit.starts_at for visit in visits] == [timedelta(minutes=375)] * 2


def test_booking_another_first_day_moves_the_course_with_it(clinic, desk, course):
    booked(course, desk, day=12)
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 12)
    rows = course.planned_infusions.order_by("ordinal")
    assert [row.target_on for row in rows][:4] == [
        date(2031, 3, 12),
        date(2031, 3, 26),
        date(2031, 9, 12),
        date(2032, 3, 12),
    ]
    assert AuditEntry.objects.filter(verb="moved course start").count() == 1


def test_neither_is_booked_where_one_cannot_be(clinic, desk, course):
    other = a_course(clinic)
    actions.book_single(
        planned=other.planned_infusions.get(ordinal=1), seat=seat(clinic, at(10), 0, 1), by=desk, now=NOW
    )
    assert codes(actions.book_pair, course=course, by=desk, **pair(clinic)) == ("just_taken",)
    assert Visit.objects.filter(patient=course.patient).count() == 0
    assert VisitVersion.objects.filter(patient=course.patient).count() == 0


def test_the_same_click_twice_is_one_booking(clinic, desk, course):
    once, again = booked(course, desk), booked(course, desk)
    assert once == again
    assert (Visit.objects.count(), VisitVersion.objects.count()) == (2, 2)


def test_a_colleague_booking_the_same_time_is_told_that_it_stands(clinic, desk, course):
    booked(course, desk)
    other = make_member(clinic, Role.NURSE).user
    assert codes(actions.book_pair, course=course, by=other, **pair(clinic)) == ("already_booked",) * 2


def test_a_pair_booked_already_is_refused_at_another_time(clinic, desk, course):
    booked(course, desk)
    found = refusal(actions.book_pair, course=course, by=desk, **pair(clinic, hour=10))
    assert found.codes == ("already_booked", "already_booked")
    assert found.reasons[0].message == "Infusion 1 is booked already, on 10 Mar 2031."


def test_day_15_may_stand_elsewhere_in_its_window(clinic, desk, course):
    _, second = booked(course, desk, other_day=27)
    assert second.starts_at == at(27)


@pytest.mark.parametrize("other_day", [21, 28])
def test_day_15_outside_its_window_is_refused(clinic, desk, course, other_day):
    window = codes(actions.book_pair, course=course, by=desk, **pair(clinic, other_day=other_day))
    assert window == ("outside_window",)
