"""Screens of a series: what moves along is shown first, confirmed once, and undone until the notice leaves."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import ChairOutage, Closure
from infusion.reminders.queries import upcoming
from scheduling import actions
from scheduling.domain.course import in_words
from scheduling.forms import offer_text
from scheduling.models import DoseDecision, PlannedInfusion, ScheduleChange, Visit, VisitVersion
from tests import factory
from tests.web.booking.arranged import booked, monday, seat, text_of

pytestmark = pytest.mark.django_db


def a_series(course, member):
    """The pair and the third infusion booked, the fourth held."""
    first, second = booked(course, member)
    actions.replan_course(course=course, by=member.user, now=timezone.now())
    third = course.planned_infusions.get(ordinal=3)
    place = seat(course.clinic, third.planned_on)
    visit = actions.book_single(planned=third, seat=place, by=member.user, now=timezone.now())
    held = course.planned_infusions.filter(ordinal=4)
    held.update(held_at=timezone.now(), held_minutes=285)
    return first, second, visit


def url_of(visit):
    return reverse("series:move", args=[visit.pk])


def asked(clinic, day, **more):
    return {"offer": offer_text([seat(clinic, day)]), "reason": "On holiday", "scope": "following", **more}


def carried(page):
    """What the preview's form would send back with its button."""
    confirm = page.context["confirm"]
    rows = {
        f"infusion{row.step.ordinal}-seat": row.offer
        for row in page.context["rows"]
        if row.form and row.offer
    }
    return {
        **page.context["carried"],
        "versions": confirm.initial["versions"],
        "batch": str(confirm.initial["batch"]),
        "confirm": "1",
        **rows,
    }


def starts_of(course):
    rows = Visit.objects.filter(patient=course.patient, status="booked").order_by("starts_at")
    return [visit.starts_at for visit in rows]


def test_the_preview_shows_old_and_new_and_writes_nothing(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    versions, before = VisitVersion.objects.count(), starts_of(course)
    day = monday() + timedelta(days=7)
    page = desk.post(url_of(first), asked(clinic, day))
    assert page.status_code == 200
    assert [row.step.ordinal for row in page.context["rows"] if row.moves] == [1, 2, 3, 4, 5, 6]
    words = text_of(page)
    for label in ("Nothing is changed yet", "Blood count with differential", "Reminder, 7 days before"):
        assert label in words
    for moved in (f"{day.day} {day:%b %Y}", f"{monday().day} {monday():%b %Y}"):
        assert moved in words
    assert "Blood tests, week 4" in words
    assert (VisitVersion.objects.count(), starts_of(course)) == (versions, before)
    assert ScheduleChange.objects.filter(verb="move").count() == 0


def test_the_confirmed_preview_books_what_it_showed(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)))
    shown = [row.step.seat.starts for row in page.context["rows"] if row.step.seat]
    sent = carried(page) | {"reason": "On holiday"}
    assert desk.post(url_of(first), sent).status_code == 302
    assert starts_of(course) == shown
    assert desk.post(url_of(first), sent).status_code == 302
    assert VisitVersion.objects.filter(change="moved").count() == 3
    assert ScheduleChange.objects.filter(verb="move").count() == 1


def test_the_reminders_shown_are_those_that_will_be_sent(prescriber, clinic, course):
    first, *_ = a_series(course, prescriber.member)
    soon = next(day for n in (3, 4, 5) if (day := timezone.localdate() + timedelta(days=n)).weekday() < 5)
    page = prescriber.post(url_of(first), asked(clinic, soon))
    shown = [each.after for each in page.context["rows"][0].brings if each.what.startswith("Reminder")]
    prescriber.post(url_of(first), carried(page) | {"reason": "Cannot wait"})
    owed = [one for one in upcoming(course.patient, timezone.now()) if one.kind.startswith("reminder")]
    local = [one.due_at.astimezone(clinic.zone) for one in owed if first.pk in one.visit_ids]
    assert [words for words in shown if words] == [f"{in_words(due.date())}, {due:%H:%M}" for due in local]
    assert "" in shown


def test_a_stale_preview_is_refused_and_shown_anew(desk, clinic, course):
    first, _, third = a_series(course, desk.member)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)))
    sent = carried(page) | {"reason": "On holiday"}
    actions.cancel_visit(visit=third, reason="ill", by=desk.member.user, now=timezone.now())
    answer = desk.post(url_of(first), sent)
    assert answer.status_code == 409
    assert "A colleague has changed this visit meanwhile." in text_of(answer)
    assert "Nothing was changed" in text_of(answer)
    assert desk.post(url_of(first), carried(answer) | {"reason": "On holiday"}).status_code == 302


def test_a_time_taken_since_the_preview_is_not_replaced_unseen(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)))
    taken = page.context["rows"][1].step.seat
    other = factory.make_visit(factory.make_patient(clinic), starts_at=taken.starts)
    assert other.chair_id == taken.chair
    answer = desk.post(url_of(first), carried(page) | {"reason": "On holiday"})
    assert answer.status_code == 409
    assert "Someone just took this time" in text_of(answer)
    anew = answer.context["rows"][1].step.seat
    assert (anew.starts, anew.chair) != (taken.starts, taken.chair)
    assert VisitVersion.objects.filter(change="moved").count() == 0


def test_a_confirmation_without_a_reason_says_so_beside_the_field(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7), reason=""))
    answer = desk.post(url_of(first), carried(page) | {"reason": ""})
    assert answer.status_code == 422
    assert answer.context["why"].errors == {"reason": ["Say why in a few words."]}
    assert len(starts_of(course)) == 3


def test_where_no_time_is_found_another_is_chosen_or_the_window_held(desk, clinic, course):
    first, _, third = a_series(course, desk.member)
    window = course.planned_infusions.get(ordinal=3)
    Closure.objects.create(
        clinic=clinic,
        first_day=window.earliest_on + timedelta(days=1),
        last_day=window.latest_on + timedelta(days=7),
        reason="Building work",
    )
    where = asked(clinic, monday() + timedelta(days=7))
    page = desk.post(url_of(first), where)
    assert page.context["can_confirm"] is False
    assert "No free time for infusion 3 from" in text_of(page)
    held = desk.post(url_of(first), where | {"infusion3-hold": "on"})
    assert held.context["can_confirm"] is True
    assert "The clinic is closed throughout its window." in text_of(held)
    sent = carried(held) | {"infusion3-hold": "on", "reason": "On holiday"}
    assert desk.post(url_of(first), sent).status_code == 302
    third.refresh_from_db()
    window.refresh_from_db()
    assert (third.status, window.held_at is not None, window.held_minutes) == ("cancelled", True, 285)


def test_another_time_is_chosen_for_a_later_infusion(desk, clinic, course):
    first, _, third = a_series(course, desk.member)
    where = asked(clinic, monday() + timedelta(days=7))
    day = course.planned_infusions.get(ordinal=3).planned_on + timedelta(days=14)
    day += timedelta(days=max(0, day.weekday() - 4) and 7 - day.weekday())
    typed = {"infusion3-day": day.isoformat(), "infusion3-time": "10:15"}
    page = desk.post(url_of(first), where | typed)
    assert page.context["rows"][2].step.seat.starts == seat(clinic, day, 10, 15).starts
    assert desk.post(url_of(first), carried(page) | typed | {"reason": "Bus"}).status_code == 302
    third.refresh_from_db()
    assert third.starts_at == seat(clinic, day, 10, 15).starts


def test_another_time_outside_the_window_is_said_and_cannot_be_confirmed(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    typed = {"infusion3-day": (monday() + timedelta(days=1)).isoformat(), "infusion3-time": "10:15"}
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)) | typed)
    assert "lies outside this infusion's window" in text_of(page)
    assert page.context["can_confirm"] is False


@pytest.mark.parametrize(
    "typed",
    [
        {"infusion3-day": "2031-02-30", "infusion3-time": "10:00"},
        {"infusion3-day": "", "infusion3-time": "10:00"},
        {"infusion3-day": "2031-02-20", "infusion3-time": "25:00"},
        {"infusion3-day": "9999-12-31", "infusion3-time": "10:00"},
        {"infusion3-day": "\x00", "infusion3-time": "\x00"},
        {"infusion3-seat": "nonsense"},
        {"infusion99-day": "2031-02-20"},
    ],
)
def test_what_cannot_be_read_of_a_choice_is_said(desk, clinic, course, typed):
    first, *_ = a_series(course, desk.member)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)) | typed)
    unreadable = "infusion3-time" in typed
    assert page.status_code == (422 if unreadable else 200)
    answer = desk.post(url_of(first), carried(page) | {"reason": "On holiday"} | typed)
    assert answer.status_code == (422 if unreadable else 302)
    assert VisitVersion.objects.filter(change="moved").exists() is not unreadable


@pytest.mark.parametrize(
    "broken",
    [
        {"versions": "1:x"},
        {"versions": "²:1"},
        {"versions": "1:99999999999999999999"},
        {"batch": "no"},
        {"batch": ""},
        {"offer": "no"},
        {"scope": "sideways"},
        {"reason": "x\x00"},
        {"reason": "x" * 300},
    ],
)
def test_a_confirmation_that_cannot_be_read_moves_nothing(desk, clinic, course, broken):
    first, *_ = a_series(course, desk.member)
    before = starts_of(course)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)))
    answer = desk.post(url_of(first), carried(page) | {"reason": "On holiday"} | broken)
    if "scope" in broken:  # anything but "only" is what follows
        assert answer.status_code == 302
        return
    assert answer.status_code in (409, 422)
    assert starts_of(course) == before


def test_only_this_moves_only_this(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    before = starts_of(course)
    where = asked(clinic, monday() + timedelta(days=1), scope="only")
    page = desk.post(url_of(first), where)
    assert [row.step.ordinal for row in page.context["rows"] if row.step.seat] == [1]
    assert desk.post(url_of(first), carried(page) | {"reason": "Bus"}).status_code == 302
    assert starts_of(course) == [before[0] + timedelta(days=1), *before[1:]]


def test_only_this_says_what_falls_apart(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7), scope="only"))
    assert "6 days before its window opens." in text_of(page)
    assert page.context["can_confirm"] is False
    answer = desk.post(url_of(first), carried(page) | {"reason": "Bus"})
    assert answer.status_code == 409
    assert "Move both together." in text_of(answer)


def test_the_desk_is_told_that_a_prescriber_decides(desk, clinic, course):
    *_, third = a_series(course, desk.member)
    day = course.planned_infusions.get(ordinal=3).planned_on + timedelta(days=7)
    page = desk.post(url_of(third), asked(clinic, day))
    assert page.context["may_decide"] is False
    assert "A prescriber decides whether what follows moves" in text_of(page)
    answer = desk.post(url_of(third), carried(page) | {"reason": "Bus"})
    assert answer.status_code == 409
    assert DoseDecision.objects.count() == 0


def test_a_prescriber_moves_a_later_infusion_and_what_follows(prescriber, clinic, course):
    *_, third = a_series(course, prescriber.member)
    day = course.planned_infusions.get(ordinal=3).planned_on + timedelta(days=7)
    page = prescriber.post(url_of(third), asked(clinic, day))
    assert prescriber.post(url_of(third), carried(page) | {"reason": "Bus"}).status_code == 302
    assert DoseDecision.objects.get().carries is True


@pytest.mark.parametrize(
    ("typed", "kind", "done"),
    [
        ({"kind": "defer", "days": "14", "carries": "on"}, "defer", "Deferred"),
        ({"kind": "omit"}, "omit", "Left out"),
        ({"kind": "cease"}, "cease", "The series has ended"),
    ],
)
def test_a_decision_is_previewed_confirmed_and_shown(prescriber, clinic, course, typed, kind, done):
    *_, third = a_series(course, prescriber.member)
    url = reverse("series:decide", args=[third.planned_infusion_id])
    assert prescriber.get(url).status_code == 200
    page = prescriber.post(url, {"reason": "An infection", **typed})
    assert (page.status_code, DoseDecision.objects.count()) == (200, 0)
    answer = prescriber.post(url, carried(page) | {"reason": "An infection"}, follow=True)
    assert done in text_of(answer)
    assert "An infection" in text_of(answer)
    assert DoseDecision.objects.get().kind == kind


def test_a_held_window_that_would_lie_where_nothing_fits_is_flagged(prescriber, clinic, course):
    *_, third = a_series(course, prescriber.member)
    held = course.planned_infusions.get(ordinal=4)
    url = reverse("series:decide", args=[third.planned_infusion_id])
    typed = {"kind": "defer", "days": "14", "carries": "on", "reason": "An infection"}
    flag = "Its window has no room: all of it is booked or held."
    assert flag not in text_of(prescriber.post(url, typed))
    for chair in clinic.chairs.all():
        first, last = (day + timedelta(days=14) for day in (held.earliest_on, held.latest_on))
        ChairOutage.objects.create(clinic=clinic, chair=chair, first_day=first, last_day=last)
    page = prescriber.post(url, typed)
    assert [row.flags[-1] for row in page.context["rows"] if row.step.ordinal == 4] == [flag]
    assert flag in text_of(page)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "defer", "days": "0", "reason": "x"}, "days"),
        ({"kind": "defer", "days": "", "reason": "x"}, "days"),
        ({"kind": "defer", "days": "999", "reason": "x"}, "days"),
        ({"kind": "omit", "reason": ""}, "reason"),
        ({"kind": "never", "reason": "x"}, "kind"),
    ],
)
def test_a_decision_that_cannot_be_is_said_beside_its_field(prescriber, course, typed, field):
    planned = course.planned_infusions.get(ordinal=3)
    answer = prescriber.post(reverse("series:decide", args=[planned.pk]), typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_a_change_is_undone_from_the_course_page(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    before = starts_of(course)
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)))
    desk.post(url_of(first), carried(page) | {"reason": "On holiday"})
    shown = desk.get(reverse("scheduling:course", args=[course.pk]))
    undoable = shown.context["undoable"]
    until = undoable.until.astimezone(clinic.zone)
    assert f"Undo until {until:%H:%M}" in text_of(shown)
    url = reverse("series:undo", args=[undoable.change.pk])
    assert url in shown.content.decode()
    assert "Undone." in text_of(desk.post(url, follow=True))
    assert starts_of(course) == before
    assert "Undone." in text_of(desk.post(url, follow=True))
    assert VisitVersion.objects.filter(reason__startswith="Undone").count() == 3


def test_the_undo_is_offered_on_the_visit_page_and_not_after_the_notice_has_left(desk, clinic, course):
    first, _ = booked(course, desk.member)
    page = reverse("scheduling:visit", args=[first.pk])
    assert "Undo until" in text_of(desk.get(page))
    change = ScheduleChange.objects.get()
    ScheduleChange.objects.update(at=timezone.now() - timedelta(seconds=121))
    assert "Undo until" not in text_of(desk.get(page))
    answer = desk.post(reverse("series:undo", args=[change.pk]), follow=True)
    assert "The time to undo it is over; move it again instead." in text_of(answer)
    assert len(starts_of(course)) == 2


def test_what_a_prescriber_decided_the_desk_does_not_undo(desk, clinic, course):
    a_series(course, desk.member)
    actions.omit_dose(
        planned=course.planned_infusions.get(ordinal=3),
        reason="ill",
        by=course.prescribed_by,
        now=timezone.now(),
    )
    change = ScheduleChange.objects.get(verb="decide")
    assert "Undo until" not in text_of(desk.get(reverse("scheduling:course", args=[course.pk])))
    assert desk.post(reverse("series:undo", args=[change.pk])).status_code == 403


def test_a_follow_up_has_no_series(desk, course):
    visit = factory.make_visit(course.patient, kind="follow_up")
    assert desk.get(url_of(visit)).status_code == 404


def test_a_visit_that_was_cancelled_has_no_preview(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    actions.cancel_visit(visit=first, reason="ill", by=desk.member.user, now=timezone.now())
    page = desk.post(url_of(first), asked(clinic, monday() + timedelta(days=7)))
    assert page.status_code == 200
    assert (page.context["rows"], "it cannot be moved" in text_of(page)) == ([], True)


def test_the_move_page_offers_both_ways(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    page = desk.get(reverse("scheduling:move", args=[first.pk])).content.decode()
    assert f'formaction="{url_of(first)}"' in page
    assert "This and what follows" in page


def test_a_typed_time_leads_to_the_preview(desk, clinic, course):
    first, *_ = a_series(course, desk.member)
    day = monday() + timedelta(days=7)
    typed = {"typed": "1", "day": day.isoformat(), "time": "10:30", "scope": "following"}
    page = desk.post(url_of(first), typed)
    assert page.status_code == 200
    assert page.context["rows"][0].step.seat.starts == seat(clinic, day, 10, 30).starts
    wrong = desk.post(url_of(first), typed | {"time": "99"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["time"])
    closed = desk.post(url_of(first), typed | {"day": (day + timedelta(days=5)).isoformat()})
    assert closed.status_code in (200, 422)
    assert PlannedInfusion.objects.filter(course=course, state="planned").count() == 6
