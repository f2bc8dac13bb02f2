"""Follow-ups: derived from the infusions given, booked in their window, closed by a person."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from monitoring import actions, queries
from monitoring.domain.standing import Standing
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling import actions as scheduling
from scheduling.models import PlannedInfusion, Visit
from tests.factory import (
    change_visit,
    make_clinic,
    make_course,
    make_follow_up,
    make_member,
    make_patient,
    make_visit,
)
from treatment import actions as treatment

pytestmark = pytest.mark.django_db
FIRST = date(2031, 3, 10)
NOW = datetime(2031, 3, 24, 16, tzinfo=UTC)


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def desk(clinic):
    return make_member(clinic, Role.RECEPTIONIST).user


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE).user


def a_course(clinic, *, given=(), **fields):
    """A course whose first infusions were given on these days."""
    course = make_course(
        make_patient(clinic), start_on=FIRST, **({"prescribed_at": datetime(2031, 3, 1, tzinfo=UTC)} | fields)
    )
    for ordinal, on in enumerate(given, start=1):
        give(course, ordinal, on)
    return course


def give(course, ordinal, on):
    PlannedInfusion.objects.filter(course=course, ordinal=ordinal).update(
        state="given" if on else "planned", given_on=on
    )


def plan(course, now=NOW):
    return actions.plan_follow_ups(clinic=course.clinic, patient=course.patient, now=now)


def rows(course):
    found = FollowUp.objects.filter(patient=course.patient).order_by("due_on")
    return [(row.kind, row.due_on, row.state) for row in found]


PAIR = (FIRST, FIRST + timedelta(days=14))
AFTER_PAIR = [
    ("week_4_bloods", date(2031, 4, 21), "due"),
    ("week_16_activity", date(2031, 7, 14), "due"),
    ("week_24_decision", date(2031, 9, 3), "due"),
]


def test_follow_ups_come_of_the_finished_pair_and_of_it_alone(clinic):
    course = a_course(clinic, given=PAIR[:1])
    assert (plan(course), rows(course)) == (0, [])
    give(course, 2, PAIR[1])
    assert (plan(course), rows(course)) == (3, AFTER_PAIR)


def test_planning_twice_writes_nothing_the_second_time(clinic):
    course = a_course(clinic, given=PAIR)
    plan(course)
    entries = AuditEntry.objects.count()
    assert plan(course) == 0
    assert (rows(course), AuditEntry.objects.count()) == (AFTER_PAIR, entries)


def test_infusion_taken_back_withdraws_its_follow_ups_and_given_again_reopens_them(clinic):
    course = a_course(clinic, given=PAIR)
    plan(course)
    give(course, 2, None)
    assert plan(course) == 3
    assert {(row.state, row.outcome, row.closed_by) for row in FollowUp.objects.all()} == {
        ("closed", actions.NO_LONGER_DUE, None)
    }
    give(course, 2, PAIR[1])
    assert plan(course) == 3
    assert rows(course) == AFTER_PAIR
    assert {row.version for row in FollowUp.objects.all()} == {3}


def test_what_a_person_closed_stays_closed(clinic, desk):
    course = a_course(clinic, given=PAIR)
    plan(course)
    actions.close(follow_up=FollowUp.objects.earliest("due_on"), outcome="Seen elsewhere.", by=desk, now=NOW)
    assert plan(course) == 0
    assert rows(course)[0] == ("week_4_bloods", date(2031, 4, 21), "closed")


def test_booked_follow_up_that_is_no_longer_due_waits_for_a_person(clinic, desk):
    course = a_course(clinic, given=PAIR)
    plan(course)
    actions.book(
        follow_up=FollowUp.objects.earliest("due_on"),
        starts_at=datetime(2031, 4, 21, 9, tzinfo=UTC),
        minutes=30,
        by=desk,
        now=NOW,
    )
    give(course, 2, None)
    assert plan(course) == 2
    assert FollowUp.objects.earliest("due_on").state == "due"


def test_next_infusion_moves_the_decision_before_it(clinic):
    course = a_course(clinic, given=PAIR)
    plan(course)
    PlannedInfusion.objects.filter(course=course, ordinal=3).update(target_on=date(2031, 9, 8))
    assert plan(course) == 1
    decision = FollowUp.objects.get(kind="week_24_decision")
    assert (decision.due_on, decision.version) == (date(2031, 9, 1), 2)


def test_course_continued_here_asks_for_nothing_that_ended_before(clinic):
    course = a_course(clinic, given=PAIR, prescribed_at=datetime(2031, 6, 1, tzinfo=UTC))
    plan(course, now=datetime(2031, 6, 1, tzinfo=UTC))
    assert [kind for kind, _, _ in rows(course)] == ["week_16_activity", "week_24_decision"]


def test_nothing_is_planned_for_the_dead(clinic):
    course = a_course(clinic, given=PAIR)
    Patient.objects.filter(pk=course.patient.pk).update(deceased=True)
    assert (plan(course), rows(course)) == (0, [])


def test_whole_clinic_is_planned_at_once_and_other_clinics_are_left(clinic):
    courses = [a_course(clinic, given=PAIR) for _ in range(3)]
    other = a_course(make_clinic(), given=PAIR)
    assert actions.plan_all(clinic=clinic, now=NOW) == 9
    assert [rows(course) for course in courses] == [AFTER_PAIR] * 3
    assert rows(other) == []
    assert actions.plan_everywhere(now=NOW) == 3


@pytest.mark.parametrize("many", [1, 5])
def test_planning_that_changes_nothing_takes_two_queries(clinic, many, django_assert_num_queries):
    for _ in range(many):
        a_course(clinic, given=PAIR)
    actions.plan_all(clinic=clinic, now=NOW)
    with django_assert_num_queries(2):
        assert actions.plan_all(clinic=clinic, now=NOW) == 0


@pytest.fixture
def follow_up(clinic):
    return make_follow_up(make_patient(clinic), due_on=date(2031, 4, 21))


AT = datetime(2031, 4, 22, 9, tzinfo=UTC)


def book(follow_up, by, **changed):
    return actions.book(
        **({"follow_up": follow_up, "starts_at": AT, "minutes": 30, "by": by, "now": NOW} | changed)
    )


def test_booking_makes_a_visit_without_a_chair(follow_up, desk):
    visit = book(follow_up, desk)
    follow_up.refresh_from_db()
    assert (visit.kind, visit.title, visit.chair, visit.status, visit.ends_at - visit.starts_at) == (
        "follow_up",
        "Blood tests, week 4",
        None,
        "booked",
        timedelta(minutes=30),
    )
    assert (follow_up.visit, follow_up.state) == (visit, "due")


def test_booking_twice_is_one_visit_and_another_time_is_refused(follow_up, desk):
    visit = book(follow_up, desk)
    assert book(follow_up, desk) == visit
    with pytest.raises(Refused) as refused:
        book(follow_up, desk, starts_at=AT + timedelta(hours=1))
    assert refused.value.codes == ("already_booked",)
    assert refused.value.reasons[0].message == "It is booked already, on 22 Apr 2031 at 10:00."


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"starts_at": AT + timedelta(days=14)}, "outside_window", "day"),
        ({"starts_at": AT.replace(hour=4)}, "outside_hours", "time"),
        ({"starts_at": AT + timedelta(days=4)}, "closed_day", "day"),
        ({"now": AT + timedelta(minutes=1)}, "in_the_past", "time"),
        ({"minutes": 900}, "impossible_length", "minutes"),
    ],
)
def test_booking_is_refused_beside_the_field(follow_up, desk, changed, code, field):
    with pytest.raises(Refused) as refused:
        book(follow_up, desk, **changed)
    assert [(each.code, each.field) for each in refused.value.reasons] == [(code, field)]


def test_late_follow_up_may_still_be_booked_in_the_next_weeks(follow_up, desk):
    late = datetime(2031, 6, 2, 8, tzinfo=UTC)
    visit = book(follow_up, desk, starts_at=late + timedelta(days=2), now=late)
    assert visit.status == "booked"


def test_follow_up_whose_visit_was_cancelled_may_be_booked_anew(follow_up, desk):
    visit = book(follow_up, desk)
    scheduling.cancel_visit(visit=visit, reason="Ill.", by=desk, now=NOW)
    again = book(follow_up, desk, starts_at=AT + timedelta(hours=2))
    follow_up.refresh_from_db()
    assert (again.pk != visit.pk, follow_up.visit) == (True, again)


def test_completed_visit_closes_its_follow_up_and_undo_opens_it(follow_up, nurse):
    visit = treatment.arrive(visit=book(follow_up, nurse), by=nurse, now=AT)
    assert getattr(visit, "record", None) is None
    done = actions.complete(visit=visit, by=nurse, now=AT + timedelta(minutes=20))
    follow_up.refresh_from_db()
    assert (done.status, follow_up.state, follow_up.closed_by) == ("fulfilled", "done", nurse)
    actions.undo_last_step(visit=done, by=nurse, now=AT + timedelta(minutes=21), reason="Wrong row.")
    follow_up.refresh_from_db()
    assert (Visit.objects.get(pk=visit.pk).status, follow_up.state, follow_up.closed_by) == (
        "arrived",
        "due",
        None,
    )


def test_follow_up_that_was_missed_is_due_again(follow_up, nurse):
    visit = book(follow_up, nurse)
    treatment.no_show(visit=visit, by=nurse, now=AT + timedelta(hours=1))
    waiting = queries.waiting(follow_up.clinic, today=AT.date())
    assert [(each.follow_up, each.standing, each.visit) for each in waiting] == [
        (follow_up, Standing.DUE, None)
    ]


def test_closing_needs_words_and_no_standing_visit(follow_up, desk):
    def refused_with(outcome):
        with pytest.raises(Refused) as refused:
            actions.close(follow_up=follow_up, outcome=outcome, by=desk, now=NOW)
        return refused.value.codes

    assert refused_with("  ") == ("outcome_missing",)
    assert refused_with("a\x00b") == ("outcome_unreadable",)
    assert refused_with("x" * 251) == ("outcome_too_long",)
    visit = book(follow_up, desk)
    assert refused_with("Seen.") == ("booked",)
    scheduling.cancel_visit(visit=visit, reason="Seen elsewhere.", by=desk, now=NOW)
    actions.close(follow_up=follow_up, outcome="Seen.", by=desk, now=NOW)
    assert refused_with("Seen.") == ("already_closed",)


def test_outstanding_sorts_by_standing_and_due_date_and_leaves_the_dead_out(clinic, desk):
    def due(on):
        return make_follow_up(make_patient(clinic), due_on=on)

    late, soon, far = due(date(2031, 3, 1)), due(date(2031, 4, 1)), due(date(2031, 8, 1))
    booked = due(date(2031, 4, 21))
    book(booked, desk)
    dead = due(date(2031, 4, 1))
    Patient.objects.filter(pk=dead.patient.pk).update(deceased=True)
    make_follow_up(make_patient(make_clinic()), due_on=date(2031, 4, 1))
    found = queries.outstanding(clinic, today=NOW.date())
    assert {standing.value: [each.follow_up for each in rows] for standing, rows in found.items()} == {
        "overdue": [late],
        "due": [soon],
        "booked": [booked],
        "coming": [far],
    }


def test_visit_that_passed_without_being_closed_makes_its_follow_up_overdue(follow_up, desk):
    visit = book(follow_up, desk)
    change_visit(visit, "moved", starts_at=datetime(2031, 4, 20, 9, tzinfo=UTC))
    found = queries.outstanding(follow_up.clinic, today=date(2031, 4, 21))
    assert [each.follow_up for each in found[Standing.OVERDUE]] == [follow_up]


def test_free_times_begin_on_the_due_date_and_leave_out_where_the_patient_is(follow_up):
    make_visit(
        follow_up.patient,
        starts_at=datetime(2031, 4, 21, 7, tzinfo=UTC),
        planned_infusion=follow_up.planned_infusion,
    )
    times = queries.free_times(follow_up, now=NOW)
    assert times[0] == datetime(2031, 4, 21, 13, 15, tzinfo=UTC)
    assert len(times) == 6
