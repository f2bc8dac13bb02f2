"""Moving visits, cancelling them, and the moves of their status."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from scheduling import actions, queries
from scheduling.actions.visits import changed
from scheduling.models import Visit, VisitVersion
from tests.database.booking.arranged import NOW, a_course, at, book, booked, codes, move, pair, refusal
from tests.factory import (
    change_visit,
)

pytestmark = pytest.mark.django_db


def test_a_visit_is_moved_with_its_reason(clinic, desk, course):
    _, second = booked(course, desk)
    moved = actions.move_visit(by=desk, now=NOW, **move(second, at(25, 11), chair=1))
    assert (moved.starts_at, moved.ends_at, moved.version) == (
        at(25, 11),
        at(25, 11) + timedelta(minutes=285),
        2,
    )
    row = VisitVersion.objects.get(visit=second, version=2)
    assert (row.change, row.reason, row.chair_name, row.by) == (
        "moved",
        "asked for a later hour",
        "Chair 2",
        desk,
    )


def test_a_visit_may_move_over_its_own_time(clinic, desk, course):
    _, second = booked(course, desk)
    assert actions.move_visit(by=desk, now=NOW, **move(second, at(24, 9, 30))).version == 2


def test_moving_without_a_reason_is_refused(clinic, desk, course):
    _, second = booked(course, desk)
    assert codes(actions.move_visit, by=desk, **move(second, at(25), reason="  ")) == ("reason_missing",)


def test_a_stale_page_moves_nothing(clinic, desk, course):
    _, second = booked(course, desk)
    actions.move_visit(by=desk, now=NOW, **move(second, at(25)))
    assert codes(actions.move_visit, by=desk, **move(second, at(24), version=1)) == ("stale",)
    assert codes(actions.move_visit, by=desk, **move(second, at(24), version=7)) == ("stale",)


def test_the_same_move_twice_is_one_move(clinic, desk, course):
    _, second = booked(course, desk)
    once = actions.move_visit(by=desk, now=NOW, **move(second, at(25)))
    assert actions.move_visit(by=desk, now=NOW, **move(second, at(25))) == once
    assert VisitVersion.objects.filter(visit=second).count() == 2


def test_moving_day_1_carries_the_course_but_not_past_day_15(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.move_visit(by=desk, now=NOW, **move(first, at(11)))
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 11)
    assert course.planned_infusions.get(ordinal=3).target_on == date(2031, 9, 11)
    found = refusal(actions.move_visit, by=desk, **move(first, at(12), version=2))
    assert (found.codes, found.reasons[0].message) == (
        ("pair_apart",),
        "Infusion 2 stands on 24 Mar 2031: that would be 12 days after the first one. Move both together.",
    )


def test_a_pair_is_moved_together_in_one_batch(clinic, desk, course):
    booked(course, desk)
    moved = actions.move_pair(
        course=course, versions=(1, 1), reason="on holiday", by=desk, now=NOW, **pair(clinic, day=17)
    )
    assert [visit.starts_at for visit in moved] == [at(17), datetime(2031, 3, 31, 9, tzinfo=UTC)]
    rows = VisitVersion.objects.filter(change="moved")
    assert len({row.batch for row in rows}) == 1
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 17)


def test_a_pair_moves_both_or_neither(clinic, desk, course):
    visits = booked(course, desk)
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(17)))
    found = codes(
        actions.move_pair,
        course=course,
        versions=(1, 1),
        reason="on holiday",
        by=desk,
        **pair(clinic, day=17),
    )
    assert found == ("just_taken",)
    assert [Visit.objects.get(pk=visit.pk).starts_at for visit in visits] == [at(10), at(24)]


@pytest.mark.parametrize("status", ["arrived", "fulfilled"])
def test_a_visit_under_way_is_not_moved(clinic, desk, course, status):
    _, second = booked(course, desk)
    change_visit(second, "status", status=status)
    assert codes(actions.move_visit, by=desk, **move(second, at(25), version=2)) == ("not_movable",)


def test_a_cancelled_visit_is_not_moved(clinic, desk, course):
    _, second = booked(course, desk)
    actions.cancel_visit(visit=second, reason="ill", by=desk, now=NOW)
    assert codes(actions.move_visit, by=desk, **move(second, at(25), version=2)) == ("stale",)


def test_a_cancelled_visit_frees_its_chair_and_its_infusion(clinic, desk, course):
    first, second = booked(course, desk)
    actions.cancel_visit(visit=first, reason="wants to think", by=desk, now=NOW, version=1, also=[second])
    assert [Visit.objects.get(pk=visit.pk).status for visit in (first, second)] == ["cancelled"] * 2
    rows = VisitVersion.objects.filter(change="cancelled")
    assert {(row.reason, row.by) for row in rows} == {("wants to think", desk)}
    assert len({row.batch for row in rows}) == 1
    assert len(booked(course, desk)) == 2


def test_cancelling_asks_for_a_reason_and_the_present_version(clinic, desk, course):
    first, _ = booked(course, desk)
    assert codes(actions.cancel_visit, visit=first, reason=" ", by=desk) == ("reason_missing",)
    assert codes(actions.cancel_visit, visit=first, reason="ill", by=desk, version=9) == ("stale",)


def test_cancelling_twice_is_cancelling_once(clinic, desk, course):
    first, _ = booked(course, desk)
    for _ in range(2):
        actions.cancel_visit(visit=first, reason="ill", by=desk, now=NOW, version=1)
    assert VisitVersion.objects.filter(visit=first).count() == 2


def test_a_visit_that_is_done_is_not_cancelled(clinic, desk, course):
    first, _ = booked(course, desk)
    change_visit(first, "status", status="fulfilled")
    assert codes(actions.cancel_visit, visit=first, reason="ill", by=desk) == ("status_not_allowed",)


def test_status_moves_by_the_table_and_back_by_one_step(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.set_status(visit=first, status="arrived", by=desk, now=NOW)
    assert codes(actions.set_status, visit=first, status="noshow", by=desk) == ("status_not_allowed",)
    actions.set_status(visit=first, status="booked", by=desk, now=NOW, undo=True, reason="wrong row")
    actions.set_status(visit=first, status="noshow", by=desk, now=NOW)
    assert [(row.version, row.status) for row in queries.versions_of(first)] == [
        (1, "booked"),
        (2, "arrived"),
        (3, "booked"),
        (4, "noshow"),
    ]


def test_a_time_given_up_and_taken_since_does_not_come_back(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.set_status(visit=first, status="noshow", by=desk, now=NOW)
    actions.book_single(by=desk, now=NOW, **book(a_course(clinic), at(10)))
    back = {"visit": first, "status": "booked", "by": desk, "undo": True}
    assert codes(actions.set_status, **back) == ("just_taken",)


def test_a_change_to_a_visit_read_too_long_ago_is_refused(clinic, desk, course):
    first, _ = booked(course, desk)
    change_visit(Visit.objects.get(pk=first.pk), "status", status="arrived")
    late = {"visit": first, "change": "cancelled", "by": desk, "batch": uuid4(), "status": "cancelled"}
    assert codes(changed, **late) == ("stale",)
