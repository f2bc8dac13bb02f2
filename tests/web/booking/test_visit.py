"""A visit's screens: its history, what it still needs, moving and cancelling."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling import actions
from scheduling.forms import offer_text
from scheduling.models import Visit, VisitVersion
from tests import factory
from tests.web.booking.arranged import booked, monday, pair_url, seat, text_of

pytestmark = pytest.mark.django_db


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
    _, second = booked(course, desk.member)
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


def test_cancelling_on_a_stale_page_shows_the_visit_anew_and_works_the_second_time(desk, course):
    first, _ = booked(course, desk.member)
    Visit.objects.filter(pk=first.pk).update(version=2)
    url = reverse("scheduling:cancel", args=[first.pk])
    refused = desk.post(url, {"reason": "ill", "version": "1"})
    again = desk.post(url, {"reason": "ill", "version": refused.context["form"]["version"].value()})
    assert (refused.status_code, again.status_code) == (409, 302)
