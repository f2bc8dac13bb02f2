"""A plan beside what stands: accepted whole, in part or not at all; stale ones are refused in words."""

from datetime import timedelta

import pytest
from django.urls import reverse

from scheduling import actions
from scheduling.domain.proposals import LIMIT_SECONDS
from scheduling.models import Replan, Visit
from tests.disrupted import DAY, NOW, answered, at, booked, due, proposed, spot
from tests.web.booking.arranged import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visits(clinic):
    return [booked(due(clinic, 3, mg=500), 3, at(8), chair=place, nurse=place) for place in range(3)]


@pytest.fixture
def replan(desk, clinic, visits):
    one, other, third = visits
    rows = [
        proposed(one, spot(one, at(13))),
        proposed(other, spot(other, nurse=3), rank=2, affected=False),
        proposed(third, None, rank=3),
    ]
    nurse = clinic.memberships.filter(role="nurse").order_by("pk")[0]
    what = {"cause": "nurse", "nurse": nurse.pk, "chair": None, "since": "", "reason": "Unwell"}
    return answered(clinic, rows, desk.member.user, kind="disruption", **what)


def where(name, replan):
    return reverse(f"replans:{name}", args=[replan.pk])


def test_plan_stands_beside_what_is_booked(desk, replan, visits):
    page = desk.get(where("plan", replan))
    plan = page.context["plan"]
    assert [(line.kind, line.was[0], line.to[0], line.moved) for line in plan.lines] == [
        ("unplaced", "Mon 10 Mar, 08:00–11:30", "", ""),
        ("same_day", "Mon 10 Mar, 08:00–11:30", "Mon 10 Mar, 13:00–16:30", "5 h later"),
        ("hand", "Mon 10 Mar, 08:00–11:30", "Mon 10 Mar, 08:00–11:30", ""),
    ]
    assert (plan.totals.same_day, plan.totals.hand, plan.totals.unplaced, plan.totals.stay) == (1, 1, 1, 0)
    assert [line.patient for line in plan.calls] == [visits[2].patient, visits[0].patient]
    ((day, before, after),) = plan.boards
    assert day == DAY
    assert [(mark.line.number, mark.column) for mark in before.marks] == [(2, 1), (3, 2), (1, 3)]
    assert [(mark.line.number, mark.column) for mark in after.marks] == [(3, 2), (2, 1)]
    assert "Proved best." in text_of(page)
    assert "it was handed to the patient's mail server, not that it was read" in text_of(page)


def test_every_move_is_ticked_at_first(desk, replan, visits):
    page = desk.get(where("plan", replan)).content.decode()
    assert page.count('name="keys"') == page.count(" checked>") - 1 == 2


def test_ticked_visits_are_applied(desk, replan, visits):
    answer = desk.post(where("apply", replan), {"keys": [f"v{visits[1].pk}"]}, follow=True)
    assert "1 visit re-planned. Each patient gets one notice." in text_of(answer)
    assert "not accepted" in text_of(answer)
    assert list(Visit.objects.order_by("pk").values_list("version", flat=True)) == [1, 2, 1]


def test_applied_twice_is_applied_once(desk, replan, visits):
    for _ in range(2):
        answer = desk.post(where("apply", replan), {"keys": [f"v{visits[1].pk}"]})
        assert answer["Location"] == where("plan", replan)
    assert Visit.objects.get(pk=visits[1].pk).version == 2


def test_nothing_ticked_is_refused_and_nothing_lost(desk, replan):
    page = desk.post(where("apply", replan))
    assert page.status_code == 409
    assert page.context["reasons"] == ["Choose at least one visit, or lay the whole plan aside."]


def test_visit_changed_since_is_marked_and_refused_and_the_ticks_are_kept(desk, replan, visits):
    actions.cancel_visit(visit=visits[0], reason="asked for it", by=desk.member.user, now=NOW)
    assert [line.changed for line in desk.get(where("plan", replan)).context["plan"].moving] == [True, False]
    page = desk.post(where("apply", replan), {"keys": [f"v{visits[0].pk}"]})
    assert page.status_code == 409
    assert page.context["reasons"] == [
        f"{visits[0].patient} ({visits[0].patient.record_number}): this visit was changed after the plan was made. "
        "Ask again."
    ]
    assert page.content.decode().count(" checked>") == 2
    assert "Ask again" in text_of(page)


@pytest.mark.parametrize("keys", [["v0"], ["x" * 5000], ["'"], ["v1"] * 600])
def test_keys_that_are_none_are_refused(desk, replan, keys):
    assert desk.post(where("apply", replan), {"keys": keys}).status_code == 409


def test_none_accepted_lays_the_plan_aside(desk, replan):
    answer = desk.post(where("discard", replan), follow=True)
    assert "The plan is laid aside. Nothing was moved." in text_of(answer)
    assert set(Visit.objects.values_list("version", flat=True)) == {1}
    assert "Apply what is ticked" not in text_of(answer)


@pytest.mark.parametrize(
    ("state", "age", "words"),
    [
        ("waiting", 0, "Handed to the worker; it begins in a moment."),
        ("waiting", 11, "No worker has begun yet. You can have it worked out here, in a few seconds."),
        ("solving", 5, "A plan has been found; a better one is being looked for."),
        ("solving", LIMIT_SECONDS + 16, "The worker was not heard of again. Nothing was moved."),
        ("failed", 5, "Something went wrong while the plan was worked out. Nothing was moved."),
        ("stopped", 5, "Stopped before a plan was found. Nothing was moved."),
        ("discarded", 5, "This plan was laid aside. Nothing was moved."),
    ],
)
def test_question_without_an_answer_says_how_far_it_is(desk, replan, state, age, words):
    began = NOW - timedelta(seconds=age)
    heard = {"began": began.isoformat(), "limit": LIMIT_SECONDS, "objective": 40, "bound": 30, "seconds": 2.5}
    Replan.objects.update(state=state, answer={}, created_at=began, progress=heard)
    page = text_of(desk.get(where("plan", replan)))
    assert words in page
    under_way = state in ("waiting", "solving") and age < LIMIT_SECONDS
    assert ("Refresh" in page, "Ask again" in page) == (under_way, not under_way)
    assert ("25 %" in page) == (state == "solving" and under_way)


def test_page_that_asks_is_told_to_draw_itself_anew_once_answered(desk, replan):
    assert desk.get(where("progress", replan))["HX-Refresh"] == "true"
    Replan.objects.update(state="solving", answer={}, progress={"began": NOW.isoformat(), "limit": 30})
    fragment = desk.get(where("progress", replan))
    assert "HX-Refresh" not in fragment
    assert 'hx-trigger="every 1s"' in fragment.content.decode()


def test_stop_button_stops(desk, replan):
    Replan.objects.update(state="solving", answer={})
    assert desk.post(where("stop", replan))["Location"] == where("plan", replan)
    assert Replan.objects.get().stop_asked is True


def test_plan_costs_the_same_however_many_visits_it_has(desk, clinic, django_assert_max_num_queries):
    seen = []
    for place in range(3):
        visit = booked(due(clinic, 3, mg=500), 3, at(8), chair=place, nurse=place)
        found = [proposed(one, spot(one, at(13))) for one in Visit.objects.order_by("pk")]
        replan = answered(clinic, found, desk.member.user)
        with django_assert_max_num_queries(40) as asked:
            page = desk.get(where("plan", replan))
        assert len(page.context["plan"].lines) == place + 1
        assert visit.patient in [line.patient for line in page.context["plan"].lines]
        seen.append(len(asked))
    assert seen[1] == seen[2]
