"""A change of a patient's schedule is undone whole while its notice has not left, and then nobody hears of it."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from clinics.models import AuditEntry
from infusion.reminders.domain.due import notice, owed
from infusion.reminders.models import Message
from infusion.reminders.queries import known, rules_of
from scheduling import actions, queries
from scheduling.actions.changes import note_change
from scheduling.actions.visits import changed
from scheduling.models import PlannedInfusion, RuleBreach, ScheduleChange, Visit, VisitVersion
from tests.database.booking.arranged import (
    NOW,
    a_course,
    at,
    book,
    booked,
    codes,
    follow_up,
    move,
    pair,
    refusal,
)

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(seconds=90)
LATE = NOW + timedelta(seconds=120)


def latest(course):
    found = queries.latest_change(course.patient)
    assert found is not None
    return found


def undo(course, by, now=SOON):
    return actions.undo_change(change=latest(course), by=by, now=now)


def places(course):
    """Everything of a course's schedule that a change touches."""
    visits = Visit.objects.filter(patient=course.patient).order_by("pk")
    rows = PlannedInfusion.objects.filter(course=course).order_by("ordinal")
    course.refresh_from_db()
    stands = ("pk", "starts_at", "ends_at", "chair", "nurse", "phases", "handovers", "status")
    planned = ("target_on", "earliest_on", "latest_on", "planned_on", "state", "held_at", "moved_reason")
    return (
        course.start_on,
        course.state,
        list(visits.values_list(*stands)),
        list(rows.values_list("ordinal", "held_minutes", *planned)),
    )


def notices(course, *, after):
    """What the ledger would still tell the patient, so long after the last change."""
    rules = rules_of(course.clinic)
    found = known([course.patient_id])[course.patient_id].circumstances(course.patient_id)
    return notice(found, rules, after), [one.kind for one in owed(found, rules, after) if one.due_at <= after]


def test_a_booking_undone_leaves_no_visit_and_no_notice(clinic, desk, course):
    booked(course, desk)
    undo(course, desk)
    assert list(Visit.objects.values_list("status", flat=True)) == ["cancelled", "cancelled"]
    assert list(VisitVersion.objects.filter(version=2).values_list("change", flat=True)) == ["cancelled"] * 2
    assert notices(course, after=NOW + timedelta(hours=3)) == (None, [])


def test_a_move_undone_restores_the_visit_the_start_and_the_windows(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.replan_course(course=course, by=desk, now=NOW)
    before = places(course)
    actions.move_visit(by=desk, now=NOW, **move(first, at(11), chair=1, nurse=1))
    assert places(course) != before
    undo(course, desk)
    assert places(course) == before
    version = VisitVersion.objects.get(visit=first, version=3)
    assert (version.change, version.starts_at, version.chair_id, version.nurse_id, version.phases) == (
        "moved",
        at(10),
        first.chair_id,
        first.nurse_id,
        first.phases,
    )
    assert version.reason.startswith("Undone: Moved infusion 1, 11 Mar 2031 at 09:00")


def test_a_move_undone_tells_a_patient_who_knew_the_visit_nothing(clinic, desk, course):
    first, _second = booked(course, desk)
    told = notices(course, after=NOW + timedelta(seconds=121))[0]
    assert told is not None
    later = NOW + timedelta(days=1)
    Message.objects.create(
        clinic=clinic,
        patient=course.patient,
        subject_kind="patient",
        subject_id=str(course.patient_id),
        subject_version=told.subject_version,
        kind="booked",
        channel="email",
        recipient=course.patient.email,
        due_at=told.due_at,
        expires_at=told.expires_at,
        next_attempt_at=told.due_at,
        state="sent",
        covers=[[change.visit_id, change.version] for change in told.changes],
        message_id="<told@example.org>",
    )
    after = later + timedelta(hours=2)
    untouched = notices(course, after=after)
    assert untouched == (None, ["reminder_7"])
    actions.move_visit(by=desk, now=later, **move(first, at(11)))
    assert notices(course, after=after)[0].kind == "moved"
    undo(course, desk, now=later + timedelta(seconds=100))
    assert notices(course, after=after) == untouched


def test_a_cancellation_undone_stands_again(clinic, desk, course):
    first, second = booked(course, desk)
    before = places(course)
    actions.cancel_visit(visit=first, also=[second], reason="ill", by=desk, now=NOW)
    undo(course, desk)
    assert places(course) == before
    assert (
        list(VisitVersion.objects.filter(version=3).values_list("change", "status"))
        == [("booked", "booked")] * 2
    )


def test_a_stopped_course_goes_on(clinic, desk, course):
    booked(course, desk)
    actions.replan_course(course=course, by=desk, now=NOW)
    before = places(course)
    actions.stop_course(course=course, reason="side effects", by=desk, now=NOW)
    assert latest(course).verb == "decide"
    undo(course, desk)
    assert places(course) == before
    assert (course.ended_reason, course.ended_at) == ("", None)


def test_a_follow_up_booked_or_moved_is_undone(clinic, desk, course):
    visit = actions.book_follow_up(by=desk, now=NOW, **follow_up(course.patient, at(12, 10)))
    actions.move_follow_up(
        visit=visit, starts_at=at(13, 10), version=1, reason="asked", by=desk, now=NOW + timedelta(seconds=1)
    )
    undo(course, desk)
    visit.refresh_from_db()
    assert (visit.starts_at, visit.status, visit.version) == (at(12, 10), "booked", 3)


def test_undo_is_over_when_the_notice_leaves(clinic, desk, course):
    booked(course, desk)
    found = refusal(actions.undo_change, change=latest(course), by=desk, now=LATE)
    assert (found.codes, found.reasons[0].message) == (
        ("too_late",),
        "The time to undo it is over; move it again instead.",
    )
    assert queries.undoable(course.patient, now=LATE) is None
    assert queries.undoable(course.patient, now=SOON).until == LATE


def test_a_double_click_undoes_once(clinic, desk, course):
    booked(course, desk)
    change = latest(course)
    once = actions.undo_change(change=change, by=desk, now=SOON)
    again = actions.undo_change(change=change, by=desk, now=SOON + timedelta(hours=1))
    assert once.undone_at == again.undone_at == SOON
    assert VisitVersion.objects.count() == 4
    assert AuditEntry.objects.filter(verb="undid change").count() == 1


def test_only_the_latest_change_is_undone(clinic, desk, course):
    first, _ = booked(course, desk)
    change = latest(course)
    actions.cancel_visit(visit=first, reason="ill", by=desk, now=NOW + timedelta(seconds=5))
    assert codes(actions.undo_change, change=change, by=desk, now=SOON) == ("not_latest",)


def test_a_visit_changed_since_is_not_undone(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.set_status(visit=first, status="arrived", by=desk, now=NOW + timedelta(seconds=5))
    assert codes(actions.undo_change, change=latest(course), by=desk, now=SOON) == ("changed_since",)


def test_a_place_taken_since_is_not_taken_back(clinic, desk, course):
    _first, second = booked(course, desk)
    actions.cancel_visit(visit=second, reason="ill", by=desk, now=NOW)
    other = a_course(clinic, start_on=date(2031, 3, 24))
    actions.book_single(by=desk, now=NOW, **book(other, at(24, 10), nurse=1))
    found = refusal(actions.undo_change, change=latest(course), by=desk, now=SOON)
    assert found.codes[0] == "just_taken"
    assert found.reasons[0].message == "Someone just took this time: Chair 1, 24 March 2031 at 09:00."
    second.refresh_from_db()
    assert (second.status, latest(course).undone_at) == ("cancelled", None)


def test_a_nurse_busy_since_keeps_the_place_from_being_taken_back(clinic, desk, course):
    _, second = booked(course, desk)
    actions.cancel_visit(visit=second, reason="ill", by=desk, now=NOW)
    other = a_course(clinic, start_on=date(2031, 3, 24))
    actions.book_single(by=desk, now=NOW, **book(other, at(24, 9), chair=1))
    assert codes(actions.undo_change, change=latest(course), by=desk, now=SOON) == (
        "just_taken",
        "nurse_starting",
        "nurse_full",
    )


def test_a_place_that_broke_a_soft_rule_before_may_be_taken_back(clinic, desk, course):
    _first, second = booked(course, desk)
    other = a_course(clinic, start_on=date(2031, 3, 24))
    actions.book_single(by=desk, now=NOW, **book(other, at(24, 11), chair=1, nurse=1))
    Visit.objects.filter(patient=other.patient).update(nurse=second.nurse_id, starts_at=at(24, 9))
    RuleBreach.objects.create(
        clinic=clinic,
        patient=course.patient,
        visit=second,
        visit_version=1,
        codes=["nurse_starting", "nurse_full"],
        words=["…"],
        reason="the nurse agreed",
        at=NOW,
    )
    actions.cancel_visit(visit=second, reason="ill", by=desk, now=NOW)
    undo(course, desk)
    second.refresh_from_db()
    assert second.status == "booked"


def test_an_infusion_given_since_keeps_the_change(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.mark_given(planned=first.planned_infusion, on=date(2031, 3, 3), by=desk, now=NOW)
    assert codes(actions.undo_change, change=latest(course), by=desk, now=SOON) == ("given_since",)


def test_another_patients_part_of_a_batch_is_left_alone(clinic, desk, course):
    batch, other = uuid4(), a_course(clinic)
    first, _ = booked(course, desk)
    theirs, _ = booked(other, desk, chair=1, nurse=1)
    for visit, whose in ((first, course), (theirs, other)):
        changed(visit, "moved", starts_at=at(11), ends_at=at(11, 15, 15), by=desk, now=NOW, batch=batch)
        note_change(clinic, whose.patient, whose, batch, "replan", "Re-planned", {}, desk, NOW)
    undo(course, desk)
    first.refresh_from_db()
    theirs.refresh_from_db()
    assert (first.starts_at, theirs.starts_at) == (at(10), at(11))


def test_every_change_of_a_schedule_is_noted_once(clinic, desk, course):
    booked(course, desk)
    actions.move_pair(
        course=course, versions=(1, 1), reason="on holiday", by=desk, now=NOW, **pair(clinic, day=17)
    )
    second = Visit.objects.get(planned_infusion__ordinal=2)
    actions.cancel_visit(visit=second, reason="ill", by=desk, now=NOW + timedelta(seconds=1))
    assert list(ScheduleChange.objects.order_by("at", "id").values_list("verb", "summary")) == [
        ("book", "Booked infusion 1, 10 Mar 2031 at 09:00 and infusion 2, 24 Mar 2031 at 09:00"),
        ("move", "Moved infusion 1, 17 Mar 2031 at 09:00 and infusion 2, 31 Mar 2031 at 10:00"),
        ("cancel", "Cancelled infusion 2, 31 Mar 2031 at 10:00"),
    ]
    batches = set(VisitVersion.objects.values_list("batch", flat=True))
    assert set(ScheduleChange.objects.values_list("batch", flat=True)) == batches


def test_a_course_begun_on_another_day_begins_on_the_first_again(clinic, desk, course):
    actions.replan_course(course=course, by=desk, now=NOW)
    before = places(course)
    actions.change_start(course=course, start_on=date(2031, 4, 7), by=desk, now=NOW)
    undo(course, desk)
    assert places(course) == before


def test_a_visit_given_up_does_not_stand_again_after_death(clinic, desk, course):
    first, second = booked(course, desk)
    actions.cancel_visit(visit=first, also=[second], reason="ill", by=desk, now=NOW)
    type(course.patient).objects.filter(pk=course.patient_id).update(deceased=True)
    assert codes(undo, course=course, by=desk, now=SOON) == ("deceased",)
    assert Visit.objects.filter(status="booked").count() == 0


def test_a_visit_given_up_does_not_stand_again_without_a_clearance(clinic, desk, course):
    first, second = booked(course, desk)
    actions.cancel_visit(visit=first, also=[second], reason="ill", by=desk, now=NOW)
    type(course.clearance).objects.filter(pk=course.clearance_id).update(withdrawn_at=NOW)
    assert codes(undo, course=course, by=desk, now=SOON) == ("clearance_withdrawn",)
    assert Visit.objects.filter(status="booked").count() == 0


def test_a_move_is_undone_though_the_clearance_was_withdrawn(clinic, desk, course):
    first, _ = booked(course, desk)
    actions.move_visit(by=desk, now=NOW, **move(first, at(11)))
    type(course.clearance).objects.filter(pk=course.clearance_id).update(withdrawn_at=NOW)
    undo(course, desk)
    assert Visit.objects.get(pk=first.pk).starts_at == at(10)
