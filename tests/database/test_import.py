"""Patients in from lists and FHIR files: what goes in, what waits, what is refused; twice is once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps

from clinics.models import Clinic
from evaluation.models import Result
from patients import queries as patient_queries
from patients.models import Allergy, Diagnosis, Measurement, Medication, Patient, Vaccination
from tests.factory import make_clinic
from tests.intake import DATA, PERSON, bring_in, bring_in_resource, counts, files_in, patient_of

pytestmark = pytest.mark.django_db
# What an import may add to although it changes nobody: the trail and the note of the import itself.
TRAIL = {"AuditEntry", "AuditSeal", "ImportBatch", "ImportFile"}

ROSTER_REFUSED = {
    "row 4": "birth_date",
    "row 7": "birth_date",
    "row 10": "email",
    "row 13": "diagnosis",
    "row 16": "mrn",
    "row 19": "given_name",
    "row 22": "weight_kg",
    "row 25": "weight_kg",
    "row 28": "family_name",
    "row 34": "given_name",
    "row 37": "phone",
    "row 40": "height_cm",
    "row 43": "family_name",
}


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


def stored() -> dict[str, list[Any]]:
    """Every row of every table but the trail."""
    return {
        model.__name__: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.app_label in ("clinics", "patients", "evaluation", "scheduling", "interop")
        and model.__name__ not in TRAIL
    }


# --- the files as delivered ------------------------------------------------------------------------


def test_the_roster_comes_in_with_each_bad_row_told(clinic):
    report = bring_in(clinic, ("roster.csv", (DATA / "roster.csv").read_bytes()))
    assert counts(report) == (60, 0, 1, 2, 13)
    assert {entry["place"]: entry["field"] for entry in report["refused"]} == ROSTER_REFUSED
    assert {entry["source"] for entry in report["refused"]} == {"roster.csv"}
    assert Patient.objects.of(clinic).count() == 60
    assert list(Patient.objects.of(clinic).filter(record_number__startswith="BAD")) == []
    waiting = Diagnosis.objects.of(clinic).filter(state="to_confirm")
    assert sorted(waiting.values_list("patient__record_number", "text", "condition")) == [
        ("MRN0410013", "lupus", "SLE"),
        ("MRN0410039", "lupus", "SLE"),
    ]
    assert patient_of(clinic, "MRN0410015").family_name == "Null"
    assert patient_of(clinic, "MRN0410013").given_name == "李"


def test_the_22_bundles_come_in_with_what_belongs_to_each_patient(clinic):
    report = bring_in(clinic, *files_in(DATA / "synthea"))
    assert counts(report) == (21, 0, 0, 3, 1)
    words = (
        "“marco antonio.muñoz133@example.com” is not an e-mail address. "
        "Write it like name@example.org, or leave it empty."
    )
    assert report["refused"] == [
        {
            "source": "marco antonio_muñoz_d0a00958.json",
            "place": "entry 1, patient 7414965",
            "field": "email",
            "reason": words,
        }
    ]
    assert report["left_out"] == []
    treated = Diagnosis.objects.of(clinic).exclude(condition="").order_by("patient__family_name", "condition")
    assert list(treated.values_list("patient__family_name", "condition", "state", "is_resolved")) == [
        ("Batz", "RA", "confirmed", True),
        ("Becker", "MS", "confirmed", False),
        ("Becker", "RA", "confirmed", False),
        ("Bergstrom", "RA", "confirmed", False),
        ("Flatley", "MS", "confirmed", False),
        ("Heredia", "RA", "confirmed", True),
        ("Koelpin", "MS", "confirmed", False),
        ("Krajcik", "MS", "confirmed", False),
        ("Kuhn", "MS", "confirmed", False),
        ("Kuhn", "RA", "confirmed", True),
        ("Murillo", "RA", "confirmed", False),
        ("Murillo", "SLE", "to_confirm", False),
        ("Orozco", "MS", "confirmed", False),
        ("Pouros", "MS", "confirmed", False),
    ]
    assert [patient.family_name for patient in patient_queries.overlaps(clinic)] == ["Becker", "Kuhn"]
    tables = (Diagnosis, Allergy, Medication, Vaccination, Measurement, Result)
    assert [table.objects.of(clinic).count() for table in tables] == [649, 24, 114, 1468, 42, 166]
    assert report["results_not_used"] == 252


def test_everything_a_second_time_changes_nothing(clinic):
    files = [
        ("roster.csv", (DATA / "roster.csv").read_bytes()),
        *files_in(DATA / "synthea"),
        *files_in(DATA / "fhir"),
    ]
    first = bring_in(clinic, *files)
    before = stored()
    second = bring_in(clinic, *files, now=datetime(2026, 11, 25, 12, tzinfo=UTC))
    assert stored() == before
    assert counts(first) == (85, 0, 1, 6, 15)
    assert counts(second) == (0, 0, 86, 6, 15)
    assert second["refused"] == first["refused"]


def test_every_record_is_in_exactly_one_group(clinic):
    report = bring_in(clinic, ("roster.csv", (DATA / "roster.csv").read_bytes()))
    assert report["added"] + report["updated"] + report["unchanged"] + len(report["refused"]) == 74
    assert all(set(entry) == {"source", "place", "field", "reason"} for entry in report["refused"])
    assert all(entry["reason"] for entry in report["refused"])


# --- our own FHIR files ----------------------------------------------------------------------------


def test_serology_immunoglobulins_and_counts_stand_in_the_evaluation_in_its_units(clinic):
    report = bring_in(clinic, *files_in(DATA / "fhir"))
    assert counts(report) == (4, 0, 0, 1, 1)
    patient = patient_of(clinic, "paciente-ines-0042")
    found = Result.objects.of(clinic).filter(patient=patient).order_by("kind")
    assert list(found.values_list("kind", "value", "unit", "entered_value", "entered_unit")) == [
        ("anti_hbc", "positive", "", "Positive", ""),
        ("haemoglobin", "12.8", "g/dL", "128", "g/L"),
        ("hbsag", "negative", "", "Negative", ""),
        ("igg", "7.12", "g/L", "712", "mg/dL"),
        ("lymphocytes", "1.42", "10*9/L", "1420", "/uL"),
        ("neutrophils", "3.48", "10*9/L", "3.48", "10*3/uL"),
        ("pregnancy_test", "negative", "", "negative", ""),
    ]
    assert set(found.values_list("observed_on", flat=True)) == {date(2026, 11, 2)}
    assert patient.address == "Calle de Alcalá 42, 3.º B\nMadrid 28014\nES"
    assert (str(patient.phone), patient.language) == ("+34612345678", "es")
    assert {(entry["field"], entry["reason"]) for entry in report["left_out"]} == {
        ("Observation IgG [Mass/volume] in Serum or Plasma", "It is not final yet."),
        ("Observation IgG [Mass/volume] in Serum or Plasma", "Its status “finished” is not a FHIR status."),
        ("Immunization Varicella", "It has no exact date."),
        ("Platelets (777-3, 2026-11-02)", "This cannot be less than zero."),
        ("subject", "Entries that belong to no patient in this file: 1."),
    }


def test_the_dead_are_on_record_and_marked(clinic):
    bring_in(clinic, *files_in(DATA / "fhir"))
    patient = patient_of(clinic, "DEAD-1")
    assert (patient.deceased, patient.deceased_on) == (True, date(2024, 11, 2))


def test_a_patient_who_dies_between_two_imports_is_marked_then(clinic):
    bring_in_resource(clinic, PERSON)
    report = bring_in_resource(clinic, {**PERSON, "deceasedDateTime": "2026-10-01"})
    assert counts(report) == (0, 1, 0, 0, 0)
    assert patient_of(clinic, "p1").deceased_on == date(2026, 10, 1)
    assert counts(bring_in_resource(clinic, PERSON)) == (0, 0, 1, 0, 0)
    assert patient_of(clinic, "p1").deceased


def test_a_death_in_the_future_refuses_the_record(clinic):
    report = bring_in_resource(clinic, {**PERSON, "deceasedDateTime": "2030-01-01"})
    assert [(entry["field"], entry["reason"]) for entry in report["refused"]] == [
        ("deceased", "The day of death 2030-01-01 lies in the future or before the birth.")
    ]


def test_what_a_source_says_has_gone_is_followed(clinic):
    def said(clinical: str, status: str) -> dict[str, Any]:
        subject = {"reference": "urn:uuid:p1"}
        condition = {
            "resourceType": "Condition",
            "id": "c1",
            "clinicalStatus": {"coding": [{"code": clinical}]},
            "code": {
                "coding": [{"system": "http://snomed.info/sct", "code": "233604007", "display": "Pneumonia"}]
            },
            "subject": subject,
        }
        drug = {
            "resourceType": "MedicationRequest",
            "id": "m1",
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": {"text": "Amoxicillin"},
            "subject": subject,
        }
        return bring_in_resource(clinic, PERSON, condition, drug)

    def held() -> tuple[bool, bool]:
        return Diagnosis.objects.of(clinic).get().is_resolved, Medication.objects.of(clinic).get().is_current

    assert (counts(said("active", "active")), held()) == ((1, 0, 0, 0, 0), (False, True))
    assert (counts(said("resolved", "stopped")), held()) == ((0, 1, 0, 0, 0), (True, False))
    assert (counts(said("resolved", "stopped")), held()) == ((0, 0, 1, 0, 0), (True, False))
    assert (counts(said("recurrence", "active")), held()) == ((0, 1, 0, 0, 0), (False, True))
