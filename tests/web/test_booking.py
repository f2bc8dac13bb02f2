"""The booking screens: what a receptionist clicks, what is refused in words, and that nothing ends in a 500."""

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry, Closure
from patients.models import EarlierInfusion
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.forms import offer_text
from scheduling.models import Course, Visit, VisitVersion
from tests import factory

pytestmark = pytest.mark.django_db


def monday(weeks=3):
    today = timezone.localdate()
    return today + timedelta(days=7 * weeks - today.weekday())


@pytest.fixture
def clinic():
    return factory.make_clinic(chairs=2, nurses=2)


@pytest.fixture
def desk(client, clinic):
    member = factory.make_member(clinic, "receptionist")
    client.member = member
    return factory.sign_in(client, member)


@pytest.fixture
def prescriber(client, clinic):
    member = factory.make_member(clinic, "prescriber")
    client.member = member
    return factory.sign_in(client, member)


@pytest.fixture
def course(clinic):
    return factory.make_course(factory.make_patient(clinic), start_on=monday())


def seat(clinic, day, hour=9, minute=0, chair=0, nurse=0):
    starts = datetime.combine(day, time(hour, minute), tzinfo=clinic.zone).astimezone(UTC)
    chairs = list(clinic.chairs.order_by("pk"))
    nurses = list(clinic.memberships.filter(role="nurse").order_by("pk"))
    return Seat(starts, chairs[chair].pk, nurses[nurse].pk)


def pair_offer(clinic, **where):
    day = where.pop("day", monday())
    return offer_text([seat(clinic, day, **where), seat(clinic, day + timedelta(days=14), **where)])


def text_of(response):
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return unescape(re.sub(r"\s+", " ", words))


def pair_url(course):
    return reverse("scheduling:pair", args=[course.pk])


def booked(course, member):
    clinic, day = course.clinic, monday()
    return actions.book_pair(
        course=course,
        first=seat(clinic, day),
        second=seat(clinic, day + timedelta(days=14)),
        by=member.user,
        now=timezone.now(),
    )


# --- the pair -------------------------------------------------------------------------------------------


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


# --- one infusion ---------------------------------------------------------------------------------------


def single_url(course, ordinal=1):
    return reverse("scheduling:single", args=[course.planned_infusions.get(ordinal=ordinal).pk])


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


# --- a visit --------------------------------------------------------------------------------------------


def test_a_visit_shows_who_booked_and_moved_it_and_why(desk, clinic, course):
    _, second = booked(course, desk.member)
    url = reverse("scheduling:move", args=[second.pk])
    page = desk.get(url)
    offer = page.context["cards"][0][1]
    assert desk.post(url, {"offer": offer, "version": "1", "reason": "Bus times"}).status_code == 302
    shown = text_of(desk.get(reverse("scheduling:visit", args=[second.pk])))
    assert "Bus times" in shown
    assert shown.count(str(desk.member.user)) >= 2


def test_a_visit_shows_what_is_still_needed(desk, course):
    first, _ = booked(course, desk.member)
    page = desk.get(reverse("scheduling:visit", args=[first.pk]))
    needs = page.context["needs"]
    assert needs.verdict.on == monday()
    assert needs.verdict.permits is False
    assert "Still needed for this visit" in text_of(page)


def test_a_visit_is_moved_to_a_typed_time(desk, clinic, course):
    _, second = booked(course, desk.member)
    day = monday() + timedelta(days=15)
    typed = {"typed": "1", "day": day.isoformat(), "time": "11:00", "version": "1", "reason": "Later"}
    assert desk.post(reverse("scheduling:move", args=[second.pk]), typed).status_code == 302
    second.refresh_from_db()
    assert second.starts_at == seat(clinic, day, 11).starts


def test_a_visit_is_not_offered_the_time_it_has(desk, course):
    visits = booked(course, desk.member)
    for url in (pair_url(course), reverse("scheduling:move", args=[visits[1].pk])):
        cards = [card for card, _ in desk.get(url, {"more": "1", "at": "09:00"}).context["cards"]]
        kept = {visit.starts_at for visit in visits}
        assert [card for card in cards if {place.starts for place in card.places} <= kept] == []


def test_times_are_looked_for_what_is_due_and_for_the_next(desk, course):
    def looked_for():
        page = desk.get(reverse("scheduling:course", args=[course.pk]))
        return [entry.planned.ordinal for entry in page.context["entries"] if entry.to_find]

    assert looked_for() == []
    first, second = booked(course, desk.member)
    assert looked_for() == [3]
    actions.cancel_visit(visit=second, reason="ill", by=desk.member.user, now=timezone.now())
    assert looked_for() == [2]


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "9" * 30, "\x00"])
def test_a_version_that_is_none_is_refused(desk, clinic, course, version):
    _, second = booked(course, desk.member)
    offer = offer_text([seat(clinic, monday() + timedelta(days=15))])
    url = reverse("scheduling:move", args=[second.pk])
    assert desk.post(url, {"offer": offer, "version": version, "reason": "x"}).status_code == 422
    assert VisitVersion.objects.filter(change="moved").count() == 0


def test_a_stale_page_is_told_so_and_keeps_what_was_typed(desk, clinic, course):
    _, second = booked(course, desk.member)
    url = reverse("scheduling:move", args=[second.pk])
    day = monday() + timedelta(days=14)
    for hour, status in ((10, 302), (11, 409)):
        typed = {"offer": offer_text([seat(clinic, day, hour)]), "version": "1", "reason": "Bus times"}
        answer = desk.post(url, typed)
        assert answer.status_code == status
    assert "A colleague has changed this visit meanwhile." in text_of(answer)


def test_a_lost_move_keeps_its_reason(desk, clinic, course):
    _, second = booked(course, desk.member)
    day = monday() + timedelta(days=15)
    other = factory.make_course(factory.make_patient(clinic), start_on=day)
    actions.book_single(
        planned=other.planned_infusions.get(ordinal=1),
        seat=seat(clinic, day),
        by=desk.member.user,
        now=timezone.now(),
    )
    url = reverse("scheduling:move", args=[second.pk])
    typed = {"offer": offer_text([seat(clinic, day)]), "version": "1", "reason": "Bus times"}
    answer = desk.post(url, typed)
    assert answer.status_code == 409
    assert answer.context["form"].data["reason"] == "Bus times"
    assert "Bus times" in answer.content.decode()


def test_cancelling_day_1_cancels_day_15_where_asked(desk, course):
    first, second = booked(course, desk.member)
    url = reverse("scheduling:cancel", args=[first.pk])
    assert desk.post(url, {"reason": "", "version": "1"}).status_code == 422
    answer = desk.post(url, {"reason": "Moved away", "version": "1", "both": "on"})
    assert answer["Location"] == reverse("scheduling:visit", args=[first.pk])
    assert {visit.status for visit in Visit.objects.all()} == {"cancelled"}
    assert "Moved away" in text_of(desk.get(reverse("scheduling:visit", args=[second.pk])))


@pytest.mark.parametrize(
    "reason", ["x" * 251, "a\x00b", "\ud800".encode("utf-8", "replace").decode() + "\x01"]
)
def test_a_reason_that_cannot_be_kept_is_refused(desk, course, reason):
    first, _ = booked(course, desk.member)
    answer = desk.post(reverse("scheduling:cancel", args=[first.pk]), {"reason": reason, "version": "1"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["reason"]


def test_markup_in_a_reason_is_shown_as_text(desk, course):
    first, _ = booked(course, desk.member)
    desk.post(
        reverse("scheduling:cancel", args=[first.pk]), {"reason": "<script>alert(1)</script>", "version": "1"}
    )
    page = desk.get(reverse("scheduling:visit", args=[first.pk])).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


def test_a_follow_up_is_moved_by_hand(desk, clinic, course):
    doctor = factory.make_member(clinic, "prescriber")
    visit = factory.make_visit(
        course.patient, kind="follow_up", nurse=doctor, starts_at=seat(clinic, monday(), 10).starts
    )
    url = reverse("scheduling:move", args=[visit.pk])
    assert len(desk.get(url).context["free"]) == 12
    typed = {"day": monday().isoformat(), "time": "11:15", "version": "1", "reason": "Later"}
    assert desk.post(url, typed | {"day": "2027-02-30"}).status_code == 422
    assert desk.post(url, typed | {"day": "9999-12-31"}).status_code == 422
    assert desk.post(url, typed | {"time": "03:00"}).status_code == 422
    assert desk.post(url, typed | {"version": "2"}).status_code == 409
    assert desk.post(url, typed).status_code == 302
    visit.refresh_from_db()
    assert visit.starts_at == seat(clinic, monday(), 11, 15).starts


# --- courses --------------------------------------------------------------------------------------------


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


# --- who may --------------------------------------------------------------------------------------------

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
    with django_assert_max_num_queries(20):
        desk.get(reverse("scheduling:course", args=[course.pk]))
    with django_assert_max_num_queries(22):
        desk.get(single_url(course, 3))
