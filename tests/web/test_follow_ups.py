"""Follow-ups on the screen: the list, booking, closing, and the patient page's part."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from tests.factory import make_clinic, make_follow_up, make_member, make_patient, sign_in

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
DAY = date(2031, 3, 10)


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return make_clinic(chairs=3)


@pytest.fixture
def desk(client, clinic):
    return sign_in(client, make_member(clinic, Role.NURSE))


def test_follow_ups_are_listed_and_booked_from_a_free_time(client, clinic):
    sign_in(client, make_member(clinic, Role.RECEPTIONIST))
    follow_up = make_follow_up(make_patient(clinic), due_on=date(2031, 3, 18))
    assert client.get(reverse("monitoring:list")).context["total"] == 1
    page = client.get(reverse("monitoring:book", args=[follow_up.pk]), {"day": "2031-03-18", "time": "09:00"})
    assert page.context["times"][0] == datetime(2031, 3, 18, 8, tzinfo=UTC)
    response = client.post(
        reverse("monitoring:book", args=[follow_up.pk]),
        {"day": "2031-03-18", "time": "09:00", "minutes": "30"},
    )
    assert response.url == reverse("patients:detail", args=[follow_up.patient_id])
    follow_up.refresh_from_db()
    assert follow_up.visit.starts_at == datetime(2031, 3, 18, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": "2031-03-18", "time": "04:00"}, "time"),
        ({"day": "2031-02-31", "time": "09:00"}, "day"),
        ({"day": "2031-03-16", "time": "09:00"}, "day"),
        ({"day": "2031-03-30", "time": "01:30"}, "time"),
        ({"day": "2031-03-18", "time": "25:00"}, "time"),
        ({"day": "9999-12-31", "time": "23:59"}, "day"),
        ({"day": "2031-03-18", "time": "09:00", "minutes": "7000"}, "minutes"),
        ({"day": "2031-03-18", "time": "09:00", "nurse": "999999"}, "nurse"),
    ],
)
def test_follow_up_at_an_impossible_time_is_refused_beside_the_field(desk, clinic, typed, field):
    follow_up = make_follow_up(make_patient(clinic), due_on=date(2031, 3, 18))
    response = desk.post(reverse("monitoring:book", args=[follow_up.pk]), {"minutes": "30"} | typed)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_follow_up_is_closed_with_words(desk, clinic):
    follow_up = make_follow_up(make_patient(clinic), due_on=DAY)
    where = reverse("monitoring:close", args=[follow_up.pk])
    assert desk.post(where, {"outcome": " "}).status_code == 422
    assert desk.post(where, {"outcome": "Bloods at the family doctor."}).status_code == 302
    follow_up.refresh_from_db()
    assert (follow_up.state, follow_up.outcome) == ("closed", "Bloods at the family doctor.")


def test_panel_is_a_part_of_the_patients_page_and_a_page_of_its_own(desk, clinic):
    follow_up = make_follow_up(make_patient(clinic), due_on=DAY)
    where = reverse("monitoring:panel", args=[follow_up.patient_id])
    page, part = desk.get(where), desk.get(where, headers={"HX-Request": "true"})
    assert (page.content.decode().count("<html"), part.content.decode().count("<html")) == (1, 0)
    assert AuditEntry.objects.of(clinic).filter(verb="viewed patient").count() == 2


@pytest.mark.parametrize("name", ["book", "close"])
def test_follow_up_of_another_clinic_is_not_there(desk, name):
    foreign = make_follow_up(make_patient(make_clinic()), due_on=DAY)
    assert desk.get(reverse(f"monitoring:{name}", args=[foreign.pk])).status_code == 404
