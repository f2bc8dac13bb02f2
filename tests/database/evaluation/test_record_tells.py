"""What a patient's own record tells the gate: medicines, vaccinations, earlier infusions."""

from datetime import date, timedelta

import pytest

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry
from evaluation import queries
from patients import actions
from patients.models import EarlierInfusion, Medication, Vaccination
from tests.evaluating import NOW, codes_of, today

pytestmark = pytest.mark.django_db


def gate(patient):
    return queries.gate_for(clinic=patient.clinic, patient=patient, on=today(), condition="RA")


def test_medicines_of_one_kind_are_named_together_and_stopped_ones_left_out(patient, nurse):
    for text in ("Leflunomide 20 mg", "Sulfasalazine 1 g", "Tofacitinib 5 mg"):
        actions.add_medicine(patient=patient, text=text, started_on=None, by=nurse, today=today())
    actions.set_taken(medicine=Medication.objects.get(text="Tofacitinib 5 mg"), taken=False, by=nurse)
    words = gate(patient).finding("interaction_dmard").words
    assert words.startswith("Leflunomide 20 mg, Sulfasalazine 1 g: with rituximab")


def test_a_medicine_is_on_the_list_once_and_taken_again_where_it_was_stopped(patient, nurse):
    given = {"patient": patient, "text": "Ramipril 5 mg", "started_on": date(2020, 1, 1), "by": nurse}
    medicine = actions.add_medicine(**given, today=today())
    actions.set_taken(medicine=medicine, taken=False, by=nurse)
    actions.set_taken(medicine=medicine, taken=False, by=nurse)
    assert actions.add_medicine(**given, today=today()).is_current
    assert Medication.objects.count() == 1
    verbs = AuditEntry.objects.filter(subject_kind="medication").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["recorded medicine", "medicine stopped", "medicine taken again"]


def test_a_medicine_from_the_future_is_refused(patient, nurse):
    with pytest.raises(Refused) as refused:
        actions.add_medicine(
            patient=patient, text="X", started_on=today() + timedelta(days=1), by=nurse, today=today()
        )
    assert (codes_of(refused), Medication.objects.count()) == (("future",), 0)


def test_a_vaccination_on_record_warns_while_it_is_fresh(patient):
    Vaccination.objects.create(
        clinic=patient.clinic,
        patient=patient,
        text="Influenza, seasonal",
        given_on=today() - timedelta(days=3),
    )
    assert gate(patient).finding("influenza_vaccine").word == "warning"


def test_a_severe_reaction_to_an_earlier_infusion_reaches_the_gate(patient, nurse):
    actions.record_earlier_infusion(
        patient=patient,
        given_on=today() - timedelta(days=300),
        product="MabThera",
        dose_mg=None,
        given_here=False,
        reaction_grade=4,
        reaction_text="Shock",
        by=nurse,
        now=NOW,
    )
    assert EarlierInfusion.objects.count() == 1
    verdict = gate(patient)
    assert [verdict.finding(code).word for code in ("infusion_reaction", "reaction_review")] == [
        "refused",
        "missing",
    ]
