"""The desk in the browser's eyes: the day, its one-click steps, the worklist, the search and the day sheet."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from clinics.models import AuditEntry, Closure, StaffTask
from evaluation.models import Evaluation
from monitoring.models import FollowUp
from scheduling.models import Visit
from tests.factory import (
    make_clearance,
    make_clinic,
    make_course,
    make_diagnosis,
    make_follow_up,
    make_member,
    make_patient,
    make_regimen,
    make_visit,
    sign_in,
)
from tests.gates import open_gate
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


def a_visit(clinic, *, starts_at=NINE, chair=0, gate=True, **patient):
    person = make_patient(clinic, **({"sex": "male"} | patient))
    make_diagnosis(person)
    clearance = make_clearance(person, regimen_version=make_regimen(clinic))
    on = starts_at.astimezone(clinic.zone).date()
    make_course(person, start_on=on, clearance=clearance)
    if gate:
        open_gate(person, on)
    return make_visit(person, starts_at=starts_at, chair=list(clinic.chairs.order_by("pk"))[chair])


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


@pytest.mark.parametrize("many", [5, 40])
def test_day_takes_the_same_number_of_queries_for_five_visits_and_for_forty(
    desk, clinic, many, django_assert_max_num_queries
):
    for number in range(many):
        person = make_patient(clinic, sex="male")
        make_course(
            person, start_on=DAY, clearance=make_clearance(person, regimen_version=make_regimen(clinic))
        )
        chair = clinic.chairs.create(clinic=clinic, name=f"Seat {number}")
        make_visit(person, starts_at=NOW, chair=chair)
        make_visit(make_patient(clinic), kind="follow_up", starts_at=NOW + timedelta(hours=1))
    desk.get("/")
    with django_assert_max_num_queries(19) as counted:
        assert len(desk.get("/?view=list").context["shown"].cards) == 2 * many
    counts_by_size.setdefault("day", {})[many] = len(counted)
    assert len(set(counts_by_size["day"].values())) == 1


counts_by_size: dict[str, dict[int, int]] = {}


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


def test_start_is_refused_with_every_reason_while_the_gate_is_closed(desk, clinic):
    visit = a_visit(clinic, gate=False)
    post(desk, "arrive", visit)
    response = post(desk, "start", visit)
    assert response.status_code == 422
    assert response.context["refused_title"] == f"{visit.patient}: treatment cannot be started"
    assert {reason.code for reason in response.context["reasons"]} == {
        f"gate_{finding.code}"
        for finding in treatment.gate(treatment.visit(clinic, visit.pk), today=DAY).blocking
    }
    assert treatment.visit(clinic, visit.pk).record.state == "arrived"


def test_stale_page_is_told_with_409(desk, clinic):
    visit = a_visit(clinic)
    Visit.objects.filter(pk=visit.pk).update(version=3)
    assert post(desk, "arrive", visit, version=1).status_code == 409


@pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 40, "\x00"])
def test_version_that_is_no_number_does_no_harm(desk, clinic, nonsense):
    assert post(desk, "arrive", a_visit(clinic), version=nonsense).status_code == 302


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


# The search


@pytest.mark.parametrize(
    "asked",
    ["Featherstone", "hubert feather", "DM-7", "1961-02-03", "3 February 1961", "03.02.1961", "03/02/1961"],
)
def test_search_finds_by_name_number_and_birth_date(desk, clinic, asked):
    person = make_patient(
        clinic,
        given_name="Hubert",
        family_name="Featherstonehaugh",
        record_number="DM-77",
        birth_date=date(1961, 2, 3),
    )
    make_patient(clinic)
    make_patient(
        make_clinic(), family_name="Featherstonehaugh", record_number="DM-78", birth_date=date(1961, 2, 3)
    )
    assert list(desk.get("/search/", {"q": asked}).context["page"]) == [person]


def test_search_by_whole_record_number_opens_the_record(desk, clinic):
    person = make_patient(clinic, record_number="DM-77")
    assert desk.get("/search/", {"q": "dm-77"}).url == reverse("patients:detail", args=[person.pk])


def test_search_is_noted_with_its_words_and_an_empty_one_is_not(desk, clinic):
    assert desk.get("/search/").status_code == 200
    desk.get("/search/", {"q": "  nobody   here "})
    entries = AuditEntry.objects.of(clinic).filter(verb="searched patients")
    assert [entry.changes for entry in entries] == [{"words": "nobody here", "found": 0}]


@pytest.mark.parametrize(
    "asked", ["\x00", "a\x00b", "%ED%A0%80", "<script>", "' OR 1=1 --", "%", "x" * 5000, "\ud800"]
)
def test_search_for_anything_does_no_harm(desk, asked):
    assert desk.get("/search/", {"q": asked.encode("utf-8", "surrogatepass")}).status_code == 200


# The worklist


def section(response, code):
    return next(each for each in response.context["sections"] if each.code == code)


def test_worklist_shows_the_roles_own_work_first_and_everything_on_request(client, clinic):
    person = make_patient(clinic)
    make_diagnosis(person, state="to_confirm", text="Lupus erythematosus", condition="SLE")
    sign_in(client, make_member(clinic, Role.RECEPTIONIST))
    mine = client.get("/worklist/")
    assert "to_confirm" not in {each.code for each in mine.context["sections"]}
    everything = client.get("/worklist/?for=all")
    assert section(everything, "to_confirm").rows[0].href == reverse("patients:detail", args=[person.pk])
    sign_in(client, make_member(clinic, Role.PRESCRIBER))
    row = section(client.get("/worklist/"), "to_confirm").rows[0]
    assert row.href == reverse("patients:decide_diagnosis", args=[person.diagnoses.get().pk])


def test_worklist_holds_what_waits_in_each_room(desk, clinic):
    prescriber = make_member(clinic, Role.PRESCRIBER).user
    evaluated, cleared, late = (make_patient(clinic) for _ in range(3))
    Evaluation.objects.create(
        clinic=clinic,
        patient=evaluated,
        diagnosis=make_diagnosis(evaluated),
        opened_by=prescriber,
        opened_at=NOW,
    )
    make_clearance(cleared)
    a_visit(clinic, starts_at=NOW - timedelta(days=3))
    failing = a_visit(clinic, starts_at=NOW + timedelta(days=14), gate=False)
    make_follow_up(late, due_on=DAY - timedelta(days=30))
    StaffTask.objects.create(
        clinic=clinic, kind="call", role="nurse", due_on=DAY, reason="Call back", cause="call:1"
    )
    response = desk.get("/worklist/?for=all")
    totals = {each.code: each.total for each in response.context["sections"]}
    assert totals == {
        "tasks": 1,
        "other_tasks": 0,
        "unfinished": 1,
        "gates": 1,
        "to_book": 3,
        "follow_ups": 1,
        "to_confirm": 0,
        "evaluations": 1,
        "without_course": 1,
    }
    row = section(response, "gates").rows[0]
    assert row.href.startswith(reverse("evaluation:check", args=[failing.patient_id]))
    assert row.due_on == DAY + timedelta(days=14)


def test_induction_pair_is_one_row_to_book(desk, clinic):
    person = make_patient(clinic)
    make_course(person, start_on=DAY + timedelta(days=7), maintenance=0)
    assert [row.note.split(",")[0] for row in section(desk.get("/worklist/"), "to_book").rows] == [
        "Induction pair"
    ]


def test_worklist_speaks_only_when_something_can_be_done(desk, clinic):
    visit = a_visit(clinic, starts_at=NOW + timedelta(days=10), gate=False)
    open_gate(visit.patient, DAY, infection="", drug_received="")
    assert section(desk.get("/worklist/?for=all"), "gates").rows == ()


@pytest.mark.parametrize("many", [2, 12])
def test_worklist_takes_the_same_number_of_queries_whatever_waits(
    desk, clinic, many, django_assert_max_num_queries
):
    for number in range(many):
        person = make_patient(clinic)
        make_course(
            person, start_on=DAY, clearance=make_clearance(person, regimen_version=make_regimen(clinic))
        )
        chair = clinic.chairs.create(clinic=clinic, name=f"Seat {number}")
        make_visit(person, starts_at=NOW + timedelta(days=1), chair=chair)
        make_follow_up(make_patient(clinic), due_on=DAY)
        make_diagnosis(make_patient(clinic), state="to_confirm")
    desk.get("/worklist/")
    with django_assert_max_num_queries(25) as counted:
        desk.get("/worklist/?for=all")
    counts_by_size.setdefault("work", {})[many] = len(counted)
    assert len(set(counts_by_size["work"].values())) == 1


def test_worklist_of_an_empty_clinic_says_so(desk):
    response = desk.get("/worklist/")
    assert response.context["mine"] == 0


# Follow-ups


def test_follow_ups_are_listed_and_booked_from_a_free_time(client, clinic):
    sign_in(client, make_member(clinic, Role.RECEPTIONIST))
    follow_up = make_follow_up(make_patient(clinic), due_on=date(2031, 3, 18))
    assert client.get(reverse("monitoring:list")).context["total"] == 1
    page = client.get(reverse("monitoring:book", args=[follow_up.pk]), {"day": "2031-03-18", "time": "09:00"})
    assert page.context["times"][0] == datetime(2031, 3, 18, 8, tzinfo=UTC)
    response = client.post(
        reverse("monitoring:book", args=[follow_up.pk]),
        {"day": "2031-03-18", "time": "09:00", "minutes": "30"},
    )
    assert response.url == reverse("patients:detail", args=[follow_up.patient_id])
    follow_up.refresh_from_db()
    assert follow_up.visit.starts_at == datetime(2031, 3, 18, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": "2031-03-18", "time": "04:00"}, "time"),
        ({"day": "2031-02-31", "time": "09:00"}, "day"),
        ({"day": "2031-03-16", "time": "09:00"}, "day"),
        ({"day": "2031-03-30", "time": "01:30"}, "time"),
        ({"day": "2031-03-18", "time": "25:00"}, "time"),
        ({"day": "9999-12-31", "time": "23:59"}, "day"),
        ({"day": "2031-03-18", "time": "09:00", "minutes": "7000"}, "minutes"),
        ({"day": "2031-03-18", "time": "09:00", "nurse": "999999"}, "nurse"),
    ],
)
def test_follow_up_at_an_impossible_time_is_refused_beside_the_field(desk, clinic, typed, field):
    follow_up = make_follow_up(make_patient(clinic), due_on=date(2031, 3, 18))
    response = desk.post(reverse("monitoring:book", args=[follow_up.pk]), {"minutes": "30"} | typed)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_follow_up_is_closed_with_words(desk, clinic):
    follow_up = make_follow_up(make_patient(clinic), due_on=DAY)
    where = reverse("monitoring:close", args=[follow_up.pk])
    assert desk.post(where, {"outcome": " "}).status_code == 422
    assert desk.post(where, {"outcome": "Bloods at the family doctor."}).status_code == 302
    follow_up.refresh_from_db()
    assert (follow_up.state, follow_up.outcome) == ("closed", "Bloods at the family doctor.")


def test_panel_is_a_part_of_the_patients_page_and_a_page_of_its_own(desk, clinic):
    follow_up = make_follow_up(make_patient(clinic), due_on=DAY)
    where = reverse("monitoring:panel", args=[follow_up.patient_id])
    page, part = desk.get(where), desk.get(where, headers={"HX-Request": "true"})
    assert (page.content.decode().count("<html"), part.content.decode().count("<html")) == (1, 0)
    assert AuditEntry.objects.of(clinic).filter(verb="viewed patient").count() == 2


@pytest.mark.parametrize("name", ["book", "close"])
def test_follow_up_of_another_clinic_is_not_there(desk, name):
    foreign = make_follow_up(make_patient(make_clinic()), due_on=DAY)
    assert desk.get(reverse(f"monitoring:{name}", args=[foreign.pk])).status_code == 404


# The clinic's own pages


def test_task_is_read_and_closed(desk, clinic):
    task = StaffTask.objects.create(
        clinic=clinic,
        kind="call",
        role="nurse",
        due_on=DAY,
        reason="Call back",
        cause="c",
        record_number="DM-1",
    )
    where = reverse("clinics:task", args=[task.pk])
    assert desk.get(where).status_code == 200
    assert desk.post(where, {"outcome": " "}).status_code == 422
    assert desk.post(where, {"outcome": "Reached her."}).url == reverse("desk:worklist")
    assert desk.get(where).status_code == 200


def test_audit_trail_reads_in_words(client, clinic, nurse):
    visit = a_visit(clinic)
    sign_in(client, nurse)
    post(client, "arrive", visit)
    sign_in(client, make_member(clinic, Role.MANAGER))
    response = client.get(reverse("clinics:audit"), {"record": visit.patient.record_number, "q": "arrival"})
    assert [entry.verb for entry in response.context["page"]] == ["noted arrival"]
    assert response.content.decode().count("Booked → Arrived") == 1
    assert timezone.now() == NOW
