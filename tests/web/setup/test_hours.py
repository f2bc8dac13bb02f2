"""Opening hours, closures and public holidays on screens: bad input stands beside its field."""

from datetime import UTC, date, datetime

import pytest

from clinics import actions
from clinics.models import Closure
from tests.factory import make_patient, make_visit

from .arranged import DRIP, TODAY, at, broken, carried, changes, day, errors, hours, said

pytestmark = pytest.mark.django_db
HIDDEN = "This text holds a hidden control character. Please type it again."


# Hours and closures


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"opens_0": "19:00"}, {"closes_0": ["On Monday the clinic would close before it opens."]}),
        (
            {"opens_2": ""},
            {"opens_2": ["Give both times, or neither where the clinic is closed on Wednesdays."]},
        ),
        ({"opens_0": "08:03"}, {"opens_0": ["Times go in steps of 5 minutes."]}),
        ({"opens_0": "half past"}, {"opens_0": ["Write the time like 08:30."]}),
        ({"opens_0": "\x00"}, {"opens_0": ["Write the time like 08:30."]}),
        (
            {f"{name}_{n}": "" for n in range(5) for name in ("opens", "closes")},
            {"__all__": ["The clinic would never be open. Give the hours of one day at least."]},
        ),
    ],
)
def test_hours_that_make_no_sense_are_refused_beside_their_field(desk, clinic, changed, found):
    response = desk.post(at("hours"), hours(seen=actions.hours_mark(clinic), **changed))
    assert (response.status_code, errors(response)) == (422, found)
    assert changes(clinic) == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({}, {"first_day": ["Choose a day."], "reason": ["This field is required."]}),
        ({"first_day": "31.2.2031"}, {"first_day": ["Write the day like 2027-12-24."]}),
        ({"first_day": day(2), "last_day": day(1)}, {"last_day": ["The last day lies before the first."]}),
        ({"first_day": day(-1)}, {"last_day": ["This day is over. Choose today or a later day."]}),
        ({"first_day": "2099-01-01"}, {
            "first_day": ["This day is more than five years away. Check the year."],
            "last_day": ["This day is more than five years away. Check the year."],
        }),
        ({"first_day": day(1), "since": "12:01"}, {"since": ["Times go in steps of 5 minutes."]}),
        ({"first_day": day(1), "reason": "a\x07b"}, {"reason": [HIDDEN]}),
        ({"first_day": day(1), "reason": "x" * 151}, {
            "reason": ["Ensure this value has at most 150 characters (it has 151)."],
        }),
    ],
)  # fmt: skip
def test_closure_that_makes_no_sense_is_refused_beside_its_field(desk, clinic, typed, found):
    typed = {"reason": "Works"} | typed if typed else typed
    response = desk.post(at("add_closure"), typed)
    assert (response.status_code, errors(response, "closure_form")) == (422, found)
    assert Closure.objects.of(clinic).count() == 0


def test_closure_shows_the_visits_of_its_days_and_keeps_its_words(desk, clinic, visit):
    page = desk.post(at("add_closure"), {"first_day": day(7), "last_day": day(8), "reason": "Works"})
    assert broken(page) == [(visit.pk, ["The clinic is closed on Monday 17 March 2031: Works."])]
    assert desk.post(at("add_closure"), carried(page) | {"anyway": "1"}).url == at("hours")
    assert [(row.first_day, row.last_day, row.reason) for row in Closure.objects.of(clinic)] == [
        (date(2031, 3, 17), date(2031, 3, 18), "Works")
    ]


def test_closure_is_removed_once_by_a_double_click(desk, clinic):
    closure = Closure.objects.create(clinic=clinic, first_day=TODAY, last_day=TODAY, reason="Works")
    for words in ("The clinic is no longer closed for Works.", "That was done already."):
        response = desk.post(at("remove_closure", closure.pk))
        assert response.url == at("hours")
        assert said(response)[-1] == words
    assert desk.post(at("remove_closure", closure.pk + 1)).status_code == 404


# Public holidays


def test_holidays_are_looked_at_before_they_are_saved(desk, clinic):
    make_visit(make_patient(clinic), starts_at=datetime(2031, 5, 1, 8, tzinfo=UTC), phases=DRIP)
    look = desk.get(at("holidays"), {"country": "DE", "region": "BY"})
    shown = dict(look.context["coming"])
    assert not look.context["is_saved"]
    assert (date(2031, 10, 3) in shown, date(2031, 6, 12) in shown) == (True, True)
    assert changes(clinic) == []
    page = desk.post(at("holidays"), {"country": "DE", "region": "BY", "seen": look.context["mark"]})
    assert len(broken(page)) == 1
    assert desk.post(at("holidays"), carried(page) | {"anyway": "1"}).url == at("holidays")
    clinic.refresh_from_db()
    assert (clinic.country, clinic.region) == ("DE", "BY")
    assert desk.get(at("holidays")).context["is_saved"]


def test_region_of_another_country_is_dropped_when_looked_at_and_refused_when_saved(desk, clinic):
    look = desk.get(at("holidays"), {"country": "GB", "region": "BY"})
    assert (look.context["chosen"], errors(look)) == (("GB", ""), {})
    response = desk.post(at("holidays"), {"country": "GB", "region": "BY", "seen": look.context["mark"]})
    assert errors(response) == {"region": ["This is not a region of that country. Choose again."]}
    response = desk.post(at("holidays"), {"country": "XX", "seen": look.context["mark"]})
    assert errors(response) == {"country": ["Choose one of the countries."]}
