"""A plan is applied as far as it is accepted, whole or not at all, behind the checks of any booking."""

from datetime import date, time, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.models import Absence, ChairOutage, Closure, StaffTask
from scheduling import actions
from scheduling.domain.booking import Seat
from scheduling.models import Replan, ScheduleChange, Visit, VisitVersion
from tests.disrupted import DAY, NOW, a_clinic, answered, at, booked, due, proposed, spot

pytestmark = pytest.mark.django_db


def places(*visits):
    """Where the visits stand now: start, chair and nurse."""
    found = {row.pk: (row.starts_at, row.chair_id, row.nurse_id) for row in Visit.objects.all()}
    return [found[visit.pk] for visit in visits]


def wanted(to):
    return (to.starts, to.chair, to.nurse)


def apply(replan, by, *keys, **more):
    chosen = keys or [f"v{row['visit']}" for row in replan.answer["rows"] if row["to"]]
    return actions.apply_replan(replan=replan, keys=chosen, by=by, now=NOW, **more)


def refusals(replan, by, *keys, **more):
    with pytest.raises(Refused) as refused:
        apply(replan, by, *keys, **more)
    return [(reason.code, reason.message) for reason in refused.value.reasons]


@pytest.fixture
def two(clinic):
    """Two maintenance visits, one after the other in the first chair with the first nurse."""
    return booked(due(clinic, 3, mg=500), 3, at(8)), booked(due(clinic, 3, mg=500), 3, at(12))


def test_everything_accepted_is_moved_and_noted(clinic, desk, two):
    one, other = two
    to = [spot(one, chair=1, nurse=1), spot(other, at(13), chair=2, nurse=2)]
    replan = answered(clinic, [proposed(one, to[0]), proposed(other, to[1])], desk)
    done = apply(replan, desk)
    assert (done.state, done.applied_by, done.applied_at) == ("applied", desk, NOW)
    assert places(one, other) == [wanted(to[0]), wanted(to[1])]
    assert [
        (row.change, row.version, row.status, row.reason, row.by)
        for row in VisitVersion.objects.filter(version=2).order_by("visit_id")
    ] == [("moved", 2, "booked", "Day re-planned", desk)] * 2
    assert list(ScheduleChange.objects.order_by("patient_id").values_list("verb", "summary")) == [
        ("replan", "Re-planned infusion 3 to another chair or nurse"),
        ("replan", "Re-planned infusion 3 to 10 Mar 2031 at 13:00"),
    ]


def test_some_accepted_leaves_the_others_where_they_are(clinic, desk, two):
    one, other = two
    replan = answered(
        clinic, [proposed(one, spot(one, chair=1)), proposed(other, spot(other, chair=2))], desk
    )
    before = places(one)
    apply(replan, desk, f"v{other.pk}")
    assert places(one, other) == [*before, wanted(spot(other, chair=2))]
    assert VisitVersion.objects.filter(visit=one).count() == 1
    assert Replan.objects.get().params["accepted"] == [f"v{other.pk}"]


def test_none_accepted_changes_nothing(clinic, desk, two):
    replan = answered(clinic, [proposed(two[0], spot(two[0], chair=1))], desk)
    before = places(*two)
    assert actions.discard_replan(replan=replan, by=desk, now=NOW).state == "discarded"
    assert places(*two) == before
    assert refusals(replan, desk) == [
        ("not_ready", "This plan was laid aside or is not ready. Look at it again.")
    ]


def test_nothing_chosen_is_refused(clinic, desk, two):
    replan = answered(clinic, [proposed(two[0], spot(two[0]))], desk)
    assert refusals(replan, desk)[0][0] == "nothing_chosen"


def test_visit_of_another_plan_is_refused(clinic, desk, two):
    replan = answered(clinic, [proposed(two[0], spot(two[0], chair=1))], desk)
    assert refusals(replan, desk, f"v{two[1].pk}")[0][0] == "not_of_the_plan"


def test_second_click_changes_nothing_more(clinic, desk, two):
    replan = answered(clinic, [proposed(two[0], spot(two[0], chair=1))], desk)
    apply(replan, desk)
    assert apply(replan, desk).state == "applied"
    assert VisitVersion.objects.filter(visit=two[0]).count() == 2


def cancelled(visit, by):
    actions.cancel_visit(visit=visit, reason="asked for it", by=by, now=NOW)


def moved_away(visit, by):
    seat = Seat(at(13), visit.chair_id, visit.nurse_id)
    actions.move_visit(visit=visit, seat=seat, version=1, reason="asked for it", by=by, now=NOW)


@pytest.mark.parametrize("change", [cancelled, moved_away])
def test_visit_changed_since_refuses_all_with_its_name(clinic, desk, two, change):
    one, other = two
    replan = answered(
        clinic, [proposed(one, spot(one, chair=1)), proposed(other, spot(other, chair=1))], desk
    )
    change(other, desk)
    before = places(one, other)
    assert refusals(replan, desk) == [
        (
            "changed_since",
            f"{other.patient} ({other.patient.record_number}): this visit was changed after the plan was made. "
            "Ask again.",
        )
    ]
    assert places(one, other) == before
    assert Replan.objects.get().state == "done"


def test_place_taken_since_refuses_all_with_the_name_of_who_would_go_there(clinic, desk, two):
    one, other = two
    replan = answered(
        clinic, [proposed(one, spot(one, chair=1)), proposed(other, spot(other, chair=2))], desk
    )
    booked(due(clinic, 3, mg=500), 3, at(9), chair=1, nurse=2)
    before = places(one, other)
    assert refusals(replan, desk) == [
        ("chair_taken", f"{one.patient} ({one.patient.record_number}): Chair 2 is taken at that time.")
    ]
    assert places(one, other) == before


def test_two_visits_sharing_a_nurse_in_the_plan_are_judged_together(clinic, desk, two):
    _one, other = two
    third = booked(due(clinic, 3, mg=500), 3, at(12), chair=1, nurse=1)
    rows = [
        proposed(visit, spot(visit, at(9), chair=place, nurse=2))
        for place, visit in enumerate((other, third), 1)
    ]
    found = refusals(answered(clinic, rows, desk), desk)
    assert [code for code, _ in found] == ["nurse_starting"]


def test_rest_of_a_ring_cannot_be_accepted_alone(clinic, desk, two):
    one, other = two
    rows = [proposed(one, spot(one, at(12))), proposed(other, spot(other, at(8)))]
    replan = answered(clinic, rows, desk)
    assert [code for code, _ in refusals(replan, desk, f"v{one.pk}")] == ["chair_taken", "nurse_starting"]


def test_two_visits_swap_their_places_in_one_chair(clinic, desk, two):
    one, other = two
    rows = [proposed(one, spot(one, at(12))), proposed(other, spot(other, at(8)))]
    apply(answered(clinic, rows, desk), desk)
    assert [starts for starts, _, _ in places(one, other)] == [at(12), at(8)]
    assert len({row[1:] for row in places(one, other)}) == 1
    assert set(Visit.objects.values_list("status", "version")) == {("booked", 2)}


def test_three_visits_go_round_in_one_chair(desk):
    clinic = a_clinic(chairs=1, nurses=1, opens=time(7), closes=time(19))
    hours = (7, 11, 15)
    visits = [booked(due(clinic, 3, mg=500), 3, at(hour)) for hour in hours]
    turned = [at(hour) for hour in (*hours[1:], hours[0])]
    rows = [proposed(visit, spot(visit, starts)) for visit, starts in zip(visits, turned, strict=True)]
    apply(answered(clinic, rows, desk), desk)
    assert [starts for starts, _, _ in places(*visits)] == turned
    assert len({row[1:] for row in places(*visits)}) == 1


def test_both_visits_of_a_patient_are_one_change(clinic, desk):
    course = due(clinic, 1)
    course.planned_infusions.filter(ordinal=2).update(latest_on=DAY + timedelta(days=17))
    first = booked(course, 1, at(8))
    second = booked(course, 2, at(8, day=DAY + timedelta(days=14)))
    rows = [
        proposed(first, spot(first, chair=1)),
        proposed(second, spot(second, at(9, day=DAY + timedelta(days=15)))),
    ]
    apply(answered(clinic, rows, desk), desk)
    assert len(set(VisitVersion.objects.filter(version=2).values_list("batch", flat=True))) == 1
    assert ScheduleChange.objects.get().summary == (
        "Re-planned infusion 1 to another chair or nurse and infusion 2 to 25 Mar 2031 at 09:00"
    )


def test_course_counts_from_the_day_its_first_infusion_goes_to(clinic, desk):
    course = due(clinic, 1)
    visit = booked(course, 1, at(8))
    to = spot(visit, at(9, day=DAY + timedelta(days=2)))
    apply(answered(clinic, [proposed(visit, to)], desk), desk)
    course.refresh_from_db()
    assert course.start_on == date(2031, 3, 12)
    assert course.planned_infusions.get(ordinal=2).target_on == date(2031, 3, 26)


def test_day_outside_the_window_is_refused(clinic, desk):
    visit = booked(due(clinic, 3, left=2, mg=500), 3, at(8))
    to = spot(visit, at(8, day=DAY + timedelta(days=3)))
    assert [code for code, _ in refusals(answered(clinic, [proposed(visit, to)], desk), desk)] == [
        "outside_window"
    ]


def test_time_that_has_passed_is_refused(clinic, desk, two):
    replan = answered(clinic, [proposed(two[0], spot(two[0], at(6)))], desk)
    assert [code for code, _ in refusals(replan, desk)] == ["in_the_past"]


def test_applied_plan_can_be_undone_for_one_patient(clinic, desk, two):
    before = places(*two)
    rows = [proposed(two[0], spot(two[0], chair=1, nurse=1)), proposed(two[1], spot(two[1], chair=2))]
    apply(answered(clinic, rows, desk), desk)
    actions.undo_change(change=ScheduleChange.objects.get(patient=two[0].patient), by=desk, now=NOW)
    assert places(*two) == [before[0], wanted(spot(two[1], chair=2))]


# --- what happened is written with it ------------------------------------------------------------------------------


def sick(clinic, rows, by, **more):
    nurse = clinic.memberships.filter(role="nurse").order_by("pk")[0]
    params = {"cause": "nurse", "nurse": nurse.pk, "chair": None, "since": "", "reason": "Unwell"} | more
    return answered(clinic, rows, by, kind="disruption", **params)


def test_absence_is_written_when_the_plan_is_applied(clinic, desk, two):
    nurse = two[0].nurse
    rows = [proposed(visit, spot(visit, chair=place, nurse=place)) for place, visit in enumerate(two, 1)]
    apply(sick(clinic, rows, desk), desk)
    absence = Absence.objects.get()
    assert (absence.member, absence.first_day, absence.last_day, absence.reason) == (
        nurse,
        DAY,
        DAY,
        "Unwell",
    )
    assert set(VisitVersion.objects.filter(version=2).values_list("reason", flat=True)) == {
        "Nurse away: Unwell"
    }


def test_absence_on_record_already_is_not_written_twice(clinic, desk, two):
    Absence.objects.create(
        clinic=clinic,
        member=two[0].nurse,
        first_day=DAY - timedelta(days=1),
        last_day=DAY + timedelta(days=1),
    )
    apply(sick(clinic, [proposed(two[0], spot(two[0], nurse=1))], desk), desk)
    assert Absence.objects.count() == 1


def test_refused_plan_writes_no_absence(clinic, desk, two):
    replan = sick(clinic, [proposed(two[0], spot(two[0], chair=1))], desk)
    assert [code for code, _ in refusals(replan, desk)] == ["nurse_off_duty"]
    assert not Absence.objects.exists()


def test_broken_chair_is_taken_out_of_service(clinic, desk, two):
    rows = [proposed(two[0], spot(two[0], chair=1))]
    apply(sick(clinic, rows, desk, cause="chair", nurse=None, chair=two[0].chair_id, reason=""), desk)
    assert list(ChairOutage.objects.values_list("chair", "first_day", "last_day")) == [
        (two[0].chair_id, DAY, DAY)
    ]


def closing(clinic, rows, by, since=""):
    return sick(clinic, rows, by, cause="closed", nurse=None, since=since, reason="Burst pipe")


def test_closure_is_written_by_whoever_may_close(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(12))
    rows = [proposed(visit, spot(visit, at(9)))]
    apply(closing(clinic, rows, desk, since="13:00"), desk, may_close=True)
    assert list(Closure.objects.values_list("first_day", "last_day", "since", "reason")) == [
        (DAY, DAY, time(13), "Burst pipe")
    ]
    assert not StaffTask.objects.filter(kind="enter_closure").exists()


def test_part_of_a_day_is_closed_to_everybody_else_too(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(12))
    replan = closing(clinic, [proposed(visit, spot(visit, at(11)))], desk, since="13:00")
    assert [code for code, _ in refusals(replan, desk, may_close=True)] == ["outside_hours"]


def test_closure_is_left_to_a_manager_where_the_right_is_missing(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(12))
    apply(closing(clinic, [proposed(visit, spot(visit, at(9, day=DAY + timedelta(days=1))))], desk), desk)
    assert not Closure.objects.exists()
    task = StaffTask.objects.get(kind="enter_closure")
    assert (task.role, task.due_on) == ("manager", DAY)
    assert task.reason == (
        f"Enter the closure of 10 Mar 2031: Burst pipe. {desk} is moving its visits; until it is entered, times are "
        "still offered there."
    )


# --- who must be called ---------------------------------------------------------------------------------------------


def calls():
    rows = StaffTask.objects.filter(kind="call_patient").order_by("pk")
    return [(row.record_number, row.role, row.due_on, row.reason) for row in rows]


def test_visit_within_a_day_is_told_by_telephone_too(clinic, desk, two):
    one, _ = two
    apply(answered(clinic, [proposed(one, spot(one, at(9), chair=1))], desk), desk)
    assert calls() == [
        (
            one.patient.record_number,
            "receptionist",
            DAY,
            f"Call {one.patient} (+44 20 7946 0123) at once. The visit of 10 Mar 2031, 08:00 is now on 10 Mar 2031, "
            "09:00. Called because a mail may not be read in time.",
        )
    ]


def test_time_to_call_is_before_premedication(clinic, desk, two):
    apply(answered(clinic, [proposed(two[1], spot(two[1], at(13), chair=1))], desk), desk)
    assert calls()[0][3].startswith(f"Call {two[1].patient} (+44 20 7946 0123) by 10 Mar 2031, 10:00. ")


def test_other_chair_or_nurse_calls_nobody(clinic, desk, two):
    apply(answered(clinic, [proposed(two[0], spot(two[0], chair=1, nurse=1))], desk), desk)
    assert calls() == []


def test_patient_without_an_address_is_called_however_far_ahead(clinic, desk):
    day = DAY + timedelta(days=14)
    visit = booked(
        due(clinic, 3, on=day, mg=500, given_name="Ada", family_name="Byron", email=""), 3, at(9, day=day)
    )
    apply(answered(clinic, [proposed(visit, spot(visit, at(10, day=day)))], desk), desk)
    assert calls()[0][3] == (
        "Call Ada Byron (+44 20 7946 0123) by 24 Mar 2031, 07:00. The visit of 24 Mar 2031, 09:00 is now on 24 Mar "
        "2031, 10:00. Called because no e-mail address is on record."
    )


def test_patient_for_whom_no_place_was_found_is_called(clinic, desk, two):
    one, other = two
    rows = [proposed(one, None), proposed(other, spot(other, chair=1))]
    apply(answered(clinic, rows, desk), desk)
    assert [record for record, *_ in calls()] == [one.patient.record_number]
    assert "cannot take place, and no other time was found yet" in calls()[0][3]
