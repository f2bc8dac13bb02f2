"""Moving one infusion and what follows it; deferring, leaving out and ending: all or nothing, in one batch."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest

from clinics.models import AuditEntry, Closure
from infusion.reminders import actions as reminders
from infusion.reminders.domain.due import notice
from infusion.reminders.models import Message
from infusion.reminders.queries import known, rules_of
from patients.models import Wishes
from scheduling import actions, queries
from scheduling.domain.series import Decision
from scheduling.domain.soft import Accepted
from scheduling.models import (
    DoseDecision,
    PlannedInfusion,
    RuleBreach,
    ScheduleChange,
    Visit,
    VisitVersion,
)
from tests.database.booking.arranged import NOW, a_course, at, book, booked, codes, refusal, seat

pytestmark = pytest.mark.django_db
SEPTEMBER = datetime(2031, 9, 10, 8, tzinfo=UTC)  # 09:00 in London, in summer
MARCH = datetime(2032, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
def series(clinic, desk, course):
    """A pair and the first maintenance infusion booked, the second held as a window."""
    booked(course, desk)
    actions.replan_course(course=course, by=desk, now=NOW)
    actions.book_single(planned=row(course, 3), seat=seat(clinic, SEPTEMBER), by=desk, now=NOW)
    PlannedInfusion.objects.filter(course=course, ordinal=4).update(held_at=NOW, held_minutes=285)
    return course


def row(course, ordinal):
    return course.planned_infusions.get(ordinal=ordinal)


def visit_of(course, ordinal):
    return Visit.objects.filter(planned_infusion__course=course, planned_infusion__ordinal=ordinal).last()


def shown(course):
    return actions.versions_shown(queries.read_plan(course))


def moving(course, starts, ordinal=1, **more):
    found = visit_of(course, ordinal)
    place = more.pop("seat", None) or seat(course.clinic, starts, **more.pop("where", {}))
    return {
        "visit": found,
        "seat": place,
        "versions": shown(course),
        "reason": "on holiday",
        "batch": uuid4(),
        **more,
    }


def times(course):
    return [
        (v.planned_infusion.ordinal, v.starts_at)
        for v in Visit.objects.filter(patient=course.patient, status="booked").order_by("starts_at")
    ]


def windows(course):
    rows = PlannedInfusion.objects.filter(course=course).order_by("ordinal")
    return [(r.ordinal, r.earliest_on, r.latest_on, r.state, r.held_at is not None) for r in rows]


def test_moving_day_1_takes_the_whole_series_along(clinic, desk, series):
    change = actions.move_series(by=desk, now=NOW, **moving(series, at(17)))
    assert times(series) == [
        (1, at(17)),
        (2, datetime(2031, 3, 31, 8, tzinfo=UTC)),  # the clocks went forward: 09:00 stays 09:00
        (3, datetime(2031, 9, 17, 8, tzinfo=UTC)),
    ]
    series.refresh_from_db()
    assert series.start_on == date(2031, 3, 17)
    assert windows(series)[2:4] == [
        (3, date(2031, 9, 17), date(2031, 10, 15), "planned", False),
        (4, date(2032, 3, 17), date(2032, 4, 14), "planned", True),
    ]
    assert (change.verb, change.summary) == ("move", "Moved infusion 1 to 17 Mar 2031, and what follows")
    moved = VisitVersion.objects.filter(change="moved")
    assert {(each.batch, each.reason) for each in moved} == {(change.batch, "on holiday")}
    assert moved.count() == 3
    same = {(visit.chair_id, visit.nurse_id) for visit in Visit.objects.filter(patient=series.patient)}
    assert len(same) == 1


def test_a_moved_series_is_told_in_one_notice(clinic, desk, series):
    actions.move_series(by=desk, now=NOW, **moving(series, at(17)))
    found = known([series.patient_id])[series.patient_id].circumstances(series.patient_id)
    told = notice(found, rules_of(clinic), NOW + timedelta(minutes=3))
    assert [change.starts_at for change in told.changes] == [start for _, start in times(series)]


def test_a_series_keeps_its_hour_in_another_chair_where_its_own_is_taken(clinic, desk, series):
    other = a_course(clinic, start_on=date(2031, 3, 31))
    actions.book_single(
        by=desk, now=NOW, **book(other, datetime(2031, 3, 31, 8, tzinfo=UTC), chair=0, nurse=1)
    )
    actions.move_series(by=desk, now=NOW, **moving(series, at(17)))
    second = visit_of(series, 2)
    assert (second.starts_at, second.chair.name) == (datetime(2031, 3, 31, 8, tzinfo=UTC), "Chair 2")


def test_the_times_shown_are_the_times_booked(clinic, desk, series):
    chosen = seat(clinic, datetime(2031, 9, 18, 10, tzinfo=UTC), chair=1, nurse=1)
    actions.move_series(by=desk, now=NOW, **moving(series, at(17), seats={3: chosen}))
    third = visit_of(series, 3)
    assert (third.starts_at, third.chair_id, third.nurse_id) == (chosen.starts, chosen.chair, chosen.nurse)


def test_a_time_taken_since_it_was_shown_moves_nothing(clinic, desk, series):
    chosen = seat(clinic, datetime(2031, 9, 18, 8, tzinfo=UTC))
    other = a_course(clinic, start_on=date(2031, 3, 11))
    Visit.objects.filter(pk__in=[v.pk for v in booked(other, desk, day=11, chair=1, nurse=1)]).update(
        status="cancelled"
    )
    actions.book_single(planned=row(other, 3), seat=chosen, by=desk, now=NOW)
    before = times(series), windows(series)
    found = codes(actions.move_series, by=desk, **moving(series, at(17), seats={3: chosen}))
    assert found == ("just_taken",)
    assert (times(series), windows(series)) == before
    assert ScheduleChange.objects.filter(patient=series.patient, verb="move").count() == 0


def test_a_stale_page_moves_no_series(clinic, desk, series):
    asked = moving(series, at(17))
    actions.move_visit(
        visit=visit_of(series, 3),
        seat=seat(clinic, SEPTEMBER + timedelta(days=1)),
        version=1,
        reason="asked",
        by=desk,
        now=NOW,
    )
    assert codes(actions.move_series, by=desk, **asked) == ("stale",)


def test_the_same_batch_twice_is_one_move(clinic, desk, series):
    asked = moving(series, at(17))
    once = actions.move_series(by=desk, now=NOW, **asked)
    assert actions.move_series(by=desk, now=NOW + timedelta(seconds=1), **asked) == once
    assert VisitVersion.objects.filter(change="moved").count() == 3


def test_a_batch_that_was_undone_is_a_stale_page(clinic, desk, series):
    asked = moving(series, at(17))
    change = actions.move_series(by=desk, now=NOW, **asked)
    actions.undo_change(change=change, by=desk, now=NOW + timedelta(seconds=60))
    assert codes(actions.move_series, by=desk, **asked) == ("stale",)


def test_who_needs_a_bed_is_not_moved_to_a_chair_unwarned(clinic, desk, series):
    Wishes.objects.create(clinic=clinic, patient=series.patient, place="bed")
    asked = moving(series, at(17))
    assert codes(actions.move_series, by=desk, **asked) == ("not_a_bed",)
    passed = Accepted(frozenset({"not_a_bed"}), "Feels well enough")
    actions.move_series(by=desk, now=NOW, accepted=passed, **asked)
    breach = RuleBreach.objects.get(visit=visit_of(series, 1))
    assert (breach.codes, breach.reason) == (["not_a_bed"], "Feels well enough")


def test_a_visit_without_a_free_time_stops_everything_or_is_held(clinic, desk, series):
    Closure.objects.create(
        clinic=clinic, first_day=date(2031, 9, 15), last_day=date(2031, 10, 24), reason="building"
    )
    before = times(series), windows(series)
    found = refusal(actions.move_series, by=desk, **moving(series, at(17)))
    assert (found.codes, found.reasons[0].message) == (
        ("no_time_found",),
        "No free time for infusion 3 from 17 Sep 2031 to 15 Oct 2031.",
    )
    assert (times(series), windows(series)) == before
    actions.move_series(by=desk, now=NOW, **moving(series, at(17), held=frozenset({3})))
    assert [ordinal for ordinal, _ in times(series)] == [1, 2]
    third = row(series, 3)
    assert (third.held_at, third.held_minutes) == (NOW, 285)
    assert VisitVersion.objects.get(change="cancelled").reason == "Held as a window: on holiday"


def test_from_the_second_infusion_on_a_prescriber_decides(clinic, desk, series):
    asked = moving(series, SEPTEMBER + timedelta(days=7), ordinal=3)
    assert codes(actions.move_series, by=desk, **asked) == ("prescriber_needed",)
    change = actions.move_series(by=series.prescribed_by, now=NOW, prescriber=True, **asked)
    assert (change.verb, change.summary) == ("decide", "Deferred infusion 3 by 7 days, and what follows")
    assert windows(series)[2:4] == [
        (3, date(2031, 9, 17), date(2031, 10, 15), "planned", False),
        (4, date(2032, 3, 17), date(2032, 4, 14), "planned", True),
    ]
    decision = DoseDecision.objects.get()
    assert (decision.ordinal, decision.kind, decision.days, decision.carries, decision.batch) == (
        3,
        "defer",
        7,
        True,
        change.batch,
    )
    assert AuditEntry.objects.filter(verb="deferred infusion").count() == 1


def test_the_same_day_at_another_hour_takes_nothing_along(clinic, desk, series):
    assert codes(actions.move_series, by=desk, **moving(series, at(10, 10))) == ("nothing_follows",)


def test_day_1_far_from_its_start_asks_for_a_prescriber(clinic, desk, series):
    asked = moving(series, at(7))
    assert codes(actions.move_series, by=desk, **asked) == ("outside_window",)
    slip = moving(series, at(7).replace(year=2035), prescriber=True)
    assert "too_far" in codes(actions.move_series, by=series.prescribed_by, **slip)
    actions.move_series(by=series.prescribed_by, now=NOW, prescriber=True, **asked)
    assert times(series)[:2] == [(1, at(7)), (2, at(21))]


def test_a_series_is_not_moved_inside_the_minimum_interval(clinic, desk, series):
    asked = moving(series, datetime(2031, 7, 10, 8, tzinfo=UTC), ordinal=3)
    assert "interval_too_short" in codes(actions.move_series, by=desk, prescriber=True, **asked)


def test_a_series_moved_is_undone_whole(clinic, desk, series):
    before = times(series), windows(series)
    change = actions.move_series(by=desk, now=NOW, **moving(series, at(17)))
    actions.undo_change(change=change, by=desk, now=NOW + timedelta(seconds=60))
    series.refresh_from_db()
    assert (times(series), windows(series), series.start_on) == (*before, date(2031, 3, 10))


def test_a_series_moved_and_undone_within_the_delay_sends_nothing(clinic, desk, series):
    """With the ledger itself: what was told before stays told, and nothing new is written."""
    Message.objects.all().delete()
    change = actions.move_series(by=desk, now=NOW, **moving(series, at(17)))
    actions.undo_change(change=change, by=desk, now=NOW + timedelta(seconds=110))
    later = NOW + timedelta(minutes=10)
    reminders.derive(now=later)
    row = Message.objects.get(subject_kind="patient")
    assert row.kind == "booked"
    circumstances = known([series.patient_id])[series.patient_id].circumstances(series.patient_id)
    told = notice(circumstances, rules_of(clinic), later)
    assert {change.verb for change in told.changes} == {"booked"}


def test_a_deferred_dose_takes_its_visit_along_and_only_that(clinic, desk, series):
    actions.defer_dose(planned=row(series, 3), days=21, carries=False, reason="infection", by=desk, now=NOW)
    assert times(series)[2] == (3, SEPTEMBER + timedelta(days=21))
    assert windows(series)[3] == (4, date(2032, 3, 10), date(2032, 4, 7), "planned", True)


def test_a_deferred_held_window_moves_with_what_follows(clinic, desk, series):
    change = actions.defer_dose(
        planned=row(series, 4), days=14, carries=True, reason="travelling", by=desk, now=NOW
    )
    assert windows(series)[3] == (4, date(2032, 3, 24), date(2032, 4, 21), "planned", True)
    assert VisitVersion.objects.filter(batch=change.batch).count() == 0
    actions.undo_change(change=change, by=desk, now=NOW + timedelta(seconds=5))
    assert windows(series)[3] == (4, date(2032, 3, 10), date(2032, 4, 7), "planned", True)
    assert DoseDecision.objects.get().undone_at == NOW + timedelta(seconds=5)


def test_an_omitted_dose_is_cancelled_and_stays_out(clinic, desk, series):
    actions.omit_dose(planned=row(series, 3), reason="infection", by=desk, now=NOW)
    assert [ordinal for ordinal, _ in times(series)] == [1, 2]
    actions.replan_course(course=series, by=desk, now=NOW)
    assert row(series, 3).state == "omitted"
    assert windows(series)[3] == (4, date(2032, 3, 10), date(2032, 4, 7), "planned", True)


def test_a_ceased_series_cancels_everything_from_there_on(clinic, desk, series):
    before = times(series), windows(series)
    change = actions.cease_from(planned=row(series, 3), reason="remission", by=desk, now=NOW)
    assert [ordinal for ordinal, _ in times(series)] == [1, 2]
    assert [state for *_, state, _ in windows(series)][2:] == ["cancelled"] * 4
    assert [held for *_, held in windows(series)] == [False] * 6
    series.refresh_from_db()
    assert series.state == "active"
    actions.undo_change(change=change, by=desk, now=NOW + timedelta(seconds=60))
    assert (times(series), windows(series)) == before


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ordinal": 1, "days": 7}, "first_infusion"),
        ({"days": 0}, "no_days"),
        ({"days": 400}, "too_many_days"),
        ({"days": -100}, "interval_too_short"),
        ({"reason": "  "}, "reason_missing"),
    ],
)
def test_a_deferral_that_cannot_be(clinic, desk, series, asked, code):
    asked = {"ordinal": 3, "days": 7, "carries": True, "reason": "infection", **asked}
    planned = row(series, asked.pop("ordinal"))
    assert codes(actions.defer_dose, planned=planned, by=desk, **asked) == (code,)
    assert DoseDecision.objects.count() == 0


def test_nothing_is_decided_about_an_infusion_that_was_given(clinic, desk, series):
    actions.mark_given(planned=row(series, 1), on=date(2031, 3, 3), by=desk, now=NOW)
    for act, more in (
        (actions.defer_dose, {"days": 7, "carries": False}),
        (actions.omit_dose, {}),
        (actions.cease_from, {}),
    ):
        asked = {"planned": row(series, 1), "reason": "late", "by": desk, **more}
        assert codes(act, **asked) == ("not_planned",)


def test_nothing_is_decided_while_the_patient_is_here(clinic, desk, series):
    actions.set_status(visit=visit_of(series, 3), status="arrived", by=desk, now=NOW)
    for act, more in (
        (actions.defer_dose, {"days": 7, "carries": False}),
        (actions.omit_dose, {}),
        (actions.cease_from, {}),
    ):
        assert codes(act, planned=row(series, 3), reason="late", by=desk, **more) == ("not_movable",)


def test_a_preview_writes_nothing(clinic, desk, series, django_assert_num_queries):
    plan = queries.read_plan(series)
    ask = queries.moved_with_all(plan, visit_of(series, 1), seat(clinic, at(17)))
    counts = [model.objects.count() for model in (VisitVersion, ScheduleChange, DoseDecision, AuditEntry)]
    before = times(series), windows(series)
    steps = queries.series(plan, ask, now=NOW)
    assert [(step.ordinal, step.after.target_on) for step in steps] == [
        (1, date(2031, 3, 17)),
        (2, date(2031, 3, 31)),
        (3, date(2031, 9, 17)),
        (4, date(2032, 3, 17)),
        (5, date(2032, 9, 17)),
        (6, date(2033, 3, 17)),
    ]
    assert [step.seat.starts.astimezone(clinic.zone).time() if step.seat else None for step in steps] == [
        time(9),
        time(9),
        time(9),
        None,
        None,
        None,
    ]
    after = [model.objects.count() for model in (VisitVersion, ScheduleChange, DoseDecision, AuditEntry)]
    assert (after, times(series), windows(series)) == (counts, *before)


def test_a_soft_rule_is_passed_with_a_reason_that_is_kept(clinic, desk, series):
    chosen = seat(clinic, at(17), chair=1)
    other = a_course(clinic, start_on=date(2031, 3, 17))
    actions.book_single(by=desk, now=NOW, **book(other, at(17), chair=0, nurse=0))
    asked = moving(series, at(17), seat=chosen)
    assert codes(actions.move_series, by=desk, **asked) == ("nurse_starting", "nurse_full")
    accepted = Accepted(frozenset({"nurse_starting", "nurse_full"}), "the nurse agreed")
    actions.move_series(by=desk, now=NOW, accepted=accepted, **asked)
    breach = RuleBreach.objects.get()
    assert (breach.visit.planned_infusion.ordinal, breach.visit_version, breach.reason) == (
        1,
        2,
        "the nurse agreed",
    )


def test_moving_alone_leaves_the_other_times_and_says_who_falls_out(clinic, desk, series):
    plan = queries.read_plan(series)
    ask = queries.moved_alone(plan, visit_of(series, 1), seat(clinic, at(17)))
    steps = queries.series(plan, ask, now=NOW)
    assert [step.ordinal for step in steps if step.seat] == [1]
    assert steps[1].after.earliest_on == date(2031, 3, 30)


def test_a_visit_may_move_to_where_the_next_one_was(clinic, desk, series):
    actions.book_single(planned=row(series, 4), seat=seat(clinic, MARCH), by=desk, now=NOW)
    # 182 days after 10 September stands infusion 4, in the same chair at the same hour.
    change = actions.defer_dose(
        planned=row(series, 3), days=182, carries=True, reason="travelling", by=desk, now=NOW
    )
    moved = dict(times(series))
    assert (moved[3], moved[4]) == (MARCH, datetime(2032, 9, 8, 8, tzinfo=UTC))
    actions.undo_change(change=change, by=desk, now=NOW + timedelta(seconds=5))
    back = dict(times(series))
    assert (back[3], back[4]) == (SEPTEMBER, MARCH)


def test_a_dose_found_late_in_its_window_keeps_its_distance_to_the_next(clinic, desk, series):
    actions.book_single(planned=row(series, 4), seat=seat(clinic, MARCH), by=desk, now=NOW)
    plan = queries.read_plan(series)
    ask = queries.decision_asked(plan, Decision(3, "defer", 75), now=NOW)
    chosen = seat(clinic, datetime(2031, 12, 3, 9, tzinfo=UTC))
    steps = queries.series(plan, replace(ask, seats={3: chosen}), now=NOW)
    # Infusion 3 is due from 24 November and stands on 3 December: the next one waits 112 days from there.
    assert steps[3].after.target_on == date(2032, 3, 15)
    assert steps[3].seat.starts == datetime(2032, 3, 24, 9, tzinfo=UTC)
