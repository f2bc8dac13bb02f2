"""The chart in the database: written once, never changed, judged at chair side, and closed at the discharge."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from patients.models import Measurement
from scheduling import actions as scheduling
from scheduling.models import PlannedInfusion
from tests.charting import PRODUCT, SIGNS, by_surface, chart, ended, premedicated, running, seated
from tests.factory import make_clinic, make_member
from tests.gates import ready_visit
from treatment import actions, queries
from treatment.domain.chart import Kind
from treatment.models import ChartEntry

pytestmark = pytest.mark.django_db
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London
DAY = date(2031, 3, 10)


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


def finish(visit, nurse, minutes=600, **more):
    visit = queries.visit(visit.clinic, visit.pk)
    return actions.finish(visit=visit, by=nurse, now=at(minutes), **more)


def test_infusion_goes_through_its_stages_by_its_chart(clinic, nurse):
    visit = seated(clinic, NINE, nurse)
    seen = [state(visit)]
    chart(visit, Kind.IDENTITY, nurse, NINE, confirmed=["name", "birth_date"])
    for kind, minute, payload in (
        (Kind.PREMEDICATION, 0, {}),
        (Kind.PRODUCT, 1, PRODUCT),
        (Kind.RATE, 30, {"mg_h": "50", "reason": "Premedication at home."}),
        (Kind.STOP, 285, {"complete": True, "dose_mg": "", "reason": ""}),
    ):
        chart(visit, kind, nurse, at(minute), **payload)
        seen.append(state(visit))
    finish(visit, nurse)
    seen.append(state(visit))
    assert seen == ["in_chair", "premedicating", "premedicating", "infusing", "observing", "done"]


def test_premedication_is_impossible_while_the_gate_is_closed(clinic, nurse):
    visit = seated(clinic, NINE, nurse, drug_received="", infection="present")
    chart(visit, Kind.IDENTITY, nurse, NINE, confirmed=["name", "birth_date"])
    chart(visit, Kind.WEIGHT, nurse, NINE, kg="74")
    with pytest.raises(Refused) as refused:
        chart(visit, Kind.PREMEDICATION, nurse, NINE)
    assert set(codes(refused)) == {"gate_infection_day", "gate_drug_received"}
    with pytest.raises(Refused) as refused:
        chart(visit, Kind.RATE, nurse, NINE, mg_h="50", reason="Now.")
    assert codes(refused) == ("not_premedicating",)
    assert (state(visit), queries.visit(clinic, visit.pk).record.gate) == ("in_chair", {})


def test_premedication_begins_on_the_visits_own_day_alone(clinic, nurse):
    visit, later = queries.visit(clinic, ready_visit(clinic, NINE).pk), at(1440)
    actions.arrive(visit=visit, by=nurse, now=later)
    actions.start(visit=queries.visit(clinic, visit.pk), by=nurse, now=later)
    chart(visit, Kind.IDENTITY, nurse, later, confirmed=["name", "birth_date"])
    with pytest.raises(Refused) as refused:
        chart(visit, Kind.PREMEDICATION, nurse, later)
    assert (codes(refused), state(visit)) == (("another_day",), "in_chair")


def test_gate_a_prescriber_has_opened_lets_premedication_begin(clinic, nurse):
    visit = seated(clinic, NINE, nurse, drug_received="")
    chart(visit, Kind.IDENTITY, nurse, NINE, confirmed=["name", "birth_date"])
    prescriber = make_member(clinic, Role.PRESCRIBER).user
    tokens = [each.token for each in queries.gate(visit, today=DAY).blocking]
    how = {"reason": "It is in the fridge of the ward.", "expires_on": DAY, "by": prescriber, "now": NINE}
    scheduling.open_gate(visit=visit, tokens=tokens, **how)
    chart(visit, Kind.PREMEDICATION, nurse, at(1))
    assert state(visit) == "premedicating"


def test_gates_verdict_and_rate_profile_are_kept_when_premedication_begins(clinic, nurse):
    visit = premedicated(clinic, NINE, nurse)
    assert queries.visit(clinic, visit.pk).record.gate["state"] == "cleared"
    begun = queries.chart_of(visit).first(Kind.PREMEDICATION)
    assert begun.payload == {"gate": "Cleared", "profile": "first_standard"}


def test_weight_at_the_chair_is_the_patients_newest_weight(clinic, nurse):
    visit = seated(clinic, NINE, nurse)
    chart(visit, Kind.WEIGHT, nurse, NINE, kg="74.5")
    row = Measurement.objects.get(patient=visit.patient, kind="weight")
    assert (row.value, row.taken_on) == (Decimal("74.50"), DAY)


@pytest.mark.parametrize(("kg", "mg"), [("90", 770), ("29", 680)])
def test_dose_by_body_surface_follows_the_weight_at_the_chair(clinic, nurse, kg, mg):
    visit = seated(clinic, NINE, nurse)
    planned = by_surface(visit)
    chart(visit, Kind.WEIGHT, nurse, NINE, kg=kg)
    planned.refresh_from_db()
    assert (planned.dose_mg, state(visit)) == (mg, "in_chair")


def test_dose_stays_once_the_product_is_prepared(clinic, nurse):
    visit = premedicated(clinic, NINE, nurse)
    planned = by_surface(visit)
    chart(visit, Kind.PRODUCT, nurse, at(1), **PRODUCT)
    chart(visit, Kind.WEIGHT, nurse, at(2), kg="90")
    planned.refresh_from_db()
    assert planned.dose_mg == 680


def test_same_key_is_written_once(clinic, nurse):
    visit = running(clinic, NINE, nurse)
    before = ChartEntry.objects.filter(visit=visit).count()
    answers = [chart(visit, Kind.VITALS, nurse, at(45), key="the-same-key", **SIGNS).state for _ in range(3)]
    assert answers == ["written", "known", "known"]
    assert ChartEntry.objects.filter(visit=visit).count() == before + 1
    assert AuditEntry.objects.of(clinic).filter(verb="charted vitals").count() == 1


def test_planned_step_a_colleague_has_taken_is_merged(clinic, nurse):
    visit = running(clinic, NINE, nurse, steps=2)
    colleague = make_member(clinic, Role.NURSE).user
    before = ChartEntry.objects.filter(visit=visit).count()
    assert chart(visit, Kind.RATE, colleague, at(61), mg_h="100", reason="").state == "merged"
    assert ChartEntry.objects.filter(visit=visit).count() == before


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space in it", "a\x00bcdefgh"])
def test_key_that_names_nothing_is_refused(clinic, nurse, key):
    visit = seated(clinic, NINE, nurse)
    with pytest.raises(Refused) as refused:
        actions.add_entry(
            visit=visit, kind=Kind.NOTE, payload={"text": "x"}, happened_at=NINE, key=key, by=nurse, now=NINE
        )
    assert codes(refused) == ("key_unreadable",)


def test_no_page_takes_the_keys_of_what_the_system_writes(clinic, nurse):
    visit = running(clinic, NINE, nurse)
    with pytest.raises(Refused) as refused:
        chart(visit, Kind.NOTE, nurse, at(40), key="reaction-0001:flow", text="x")
    assert codes(refused) == ("key_unreadable",)
    for version in range(9):
        chart(visit, Kind.NOTE, nurse, at(40), key=f"discharge-{version}", text="x")
    chart(visit, Kind.STOP, nurse, at(50), complete=False, dose_mg="0", reason="Vein lost.")
    assert finish(visit, nurse).record.state == "done"


def test_typed_late_keeps_both_times(clinic, nurse):
    visit = running(clinic, NINE, nurse)
    row = chart(visit, Kind.RATE, nurse, at(60), now=at(75), mg_h="100", reason="").entry
    assert (row.happened_at, row.recorded_at) == (at(60), at(75))


@pytest.mark.parametrize(
    "verb", ["UPDATE treatment_chartentry SET kind = 'note'", "DELETE FROM treatment_chartentry"]
)
def test_database_refuses_to_change_or_delete_an_entry(clinic, nurse, verb):
    running(clinic, NINE, nurse)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb)


def test_database_refuses_the_same_key_twice_and_a_correction_without_a_reason(clinic, nurse):
    visit = running(clinic, NINE, nurse)
    row = ChartEntry.objects.filter(visit=visit).first()
    same = {"clinic": clinic, "patient": visit.patient, "visit": visit, "kind": "note", "payload": {}}
    same |= {"happened_at": NINE, "recorded_at": NINE, "by": nurse}
    for wrong in ({"key": row.key}, {"key": "another-key", "corrects": row}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ChartEntry.objects.create(**same, **wrong)


def test_charted_discharge_gives_what_the_chart_says(clinic, nurse):
    visit = ended(clinic, NINE, nurse)
    done = finish(visit, nurse, dose_mg=Decimal(1), product="Something else")
    assert (done.record.dose_mg, done.record.product, done.status) == (Decimal(1000), "Truxima", "fulfilled")
    assert PlannedInfusion.objects.get(visits=visit).state == "given"


def test_incomplete_dose_is_what_flowed_by_the_rates(clinic, nurse):
    visit = running(clinic, NINE, nurse, steps=3)
    chart(visit, Kind.STOP, nurse, at(110), complete=False, dose_mg="", reason="Vein lost.")
    # 25 and 50 mg in two half hours, then 20 minutes at 150 mg/h.
    assert finish(visit, nurse).record.dose_mg == Decimal("125.00")


def test_incomplete_dose_that_was_measured_stands(clinic, nurse):
    visit = running(clinic, NINE, nurse, steps=3)
    chart(visit, Kind.STOP, nurse, at(110), complete=False, dose_mg="130.5", reason="Vein lost.")
    assert finish(visit, nurse).record.dose_mg == Decimal("130.50")


def test_discharge_before_the_end_of_observation_asks_why(clinic, nurse):
    visit = ended(clinic, NINE, nurse)  # at 13:30; a first infusion is observed for an hour
    with pytest.raises(Refused) as refused:
        finish(visit, nurse, minutes=329)
    assert [(each.code, each.field) for each in refused.value.reasons] == [("observation", "early_reason")]
    finish(visit, nurse, minutes=329, early_reason="Wants to go home.")
    assert queries.chart_of(visit).last(Kind.DISCHARGE).payload == {"reason": "Wants to go home."}


def test_infusion_that_runs_is_not_discharged(clinic, nurse):
    with pytest.raises(Refused) as refused:
        finish(running(clinic, NINE, nurse), nurse)
    assert codes(refused) == ("out_of_order",)


def test_discharge_taken_back_leads_to_observation_and_is_struck_from_the_chart(clinic, nurse):
    visit = finish(ended(clinic, NINE, nurse), nurse, minutes=331)
    back = actions.undo_last_step(visit=visit, by=nurse, now=at(335), reason="Wrong patient.")
    assert (back.record.state, queries.chart_of(visit).of(Kind.DISCHARGE)) == ("observing", ())
    again = finish(visit, nurse, minutes=340)
    assert len(queries.chart_of(again).of(Kind.DISCHARGE)) == 1


def test_nothing_is_charted_before_the_arrival_nor_given_after_the_discharge(clinic, nurse):
    visit = finish(ended(clinic, NINE, nurse), nurse)
    with pytest.raises(Refused) as refused:
        chart(visit, Kind.PAUSE, nurse, at(40), now=at(601), reason="")
    assert codes(refused) == ("discharged",)
    assert chart(visit, Kind.VITALS, nurse, at(330), now=at(601), **SIGNS).state == "written"
    other = seated(clinic, NINE + timedelta(days=1), nurse)
    actions.undo_last_step(visit=other, by=nurse, now=NINE + timedelta(days=1), reason="x")
    with pytest.raises(Refused) as refused:
        chart(other, Kind.PREMEDICATION, nurse, NINE + timedelta(days=1))
    assert codes(refused) == ("not_seated",)


def test_bedside_is_read_in_a_fixed_number_of_queries(clinic, nurse, django_assert_max_num_queries):
    visit = running(clinic, NINE, nurse, steps=2)
    for minute in range(45, 105, 5):
        chart(visit, Kind.VITALS, nurse, at(minute), **SIGNS)
    visit = queries.visit(clinic, visit.pk)
    with django_assert_max_num_queries(8):
        shown = queries.shown(visit, now=at(110))
    assert (len(shown.chart.of(Kind.VITALS)), shown.rate, shown.given_mg) == (12, 100, Fraction(325, 3))
