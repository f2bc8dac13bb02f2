"""The day's steps through the actions: what is written, what a second click does, and every refusal by its code."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from evaluation.models import Clearance, Result
from scheduling import actions as scheduling
from scheduling.models import PlannedInfusion, VisitVersion
from tests.factory import (
    change_visit,
    make_clinic,
    make_member,
    make_visit,
)
from tests.gates import open_gate, ready_visit
from treatment import actions, queries
from treatment.models import InfusionRecord

pytestmark = pytest.mark.django_db
DAY = date(2031, 3, 10)
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London


@pytest.fixture
def clinic():
    return make_clinic(chairs=2)


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE).user


@pytest.fixture
def visit(clinic):
    return a_visit(clinic)


def a_visit(clinic, *, starts_at=NINE, **answers):
    return queries.visit(clinic, ready_visit(clinic, starts_at, **answers).pk)


def fresh(visit):
    return queries.visit(visit.clinic, visit.pk)


def through(visit, nurse, *, until="done"):
    """The visit after its steps, five minutes apart."""
    visit = actions.arrive(visit=visit, by=nurse, now=NINE)
    if until == "arrived":
        return visit
    visit = actions.start(visit=visit, by=nurse, now=NINE + timedelta(minutes=5))
    if until == "in_chair":
        return visit
    return actions.finish(visit=visit, by=nurse, now=NINE + timedelta(hours=6))


def codes(refused):
    return refused.value.codes


def verbs(visit):
    rows = AuditEntry.objects.of(visit.clinic).filter(subject_kind="visit", subject_id=str(visit.pk))
    return [row.verb for row in rows.order_by("id")]


def test_arrival_is_stamped_once_and_versions_the_visit(visit, nurse):
    after = actions.arrive(visit=visit, by=nurse, now=NINE)
    again = actions.arrive(visit=visit, by=nurse, now=NINE + timedelta(minutes=1))
    assert (after.status, after.record.state, after.record.arrived_at) == ("arrived", "arrived", NINE)
    assert (again.record.arrived_at, again.version) == (NINE, 2)
    assert list(VisitVersion.objects.filter(visit=visit).values_list("version", "change", "status")) == [
        (1, "booked", "booked"),
        (2, "status", "arrived"),
    ]
    assert verbs(visit) == ["changed visit status", "noted arrival"]


def test_patient_is_seated_while_the_gate_is_closed_and_who_did_it_is_kept(clinic, nurse):
    after = through(a_visit(clinic, drug_received=""), nurse, until="in_chair")
    record = after.record
    assert (record.state, record.started_by, record.in_chair_at, record.gate) == (
        "in_chair",
        nurse,
        NINE + timedelta(minutes=5),
        {},
    )
    assert (after.status, verbs(after)[-1]) == ("arrived", "noted in chair")


def test_done_without_a_chart_judges_the_gate_and_keeps_its_verdict(visit, nurse):
    record = through(visit, nurse).record
    assert (record.gate["state"], record.gate["on"]) == ("cleared", "2031-03-10")


def test_done_without_a_chart_is_refused_while_the_gate_is_closed_with_everything_open(clinic, nurse):
    visit = a_visit(clinic, infection="present", drug_received="", anti_hbc="")
    visit = through(visit, nurse, until="in_chair")
    with pytest.raises(Refused) as refused:
        actions.finish(visit=visit, by=nurse, now=NINE)
    assert set(codes(refused)) == {"gate_infection_day", "gate_drug_received", "gate_anti_hbc"}
    assert all(reason.message for reason in refused.value.reasons)
    record = fresh(visit).record
    assert (record.state, record.done_at, record.gate) == ("in_chair", None, {})


def test_gate_is_judged_for_the_visits_own_day(clinic, nurse):
    visit = a_visit(clinic, infection="")
    Result.objects.create(
        clinic=clinic,
        patient=visit.patient,
        kind="infection",
        value="none",
        observed_on=DAY - timedelta(days=2),
    )
    visit = through(visit, nurse, until="in_chair")
    with pytest.raises(Refused) as refused:
        actions.finish(visit=visit, by=nurse, now=NINE)
    assert codes(refused) == ("gate_infection_day",)


def test_withdrawn_clearance_closes_the_gate(visit, nurse):
    Clearance.objects.filter(patient=visit.patient).update(withdrawn_at=datetime(2031, 3, 9, tzinfo=UTC))
    visit = through(visit, nurse, until="in_chair")
    with pytest.raises(Refused) as refused:
        actions.finish(visit=visit, by=nurse, now=NINE)
    assert codes(refused) == ("gate_clearance",)


def test_done_gives_the_planned_dose_and_plans_what_follows(visit, nurse):
    after = through(visit, nurse)
    record = after.record
    assert (after.status, record.state, record.dose_mg, record.completed_by) == (
        "fulfilled",
        "done",
        Decimal("1000.00"),
        nurse,
    )
    rows = PlannedInfusion.objects.filter(patient=visit.patient).order_by("ordinal")
    assert [(row.state, row.given_on) for row in rows[:2]] == [("given", DAY), ("planned", None)]
    assert rows[1].target_on == DAY + timedelta(days=14)
    assert [row.target_on for row in rows[2:6]] == [
        date(2031, 9, 10),
        date(2032, 3, 10),
        date(2032, 9, 10),
        date(2033, 3, 10),
    ]


def test_done_keeps_the_details_that_were_typed(visit, nurse):
    visit = through(visit, nurse, until="in_chair")
    actions.finish(
        visit=visit,
        by=nurse,
        now=NINE,
        dose_mg=Decimal("750"),
        product="Ruxience",
        reaction_grade=2,
        reaction_text="Shivering at step 3, settled in 20 minutes.",
    )
    record = InfusionRecord.objects.get(visit=visit)
    assert (record.dose_mg, record.product, record.reaction_grade, record.reaction_text) == (
        Decimal("750.00"),
        "Ruxience",
        2,
        "Shivering at step 3, settled in 20 minutes.",
    )
    kinds = StaffTask.objects.of(visit.clinic).values_list("kind", flat=True)
    assert list(kinds) == ["part_of_a_dose"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"dose_mg": Decimal("-4")}, "dose_impossible"),
        ({"dose_mg": Decimal("NaN")}, "dose_impossible"),
        ({"reaction_grade": 5, "reaction_text": "x"}, "grade_impossible"),
        ({"reaction_grade": 1, "reaction_text": "  "}, "reaction_without_words"),
    ],
)
def test_done_refuses_what_cannot_be(visit, nurse, typed, code):
    visit = through(visit, nurse, until="in_chair")
    with pytest.raises(Refused) as refused:
        actions.finish(visit=visit, by=nurse, now=NINE, **typed)
    assert codes(refused) == (code,)
    assert fresh(visit).record.state == "in_chair"


def test_second_click_on_done_changes_nothing(visit, nurse):
    after = through(visit, nurse)
    again = actions.finish(visit=visit, by=nurse, now=NINE + timedelta(hours=7), dose_mg=Decimal("1"))
    assert (again.record.done_at, again.record.dose_mg, again.version) == (
        after.record.done_at,
        after.record.dose_mg,
        after.version,
    )
    assert verbs(visit).count("finished infusion") == 1


def test_finish_on_a_later_day_counts_for_the_visits_own_day(visit, nurse):
    visit = through(visit, nurse, until="in_chair")
    actions.finish(visit=visit, by=nurse, now=NINE + timedelta(days=1))
    assert PlannedInfusion.objects.get(visits=visit).given_on == DAY


def test_grade_3_asks_a_prescriber_and_leaves_the_clearance(visit, nurse):
    visit = through(visit, nurse, until="in_chair")
    actions.finish(visit=visit, by=nurse, now=NINE, reaction_grade=3, reaction_text="Rigors and hypotension.")
    task = StaffTask.objects.get(clinic=visit.clinic)
    assert (task.role, task.due_on, task.record_number) == ("prescriber", DAY, visit.patient.record_number)
    assert Clearance.objects.get(patient=visit.patient).withdrawn_at is None


def test_grade_4_withdraws_the_clearance_and_closes_the_next_gate(visit, nurse):
    visit = through(visit, nurse, until="in_chair")
    actions.finish(visit=visit, by=nurse, now=NINE, reaction_grade=4, reaction_text="Anaphylaxis.")
    clearance = Clearance.objects.get(patient=visit.patient)
    assert (clearance.withdrawn_at, clearance.withdrawn_by) == (NINE, None)
    assert clearance.withdrawn_reason == "Grade 4 infusion reaction on 10 Mar 2031"
    following = make_visit(visit.patient, starts_at=NINE + timedelta(days=14))
    open_gate(visit.patient, DAY + timedelta(days=14))
    gate = queries.gate(queries.visit(visit.clinic, following.pk), today=DAY + timedelta(days=14))
    assert {each.code for each in gate.blocking} == {"clearance", "infusion_reaction", "reaction_review"}
    assert StaffTask.objects.get(clinic=visit.clinic).role == "prescriber"


def test_no_show_frees_the_infusion_and_asks_for_a_call(visit, nurse):
    after = actions.no_show(visit=visit, by=nurse, now=NINE + timedelta(hours=1))
    actions.no_show(visit=visit, by=nurse, now=NINE + timedelta(hours=1))
    task = StaffTask.objects.get(clinic=visit.clinic)
    assert (after.status, queries.stage(after).code) == ("noshow", "noshow")
    assert (task.role, task.reason) == (
        "receptionist",
        f"{visit.patient} did not come on 10 Mar 2031 at 09:00. Call, and offer a new time.",
    )
    again = make_visit(
        visit.patient, starts_at=NINE + timedelta(days=1), planned_infusion=visit.planned_infusion
    )
    assert again.status == "booked"


def test_no_show_is_refused_before_the_visit_begins(visit, nurse):
    with pytest.raises(Refused) as refused:
        actions.no_show(visit=visit, by=nurse, now=NINE - timedelta(minutes=1))
    assert codes(refused) == ("not_yet_due",)


@pytest.mark.parametrize(
    ("step", "code"),
    [("start", "out_of_order"), ("finish", "out_of_order"), ("complete_follow_up", "no_follow_up")],
)
def test_steps_out_of_order_are_refused(visit, nurse, step, code):
    with pytest.raises(Refused) as refused:
        getattr(actions, step)(visit=visit, by=nurse, now=NINE)
    assert codes(refused) == (code,)


def test_arrival_of_a_day_to_come_is_refused(clinic, nurse):
    visit = a_visit(clinic, starts_at=NINE + timedelta(days=1))
    with pytest.raises(Refused) as refused:
        actions.arrive(visit=visit, by=nurse, now=NINE)
    assert refused.value.reasons[0].message == "This visit is on 11 March 2031: note the arrival on the day."


def test_day_is_the_clinics_own(nurse):
    """At 03:30 in London on the 11th it is still the evening of the 10th in Chicago."""
    clinic = make_clinic(time_zone="America/Chicago")
    visit = a_visit(clinic, starts_at=datetime(2031, 3, 10, 15, tzinfo=UTC))
    actions.arrive(visit=visit, by=nurse, now=datetime(2031, 3, 11, 3, 30, tzinfo=UTC))
    early = a_visit(clinic, starts_at=datetime(2031, 3, 11, 15, tzinfo=UTC))
    with pytest.raises(Refused) as refused:
        actions.arrive(visit=early, by=nurse, now=datetime(2031, 3, 11, 3, 30, tzinfo=UTC))
    assert codes(refused) == ("not_today",)


def test_stale_page_is_refused_but_a_repeated_step_is_not(visit, nurse):
    actions.arrive(visit=visit, by=nurse, now=NINE, version=1)
    actions.arrive(visit=visit, by=nurse, now=NINE, version=1)
    other = a_visit(visit.clinic, starts_at=NINE + timedelta(hours=7))
    change_visit(other, "moved", starts_at=NINE + timedelta(hours=8))
    with pytest.raises(Refused) as refused:
        actions.arrive(visit=other, by=nurse, now=NINE + timedelta(hours=8), version=1)
    assert codes(refused) == ("stale",)


def test_the_dead_do_not_arrive(visit, nurse):
    visit.patient.deceased = True
    visit.patient.save()
    with pytest.raises(Refused) as refused:
        actions.arrive(visit=fresh(visit), by=nurse, now=NINE)
    assert codes(refused) == ("deceased",)


def test_day_visits_are_those_of_the_local_day_in_order(clinic):
    late, early = a_visit(clinic, starts_at=NINE + timedelta(hours=8)), a_visit(clinic)
    a_visit(clinic, starts_at=NINE + timedelta(days=1))
    a_visit(make_clinic())
    change_visit(a_visit(clinic, starts_at=NINE - timedelta(hours=8)), "cancelled")
    assert [visit.pk for visit in queries.day_visits(clinic, DAY)] == [early.pk, late.pk]


@pytest.mark.parametrize("many", [2, 6])
def test_gates_are_read_in_a_fixed_number_of_queries(clinic, many, django_assert_num_queries):
    for number in range(many):
        a_visit(clinic, starts_at=NINE + timedelta(hours=8 * number))
    found = list(queries.visits(clinic))
    with django_assert_num_queries(8):
        gates = queries.gates(clinic, found, today=DAY)
    assert len(gates) == many


def test_cancelled_visit_takes_no_step(visit, nurse):
    scheduling.cancel_visit(visit=visit, reason="Ill.", by=nurse, now=NINE)
    with pytest.raises(Refused) as refused:
        actions.arrive(visit=fresh(visit), by=nurse, now=NINE)
    assert refused.value.reasons[0].message == "This visit was cancelled."
