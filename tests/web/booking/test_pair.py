"""The pair's screen: booked and moved with one click, and every refusal in words."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import Closure
from scheduling import actions
from scheduling.models import Visit, VisitVersion
from tests import factory
from tests.web.booking.arranged import booked, monday, pair_offer, pair_url, text_of

pytestmark = pytest.mark.django_db


def test_the_first_offer_is_booked_with_one_click(desk, course):
    page = desk.get(pair_url(course))
    offer = re.search(r'name="offer" value="([^"]+)"', page.content.decode()).group(1)
    answer = desk.post(pair_url(course), {"offer": offer})
    assert answer["Location"] == reverse("scheduling:course", args=[course.pk])
    first, second = Visit.objects.order_by("starts_at")
    assert second.starts_at.date() - first.starts_at.date() == timedelta(days=14)
    shown = text_of(desk.get(answer["Location"]))
    assert shown.count("Booked") >= 2


def test_offers_lie_within_the_window_and_the_asked_days(desk, course):
    page = desk.get(pair_url(course), {"start": monday() + timedelta(days=14), "at": "10:00"})
    days = {card.places[0].starts.date() for card, _ in page.context["cards"]}
    assert min(days) == monday() + timedelta(days=14)
    times = page.context["times"]
    assert (times.sooner, times.last) == (monday(), monday() + timedelta(days=27))


def test_more_times_are_shown_when_asked_for(desk, course):
    usual = len(desk.get(pair_url(course)).context["cards"])
    more = len(desk.get(pair_url(course), {"more": "1"}).context["cards"])
    assert (usual, more) == (6, 24)


def test_a_lost_race_is_told_with_other_times(desk, clinic, course):
    booked(factory.make_course(factory.make_patient(clinic), start_on=monday()), desk.member)
    answer = desk.post(pair_url(course), {"offer": pair_offer(clinic)})
    assert answer.status_code == 409
    assert "Someone just took this time: Chair 1," in text_of(answer)
    assert len(answer.context["cards"]) == 3
    again = desk.post(pair_url(course), {"offer": answer.context["cards"][0][1]})
    assert (again.status_code, Visit.objects.filter(patient=course.patient).count()) == (302, 2)


def test_the_same_form_sent_twice_is_one_booking(desk, clinic, course):
    for _ in range(2):
        assert desk.post(pair_url(course), {"offer": pair_offer(clinic)}).status_code == 302
    assert (Visit.objects.count(), VisitVersion.objects.count()) == (2, 2)


def test_a_second_click_on_another_offer_is_refused(desk, clinic, course):
    desk.post(pair_url(course), {"offer": pair_offer(clinic)})
    answer = desk.post(pair_url(course), {"offer": pair_offer(clinic, hour=10)})
    assert answer.status_code == 409
    assert "Infusion 1 is booked already" in text_of(answer)


def test_a_pair_cancelled_meanwhile_is_not_moved(desk, clinic, course):
    first, second = booked(course, desk.member)
    actions.cancel_visit(visit=first, reason="ill", by=None, now=timezone.now(), also=[second])
    typed = {"offer": pair_offer(clinic, day=monday(4)), "version": "1", "other_version": "1", "reason": "x"}
    answer = desk.post(pair_url(course), typed)
    assert (answer.status_code, Visit.objects.filter(status="booked").count()) == (409, 0)


def test_a_booked_pair_is_moved_together_with_a_reason(desk, clinic, course):
    booked(course, desk.member)
    later = pair_offer(clinic, day=monday(4))
    typed = {"offer": later, "version": "1", "other_version": "1", "reason": "On holiday"}
    assert desk.post(pair_url(course), typed).status_code == 302
    assert [visit.version for visit in Visit.objects.all()] == [2, 2]
    assert {row.reason for row in VisitVersion.objects.filter(change="moved")} == {"On holiday"}


def test_a_move_without_a_reason_is_said_beside_the_field(desk, clinic, course):
    booked(course, desk.member)
    typed = {"offer": pair_offer(clinic, day=monday(4)), "version": "1", "other_version": "1", "reason": " "}
    answer = desk.post(pair_url(course), typed)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"reason": ["Say why in a few words."]}


def test_a_course_without_a_pair_has_no_pair_to_book(desk, clinic, course):
    course.planned_infusions.filter(ordinal=1).update(state="given", given_on=monday(-2))
    assert desk.get(pair_url(course)).status_code == 302
    for typed in ({}, {"version": "1"}, {"version": "1", "reason": "x", "other_version": "1"}):
        answer = desk.post(pair_url(course), {"offer": pair_offer(clinic), **typed})
        assert (answer.status_code, Visit.objects.count()) in ((409, 0), (422, 0))


def test_half_a_pair_is_not_booked_as_one(desk, clinic, course):
    actions.cancel_visit(
        visit=booked(course, desk.member)[1], reason="ill", by=desk.member.user, now=timezone.now()
    )
    assert desk.get(pair_url(course)).status_code == 302
    assert desk.post(pair_url(course), {"offer": pair_offer(clinic)}).status_code == 409
    assert Visit.objects.filter(status="booked").count() == 1


BROKEN_OFFERS = [
    "",
    "x",
    "2031-02-31T09:00Z/1/1 2031-03-14T09:00Z/1/1",
    "2031-03-03T25:00Z/1/1 2031-03-17T09:00Z/1/1",
    "2031-03-03T09:00Z/1/1",
    "2031-03-03T09:00Z/0/1 2031-03-17T09:00Z/1/1",
    "2031-03-03T09:00Z/-1/1 2031-03-17T09:00Z/1/1",
    "2031-03-03T09:00Z/9999999999999999999/1 2031-03-17T09:00Z/1/1",
    "2031-03-03T09:00Z/1/1 2031-03-17T09:00Z/1/1 2031-03-18T09:00Z/1/1",
    "2031-03-03T09:00Z/1/1\x002031-03-17T09:00Z/1/1",
    "٢031-03-03T09:00Z/1/1 2031-03-17T09:00Z/1/1",
    "9999-12-31T23:59Z/1/1 9999-12-31T23:59Z/1/1",
    "\ud800",
    "x" * 5000,
]


@pytest.mark.parametrize("offer", BROKEN_OFFERS)
def test_an_unreadable_offer_is_refused_in_words(desk, course, offer):
    answer = desk.post(pair_url(course), {"offer": offer.encode("utf-8", "replace").decode()})
    assert answer.status_code == 422
    assert "Choose one of the times on offer." in text_of(answer)
    assert Visit.objects.count() == 0


@pytest.mark.parametrize(
    ("where", "status", "words"),
    [
        ({"hour": 5}, 422, "does not lie within the opening hours"),
        ({"hour": 14}, 422, "does not lie within the opening hours"),
        ({"day": monday(-1)}, 422, "This time has passed already."),
        ({"day": monday() + timedelta(days=5)}, 422, "closed on Saturdays"),
        ({"day": monday(9)}, 422, "lies outside this infusion's window"),
        ({"day": date(2999, 1, 7)}, 422, "lies outside this infusion's window"),
    ],
)
def test_an_impossible_pair_is_refused_in_words(desk, clinic, course, where, status, words):
    answer = desk.post(pair_url(course), {"offer": pair_offer(clinic, **where)})
    assert (answer.status_code, words in text_of(answer)) == (status, True)
    assert Visit.objects.count() == 0


def test_a_chair_of_another_clinic_is_refused(desk, clinic, course):
    other = factory.make_clinic(chairs=1, nurses=1)
    answer = desk.post(pair_url(course), {"offer": pair_offer(other)})
    assert answer.status_code == 409
    assert "This chair is not in service." in text_of(answer)


def test_a_day_closed_meanwhile_is_refused_with_its_reason(desk, clinic, course):
    Closure.objects.create(clinic=clinic, first_day=monday(), last_day=monday(), reason="Water <pipes>")
    answer = desk.post(pair_url(course), {"offer": pair_offer(clinic)})
    assert answer.status_code == 422
    assert "Water &lt;pipes&gt;" in answer.content.decode()
    page = desk.get(pair_url(course))
    assert page.context["times"].closed == ((monday(), "Water <pipes>"),)


def test_without_a_clearance_nothing_is_booked(desk, clinic, course):
    course.clearance.withdrawn_at = timezone.now()
    course.clearance.save()
    answer = desk.post(pair_url(course), {"offer": pair_offer(clinic)})
    assert answer.status_code == 422
    assert "The clearance was withdrawn." in text_of(answer)
    shown = desk.get(reverse("scheduling:course", args=[course.pk]))
    assert "No clearance stands for this course" in text_of(shown)
    assert pair_url(course) not in shown.content.decode()


def test_the_dead_are_not_booked(desk, clinic, course):
    course.patient.deceased = True
    course.patient.save()
    answer = desk.post(pair_url(course), {"offer": pair_offer(clinic)})
    assert answer.status_code == 422
    assert "This patient has died." in text_of(answer)


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "2026-02-31"},
        {"start": "x"},
        {"at": "25:99"},
        {"start": "0001-01-01x"},
        {"at": "nine"},
        {"start": "\x00"},
    ],
)
def test_a_day_that_does_not_exist_is_said_beside_the_field(desk, course, asked):
    page = desk.get(pair_url(course), asked)
    assert page.status_code == 422
    assert set(page.context["look"].errors) == set(asked)
    assert len(page.context["cards"]) == 6


@pytest.mark.parametrize("start", ["0001-01-01", "9999-12-31"])
def test_a_far_day_shows_the_nearest_end_of_the_window(desk, course, start):
    page = desk.get(pair_url(course), {"start": start})
    assert page.status_code == 200
    assert page.context["times"].last <= monday() + timedelta(days=28)
