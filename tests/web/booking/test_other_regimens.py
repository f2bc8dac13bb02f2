"""Screens beside a course's infusions: doses by body surface, retreatment, newer versions, rates and co-therapy."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from patients.models import Measurement
from scheduling import actions
from scheduling.models import CoTherapyRecord, PlannedInfusion, Retreatment
from tests.database.booking.test_other_regimens import approved, newer
from tests.factory import (
    make_clearance,
    make_clinic,
    make_diagnosis,
    make_member,
    make_patient,
    make_regimen,
    sign_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make_clinic(nurses=1)


@pytest.fixture
def desk(client, clinic):
    sign_in(client, make_member(clinic, Role.PRESCRIBER))
    return client


def today(clinic):
    return timezone.now().astimezone(clinic.zone).date()


def prescribed(clinic, code, condition, *, days=5):
    patient = make_patient(clinic)
    for kind, value in (("weight", "70"), ("height", "170")):
        Measurement.objects.create(
            clinic=clinic, patient=patient, kind=kind, value=Decimal(value), taken_on=today(clinic)
        )
    clearance = make_clearance(
        patient, make_diagnosis(patient, condition), regimen_version=make_regimen(clinic, code)
    )
    return actions.prescribe_course(
        clinic=clinic,
        patient=patient,
        clearance=clearance,
        regimen_version=clearance.regimen_version,
        start_on=today(clinic) + timedelta(days=days),
        by=clearance.signed_by,
        now=timezone.now(),
    )


def given(course, count):
    for row in course.planned_infusions.order_by("ordinal")[:count]:
        actions.mark_given(planned=row, on=row.planned_on, by=None, now=timezone.now())


def words(page):
    text = re.sub(r"<(script|style).*?</\1>", " ", page.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def page(client, course, name="course", *more):
    return client.get(reverse(f"scheduling:{name}", args=[course.pk, *more]))


def test_a_course_shows_how_its_doses_come_about_and_what_is_off_label(desk, clinic):
    course = prescribed(clinic, "AIHA-375x4", "AIHA")
    shown = words(page(desk, course))
    assert shown.count("375 mg/m² × 1.82 m² = 680 mg (682.5 mg rounded to the nearest 10 mg)") == 1
    assert shown.count("Mosteller: square root of height (cm) × weight (kg) / 3600.") == 1
    assert shown.count("Off-label here") == 1
    assert shown.count("Reckon the doses anew") == 0


def test_a_new_weight_is_told_and_taken_up_on_the_course(desk, clinic):
    course = prescribed(clinic, "AIHA-375x4", "AIHA")
    weight = {"kind": "weight", "value": Decimal(90), "taken_on": today(clinic)}
    Measurement.objects.create(clinic=clinic, patient=course.patient, **weight)
    assert words(page(desk, course)).count("planned with another dose, from an earlier weight or height") == 1
    done = desk.post(reverse("scheduling:recompute", args=[course.pk]), follow=True)
    assert words(done).count("4 planned doses follow the latest weight and height now.") == 1
    rows = PlannedInfusion.objects.of(clinic).filter(course=course)
    assert {row.dose_mg for row in rows} == {Decimal(770)}


def test_an_implausible_weight_is_told_and_changes_nothing(desk, clinic):
    course = prescribed(clinic, "AIHA-375x4", "AIHA")
    weight = {"kind": "weight", "value": Decimal(28), "taken_on": today(clinic)}
    Measurement.objects.create(clinic=clinic, patient=course.patient, **weight)
    told = "The weight on record is 28 kg; from 30 to 250 kg is plausible. Check it, and record it anew."
    assert words(page(desk, course)).count(told) == 1
    done = desk.post(reverse("scheduling:recompute", args=[course.pk]), follow=True)
    assert words(done).count(told) == 2


def test_a_retreatment_is_started_on_its_screen(desk, clinic):
    course = prescribed(clinic, "AIHA-1000x2", "AIHA", days=0)
    assert words(page(desk, course)).count("Start a retreatment") == 0
    given(course, 2)
    assert words(page(desk, course)).count("Start a retreatment") == 1
    where, start = reverse("scheduling:retreat", args=[course.pk]), today(clinic) + timedelta(days=200)
    missing = desk.post(where, {"start_on": start.isoformat(), "reason": ""})
    assert (missing.status_code, list(missing.context["form"].errors)) == (422, ["reason"])
    past = desk.post(where, {"start_on": "2020-01-01", "reason": "relapse"})
    assert (past.status_code, list(past.context["form"].errors)) == (422, ["start_on"])
    done = desk.post(where, {"start_on": start.isoformat(), "reason": "relapse"})
    assert (done.status_code, Retreatment.objects.of(clinic).get().reason) == (302, "relapse")
    assert course.planned_infusions.count() == 4


def test_a_newer_version_is_previewed_and_taken_up(desk, clinic):
    course = prescribed(clinic, "MS-RIFUND", "MS")
    assert words(page(desk, course, "version")).count("There is no newer approved version") == 1
    approved(newer(course, interval_value=8))
    assert words(page(desk, course)).count("Version 2 of this regimen is approved") == 1
    shown = page(desk, course, "version")
    assert [row.differs for row in shown.context["rows"]][:2] == [False, True]
    where = reverse("scheduling:version", args=[course.pk])
    assert desk.post(where, {"reason": ""}).status_code == 422
    assert desk.post(where, {"reason": "slower is enough"}).status_code == 302
    course.refresh_from_db()
    assert course.regimen_version.version == 2


def test_faster_rates_ask_for_everything_they_need(desk, clinic):
    course = prescribed(clinic, "RA-1000x2", "RA", days=0)
    given(course, 1)
    second = course.planned_infusions.get(ordinal=2)
    where = reverse("scheduling:rates", args=[second.pk])
    yes = {f"ask_{number}": "on" for number in range(4)}
    lacking = desk.post(where, dict.fromkeys(list(yes)[:3], "on"))
    assert (lacking.status_code, list(lacking.context["form"].errors)) == (422, ["ask_3"])
    assert words(desk.post(where, yes, follow=True)).count("Optional rates RA, 120 minutes (EU)") == 1
    assert words(desk.post(where, {"usual": "1"}, follow=True)).count("Optional rates") == 0


def test_faster_rates_are_not_there_for_other_regimens(desk, clinic):
    course = prescribed(clinic, "STANDARD", "RA")
    second = course.planned_infusions.get(ordinal=2)
    assert desk.get(reverse("scheduling:rates", args=[second.pk])).status_code == 404


def test_faster_rates_of_a_first_infusion_are_refused_in_words(desk, clinic):
    course = prescribed(clinic, "RA-1000x2", "RA")
    first = course.planned_infusions.get(ordinal=1)
    yes = {f"ask_{number}": "on" for number in range(4)}
    done = desk.post(reverse("scheduling:rates", args=[first.pk]), yes, follow=True)
    assert words(done).count("The first infusion's rates are due") == 1


def test_co_therapy_is_recorded_with_its_dose_or_the_reason(desk, clinic):
    course = prescribed(clinic, "STANDARD", "RA")
    assert words(page(desk, course)).count("Methotrexate US label: with methotrexate.") == 1
    where = reverse("scheduling:co_therapy", args=[course.pk, "methotrexate"])
    for sent, field in (
        ({}, "is_taken"),
        ({"is_taken": "no"}, "words"),
        ({"is_taken": "perhaps"}, "is_taken"),
    ):
        answer = desk.post(where, sent)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert desk.post(where, {"is_taken": "no", "words": "raised liver enzymes"}).status_code == 302
    assert words(page(desk, course)).count("Not taken: raised liver enzymes") == 1
    assert CoTherapyRecord.objects.of(clinic).count() == 1
    assert desk.get(reverse("scheduling:co_therapy", args=[course.pk, "aspirin"])).status_code == 404


def test_prescribing_shows_the_dose_and_refuses_without_a_weight(desk, clinic):
    patient = make_patient(clinic)
    clearance = make_clearance(
        patient, make_diagnosis(patient, "AIHA"), regimen_version=make_regimen(clinic, "AIHA-375x4")
    )
    where = reverse("scheduling:prescribe", args=[clearance.pk])
    told = "The dose goes by body surface, and no weight is on record. Record it first."
    assert words(desk.get(where)).count(told) == 1
    answer = desk.post(where, {"start_on": today(clinic).isoformat()})
    assert (answer.status_code, answer.context["form"].non_field_errors()) == (422, [told])
