"""A reaction at the chair: what it does to the flow, and what it closes."""

from datetime import UTC, datetime, timedelta

import pytest

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.models import StaffTask
from evaluation.models import Clearance
from scheduling.models import PlannedInfusion
from tests.charting import chart, running
from tests.factory import make_clinic, make_member
from treatment import actions, queries
from treatment.domain.chart import Kind

pytestmark = pytest.mark.django_db
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London


def at(minutes):
    return NINE + timedelta(minutes=minutes)


@pytest.fixture
def clinic():
    return make_clinic(chairs=2)


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE, name="Priya Nair").user


def state(visit):
    return queries.visit(visit.clinic, visit.pk).record.state


@pytest.mark.parametrize(
    ("grade", "act", "mg_h", "flow", "stage"),
    [
        (1, "watch", "", 50, "infusing"),
        (1, "slow", "25", 25, "infusing"),
        (2, "pause", "", 0, "infusing"),
        (3, "stop", "", 50, "observing"),
        (4, "watch", "", 50, "observing"),
        (4, "slow", "", 50, "observing"),
    ],
)
def test_reaction_does_to_the_flow_what_the_nurse_chose(clinic, nurse, grade, act, mg_h, flow, stage):
    visit = running(clinic, NINE, nurse)
    given = {"grade": grade, "symptoms": ["rigors"], "text": "", "act": act, "mg_h": mg_h}
    for _ in range(2):
        chart(visit, Kind.REACTION, nurse, at(50), key="reaction-0001", **given)
    stands = queries.chart_of(visit)
    assert (stands.changes[-1].mg_h, state(visit), len(stands.of(Kind.REACTION))) == (flow, stage, 1)


@pytest.mark.parametrize("mg_h", ["", "50", "80"])
def test_reaction_is_not_called_slowed_without_a_lower_rate(clinic, nurse, mg_h):
    visit = running(clinic, NINE, nurse)
    given = {"grade": 1, "symptoms": ["rigors"], "text": "", "act": "slow", "mg_h": mg_h}
    with pytest.raises(Refused) as refused:
        chart(visit, Kind.REACTION, nurse, at(50), **given)
    assert refused.value.reasons == (
        Refusal("not_slower", "The rate is 50 mg/h. Write the lower one that you set.", "mg_h"),
    )
    assert queries.chart_of(visit).of(Kind.REACTION) == ()


def test_life_threatening_reaction_closes_everything_that_follows(clinic, nurse):
    visit = running(clinic, NINE, nurse)
    chart(visit, Kind.REACTION, nurse, at(50), grade=4, symptoms=["swelling"], text="", act="stop", mg_h="")
    visit = queries.visit(clinic, visit.pk)
    done = actions.finish(visit=visit, by=nurse, now=at(600))
    assert (done.record.reaction_grade, done.record.reaction_text) == (
        4,
        "Grade 4: Swelling of face or tongue.",
    )
    assert PlannedInfusion.objects.get(visits=visit).reaction_grade == 4
    assert Clearance.objects.get(patient=visit.patient).withdrawn_at == at(600)
    assert StaffTask.objects.of(clinic).get(kind="reaction").role == "prescriber"
