"""The page of a patient's response: one picture, and a table that says the same."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation.actions.rules import set_rule
from evaluation.queries import evidence_of
from infusion.interop.actions import import_now
from patients.models import EarlierInfusion
from tests.evaluating import NOW, client_of, record, today
from tests.factory import make_clinic, make_diagnosis, make_follow_up, make_member, make_patient

pytestmark = pytest.mark.django_db


def ago(days):
    return today() - timedelta(days=days)


@pytest.fixture
def clinic():
    return make_clinic(chairs=1, nurses=0, time_zone="UTC")


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE)


@pytest.fixture
def patient(clinic):
    found = make_patient(clinic, given_name="Edith", family_name="Marlowe")
    make_diagnosis(found, "RA")
    return found


@pytest.fixture
def told(patient, nurse):
    """Eighteen months in treatment: three infusions, four scores, a tapered steroid dose, one relapse."""
    for days in (500, 486, 310):
        EarlierInfusion.objects.create(
            clinic=patient.clinic, patient=patient, given_on=ago(days), dose_mg=Decimal(1000)
        )
    for days, value in ((510, "5.6"), (380, "4.1"), (200, "3.0"), (20, "4.3")):
        record(patient, nurse.user, "das28_esr", value, on=ago(days))
    for days, dose in ((510, "20"), (400, "7.5")):
        record(patient, nurse.user, "steroid_dose", dose, "mg/day", on=ago(days))
    record(patient, nurse.user, "relapse", "minor", on=ago(90))
    return patient


def page_of(member, patient, name="response", query=""):
    return client_of(member).get(reverse(f"reports:{name}", args=[patient.pk]) + query)


def words(answer):
    return " ".join(answer.content.decode().split())


def test_the_picture_shows_scores_steroids_relapses_and_infusions(nurse, told):
    response = page_of(nurse, told).context["response"]
    assert [dot.text for dot in response.wide.score.dots] == ["5.6", "4.1", "3", "4.3"]
    assert [dot.text for dot in response.wide.infusions] == ["1", "2", "3"]
    assert [len(drawn.relapses) for drawn in (response.wide, response.narrow)] == [1, 1]
    assert [tick.text for tick in response.wide.steroids.ticks] == ["0", "10", "20"]


def test_the_table_says_the_same_newest_first(nurse, told):
    rows = page_of(nurse, told).context["response"].rows
    said = [
        (row.on, row.infusion, [each for each, _ in row.values], row.steroids, row.relapses) for row in rows
    ]
    assert said == [
        (ago(20), "", ["4.3 points"], [], []),
        (ago(90), "", [], [], ["Minor or mild"]),
        (ago(200), "", ["3 points"], [], []),
        (ago(310), "3", [], [], []),
        (ago(380), "", ["4.1 points"], [], []),
        (ago(400), "", [], ["7.5 mg"], []),
        (ago(486), "2", [], [], []),
        (ago(500), "1", [], [], []),
        (ago(510), "", ["5.6 points"], ["20 mg"], []),
    ]


def test_what_the_sources_name_is_pointed_out_as_information(nurse, told):
    page = words(page_of(nurse, told))
    assert "Since before the first infusion (5.6 points," in page
    assert "fallen by 1.3." in page
    assert "NICE asks for a fall of at least 1.2" in page
    assert "Source: NICE TA126 (S11)." in page
    record(told, nurse.user, "das28_esr", "4.5")
    page = words(page_of(nurse, told))
    assert "fallen by 1.1." in page
    assert "NICE asks" not in page


def test_another_measure_is_chosen_by_its_name_and_nonsense_is_not(nurse, told):
    assert page_of(nurse, told, query="?measure=cdai").context["response"].kind.code == "cdai"
    for nonsense in ("?measure=igg", "?measure=%00", "?measure=edss"):
        assert page_of(nurse, told, query=nonsense).context["response"].kind.code == "das28_esr"


def test_a_laboratory_value_stands_beside_the_infusions_with_what_holds_against_it(nurse, told):
    assert "igg" not in [kind.code for kind in page_of(nurse, told).context["response"].choices]
    for days, level in ((505, "11.2"), (40, "4.6")):
        record(told, nurse.user, "igg", level, "g/L", on=ago(days))
    page = page_of(nurse, told, query="?measure=igg")
    drawn = page.context["response"].wide.score
    assert [dot.text for dot in drawn.dots] == ["11.2", "4.6"]
    assert [limit.text for limit in drawn.limits] == ["IgG below this holds", "IgG below this warns"]
    assert "Since before the first infusion (11.2 g/L," in words(page)
    assert "RITAZAREM: hold until above 3 g/L (S26)" in words(page)
    assert "Unverified" in words(page)


def test_a_clinics_own_number_is_drawn_with_the_clinics_own_source(nurse, clinic, told):
    by = make_member(clinic, Role.PRESCRIBER, name="Peter Abelard").user
    set_rule(clinic=clinic, code="igg_warn", value=Decimal("5.5"), reason="Our protocol", by=by, now=NOW)
    record(told, nurse.user, "igg", "9", "g/L", on=ago(40))
    page = page_of(nurse, told, query="?measure=igg")
    assert [number for _, number in page.context["response"].held_against] == ["3", "5.5"]
    assert "IgG below this warns: 5.5 g/L." in words(page)
    assert "Peter Abelard" in words(page)


def test_a_result_that_was_imported_serves_the_gate_and_the_picture(nurse, clinic):
    patient = make_patient(clinic, record_number="R-1")
    make_diagnosis(patient, "AIHA")
    line = f"R-1,718-7,94,g/L,{ago(3)}"
    file = ("lab.csv", f"mrn,test,value,unit,taken_on\n{line}".encode())
    import_now(clinic=clinic, files=[file], by=None, now=NOW, subject="results")
    assert [dot.text for dot in page_of(nurse, patient).context["response"].wide.score.dots] == ["9.4"]
    assert [(row.kind, row.value) for row in evidence_of(patient)] == [("haemoglobin", "9.4")]


def test_the_panel_is_short_for_htmx_and_a_page_without(nurse, told):
    client = client_of(nurse)
    address = reverse("reports:response_panel", args=[told.pk])
    short = client.get(address, headers={"HX-Request": "true"})
    assert "<html" not in words(short)
    assert "4.3 points" in words(short)
    assert '<svg class="response' in words(client.get(address))


def test_whoever_decides_at_week_24_has_the_response_in_sight(clinic, told):
    row = make_follow_up(told, due_on=today())
    prescriber = client_of(make_member(clinic, Role.PRESCRIBER))
    page = words(prescriber.get(reverse("monitoring:decide", args=[row.pk])))
    assert f'hx-get="{reverse("reports:response_panel", args=[told.pk])}"' in page


@pytest.mark.parametrize("condition", ["", "RA", "AIHA", "MS"])
def test_a_patient_without_values_has_a_page_without_a_picture(nurse, clinic, condition):
    patient = make_patient(clinic)
    if condition:
        make_diagnosis(patient, condition)
    page = page_of(nurse, patient)
    assert page.status_code == 200
    assert "Nothing" in words(page)
    assert '<svg class="response' not in words(page)


def test_looking_is_audited_and_asks_few_queries(nurse, told):
    client = client_of(nurse)
    address = reverse("reports:response", args=[told.pk])
    client.get(address)
    entry = AuditEntry.objects.of(told.clinic).filter(verb="viewed patient").last()
    assert (entry.record_number, entry.changes) == (told.record_number, {"page": "response"})

    def asked():
        with CaptureQueriesContext(connection) as seen:
            client.get(address)
        return len(seen)

    few = asked()
    for days in range(1, 15):
        record(told, nurse.user, "das28_esr", "4", on=ago(days))
        record(told, nurse.user, "relapse", "major", on=ago(days))
    assert asked() == few
