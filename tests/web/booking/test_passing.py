"""The page of soft rules: a warning, a reason, one button; and who never sees that button."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from patients.models import Wishes
from scheduling import actions
from scheduling.forms import offer_text
from scheduling.models import PlannedInfusion, RuleBreach, Visit
from tests import factory
from tests.web.booking.arranged import booked, monday, pair_offer, pair_url, seat, single_url, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowded(clinic):
    """The first nurse sets up another patient on Monday at nine, in the first chair."""
    other = factory.make_course(factory.make_patient(clinic), start_on=monday())
    return actions.book_single(
        planned=other.planned_infusions.get(ordinal=1),
        seat=seat(clinic, monday()),
        by=factory.make_member(clinic).user,
        now=timezone.now(),
    )


def codes(page):
    return page.context["accept"].initial["accept"]


def test_a_soft_rule_is_shown_as_a_warning_and_passed_with_a_reason(desk, clinic, course, crowded):
    offer = offer_text([seat(clinic, monday(), chair=1)])
    page = desk.post(single_url(course), {"offer": offer})
    assert page.status_code == 409
    assert "already starts another patient at that time." in text_of(page)
    assert "Book anyway" in text_of(page)
    sent = {"offer": page.context["carried"]["offer"], "accept": codes(page)}
    refused = desk.post(single_url(course), {**sent, "why": " "})
    assert refused.status_code == 409
    assert refused.context["accept"].errors == {"why": ["Say why in a few words."]}
    done = desk.post(single_url(course), {**sent, "why": "Travels from far"})
    assert done["Location"] == reverse("scheduling:course", args=[course.pk])
    breach = RuleBreach.objects.get()
    assert (breach.reason, breach.by) == ("Travels from far", desk.member.user)
    shown = text_of(desk.get(reverse("scheduling:visit", args=[breach.visit_id])))
    assert "Travels from far" in shown
    assert "Booked past a rule" in shown


def test_what_was_not_shown_is_warned_of_again_and_the_reason_is_kept(desk, clinic, course, crowded):
    offer = offer_text([seat(clinic, monday(), chair=1)])
    page = desk.post(
        single_url(course), {"offer": offer, "accept": "nurse_starting", "why": "Travels from far"}
    )
    assert page.status_code == 409
    assert "There is more against it than was shown before" in text_of(page)
    assert page.context["accept"].data["why"] == "Travels from far"
    assert page.context["accept"].data["accept"] == "nurse_full,nurse_starting"
    again = {"offer": offer, "accept": page.context["accept"].data["accept"], "why": "Travels from far"}
    assert desk.post(single_url(course), again).status_code == 302


def test_a_typed_time_that_overbooks_leads_to_the_warning(desk, clinic, course, crowded):
    clinic.chairs.create(clinic=clinic, name="Chair 3")
    other = factory.make_course(factory.make_patient(clinic), start_on=monday())
    actions.book_single(
        planned=other.planned_infusions.get(ordinal=1),
        seat=seat(clinic, monday(), chair=1, nurse=1),
        by=desk.member.user,
        now=timezone.now(),
    )
    typed = {"typed": "1", "day": monday().isoformat(), "time": "09:00"}
    page = desk.post(single_url(course), typed)
    assert "Book anyway" in text_of(page)
    assert page.context["carried"] == {"offer": offer_text([seat(clinic, monday(), chair=2)])}


def test_absolute_rules_have_no_button(desk, clinic, course, crowded):
    page = desk.post(single_url(course), {"offer": offer_text([seat(clinic, monday())])})
    assert page.status_code == 409
    assert "Book anyway" not in text_of(page)
    forced = {"offer": offer_text([seat(clinic, monday())]), "accept": "just_taken,chair_taken", "why": "x"}
    assert desk.post(single_url(course), forced).status_code == 409
    assert Visit.objects.count() == 1


def outside(course):
    day = course.planned_infusions.get(ordinal=3).earliest_on - timedelta(days=1)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return offer_text([seat(course.clinic, day)])


def test_leaving_the_window_is_only_offered_to_a_prescriber(client, clinic, course):
    for role, button in (("receptionist", False), ("nurse", False), ("prescriber", True)):
        factory.sign_in(client, factory.make_member(clinic, role))
        page = client.post(single_url(course, 3), {"offer": outside(course)})
        assert (page.status_code, "Book anyway" in text_of(page)) == (422, button)
        forced = {"offer": outside(course), "accept": "outside_window", "why": "On a trip"}
        assert client.post(single_url(course, 3), forced).status_code == (302 if button else 422)
    assert RuleBreach.objects.get().codes == ["outside_window"]


def test_moving_past_a_rule_carries_the_reason_of_the_move(desk, clinic, course, crowded):
    _, second = booked_elsewhere(course, desk.member)
    Visit.objects.filter(pk=crowded.pk).update(
        starts_at=crowded.starts_at + timedelta(days=15), ends_at=crowded.ends_at + timedelta(days=15)
    )
    url = reverse("scheduling:move", args=[second.pk])
    offer = offer_text([seat(clinic, monday() + timedelta(days=15), chair=1)])
    page = desk.post(url, {"offer": offer, "version": "1", "reason": "Bus times"})
    assert "Move anyway" in text_of(page)
    assert page.context["carried"] == {"offer": offer, "version": "1", "reason": "Bus times"}
    assert (
        desk.post(url, {**page.context["carried"], "accept": codes(page), "why": "Agreed"}).status_code == 302
    )
    second.refresh_from_db()
    assert (second.version, second.breaches.get().reason) == (2, "Agreed")


def booked_elsewhere(course, member):
    return actions.book_pair(
        course=course,
        first=seat(course.clinic, monday() + timedelta(days=1), chair=1, nurse=1),
        second=seat(course.clinic, monday() + timedelta(days=15), chair=1, nurse=1),
        by=member.user,
        now=timezone.now(),
    )


@pytest.mark.parametrize("accept", ["", "x" * 3000, "nurse_full\x00", "nurse_full,,", "кед"])
@pytest.mark.parametrize("why", ["", "a\x00b", "x" * 251])
def test_what_cannot_be_kept_is_never_an_error(desk, clinic, course, crowded, accept, why):
    offer = offer_text([seat(clinic, monday(), chair=1)])
    page = desk.post(single_url(course), {"offer": offer, "accept": accept, "why": why})
    assert page.status_code == 409
    assert Visit.objects.count() == 1


def test_markup_in_a_reason_is_shown_as_text(desk, clinic, course, crowded):
    offer = offer_text([seat(clinic, monday(), chair=1)])
    sent = {"offer": offer, "accept": "nurse_full,nurse_starting", "why": "<script>alert(1)</script>"}
    assert desk.post(single_url(course), sent).status_code == 302
    visit = Visit.objects.get(patient=course.patient)
    for page in (
        reverse("scheduling:visit", args=[visit.pk]),
        f"{reverse('desk:today')}?day={monday().isoformat()}",
        f"{reverse('desk:today')}?day={monday().isoformat()}&view=list",
    ):
        assert "<script>alert(1)" not in desk.get(page).content.decode()


def test_the_day_shows_what_is_overbooked_and_why(desk, clinic, course, crowded):
    offer = offer_text([seat(clinic, monday(), chair=1)])
    desk.post(
        single_url(course), {"offer": offer, "accept": "nurse_full,nurse_starting", "why": "Travels from far"}
    )
    visit = Visit.objects.get(patient=course.patient)
    page = desk.get(reverse("desk:today"), {"day": monday().isoformat()})
    assert f'id="passed-{visit.pk}"' in page.content.decode()
    assert page.content.decode().count('id="passed-') == 1


def test_the_whole_course_is_booked_and_held_with_one_click(desk, clinic, course):
    page = desk.get(pair_url(course))
    card, offer = page.context["cards"][0]
    assert [each.planned.ordinal for each in card.later] == [3, 4, 5, 6]
    assert "Held after them: 4 infusions" in text_of(page)
    assert desk.post(pair_url(course), {"offer": offer, "whole": "1"}).status_code == 302
    shown = text_of(desk.get(reverse("scheduling:course", args=[course.pk])))
    assert shown.count("Room for 285 minutes held since") == 4
    assert "Hold the rest" not in shown


def test_the_pair_alone_is_booked_where_that_is_ticked(desk, clinic, course):
    offer = desk.get(pair_url(course)).context["cards"][0][1]
    assert desk.post(pair_url(course), {"offer": offer, "whole": "1", "only": "1"}).status_code == 302
    assert Visit.objects.count() == 2
    assert not PlannedInfusion.objects.filter(held_at__isnull=False).exists()
    page = desk.get(reverse("scheduling:course", args=[course.pk]))
    assert "Hold the rest" in text_of(page)
    held = desk.post(reverse("scheduling:hold", args=[course.pk]), follow=True)
    assert "Held: 4 infusions." in text_of(held)
    row = course.planned_infusions.get(ordinal=6)
    gone = desk.post(reverse("scheduling:release", args=[row.pk]), follow=True)
    assert "The window of infusion 6 is free again." in text_of(gone)
    again = desk.post(reverse("scheduling:release", args=[row.pk]), follow=True)
    assert [str(each) for each in again.context["messages"]] == [
        "The window of infusion 6 is not held any more."
    ]
    assert PlannedInfusion.objects.filter(held_at__isnull=False).count() == 3


def test_a_held_window_is_turned_into_a_time_from_its_course(desk, clinic, course):
    booked(course, desk.member)
    desk.post(reverse("scheduling:hold", args=[course.pk]))
    soon = timezone.localdate() + timedelta(days=50)
    course.planned_infusions.filter(ordinal=3).update(
        earliest_on=soon, planned_on=soon, target_on=soon, latest_on=soon + timedelta(days=90)
    )
    page = desk.get(reverse("scheduling:course", args=[course.pk]))
    assert "Turn into a time" in text_of(page)
    work = text_of(desk.get(reverse("desk:worklist")))
    assert "Turn into a time" in work
    assert " Held " in work


def test_a_bed_that_is_needed_and_missing_is_a_warning(desk, clinic, course):
    Wishes.objects.create(clinic=clinic, patient=course.patient, place="bed")
    page = desk.post(pair_url(course), {"offer": pair_offer(clinic), "whole": "1"})
    assert "The patient needs a bed; Chair 1 is none." in text_of(page)
    assert page.context["carried"]["whole"] == "1"
    sent = {**page.context["carried"], "accept": codes(page), "why": "Bed is broken"}
    assert desk.post(pair_url(course), sent).status_code == 302
    assert PlannedInfusion.objects.filter(held_at__isnull=False).count() == 4


@pytest.mark.parametrize("offer", ["", "x " * 40, "2031-03-03T09:00Z/1/1 " * 30])
def test_an_unreadable_whole_offer_is_refused_in_words(desk, course, offer):
    answer = desk.post(pair_url(course), {"offer": offer, "whole": "1"})
    assert answer.status_code in (409, 422)
    assert Visit.objects.count() == 0


def test_far_years_are_refused_and_not_offered_a_way_past(prescriber, clinic, course):
    far = seat(clinic, monday())
    offer = offer_text([type(far)(datetime(2999, 1, 7, 9, tzinfo=UTC), far.chair, far.nurse)])
    page = prescriber.post(single_url(course), {"offer": offer})
    assert (page.status_code, "Book anyway" in text_of(page)) == (422, False)
