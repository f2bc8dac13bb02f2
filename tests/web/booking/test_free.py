"""Free starts as JSON, and the page that offers them beside a typed time."""

from datetime import datetime, time, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry, Closure, Shift
from patients.models import Wishes
from scheduling.domain.course import in_words
from scheduling.models import Visit
from tests import factory
from tests.web.booking.arranged import booked, monday, pair_url, seat, single_url, text_of

pytestmark = pytest.mark.django_db
URL = "/schedule/times/free/"


def ask(client, **asked):
    day = monday().isoformat()
    return client.get(f"{URL}?{urlencode({'from': day, 'to': day, 'minutes': 60, **asked})}")


def errors(response):
    return response.status_code, response.json()["errors"]


def test_the_address_is_the_documented_one():
    assert reverse("scheduling:free") == URL


def test_a_days_free_starts_with_the_number_of_chairs(desk, clinic):
    answer = ask(desk)
    told = answer.json()
    day = told["days"][0]
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/json",
        "no-store",
    )
    assert {
        name: told[name] for name in ("time_zone", "slot_minutes", "minutes", "page", "pages", "next")
    } == {
        "time_zone": "Europe/London",
        "slot_minutes": 15,
        "minutes": 60,
        "page": 1,
        "pages": 1,
        "next": None,
    }
    assert (day["day"], day["starts"][0], day["starts"][-1], len(day["starts"])) == (
        monday().isoformat(),
        {"time": "08:00", "chairs": 2},
        {"time": "17:00", "chairs": 2},
        37,
    )


def test_every_chair_by_itself(desk, clinic, course):
    booked(course, desk.member)
    one, other = (str(chair.pk) for chair in clinic.chairs.order_by("pk"))
    chairs = ask(desk, all=1).json()["days"][0]["chairs"]
    assert chairs[one] == ["08:00", "15:15", "15:30", "15:45", "16:00", "16:15", "16:30", "16:45", "17:00"]
    assert len(chairs[other]) == 37


def test_an_infusions_own_length_place_and_patient_count(desk, clinic, course):
    planned = course.planned_infusions.get(ordinal=1)
    free = ask(desk, minutes="", infusion=planned.pk).json()
    assert (free["infusion"], free["days"][0]["minutes"], free["days"][0]["starts"][-1]["time"]) == (
        planned.pk,
        375,
        "11:45",
    )
    at = datetime.combine(monday(), time(8), tzinfo=clinic.zone)
    factory.make_visit(course.patient, kind="follow_up", starts_at=at, ends_at=at + timedelta(hours=2))
    starts = ask(desk, minutes="", infusion=planned.pk).json()["days"][0]["starts"]
    assert starts[0]["time"] == "10:00"
    Wishes.objects.create(clinic=clinic, patient=course.patient, place="bed")
    assert ask(desk, minutes="", infusion=planned.pk).json()["days"][0]["starts"] == []
    assert AuditEntry.objects.of(clinic).filter(changes__page="free times").count() == 3


def test_a_day_that_held_windows_need_has_no_start_for_another_infusion(desk, clinic, course):
    planned = course.planned_infusions.get(ordinal=1)
    clinic.chairs.exclude(pk=clinic.chairs.first().pk).update(in_service=False)
    other = factory.make_course(factory.make_patient(clinic), start_on=monday())
    held = other.planned_infusions.filter(ordinal=1)
    held.update(latest_on=monday(), held_at=timezone.now(), held_minutes=375)
    day = ask(desk, minutes="", infusion=planned.pk).json()["days"][0]
    assert (day["starts"], day["kept"].partition(";")[0]) == (
        [],
        f"1 infusion is held for {in_words(monday())} to {in_words(monday())}",
    )
    own = ask(desk, minutes="", infusion=held.get().pk).json()["days"][0]
    assert (own["starts"][0]["time"], "kept" in own) == ("08:00", False)


def test_the_visit_that_is_being_moved_is_not_in_its_own_way(desk, clinic, course):
    booked(course, desk.member)
    clinic.chairs.exclude(pk=clinic.chairs.first().pk).update(in_service=False)
    other = factory.make_course(factory.make_patient(clinic), start_on=monday())
    other.planned_infusions.filter(ordinal=1).update(
        latest_on=monday(), held_at=timezone.now(), held_minutes=375
    )
    planned = course.planned_infusions.get(ordinal=1)
    starts = ask(desk, minutes="", infusion=planned.pk).json()["days"][0]["starts"]
    assert starts[0] == {"time": "08:00", "chairs": 1}


def test_a_closed_day_says_why_and_no_time_that_has_passed_is_offered(desk, clinic):
    Closure.objects.create(clinic=clinic, first_day=monday(), last_day=monday(), reason="Stocktaking")
    assert ask(desk).json()["days"] == [{"day": monday().isoformat(), "minutes": 60, "closed": "Stocktaking"}]
    last = monday(-1).isoformat()
    assert ask(desk, **{"from": last, "to": last}).json()["days"][0]["starts"] == []


def test_days_come_in_pages_that_follow_each_other(desk, clinic):
    first = monday()
    seen, address = (
        [],
        f"{URL}?{urlencode({'from': first, 'to': first + timedelta(days=365), 'minutes': 30})}",
    )
    pages = 0
    while address:
        told = desk.get(address).json()
        seen += [day["day"] for day in told["days"]]
        address, pages = told["next"] and URL + told["next"], pages + 1
    assert (pages, seen) == (2, [(first + timedelta(days=number)).isoformat() for number in range(366)])
    assert told["pages"] == 2


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"from": ""}, "from", "This field is required."),
        ({"to": "yesterday"}, "to", "This day does not exist or cannot be read."),
        ({"from": "2027-02-31"}, "from", "This day does not exist or cannot be read."),
        ({"from": "0001-01-01"}, "from", "This day lies outside the calendar."),
        ({"to": "9999-12-31"}, "to", "This day lies outside the calendar."),
        ({"to": "2001-01-01"}, "to", "The last day lies before the first."),
        ({"from": "2030-01-01", "to": "2031-01-02"}, "to", "Ask for at most 366 days."),
        ({"from": "\x00"}, "from", ""),
        ({"minutes": "0"}, "minutes", "greater than or equal to 1"),
        ({"minutes": "-5"}, "minutes", "greater than or equal to 1"),
        ({"minutes": "961"}, "minutes", "less than or equal to 960"),
        ({"minutes": "9" * 400}, "minutes", ""),
        ({"minutes": "1e3"}, "minutes", "Enter a whole number."),
        ({"minutes": "\x00"}, "minutes", ""),
        ({"minutes": ""}, "minutes", "Say how many minutes the visit takes"),
        ({"infusion": "x"}, "infusion", "Enter a whole number."),
        ({"infusion": "9" * 30}, "infusion", ""),
        ({"all": "maybe"}, "all", "Select a valid choice."),
        ({"page": "0"}, "page", "greater than or equal to 1"),
        ({"page": "2"}, "page", "There is no such page."),
        ({"page": "\x00"}, "page", ""),
    ],
)
def test_nonsense_is_refused_field_by_field(desk, asked, field, words):
    status, found = errors(ask(desk, **asked))
    assert (status, list(found), words in found[field][0]) == (400, [field], True)


def test_another_clinics_infusion_is_unknown(desk):
    other = factory.make_course(factory.make_patient(factory.make_clinic()))
    assert ask(desk, infusion=other.planned_infusions.first().pk).status_code == 404
    assert ask(desk, infusion=2**62).status_code == 404


def test_only_whoever_may_book_may_ask(client, clinic):
    pharmacist = factory.sign_in(client, factory.make_member(clinic, "pharmacist"))
    assert ask(pharmacist).status_code == 403
    assert client.post(URL).status_code == 405


def test_a_page_takes_ten_queries_whatever_its_days(desk, clinic, course, django_assert_num_queries):
    booked(course, desk.member)
    ask(desk)
    with django_assert_num_queries(10):
        ask(desk, to=(monday() + timedelta(days=180)).isoformat())


def test_the_typed_time_form_says_where_free_starts_are(desk, course):
    planned = course.planned_infusions.get(ordinal=1)
    words = unescape(desk.get(single_url(course)).content.decode())
    assert f'data-free="{URL}?infusion={planned.pk}"' in words
    assert "js/free.js" in words
    assert "js/free.js" not in desk.get(pair_url(course)).content.decode()


def test_a_change_of_nurse_is_asked_for_by_a_box_and_booked_from_its_card(desk, clinic, course):
    one, other = clinic.memberships.filter(role="nurse").order_by("pk")
    Shift.objects.of(clinic).filter(member=one).update(ends=time(12, 30))
    Shift.objects.of(clinic).filter(member=other).update(starts=time(12, 30), ends=time(17))
    url = single_url(course, 2)
    assert desk.get(url).context["cards"] == []
    page = desk.get(url, {"handover": "on", "start": ""})
    card, offer = page.context["cards"][0]
    assert f"{other.user} takes over at 12:30" in unescape(page.content.decode())
    assert desk.post(url, {"offer": offer}).status_code == 302
    visit = Visit.objects.get()
    instant = seat(clinic, timezone.localtime(visit.starts_at).date(), 12, 30).starts
    assert visit.handovers == [[instant.isoformat(), other.pk]]
    assert card.places[0].seat.handovers == ((instant, other.pk),)
    # Whoever works that day reads it on the visit, the board and the sheet.
    on = timezone.localtime(visit.starts_at).date().isoformat()
    for address in (f"/schedule/visits/{visit.pk}/", f"/?day={on}", f"/day-sheet/?day={on}"):
        assert f"from 12:30 {other.user}" in text_of(desk.get(address)), address


@pytest.mark.parametrize(
    "more",
    [
        "+2031-03-10T12:30Z",
        "+2031-03-10T12:30Z/0",
        "+x/1",
        "+2031-02-31T12:30Z/1",
        "+2031-03-10T12:30Z/" + "9" * 19,
    ],
)
def test_a_handover_that_cannot_be_read_is_no_offer(desk, course, more):
    answer = desk.post(single_url(course), {"offer": f"2031-03-10T09:00Z/1/1{more}"})
    assert (answer.status_code, "These times cannot be read." in answer.content.decode()) == (422, True)
