"""One infusion's screen: offers, and times typed by hand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling import actions
from scheduling.models import Visit
from tests import factory
from tests.web.booking.arranged import monday, seat, single_url

pytestmark = pytest.mark.django_db


def test_maintenance_is_booked_from_its_window(desk, course):
    url = single_url(course, 3)
    page = desk.get(url)
    card, offer = page.context["cards"][0]
    assert card.places[0].planned.ordinal == 3
    assert desk.post(url, {"offer": offer}).status_code == 302
    assert Visit.objects.get().planned_infusion.ordinal == 3


def test_a_typed_time_is_booked_with_a_chair_and_nurse_found_for_it(desk, clinic, course):
    typed = {"typed": "1", "day": monday().isoformat(), "time": "10:10"}
    assert desk.post(single_url(course), typed).status_code == 302
    assert Visit.objects.get().starts_at == seat(clinic, monday(), 10, 10).starts


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"day": "2027-02-31"}, "day", "This day does not exist"),
        ({"day": ""}, "day", "This field is required."),
        ({"time": "24:00"}, "time", "This time cannot be read."),
        ({"time": "9 o'clock"}, "time", "This time cannot be read."),
        ({"time": "\x00"}, "time", ""),
        ({"day": "2020-01-01"}, "time", "This time has passed already."),
        ({"day": "0001-01-01"}, "time", "This time has passed already."),
        ({"day": "9999-12-31"}, "day", "lies outside this infusion's window"),
        ({"time": "07:00"}, "time", "does not lie within the opening hours"),
        ({"time": "16:00"}, "time", "does not lie within the opening hours"),
        ({"day": (monday() + timedelta(days=5)).isoformat()}, "day", "closed on Saturdays"),
    ],
)
def test_a_time_that_cannot_be_is_said_beside_its_field(desk, course, typed, field, words):
    usual = {"typed": "1", "day": monday().isoformat(), "time": "09:00"}
    answer = desk.post(single_url(course), usual | typed)
    assert answer.status_code == 422
    errors = answer.context["typed"].errors
    assert list(errors) == [field]
    assert words in errors[field][0]
    assert Visit.objects.count() == 0


def test_a_time_the_clock_skips_or_shows_twice_is_refused(client, course):
    clinic = course.clinic
    factory.sign_in(client, factory.make_member(clinic, "receptionist"))
    for day, words in (("2027-03-28", "does not exist"), ("2027-10-31", "happens twice")):
        answer = client.post(single_url(course), {"typed": "1", "day": day, "time": "01:30"})
        assert answer.status_code == 422
        assert words in answer.context["typed"].errors["time"][0]


def test_a_typed_time_when_all_is_taken_says_so(desk, clinic, course):
    for chair in (0, 1):
        other = factory.make_course(factory.make_patient(clinic), start_on=monday())
        actions.book_single(
            planned=other.planned_infusions.get(ordinal=1),
            seat=seat(clinic, monday(), chair=chair, nurse=chair),
            by=desk.member.user,
            now=timezone.now(),
        )
    answer = desk.post(single_url(course), {"typed": "1", "day": monday().isoformat(), "time": "09:00"})
    assert answer.status_code == 422
    assert answer.context["typed"].errors == {
        "time": ["No chair and nurse are free for the whole visit at that time."]
    }
