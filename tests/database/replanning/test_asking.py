"""A question to the optimiser: noted once, worked out once, stopped, and given up where the worker died."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.models import Absence, AuditEntry
from scheduling import actions
from scheduling.domain.disruption import Disruption
from scheduling.domain.proposals import LIMIT_SECONDS, LOST
from scheduling.models import Replan
from scheduling.queries import replans as queries
from scheduling.queries.replans import Tolerance
from tests import factory
from tests.disrupted import DAY, NOW, at, booked, due

pytestmark = pytest.mark.django_db


def sick(clinic, **fields):
    nurse = clinic.memberships.filter(role="nurse").order_by("pk")[0]
    return replace(Disruption("nurse", DAY, DAY, nurse=nurse.pk), **fields)


def ask(clinic, by, what=None, **fields):
    first = what.first if what else DAY
    return actions.ask_replan(
        **{
            "clinic": clinic,
            "kind": "disruption" if what else "day",
            "first_day": first,
            "last_day": what.last if what else DAY,
            "asked": Tolerance(30, 3),
            "by": by,
            "now": NOW,
            "what": what,
        }
        | fields
    )


def codes(clinic, by, what=None, **fields):
    with pytest.raises(Refused) as refused:
        ask(clinic, by, what, **fields)
    return list(refused.value.codes)


def test_question_is_noted_with_its_audit_row(clinic, desk):
    replan = ask(clinic, desk, sick(clinic, reason="Unwell"))
    assert (replan.state, replan.asked_by, replan.created_at) == ("waiting", desk, NOW)
    assert queries.disruption_of(queries.replan(clinic, replan.pk)) == sick(clinic, reason="Unwell")
    assert queries.tolerance_of(replan) == Tolerance(30, 3)
    assert AuditEntry.objects.get(verb="asked for a plan").subject_id == str(replan.pk)


def test_button_pressed_twice_asks_once(clinic, desk):
    first = ask(clinic, desk, sick(clinic))
    assert ask(clinic, desk, sick(clinic), now=NOW + timedelta(seconds=5)).pk == first.pk
    assert ask(clinic, desk, sick(clinic), now=NOW + timedelta(seconds=11)).pk != first.pk


def test_other_question_or_other_colleague_is_another(clinic, desk):
    asked = {
        ask(clinic, desk, sick(clinic)).pk,
        ask(clinic, desk, sick(clinic, reason="Other")).pk,
        ask(clinic, factory.make_member(clinic).user, sick(clinic)).pk,
        ask(clinic, desk).pk,
    }
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"nurse": None}, "nurse_missing"),
        ({"cause": "chair"}, "chair_missing"),
        ({"cause": "closed"}, "reason_missing"),
        ({"cause": "flood"}, "unknown_cause"),
        ({"last": DAY + timedelta(days=14)}, "too_long"),
        (
            {"cause": "closed", "reason": "x", "since": time(13), "last": DAY + timedelta(days=1)},
            "since_one_day",
        ),
    ],
)
def test_disruption_not_told_in_full_is_refused(clinic, desk, wrong, code):
    assert codes(clinic, desk, sick(clinic, **wrong)) == [code]
    assert not Replan.objects.exists()


def test_past_and_endless_questions_are_refused(clinic, desk):
    yesterday = DAY - timedelta(days=1)
    assert codes(clinic, desk, sick(clinic, first=yesterday)) == ["day_past"]
    assert codes(clinic, desk, first_day=yesterday, last_day=yesterday) == ["day_past"]
    assert codes(clinic, desk, last_day=yesterday) == ["day_past", "too_long"]
    assert codes(clinic, desk, last_day=DAY + timedelta(days=31)) == ["too_long"]
    assert codes(clinic, desk, first_day=date.max, last_day=date.max) == ["too_far"]


def test_the_later_infusion_of_a_pair_is_helped_before_other_maintenance(clinic):
    alone, later = (booked(due(clinic, 3, mg=500), 3, at(9), chair=n, nurse=n) for n in (0, 1))
    later.planned_infusion.opens_with = 2
    found = queries.harms([alone, later])
    assert (found[later.pk].rank, found[later.pk].weight, found[alone.pk].rank) == (1, 7, 2)


def test_absence_may_be_noted_at_once(clinic, desk):
    replan = ask(clinic, desk, sick(clinic))
    actions.note_disruption(replan=replan, by=desk, now=NOW, may_close=False)
    actions.note_disruption(replan=replan, by=desk, now=NOW, may_close=False)
    assert list(Absence.objects.values_list("first_day", "last_day")) == [(DAY, DAY)]


def test_stopped_before_it_began_it_ends_without_a_plan(clinic, desk):
    replan = ask(clinic, desk)
    actions.stop_replan(replan=replan, by=desk, now=NOW)
    assert (replan.state, replan.answer) == ("stopped", {})
    assert actions.work_out(pk=replan.pk) == ""


def test_stop_is_asked_of_a_search_under_way(clinic, desk):
    replan = ask(clinic, desk)
    Replan.objects.update(state="solving")
    actions.stop_replan(replan=replan, by=desk, now=NOW)
    assert (replan.state, replan.stop_asked) == ("solving", True)


def test_search_of_a_worker_that_died_is_lost(clinic, desk):
    replan = ask(clinic, desk)
    Replan.objects.update(state="solving", progress={"began": NOW.isoformat(), "limit": LIMIT_SECONDS})
    replan.refresh_from_db()
    late = NOW + timedelta(seconds=LIMIT_SECONDS + 15)
    assert queries.state_of(replan, now=late) == "solving"
    assert queries.state_of(replan, now=late + timedelta(seconds=1)) == LOST


def test_asking_again_is_a_new_question_and_lays_the_old_one_aside(clinic, desk):
    old = ask(clinic, desk, sick(clinic, reason="Unwell"))
    Replan.objects.update(state="done", params=old.params | {"noted": True})
    old.refresh_from_db()
    new = actions.ask_again(replan=old, by=desk, now=NOW)
    assert actions.ask_again(replan=old, by=desk, now=NOW).pk == new.pk
    old.refresh_from_db()
    assert (old.state, new.state) == ("discarded", "waiting")
    assert queries.disruption_of(queries.replan(clinic, new.pk)) == sick(clinic, reason="Unwell")
    assert "noted" not in new.params


def test_question_of_no_clinic_is_nobodys(clinic):
    assert actions.work_out(pk=4711) == ""


def test_touched_are_those_of_the_nurse_the_chair_or_the_hours(clinic, desk):
    morning = booked(due(clinic, 3, mg=500), 3, at(8))
    noon = booked(due(clinic, 3, mg=500), 3, at(12), nurse=1)
    other = booked(due(clinic, 3, mg=500), 3, at(8), chair=1, nurse=2)
    nurses, chairs = clinic.memberships.filter(role="nurse").order_by("pk"), clinic.chairs.order_by("pk")

    def touched(**fields):
        what = replace(Disruption("closed", DAY, DAY), **fields)
        return [visit.pk for visit in queries.touched(clinic, what, now=NOW)]

    assert touched(cause="nurse", nurse=nurses[0].pk) == [morning.pk]
    assert touched(cause="chair", chair=chairs[0].pk) == [morning.pk, noon.pk]
    assert touched(since=time(13)) == [noon.pk]
    assert touched() == [morning.pk, other.pk, noon.pk]
    assert touched(first=DAY + timedelta(days=1), last=date(2031, 3, 12)) == []


def test_nurse_who_takes_over_is_touched_too(clinic, desk):
    visit = booked(due(clinic, 3, mg=500), 3, at(8))
    nurse = clinic.memberships.filter(role="nurse").order_by("pk")[1]
    visit.handovers = [[at(10).isoformat(), nurse.pk]]
    visit.save()
    what = Disruption("nurse", DAY, DAY, nurse=nurse.pk)
    assert [one.pk for one in queries.touched(clinic, what, now=NOW)] == [visit.pk]


def test_list_of_the_touched_costs_one_query(clinic, desk, django_assert_num_queries):
    for chair in range(3):
        booked(due(clinic, 3, mg=500), 3, at(8), chair=chair, nurse=chair)
        with django_assert_num_queries(1):
            found = queries.touched(clinic, Disruption("closed", DAY, DAY), now=NOW)
            assert all(one.patient and one.chair and one.nurse.user and one.planned_infusion for one in found)
        assert len(found) == chair + 1
