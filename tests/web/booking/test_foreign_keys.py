"""What somebody at the desk might send instead of an offer: keys of another clinic, rules that were not theirs to pass,
and a question for free times that cannot be read.
"""

from datetime import timedelta

import pytest
from django.urls import reverse

from scheduling.domain.booking import Seat
from scheduling.forms import offer_text
from scheduling.models import RuleBreach, Visit
from tests import factory
from tests.web.booking.arranged import booked, monday, pair_url, seat, single_url

pytestmark = pytest.mark.django_db
SOFT = "nurse_starting,nurse_full,prep_full,outside_hours,kept_for_holds,no_room,not_a_bed,outside_window"
ABSOLUTE = (
    "chair_taken,no_such_chair,nurse_off_duty,closed_day,patient_busy,interval_too_short,kept_for_waitlist"
)


@pytest.fixture
def elsewhere():
    return factory.make_clinic(chairs=1, nurses=1)


def of_another_clinic(clinic, elsewhere):
    """The same seat with one key at a time taken from another clinic."""
    own, other = seat(clinic, monday()), seat(elsewhere, monday())
    over = own.starts + timedelta(hours=1)
    return [
        Seat(own.starts, other.chair, own.nurse),
        Seat(own.starts, own.chair, other.nurse),
        Seat(own.starts, own.chair, own.nurse, ((over, other.nurse),)),
        Seat(own.starts, other.chair, other.nurse, ((over, other.nurse),)),
    ]


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("passing", ["", SOFT, f"{SOFT},{ABSOLUTE}"])
def test_another_clinics_chair_or_nurse_is_never_booked(desk, clinic, course, elsewhere, which, passing):
    place = of_another_clinic(clinic, elsewhere)[which]
    sent = {"offer": offer_text([place])} | ({"accept": passing, "why": "All the same"} if passing else {})
    page = desk.post(single_url(course), sent)
    assert page.status_code in (409, 422)
    assert Visit.objects.count() == RuleBreach.objects.count() == 0
    assert elsewhere.chairs.get().name not in [each.chair for each in page.context.get("wanted", [])]


@pytest.mark.parametrize("which", range(4))
def test_a_series_is_never_moved_to_another_clinics_chair_or_nurse(desk, clinic, course, elsewhere, which):
    first, _ = booked(course, desk.member)
    place = of_another_clinic(clinic, elsewhere)[which]
    sent = {"offer": offer_text([place]), "scope": "following", "reason": "On holiday"}
    sent["offer"] = offer_text([Seat(place.starts + timedelta(days=7), *_rest(place, 7))])
    page = desk.post(reverse("series:move", args=[first.pk]), sent)
    confirm = page.context["confirm"].initial
    sent |= {"versions": confirm["versions"], "batch": str(confirm["batch"]), "confirm": "1"}
    sent |= {"accept": f"{SOFT},{ABSOLUTE}", "why": "All the same"}
    assert desk.post(reverse("series:move", args=[first.pk]), sent).status_code == 409
    first.refresh_from_db()
    assert (first.version, RuleBreach.objects.count()) == (1, 0)


def _rest(place, days):
    later = tuple((at + timedelta(days=days), nurse) for at, nurse in place.handovers)
    return place.chair, place.nurse, later


def test_a_prescribers_rule_is_not_passed_at_the_desk(desk, clinic, course):
    late = seat(clinic, monday() + timedelta(days=70))
    sent = {"offer": offer_text([late]), "accept": SOFT, "why": "All the same"}
    page = desk.post(single_url(course), sent)
    assert page.status_code in (409, 422)
    assert Visit.objects.count() == RuleBreach.objects.count() == 0


def test_day_15_of_another_course_does_not_ride_along(desk, clinic, course):
    """An offer for the pair of one course, sent to another's address, books that other course's or nothing."""
    other = factory.make_course(factory.make_patient(factory.make_clinic()), start_on=monday())
    place = offer_text([seat(clinic, monday()), seat(clinic, monday() + timedelta(days=14))])
    assert desk.post(pair_url(other), {"offer": place}).status_code == 404
    assert Visit.objects.count() == 0


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2031-03-03", "to": "2099-03-03", "minutes": "30"},
        {"from": "2031-03-03\x00", "to": "2031-03-04", "minutes": "30"},
        {"from": "2031-03-03", "to": "2031-03-04", "minutes": "\x00"},
        {"from": "2031-03-03", "to": "2031-03-04", "minutes": "-30"},
        {"from": "2031-03-03", "to": "2031-03-04", "minutes": "30", "page": "-1"},
        {"from": "2031-03-03", "to": "2031-03-04", "minutes": "30", "page": "9" * 40},
        {"from": "2031-03-03", "to": "2031-03-04", "infusion": "9" * 40},
        {"from": "2031-03-03", "to": "2031-03-04", "minutes": "1e9"},
        {"from": "9999-12-31", "to": "9999-12-31", "minutes": "30"},
        {"from": "0001-01-01", "to": "0001-01-01", "minutes": "30"},
        {"from": "2031-03-03", "to": "2031-03-04", "minutes": "30", "all": "\x00"},
        {},
    ],
)
def test_a_question_that_cannot_be_read_is_answered_with_words(desk, asked):
    page = desk.get(reverse("scheduling:free"), asked)
    assert page.status_code == 400
    assert page.json()["errors"]


def test_free_times_for_another_clinics_infusion_are_not_found(desk, elsewhere):
    other = factory.make_course(factory.make_patient(elsewhere), start_on=monday())
    key = other.planned_infusions.first().pk
    asked = {"from": str(monday()), "to": str(monday()), "infusion": key}
    assert desk.get(reverse("scheduling:free"), asked).status_code == 404
