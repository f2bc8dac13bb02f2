"""A step taken back: for clicks made by mistake, while nobody has acted on them."""

from datetime import UTC, datetime, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from scheduling.models import PlannedInfusion, Visit
from tests.factory import make_clinic, make_member, make_patient, make_visit
from tests.gates import ready_visit
from treatment import actions, queries

pytestmark = pytest.mark.django_db
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London


@pytest.fixture
def clinic():
    return make_clinic(chairs=2)


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE).user


@pytest.fixture
def visit(clinic):
    return queries.visit(clinic, ready_visit(clinic, NINE).pk)


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


def test_undo_goes_back_step_by_step_and_keeps_the_reason(visit, nurse):
    through(visit, nurse)
    soon = NINE + timedelta(hours=6, minutes=4)
    back = actions.undo_last_step(visit=visit, by=nurse, now=soon, reason="Wrong patient.")
    planned = PlannedInfusion.objects.get(visits=visit)
    assert (back.status, back.record.state, back.record.dose_mg, back.record.done_at) == (
        "arrived",
        "in_chair",
        None,
        None,
    )
    assert (planned.state, planned.given_on) == ("planned", None)
    entry = AuditEntry.objects.of(visit.clinic).filter(verb="took a step back").latest("id")
    assert entry.changes == {"stage": ["Discharged", "In chair"], "reason": "Wrong patient."}


def test_undo_of_start_and_arrival_leaves_no_record(visit, nurse):
    through(visit, nurse, until="in_chair")
    soon = NINE + timedelta(minutes=6)
    back = actions.undo_last_step(visit=visit, by=nurse, now=soon, reason="Too early.")
    assert (back.record.state, back.record.in_chair_at, back.record.started_by, back.record.gate) == (
        "arrived",
        None,
        None,
        {},
    )
    gone = actions.undo_last_step(visit=visit, by=nurse, now=soon, reason="Too early.")
    assert (gone.status, queries.record_of(gone)) == ("booked", None)


def test_undo_of_a_no_show_closes_the_call(visit, nurse):
    actions.no_show(visit=visit, by=nurse, now=NINE)
    back = actions.undo_last_step(
        visit=visit, by=nurse, now=NINE + timedelta(minutes=9), reason="Was in the garden."
    )
    task = StaffTask.objects.get(clinic=visit.clinic)
    assert (back.status, task.closed_by) == ("booked", nurse)
    actions.no_show(visit=visit, by=nurse, now=NINE + timedelta(minutes=10))
    assert StaffTask.objects.of(visit.clinic).filter(closed_at=None).count() == 1


def test_undo_is_refused_when_its_minutes_have_passed(visit, nurse):
    through(visit, nurse, until="arrived")
    with pytest.raises(Refused) as refused:
        actions.undo_last_step(visit=visit, by=nurse, now=NINE + timedelta(minutes=11), reason="Late.")
    assert codes(refused) == ("too_late_to_undo",)


def test_undo_needs_a_reason_and_a_step(visit, nurse):
    with pytest.raises(Refused) as refused:
        actions.undo_last_step(visit=visit, by=nurse, now=NINE, reason="x")
    assert codes(refused) == ("nothing_to_undo",)
    through(visit, nurse, until="arrived")
    with pytest.raises(Refused) as refused:
        actions.undo_last_step(visit=visit, by=nurse, now=NINE, reason=" ")
    assert codes(refused) == ("reason_missing",)


def test_undo_of_done_is_refused_once_something_was_booked_since(visit, nurse):
    through(visit, nurse)
    make_visit(visit.patient, starts_at=NINE + timedelta(days=14), at=NINE + timedelta(hours=6, minutes=1))
    with pytest.raises(Refused) as refused:
        actions.undo_last_step(
            visit=visit, by=nurse, now=NINE + timedelta(hours=6, minutes=2), reason="Oops."
        )
    assert codes(refused) == ("followed",)


def test_undo_is_refused_where_a_severe_reaction_was_recorded(visit, nurse):
    visit = through(visit, nurse, until="in_chair")
    actions.finish(visit=visit, by=nurse, now=NINE, reaction_grade=3, reaction_text="Rigors.")
    with pytest.raises(Refused) as refused:
        actions.undo_last_step(visit=visit, by=nurse, now=NINE, reason="Oops.")
    assert codes(refused) == ("severe_reaction",)


def test_undo_of_a_no_show_is_refused_when_the_chair_was_given_away(visit, nurse):
    actions.no_show(visit=visit, by=nurse, now=NINE)
    make_visit(make_patient(visit.clinic), starts_at=NINE, chair=visit.chair)
    with pytest.raises(Refused) as refused:
        actions.undo_last_step(
            visit=visit, by=nurse, now=NINE + timedelta(minutes=1), reason="Came after all."
        )
    assert codes(refused) == ("just_taken",)
    assert Visit.objects.get(pk=visit.pk).status == "noshow"
