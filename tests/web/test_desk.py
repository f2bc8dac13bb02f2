"""The desk in the browser's eyes: the day, its one-click steps, the worklist, the search and the day sheet."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry, Closure, StaffTask
from monitoring.models import FollowUp
from scheduling.models import Visit
from tests.factory import (
    make_clearance,
    make_clinic,
    make_course,
    make_follow_up,
    make_member,
    make_patient,
    make_regimen,
    make_visit,
    sign_in,
)
from tests.gates import open_gate, ready_visit
from treatment import queries as treatment

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
NINE = NOW.replace(minute=0)
DAY = date(2031, 3, 10)


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return make_clinic(chairs=3)


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE)


@pytest.fixture
def desk(client, nurse):
    return sign_in(client, nurse)


def a_visit(clinic, *, starts_at=NINE, **more):
    return ready_visit(clinic, starts_at, **more)


def post(client, step, visit, **fields):
    return client.post(reverse(f"treatment:{step}", args=[visit.pk]), fields)


def words(response):
    return [str(message) for message in response.context["messages"]]


def card(response, visit):
    return next(card for card in response.context["shown"].cards if card.visit.pk == visit.pk)


def test_staff_land_on_the_day_with_its_cards_and_counts(desk, clinic):
    first, second = (
        a_visit(clinic),
        a_visit(clinic, starts_at=NOW + timedelta(minutes=55), chair=1, gate=False),
    )
    follow_up = make_visit(make_patient(clinic), kind="follow_up", starts_at=NOW + timedelta(hours=2))
    a_visit(clinic, starts_at=NOW + timedelta(days=1))
    response = desk.get("/")
    shown = response.context["shown"]
    assert response.status_code == 200
    assert [card.visit.pk for card in shown.cards] == [first.pk, second.pk, follow_up.pk]
    assert (shown.counts.expected, shown.counts.done, shown.counts.gate_closed) == (3, 0, 1)
    assert [(card.place.column, card.place.step, card.place.span) for card in shown.on_board] == [
        (1, 12, 75),
        (2, 24, 75),
    ]
    assert (card(response, first).gate.chip[2], card(response, second).gate.chip[0]) == (
        "May start",
        "danger",
    )


def test_another_clinics_day_is_not_shown(desk, clinic):
    a_visit(make_clinic())
    assert desk.get("/").context["shown"].cards == ()


def test_day_takes_the_same_number_of_queries_for_five_visits_and_for_forty(desk, clinic):
    def queries_for(many):
        for _ in range(many):
            person = make_patient(clinic, sex="male")
            make_course(
                person,
                start_on=DAY,
                clearance=make_clearance(person, regimen_version=make_regimen(clinic)),
            )
            make_visit(person, starts_at=NOW, chair=clinic.chairs.create(name=f"Seat {person.pk}"))
            make_visit(make_patient(clinic), kind="follow_up", starts_at=NOW + timedelta(hours=1))
        with CaptureQueriesContext(connection) as counted:
            assert len(desk.get("/?view=list").context["shown"].cards) == 2 * (5 if many == 5 else 40)
        return len(counted)

    desk.get("/")
    assert queries_for(5) == queries_for(35)


def test_day_of_the_address_is_shown_and_nonsense_says_so(desk, clinic):
    tomorrow = a_visit(clinic, starts_at=NOW + timedelta(days=1))
    response = desk.get("/?day=2031-03-11&view=list")
    assert [each.visit.pk for each in response.context["shown"].cards] == [tomorrow.pk]
    assert card(response, tomorrow).moves == ()
    for nonsense in ("2031-02-31", "0001-01-01", "9999-12-31", "tomorrow", "2031-3-1", "٢٠٣١-٠٣-١١"):
        response = desk.get("/", {"day": nonsense})
        assert (response.status_code, response.context["shown"].day) == (422, DAY)
        assert words(response) == ["There is no such day. This is today."]


def test_gate_of_a_day_ahead_asks_only_for_what_can_be_done_now(desk, clinic):
    ahead = NOW + timedelta(days=10)
    visit = a_visit(clinic, starts_at=ahead, gate=False)
    open_gate(visit.patient, DAY, infection="", drug_received="")
    response = desk.get("/", {"day": ahead.date().isoformat()})
    assert card(response, visit).gate.chip == ("neutral", "clipboard2-check", "To check on the day")


def test_closed_day_says_why(desk, clinic):
    Closure.objects.create(clinic=clinic, first_day=DAY, last_day=DAY, reason="Burst pipe")
    response = desk.get("/")
    assert response.context["shown"].closed_because == "Burst pipe"


def test_visit_goes_through_its_day_with_one_click_each(desk, clinic, nurse):
    visit = a_visit(clinic)
    for step, stage in (("arrive", "arrived"), ("start", "in_chair"), ("finish", "done")):
        response = post(desk, step, visit, version=Visit.objects.get(pk=visit.pk).version, view="list")
        assert response.status_code == 302
        assert response.url == f"/?day=2031-03-10&view=list#visit-{visit.pk}"
        response = desk.get(response.url)
        assert card(response, visit).stage.code == stage
    assert words(response)[0].startswith(
        f"{visit.patient}: done, 09:05. Next infusion: 23 Mar 2031 to 27 Mar 2031."
    )
    record = treatment.visit(clinic, visit.pk).record
    assert (record.completed_by, record.dose_mg) == (nurse.user, 1000)


def test_second_infusion_of_the_pair_done_plans_its_follow_ups(desk, clinic):
    visit = a_visit(clinic)
    course = visit.planned_infusion.course
    course.planned_infusions.filter(ordinal=2).update(state="given", given_on=DAY)
    for step in ("arrive", "start", "finish"):
        response = post(desk, step, visit)
    assert list(FollowUp.objects.filter(patient=visit.patient).values_list("kind", flat=True)) == [
        "week_4_bloods",
        "week_16_activity",
        "week_24_decision",
    ]
    message = words(desk.get(response.url))[-1]
    assert message.endswith("Follow-up: Blood tests, week 4, around 7 Apr 2031.")
    post(desk, "undo", visit)
    assert set(FollowUp.objects.filter(patient=visit.patient).values_list("state", flat=True)) == {"due"}


def test_exchange_in_place_answers_with_the_day_and_its_message(desk, clinic):
    visit = a_visit(clinic)
    response = desk.post(
        reverse("treatment:arrive", args=[visit.pk]), {"view": "board"}, headers={"HX-Request": "true"}
    )
    text = response.content.decode()
    assert (response.status_code, text.lstrip().startswith('<div id="day"')) == (200, True)
    assert (text.count("<html"), text.count('hx-swap-oob="innerHTML"')) == (0, 1)
    assert card(response, visit).stage.code == "arrived"


def test_done_is_refused_with_every_reason_while_the_gate_is_closed(desk, clinic):
    visit = a_visit(clinic, gate=False)
    for step in ("arrive", "start"):
        assert post(desk, step, visit).status_code == 302
    response = post(desk, "finish", visit)
    assert response.status_code == 422
    assert response.context["refused_title"] == f"{visit.patient}: not finished"
    assert {reason.code for reason in response.context["reasons"]} == {
        f"gate_{finding.code}"
        for finding in treatment.gate(treatment.visit(clinic, visit.pk), today=DAY).blocking
    }
    assert treatment.visit(clinic, visit.pk).record.state == "in_chair"


def test_stale_page_is_told_with_409(desk, clinic):
    visit = a_visit(clinic)
    Visit.objects.filter(pk=visit.pk).update(version=3)
    assert post(desk, "arrive", visit, version=1).status_code == 409


@pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 40, "\x00"])
def test_version_that_is_no_number_counts_as_stale(desk, clinic, nonsense):
    assert post(desk, "arrive", a_visit(clinic), version=nonsense).status_code == 409


@pytest.mark.parametrize("step", ["arrive", "start", "finish", "complete", "no_show", "undo"])
def test_visit_of_another_clinic_is_not_there(desk, step):
    assert post(desk, step, a_visit(make_clinic())).status_code == 404


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.RECEPTIONIST, {"arrive", "no_show", "complete", "undo"}),
        (Role.NURSE, {"arrive", "start", "finish", "no_show", "complete", "undo"}),
        (Role.PRESCRIBER, {"arrive", "start", "finish", "no_show", "complete", "undo"}),
        (Role.PHARMACIST, set()),
        (Role.MANAGER, set()),
    ],
)
def test_each_role_may_take_its_own_steps_and_no_more(client, clinic, role, allowed):
    sign_in(client, make_member(clinic, role))
    visit = a_visit(clinic)
    steps = ("arrive", "start", "finish", "complete", "no_show", "undo")
    assert {step for step in steps if post(client, step, visit).status_code != 403} == allowed
    assert client.get("/").status_code == 200


def test_receptionist_cannot_take_back_a_nurses_step(client, clinic, nurse):
    visit = a_visit(clinic)
    sign_in(client, nurse)
    for step in ("arrive", "start"):
        post(client, step, visit)
    sign_in(client, make_member(clinic, Role.RECEPTIONIST))
    assert not card(client.get("/"), visit).can_undo
    assert post(client, "undo", visit).status_code == 403


def test_step_pressed_by_mistake_is_taken_back(desk, clinic):
    visit = a_visit(clinic)
    post(desk, "arrive", visit)
    assert card(desk.get("/"), visit).can_undo
    assert post(desk, "undo", visit).status_code == 302
    assert Visit.objects.get(pk=visit.pk).status == "booked"
    entry = AuditEntry.objects.of(clinic).get(verb="took a step back")
    assert entry.changes["reason"] == "Pressed by mistake."


def test_no_show_opens_a_call_for_reception(desk, clinic):
    visit = a_visit(clinic)
    post(desk, "no_show", visit)
    assert StaffTask.objects.of(clinic).get().role == "receptionist"
    assert desk.get("/").context["shown"].counts.no_show == 1


def test_details_of_an_infusion_are_typed_on_a_page_and_errors_stand_beside_the_field(desk, clinic):
    visit = a_visit(clinic)
    for step in ("arrive", "start"):
        post(desk, step, visit)
    page = desk.get(reverse("treatment:finish", args=[visit.pk]))
    assert (page.status_code, page.context["form"].initial["dose_mg"]) == (200, "1000")
    typed = {"dose_mg": "NaN", "product": "x" * 101, "reaction_grade": "2", "reaction_text": ""}
    response = post(desk, "finish", visit, **typed)
    assert (response.status_code, set(response.context["form"].errors)) == (
        422,
        {"dose_mg", "product", "reaction_text"},
    )
    typed = {"dose_mg": "500", "product": "Ruxience", "reaction_grade": "1", "reaction_text": "Itching."}
    assert post(desk, "finish", visit, **typed).status_code == 302
    record = treatment.visit(clinic, visit.pk).record
    assert (record.dose_mg, record.product, record.reaction_grade) == (500, "Ruxience", 1)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "x" * 300])
def test_text_nobody_can_keep_is_refused(desk, clinic, text):
    visit = a_visit(clinic)
    for step in ("arrive", "start"):
        post(desk, step, visit)
    assert (
        post(desk, "finish", visit, dose_mg="500", reaction_grade="1", reaction_text=text).status_code == 422
    )
    assert post(desk, "undo", visit, reason=text).status_code == 422
    assert treatment.visit(clinic, visit.pk).record.state == "in_chair"


def test_follow_up_of_the_day_arrives_and_is_done(desk, clinic):
    person = make_patient(clinic)
    follow_up = make_follow_up(person, due_on=DAY)
    follow_up.visit = make_visit(person, kind="follow_up", starts_at=NOW)
    follow_up.save()
    for step in ("arrive", "complete"):
        assert post(desk, step, follow_up.visit).status_code == 302
    follow_up.refresh_from_db()
    assert (follow_up.state, follow_up.visit.status) == ("done", "fulfilled")


def test_refreshing_fragment_keeps_nobody_signed_in(desk, clinic):
    desk.get("/")
    seen = desk.session["seen_at"]
    with time_machine.travel(NOW + timedelta(minutes=14), tick=False):
        response = desk.get("/board/", headers={"HX-Request": "true"})
        assert (response.status_code, desk.session["seen_at"]) == (200, seen)
    with time_machine.travel(NOW + timedelta(minutes=16), tick=False):
        response = desk.get("/board/", headers={"HX-Request": "true"})
        assert (response.status_code, response.headers["HX-Redirect"]) == (401, reverse("account_login"))


def test_step_stays_where_the_chip_says_on_both_tables_of_words(desk, clinic):
    """The words of the steps and those of the status chips are the same."""
    from clinics.templatetags.look import chip, status
    from treatment.domain.steps import STAGES

    assert {stage.code: status("visit", stage.code) for stage in STAGES} == {
        stage.code: chip(stage.tone, stage.icon, stage.words) for stage in STAGES
    }


def test_day_sheet_lists_the_day_by_chair(desk, clinic):
    second, first = a_visit(clinic, chair=1), a_visit(clinic, chair=0)
    response = desk.get("/day-sheet/")
    assert [card.visit.pk for card in response.context["shown"].by_chair] == [first.pk, second.pk]
    assert AuditEntry.objects.of(clinic).filter(verb="printed day sheet").count() == 1
