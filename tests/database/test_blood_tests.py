"""Who is told by which day to have a blood test: looked for by dates, judged once, when the message leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinics.domain.rights import Role
from clinics.models import StaffTask
from evaluation import actions as evaluation
from infusion.reminders import actions, queries
from infusion.reminders.words import compose_text
from patients.models import EarlierInfusion
from scheduling.models import PlannedInfusion
from tests import factory
from tests.ledger import claim, deliver, ledger, now, settle

pytestmark = pytest.mark.django_db
LEAD = 28


@pytest.fixture
def clinic():
    return factory.make_clinic(messages=["lab_due"])


def planned(clinic, days, **fields):
    """The first maintenance infusion of a patient who was infused before, planned in so many days."""
    patient = factory.make_patient(clinic, **fields)
    today = now().astimezone(clinic.zone).date()
    EarlierInfusion.objects.create(
        clinic=clinic, patient=patient, given_on=today - timedelta(days=150), given_here=True
    )
    course = factory.make_course(patient, start_on=today - timedelta(days=150), maintenance=1)
    course.planned_infusions.filter(phase="induction").update(
        state="given", given_on=today - timedelta(days=140)
    )
    course.planned_infusions.filter(phase="maintenance").update(planned_on=today + timedelta(days=days))
    return course.planned_infusions.get(phase="maintenance")


def due_soon(clinic, **fields):
    return planned(clinic, LEAD + 10, **fields)


def test_patient_is_told_by_which_day_and_nothing_else(clinic):
    infusion = due_soon(clinic)
    assert actions.derive(now=now()) == 1
    sent = deliver()
    day = infusion.planned_on - timedelta(days=LEAD)
    words = f"by {day:%A} {day.day} {day:%B %Y}."
    assert sent.subject_line == "A blood test before your next appointment"
    assert sent.body.split("\n\n")[1] == (
        f"You need a blood test before your next appointment. Please have it done {words}"
    )
    said = compose_text("lab_due", (), {}, clinic, infusion.patient, by_day=day, now=now())
    assert said == f"Please have a blood test {words} Questions? Call +44 20 7946 0000."
    assert actions.derive(now=now()) == 0


@pytest.mark.parametrize(("days", "rows"), [(LEAD - 1, 0), (LEAD, 1), (LEAD + 13, 1), (LEAD + 16, 0)])
def test_only_infusions_whose_test_falls_due_are_looked_at(clinic, days, rows):
    planned(clinic, days)
    at = now().replace(hour=12)
    assert len(queries.patients_to_look_at(queries.every_clinics_rules(), at)) == rows


@pytest.mark.parametrize(
    "ended",
    [
        lambda row: PlannedInfusion.objects.of(row.clinic).filter(pk=row.pk).update(state="omitted"),
        lambda row: type(row.course).objects.of(row.clinic).filter(pk=row.course_id).update(state="stopped"),
        lambda row: type(row.patient).objects.of(row.clinic).filter(pk=row.patient_id).update(deceased=True),
        lambda row: (
            type(row.course.clearance)
            .objects.of(row.clinic)
            .filter(pk=row.course.clearance_id)
            .update(withdrawn_at=now())
        ),
    ],
    ids=["omitted", "stopped", "deceased", "withdrawn"],
)
def test_what_is_not_to_be_given_asks_for_no_test(clinic, ended):
    ended(due_soon(clinic))
    assert queries.patients_to_look_at(queries.every_clinics_rules(), now()) == set()


def test_result_that_came_in_before_the_message_left_makes_it_needless_once(clinic):
    infusion = due_soon(clinic)
    actions.derive(now=now())
    evaluation.record_result(
        clinic=clinic,
        patient=infusion.patient,
        kind="igg",
        value="9",
        unit="g/L",
        observed_on=now().date() - timedelta(days=1),
        by=factory.make_member(clinic, Role.NURSE).user,
        now=now(),
    )
    assert settle() == "not_needed"
    assert queries.patients_to_look_at(queries.every_clinics_rules(), now()) == set()


def test_infusion_that_moves_lays_the_message_of_the_old_day_aside(clinic):
    infusion = due_soon(clinic)
    actions.derive(now=now())
    infusion.planned_on += timedelta(days=2)
    infusion.save()
    message = claim()
    assert actions.prepare(message.pk, message.fence, now=now()) == "superseded"
    assert actions.derive(now=now()) == 1
    assert deliver().subject_version == infusion.planned_on.toordinal() - LEAD
    assert ledger() == [("lab_due", "superseded"), ("lab_due", "sent")]


def test_sweep_asks_as_often_for_many_as_for_one(clinic, django_assert_num_queries):
    due_soon(clinic)
    rules = queries.every_clinics_rules()
    with django_assert_num_queries(10) as first:
        queries.patients_to_look_at(rules, now())
    due_soon(clinic)
    with django_assert_num_queries(len(first)):
        assert len(queries.patients_to_look_at(rules, now())) == 2


def test_patient_without_an_address_is_called(clinic):
    due_soon(clinic, email="")
    actions.derive(now=now())
    assert settle() == "no_address"
    reason = StaffTask.objects.of(clinic).get(kind="call_patient").reason
    assert "by which day to have a blood test" in reason
