"""Corrections of the chart: the old value stays, and what follows from an entry follows from its correction."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from patients.models import Measurement
from tests.charting import by_surface, chart, ended, running, seated
from tests.factory import make_clinic, make_member
from treatment import actions, queries
from treatment.domain.chart import VOID, Kind
from treatment.models import ChartEntry

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


def codes(refused):
    return refused.value.codes


def state(visit):
    return queries.visit(visit.clinic, visit.pk).record.state


def correct(visit, nurse, kind, minutes, **payload):
    row = ChartEntry.objects.filter(visit=visit, kind=kind.value).last()
    how = {"happened_at": row.happened_at, "reason": "Typed wrongly.", "by": nurse, "now": at(minutes)}
    return actions.correct_entry(visit=visit, entry=row, payload=payload, key=f"correct-{minutes:04}", **how)


@pytest.mark.parametrize(
    ("payload", "kg", "mg"), [({"kg": "74"}, ["74.00", "72.00"], 700), ({VOID: True}, ["72.00"], 690)]
)
def test_weight_corrected_or_taken_back_is_the_patients_and_the_doses_too(clinic, nurse, payload, kg, mg):
    visit = seated(clinic, NINE, nurse)
    weights = Measurement.objects.filter(patient=visit.patient, kind="weight")
    weights.create(clinic=clinic, patient=visit.patient, kind="weight", value=72, taken_on=date(2031, 1, 6))
    planned = by_surface(visit)
    chart(visit, Kind.WEIGHT, nurse, NINE, kg="47", sure=True)
    correct(visit, nurse, Kind.WEIGHT, 3, **payload)
    planned.refresh_from_db()
    assert ([str(each.value) for each in weights], planned.dose_mg) == (kg, mg)


def test_weight_charted_twice_stays_the_patients_when_one_entry_is_taken_back(clinic, nurse):
    visit = seated(clinic, NINE, nurse)
    for minute in (0, 1):
        chart(visit, Kind.WEIGHT, nurse, at(minute), kg="74")
    correct(visit, nurse, Kind.WEIGHT, 3, **{VOID: True})
    assert Measurement.objects.get(patient=visit.patient, kind="weight").value == 74


def test_premedications_time_is_corrected_and_it_stands(clinic, nurse):
    visit = seated(clinic, NINE, nurse)
    chart(visit, Kind.IDENTITY, nurse, NINE, confirmed=["name", "birth_date"])
    chart(visit, Kind.PREMEDICATION, nurse, NINE)
    correct(visit, nurse, Kind.PREMEDICATION, 5)
    assert (state(visit), len(queries.chart_of(visit).of(Kind.PREMEDICATION))) == ("premedicating", 1)


def test_premedication_taken_back_leaves_no_open_gate_behind(clinic, nurse):
    visit = seated(clinic, NINE, nurse)
    chart(visit, Kind.IDENTITY, nurse, NINE, confirmed=["name", "birth_date"])
    chart(visit, Kind.PREMEDICATION, nurse, NINE)
    correct(visit, nurse, Kind.PREMEDICATION, 5, **{VOID: True})
    record = queries.visit(clinic, visit.pk).record
    assert (record.state, record.gate) == ("in_chair", {})


def test_reaction_corrected_to_life_threatening_ends_the_infusion(clinic, nurse):
    visit = running(clinic, NINE, nurse)
    seen = {"symptoms": ["swelling"], "text": "", "act": "watch", "mg_h": ""}
    chart(visit, Kind.REACTION, nurse, at(50), grade=2, **seen)
    correct(visit, nurse, Kind.REACTION, 52, grade=4, **seen)
    assert (state(visit), queries.chart_of(visit).ended_at) == ("observing", at(52))


def test_correction_keeps_the_old_value_and_its_own_reason(clinic, nurse):
    visit = running(clinic, NINE, nurse, steps=2)
    wrong = ChartEntry.objects.filter(visit=visit, kind="rate").last()
    actions.correct_entry(
        visit=visit,
        entry=wrong,
        payload={"mg_h": "75", "reason": ""},
        happened_at=at(62),
        reason="Read from the pump.",
        key="correct-0001",
        by=nurse,
        now=at(70),
    )
    stands = queries.chart_of(visit)
    assert [(change.at, change.mg_h) for change in stands.changes] == [(at(30), 50), (at(62), 75)]
    line = stands.lines[-1]
    assert (line.entry.reason, line.replaced[0].payload["mg_h"]) == ("Read from the pump.", "100")


def test_entry_pressed_by_mistake_is_taken_back_and_the_stage_with_it(clinic, nurse):
    visit = ended(clinic, NINE, nurse)
    stop = ChartEntry.objects.get(visit=visit, kind="stop")
    how = {
        "visit": visit,
        "entry": stop,
        "payload": {VOID: True},
        "happened_at": stop.happened_at,
        "by": nurse,
        "now": at(271),
    }
    with pytest.raises(Refused) as refused:
        actions.correct_entry(**how, reason=" ", key="correct-0001")
    assert codes(refused) == ("reason_missing",)
    actions.correct_entry(**how, reason="Wrong patient.", key="correct-0001")
    assert (state(visit), queries.chart_of(visit).ended) == ("infusing", None)
