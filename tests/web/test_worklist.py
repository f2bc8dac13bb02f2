"""What waits for somebody, the search, and the clinic's tasks and audit trail."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.actions import open_task
from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from evaluation.models import Evaluation
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
from tests.gates import open_gate, ready_visit

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
DAY = date(2031, 3, 10)


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return make_clinic(chairs=3)


@pytest.fixture
def desk(client, clinic):
    return sign_in(client, make_member(clinic, Role.NURSE))


# The search


@pytest.mark.parametrize(
    "asked",
    [
        *("Featherstone", "hubert feather", "DM-7"),
        *("1961-02-03", "3 February 1961", "03.02.1961", "03/02/1961"),
        *("Hub.Feather@example", "020 7946 0018", "+44 (0)20 7946-0018", "79460018", "feather 79460018"),
    ],
)
def test_search_finds_by_name_number_birth_date_mail_and_telephone(desk, clinic, asked):
    person = make_patient(
        clinic,
        given_name="Hubert",
        family_name="Featherstonehaugh",
        record_number="DM-77",
        birth_date=date(1961, 2, 3),
        email="hub.feather@example.org",
        phone="+442079460018",
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
    ready_visit(clinic, NOW - timedelta(days=3))
    failing = ready_visit(clinic, NOW + timedelta(days=14), gate=False)
    make_follow_up(late, due_on=DAY - timedelta(days=30))
    StaffTask.objects.create(
        clinic=clinic, kind="call", role="nurse", due_on=DAY, reason="Call back", cause="call:1"
    )
    response = desk.get("/worklist/?for=all")
    totals = {each.code: each.total for each in response.context["sections"]}
    assert totals == {
        "reports": 0,
        "health_checks": 0,
        "requests": 0,
        "unconfirmed": 0,
        "tasks": 1,
        "other_tasks": 0,
        "unfinished": 1,
        "gates": 1,
        "misfits": 0,
        "freed": 0,
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
    visit = ready_visit(clinic, NOW + timedelta(days=10), gate=False)
    open_gate(visit.patient, DAY, infection="", drug_received="")
    assert section(desk.get("/worklist/?for=all"), "gates").rows == ()


def test_worklist_takes_the_same_number_of_queries_whatever_waits(desk, clinic):
    def queries_for(many):
        for _ in range(many):
            person = make_patient(clinic)
            make_course(
                person,
                start_on=DAY,
                clearance=make_clearance(person, regimen_version=make_regimen(clinic)),
            )
            chair = clinic.chairs.create(name=f"Seat {person.pk}")
            make_visit(person, starts_at=NOW + timedelta(days=1), chair=chair)
            make_follow_up(make_patient(clinic), due_on=DAY)
            make_diagnosis(make_patient(clinic), state="to_confirm")
        with CaptureQueriesContext(connection) as counted:
            desk.get("/worklist/?for=all")
        return len(counted)

    desk.get("/worklist/")
    assert queries_for(2) == queries_for(10)


def test_worklist_of_an_empty_clinic_says_so(desk):
    response = desk.get("/worklist/")
    assert response.context["mine"] == 0


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


def test_audit_trail_reads_in_words(client, clinic):
    visit = ready_visit(clinic, NOW)
    sign_in(client, make_member(clinic, Role.NURSE))
    client.post(reverse("treatment:arrive", args=[visit.pk]))
    sign_in(client, make_member(clinic, Role.MANAGER))
    response = client.get(reverse("clinics:audit"), {"record": visit.patient.record_number, "q": "arrival"})
    assert [entry.verb for entry in response.context["page"]] == ["noted arrival"]
    assert response.content.decode().count("Booked → Arrived") == 1


def test_calls_about_one_patient_stand_in_one_box_with_the_number_to_dial(desk, clinic):
    person = make_patient(clinic, given_name="Grace", family_name="Adeyemi", phone="+12125552422")
    told = {"clinic": clinic, "kind": "call_patient", "role": Role.NURSE, "due_on": DAY}
    for n, words in enumerate(("Please arrange a visit.", "Please tell her the new time.")):
        reason = f"Call Grace Adeyemi (+1 212-555-2422). {words}"
        open_task(**told, reason=reason, cause=f"x:{n}", record_number=person.record_number)
    open_task(**told, reason="Order more needles.", cause="x:2")
    response = desk.get("/worklist/")
    tasks = section(response, "tasks")
    box, alone = tasks.rows
    assert (tasks.total, tasks.left_off, box.title) == (3, 0, f"Grace Adeyemi · {person.record_number}")
    assert [row.note for row in (box, *box.also)] == [
        "Call. Please arrange a visit.",
        "Call. Please tell her the new time.",
    ]
    assert (alone.title, response.content.decode().count('href="tel:+12125552422"')) == (
        "Order more needles.",
        1,
    )
