"""A course's screens, and who may open which."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry
from patients.models import EarlierInfusion
from scheduling import queries
from scheduling.models import Course, Visit
from tests import factory
from tests.web.booking.arranged import booked, monday, single_url, text_of

pytestmark = pytest.mark.django_db


def test_a_course_is_prescribed_from_its_clearance(prescriber, clinic):
    clearance = factory.make_clearance(factory.make_patient(clinic))
    url = reverse("scheduling:prescribe", args=[clearance.pk])
    assert prescriber.get(url).status_code == 200
    answer = prescriber.post(url, {"start_on": monday().isoformat()})
    course = Course.objects.get()
    assert answer["Location"] == reverse("scheduling:course", args=[course.pk])
    assert (course.start_on, course.prescribed_by) == (monday(), prescriber.member.user)
    again = prescriber.post(url, {"start_on": monday().isoformat()})
    assert again.status_code == 422
    assert "This patient has an active course already." in text_of(again)


def test_a_course_under_way_is_continued(prescriber, clinic):
    patient = factory.make_patient(clinic)
    for weeks in (60, 58, 34):
        EarlierInfusion.objects.create(
            clinic=clinic, patient=patient, given_on=timezone.localdate() - timedelta(weeks=weeks)
        )
    clearance = factory.make_clearance(patient)
    url = reverse("scheduling:prescribe", args=[clearance.pk])
    since = (timezone.localdate() - timedelta(weeks=60)).isoformat()
    assert prescriber.post(url, {"how": "continue", "since": since}).status_code == 302
    states = [row.state for row in Course.objects.get().planned_infusions.order_by("ordinal")]
    assert states[:4] == ["given", "given", "given", "planned"]


@pytest.mark.parametrize("start_on", ["", "2027-02-31", "2020-01-01", "0001-01-01", "9999-12-31", "x"])
def test_an_impossible_start_is_refused(prescriber, clinic, start_on):
    clearance = factory.make_clearance(factory.make_patient(clinic))
    answer = prescriber.post(reverse("scheduling:prescribe", args=[clearance.pk]), {"start_on": start_on})
    assert answer.status_code == 422
    assert Course.objects.count() == 0


def test_a_start_is_changed_and_a_course_stopped(prescriber, course):
    url = reverse("scheduling:start", args=[course.pk])
    assert prescriber.post(url, {"start_on": "2027-02-31"}).status_code == 422
    assert prescriber.post(url, {"start_on": monday(4).isoformat()}).status_code == 302
    course.refresh_from_db()
    assert course.start_on == monday(4)
    url = reverse("scheduling:stop", args=[course.pk])
    assert prescriber.get(url).status_code == 200
    assert prescriber.post(url, {"reason": " "}).status_code == 422
    assert prescriber.post(url, {"reason": "Pregnant"}).status_code == 302
    assert "Pregnant" in text_of(prescriber.get(reverse("scheduling:course", args=[course.pk])))


def test_a_newer_clearance_is_taken_over(prescriber, course):
    renew = reverse("scheduling:renew", args=[course.pk])
    assert prescriber.post(renew).status_code == 302
    newer = factory.make_clearance(
        course.patient, course.diagnosis, signed_at=timezone.now() + timedelta(minutes=1)
    )
    assert "A newer clearance was signed" in text_of(
        prescriber.get(reverse("scheduling:course", args=[course.pk]))
    )
    prescriber.post(renew)
    course.refresh_from_db()
    assert course.clearance == newer


def test_the_patients_page_is_led_to_the_course(prescriber, clinic, course):
    panel = reverse("scheduling:panel", args=[course.patient_id])
    shown = prescriber.get(panel, headers={"HX-Request": "true"}).content.decode()
    assert reverse("scheduling:course", args=[course.pk]) in shown
    assert "<html" not in shown
    assert "<html" in prescriber.get(panel).content.decode()
    cleared = factory.make_clearance(factory.make_patient(clinic))
    shown = prescriber.get(reverse("scheduling:panel", args=[cleared.patient_id])).content.decode()
    assert reverse("scheduling:prescribe", args=[cleared.pk]) in shown


PAGES = ["course", "start", "stop", "renew", "pair"]


def test_nothing_of_another_clinic_is_found(client, course):
    stranger = factory.make_member(factory.make_clinic(), "prescriber")
    factory.sign_in(client, stranger)
    first, _ = booked(course, factory.make_member(course.clinic))
    urls = [reverse(f"scheduling:{page}", args=[course.pk]) for page in PAGES]
    urls += [reverse(f"scheduling:{page}", args=[first.pk]) for page in ("visit", "move", "cancel")]
    urls += [
        single_url(course),
        reverse("scheduling:panel", args=[course.patient_id]),
        reverse("scheduling:prescribe", args=[course.clearance_id]),
    ]
    assert [client.post(url, {"reason": "x"}).status_code for url in urls] == [404] * len(urls)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("receptionist", {"course", "pair"}),
        ("nurse", {"course", "pair"}),
        ("pharmacist", {"course"}),
        ("manager", {"course"}),
        ("prescriber", {"course", "pair", "start", "stop"}),
    ],
)
def test_each_role_opens_its_own_pages(client, course, role, allowed):
    factory.sign_in(client, factory.make_member(course.clinic, role))
    opened = {
        page
        for page in ("course", "pair", "start", "stop")
        if client.get(reverse(f"scheduling:{page}", args=[course.pk])).status_code == 200
    }
    assert opened == allowed


def test_every_look_at_a_course_is_on_the_trail(desk, course):
    booked(course, desk.member)
    first = Visit.objects.order_by("starts_at")[0]
    for url in (
        reverse("scheduling:course", args=[course.pk]),
        reverse("scheduling:visit", args=[first.pk]),
        reverse("scheduling:panel", args=[course.patient_id]),
        single_url(course, 3),
    ):
        desk.get(url)
    seen = AuditEntry.objects.filter(verb="viewed patient", record_number=course.patient.record_number)
    assert sorted(row.changes["page"] for row in seen) == [
        "course",
        "course and visits",
        "times on offer",
        "visit",
    ]


def test_a_page_number_too_large_is_not_found(desk):
    for page in ("course", "visit", "single", "pair", "move", "cancel"):
        assert desk.get(reverse(f"scheduling:{page}", args=[10**30])).status_code == 404


def test_pages_read_few_queries(desk, course, django_assert_max_num_queries):
    booked(course, desk.member)
    for _ in range(4):
        booked_one = factory.make_course(factory.make_patient(course.clinic), start_on=monday())
        queries.read_plan(booked_one)
    desk.get(reverse("scheduling:course", args=[course.pk]))
    with django_assert_max_num_queries(25):
        desk.get(reverse("scheduling:course", args=[course.pk]))
    with django_assert_max_num_queries(31):
        desk.get(single_url(course, 3))
