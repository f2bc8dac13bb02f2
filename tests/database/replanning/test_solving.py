"""A question is worked out by the real optimiser from the real schedule; nothing is moved by it."""

import threading
from datetime import date, time, timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from clinics.domain.refusals import Refused
from clinics.models import ChairOutage
from patients.models import Wishes
from scheduling import actions, tasks
from scheduling.domain.disruption import Disruption
from scheduling.domain.proposals import ending_of, rows_of, totals
from scheduling.models import PlannedInfusion, Replan, Visit, VisitVersion
from scheduling.queries.replans import Tolerance
from tests import factory, programs
from tests.disrupted import DAY, NOW, a_clinic, at, booked, due, full_day

# The search is watched through a link to the database of its own.
pytestmark = pytest.mark.django_db(transaction=True)
NEXT = DAY + timedelta(days=1)


def asked(clinic, by, what=None, **fields):
    return actions.ask_replan(
        **{
            "clinic": clinic,
            "kind": "disruption" if what else "day",
            "first_day": what.first if what else DAY,
            "last_day": what.last if what else DAY,
            "asked": Tolerance(60, 3),
            "by": by,
            "now": timezone.now(),
            "what": what,
        }
        | fields
    )


def answer(clinic, by, what=None, **fields):
    """The rows of the plan by visit, once it has been worked out."""
    replan = asked(clinic, by, what, **fields)
    assert actions.work_out(pk=replan.pk) == "done"
    return {row.visit or row.planned: row for row in rows_of(Replan.objects.get(pk=replan.pk).answer)}


def nurse(clinic, place=0):
    return clinic.memberships.filter(role="nurse").order_by("pk")[place].pk


def chair(clinic, place=0):
    return clinic.chairs.order_by("pk")[place].pk


def sick(clinic, **fields):
    return Disruption(**{"cause": "nurse", "first": DAY, "last": DAY, "nurse": nurse(clinic)} | fields)


def test_sick_nurses_visit_goes_to_a_colleague_at_its_own_time(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(9))
    other = booked(due(clinic, 3, mg=500), 3, at(9), chair=1, nurse=1)
    rows = answer(clinic, desk, sick(clinic))
    assert list(rows) == [visit.pk]
    to = rows[visit.pk].to
    assert (to.starts, to.chair, to.nurse) == (at(9), visit.chair_id, nurse(clinic, 2))
    assert Visit.objects.get(pk=visit.pk).nurse_id == nurse(clinic)
    assert VisitVersion.objects.count() == 2
    assert other.pk not in rows


def test_plan_that_needs_no_more_looking_is_proved_best(clinic, desk):
    booked(due(clinic, 3, mg=500), 3, at(9))
    replan = asked(clinic, desk, sick(clinic))
    actions.work_out(pk=replan.pk)
    replan.refresh_from_db()
    ending = ending_of(replan.answer)
    assert (ending.proved, ending.clock, ending.percent, ending.here) == (True, False, 0, False)
    assert replan.progress["began"] == NOW.isoformat() or replan.progress["began"].startswith(
        "2031-03-10T06:30"
    )
    assert replan.finished_at is not None


def test_same_question_gets_the_same_answer(clinic, desk):
    for place, hour in enumerate((8, 8, 12)):
        booked(due(clinic, 3, mg=500), 3, at(hour), chair=place, nurse=0 if hour == 12 else place)
    what = Disruption("closed", DAY, DAY, since=time(14), reason="Burst pipe")
    first = answer(clinic, desk, what)
    Replan.objects.update(state="discarded")
    assert answer(clinic, desk, what) == first


def test_broken_chairs_visit_goes_to_another_chair(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(9))
    to = answer(clinic, desk, Disruption("chair", DAY, DAY, chair=chair(clinic)))[visit.pk].to
    assert (to.starts, to.nurse) == (at(9), visit.nurse_id)
    assert to.chair != visit.chair_id


def test_closed_day_moves_to_the_nearest_day_in_the_window(clinic, desk):
    visit = booked(due(clinic, 3, left=5, mg=500), 3, at(9))
    rows = answer(clinic, desk, Disruption("closed", DAY, DAY, reason="Burst pipe"))
    assert rows[visit.pk].to.starts == at(9, day=NEXT)


def test_day_that_closes_early_ends_earlier(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(13))
    to = answer(clinic, desk, Disruption("closed", DAY, DAY, since=time(14), reason="Burst pipe"))[
        visit.pk
    ].to
    assert to.ends == at(14)


def test_window_that_ends_leaves_the_visit_without_a_place_and_says_why(clinic, desk):
    visit = booked(due(clinic, 3, left=0, mg=500), 3, at(9))
    row = answer(clinic, desk, Disruption("closed", DAY, DAY, reason="Burst pipe"))[visit.pk]
    assert (row.to, row.because) == (None, "No chair and nurse are free for it within what was allowed.")


def test_most_harmed_gets_the_only_place(desk):
    clinic = a_clinic(chairs=2, nurses=2, nurse_units=2)
    later = booked(due(clinic, 3, left=2, mg=500), 3, at(14), chair=1, nurse=1)
    second = booked(due(clinic, 2, left=0), 2, at(8), chair=0, nurse=0)
    rows = answer(clinic, desk, Disruption("chair", DAY, DAY, chair=chair(clinic)), asked=Tolerance(0, 0))
    assert rows[second.pk].to is not None
    assert later.pk not in rows


def test_untouched_visits_make_room_only_where_staff_allow_it(desk):
    clinic = a_clinic(chairs=2, nurses=2, nurse_units=9)
    in_the_way = booked(due(clinic, 3, left=0, mg=500), 3, at(10), chair=1, nurse=1)
    visit = booked(due(clinic, 2, left=0), 2, at(13), chair=0, nurse=0)
    what = Disruption("chair", DAY, DAY, chair=chair(clinic))
    alone = answer(clinic, desk, what, asked=Tolerance(120, 0))
    assert (list(alone), alone[visit.pk].to) == ([visit.pk], None)
    together = answer(clinic, desk, what, asked=Tolerance(120, 0, others=True))
    assert set(together) == {visit.pk, in_the_way.pk}
    assert together[visit.pk].to is not None
    assert abs(together[in_the_way.pk].to.starts - at(10)) <= timedelta(minutes=120)
    assert together[in_the_way.pk].affected is False


def test_visit_that_could_stay_never_loses_its_place(desk):
    clinic = a_clinic(chairs=2, nurses=2, nurse_units=9)
    stays = booked(due(clinic, 3, left=0, mg=500), 3, at(11), chair=1, nurse=1)
    booked(due(clinic, 2, left=0), 2, at(8), chair=0, nurse=0)
    what = Disruption("chair", DAY, DAY, chair=chair(clinic))
    rows = answer(clinic, desk, what, asked=Tolerance(30, 0, others=True))
    assert rows[stays.pk].to is not None
    assert totals(rows.values(), clinic.zone).unplaced == 1


def test_visit_under_way_and_follow_up_are_named_but_not_planned(clinic, desk):
    here = booked(due(clinic, 3, mg=500), 3, at(8))
    here.status = "arrived"
    here.save()
    follow_up = factory.make_visit(
        factory.make_patient(clinic), kind="follow_up", starts_at=at(12), nurse=here.nurse
    )
    rows = answer(clinic, desk, sick(clinic))
    assert {key: (row.to, row.because) for key, row in rows.items()} == {
        here.pk: (None, "The visit has begun: who takes over is decided at the chair."),
        follow_up.pk: (None, "A follow-up with a clinician: move it on its own page."),
    }


@pytest.mark.parametrize(("now", "found"), [(at(8, 10), at(9, 15)), (at(8, 20), None)])
def test_nobody_is_moved_to_a_time_that_is_nearly_now(clinic, desk, now, found):
    visit = booked(due(clinic, 3, left=0, mg=500), 3, at(13))
    what = Disruption("closed", DAY, DAY, since=time(12, 45), reason="Burst pipe")
    with time_machine.travel(now):
        to = answer(clinic, desk, what)[visit.pk].to
    assert (to.starts if to else None) == found


def test_patients_own_other_visit_is_kept_clear(clinic, desk):
    course = due(clinic, 3, left=0, mg=500)
    visit = booked(course, 3, at(14))
    factory.make_visit(course.patient, kind="follow_up", starts_at=at(13), nurse=None)
    what = Disruption("closed", DAY, DAY, since=time(14), reason="Burst pipe")
    assert answer(clinic, desk, what)[visit.pk].to.ends == at(13)


def test_patient_who_needs_a_bed_goes_to_a_bed(clinic, desk):
    visit = booked(due(clinic, 3, left=0, mg=500), 3, at(9))
    bed = clinic.chairs.order_by("pk")[2]
    bed.kind = "bed"
    bed.save()
    Wishes.objects.create(clinic=clinic, patient=visit.patient, place="bed")
    rows = answer(clinic, desk, Disruption("chair", DAY, DAY, chair=chair(clinic)))
    assert rows[visit.pk].to.chair == bed.pk


def test_day_with_nothing_amiss_stays_as_it_is(clinic, desk):
    for place in range(3):
        booked(due(clinic, 3, mg=500), 3, at(9), chair=place, nurse=place)
    rows = answer(clinic, desk, asked=Tolerance(60, 0))
    assert totals(rows.values(), clinic.zone).stay == 3


def test_day_may_be_asked_to_end_early(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(10))
    rows = answer(clinic, desk, asked=Tolerance(60, 0, early=True))
    assert rows[visit.pk].to.starts == at(9)


def test_day_puts_right_what_no_longer_fits(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(9))
    fine = booked(due(clinic, 3, mg=500), 3, at(9), chair=1, nurse=1)
    ChairOutage.objects.create(clinic=clinic, chair=visit.chair, first_day=DAY, last_day=DAY)
    rows = answer(clinic, desk, asked=Tolerance(60, 0))
    assert (rows[visit.pk].affected, rows[fine.pk].affected) == (True, False)
    assert rows[visit.pk].to.chair == chair(clinic, 2)
    assert rows[fine.pk].to == rows[fine.pk].was


def held(clinic, planned_on, **fields):
    course = due(clinic, 3, on=planned_on, left=14, mg=500)
    rows = PlannedInfusion.objects.filter(course=course, ordinal=3)
    rows.update(held_at=NOW, held_minutes=210, **fields)
    return rows.get()


def test_reserved_windows_of_a_month_get_their_times(clinic, desk):
    april = date(2031, 4, 7)
    windows = [held(clinic, april + timedelta(days=days)) for days in (0, 1, 7)]
    held(clinic, date(2031, 5, 6))
    rows = answer(
        clinic,
        desk,
        kind="windows",
        first_day=date(2031, 4, 1),
        last_day=date(2031, 4, 30),
        asked=Tolerance(0, 0),
    )
    assert set(rows) == {row.pk for row in windows}
    replan = Replan.objects.get()
    actions.apply_replan(replan=replan, keys=[row.key for row in rows.values()], by=desk, now=NOW)
    for window in windows:
        visit = Visit.objects.get(planned_infusion=window)
        window.refresh_from_db()
        assert visit.starts_at == rows[window.pk].to.starts
        assert window.earliest_on <= visit.starts_at.date() <= window.latest_on
        assert (visit.status, window.held_at) == ("booked", None)


def test_window_booked_meanwhile_refuses_the_month(clinic, desk):
    window = held(clinic, date(2031, 4, 7))
    rows = answer(
        clinic,
        desk,
        kind="windows",
        first_day=date(2031, 4, 1),
        last_day=date(2031, 4, 30),
        asked=Tolerance(0, 0),
    )
    booked(window.course, 3, at(9, day=date(2031, 4, 8)))
    with pytest.raises(Refused) as refused:
        actions.apply_replan(replan=Replan.objects.get(), keys=[rows[window.pk].key], by=desk, now=NOW)
    assert refused.value.codes == ("changed_since",)


# --- who works it out ----------------------------------------------------------------------------------------------


def test_of_two_workers_only_one_solves(clinic, desk):
    booked(due(clinic, 3, mg=500), 3, at(9))
    replan = asked(clinic, desk, sick(clinic))
    ended = []

    def work():
        ended.append(actions.work_out(pk=replan.pk))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(ended) == ["", "done"]


def test_without_a_broker_it_is_worked_out_here_and_the_answer_says_so(clinic, desk, settings):
    settings.BROKER_URL = ""
    booked(due(clinic, 3, mg=500), 3, at(9))
    replan = asked(clinic, desk, sick(clinic))
    assert tasks.hand_over(replan.pk) is False
    replan.refresh_from_db()
    assert (replan.state, ending_of(replan.answer).here) == ("done", True)


def test_with_a_broker_that_is_gone_it_is_worked_out_here(clinic, desk, settings, broker):
    from infusion.celery import app

    booked(due(clinic, 3, mg=500), 3, at(9))
    replan = asked(clinic, desk, sick(clinic))
    app.conf.broker_url = "redis+socket:///nonexistent/broker.sock"
    from tests.conftest import forget_links

    forget_links()
    assert tasks.hand_over(replan.pk) is False
    assert Replan.objects.get().state == "done"


def test_search_tells_how_far_it_is_and_stops_with_the_best_so_far():
    clinic = a_clinic()
    desk = factory.make_member(clinic).user
    full_day(clinic)
    replan = asked(clinic, desk, sick(clinic), asked=Tolerance(240, 3, others=True))

    def work():
        actions.work_out(pk=replan.pk)
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    rows = Replan.objects.filter(pk=replan.pk)
    programs.until(lambda: rows.get().progress.get("objective") is not None, what="a first plan")
    heard = rows.get().progress
    actions.stop_replan(replan=rows.get(), by=desk, now=NOW)
    worker.join(timeout=20)
    ended = rows.get()
    assert (ended.state, ended.stop_asked, worker.is_alive()) == ("stopped", True, False)
    assert heard["seconds"] < 30
    assert heard["limit"] == 30
    plan = totals(rows_of(ended.answer), clinic.zone)
    assert plan.stay + plan.hand + plan.moved + plan.unplaced == 40
    assert ending_of(ended.answer).proved is False


def test_what_goes_wrong_ends_the_question(clinic, desk):
    booked(due(clinic, 3, mg=500), 3, at(9))
    replan = asked(clinic, desk, sick(clinic))
    Replan.objects.update(params={})
    with pytest.raises(KeyError):
        actions.work_out(pk=replan.pk)
    assert Replan.objects.get().state == "failed"
