"""From FHIR to neutral records: whole patients, wrong shapes, broken files."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.interop.domain.incoming import (
    IncomingAllergy,
    IncomingMeasurement,
    IncomingMedication,
    IncomingPatient,
    IncomingVaccination,
    LeftOut,
    Unreadable,
)
from infusion.interop.readers import read_file

FHIR = Path(__file__).parent.parent / "data" / "fhir"


def read_fhir(*resources: dict, kind: str = "collection") -> tuple:
    entries = [{"fullUrl": f"urn:uuid:{row.get('id')}", "resource": row} for row in resources]
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    return read_file("bundle.json", json.dumps(bundle).encode()).records


def only(records: tuple) -> IncomingPatient:
    assert [type(record) for record in records] == [IncomingPatient], records
    return records[0]


def refusal(content: bytes) -> tuple[str, str]:
    """Place and reason of the one thing that could not be read."""
    records = read_file("file", content).records
    assert [type(record) for record in records] == [Unreadable]
    return records[0].place, records[0].reason


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "Byron", "given": ["Ada"]}],
    "gender": "female",
    "birthDate": "1975-12-10",
}


def test_a_spanish_patient_comes_with_all_that_belongs_to_her():
    record = only(read_file("file", (FHIR / "serology_spanish_names.json").read_bytes()).records)
    assert record.place == "entry 1, patient paciente-ines-0042"
    assert dict(record.person) == {
        "record_number": "paciente-ines-0042",
        "given_name": "María Inés",
        "family_name": "Ibáñez Peña",
        "birth_date": "1988-09-30",
        "sex": "female",
        "email": "ines.ibanez@example.org",
        "phone": "+34 612 345 678",
        "language": "es-ES",
    }
    assert record.address == "Calle de Alcalá 42, 3.º B\nMadrid 28014\nES"
    assert [(row.code, row.is_resolved) for row in record.diagnoses] == [
        ("M31.30", False),
        ("59621000", False),
        ("233604007", True),
    ]
    assert record.allergies == (IncomingAllergy("Penicilina", "91936005", date(2015, 2, 3)),)
    assert record.medications == (
        IncomingMedication("Prednisone", "8640", True, date(2026, 2, 1)),
        IncomingMedication("Methotrexate", "6851", False, date(2024, 2, 1)),
        IncomingMedication("Ácido fólico 5 mg", "", True, None),
    )
    assert record.vaccinations == (IncomingVaccination("Influenza, seasonal", "140", date(2026, 10, 5)),)
    assert record.measurements == (
        IncomingMeasurement("height", Decimal("165.00"), date(2026, 11, 2)),
        IncomingMeasurement("weight", Decimal("64.50"), date(2026, 11, 2)),
    )
    assert [(row.loinc, row.value, row.unit) for row in record.results] == [
        ("5196-1", "Negative", ""),
        ("13952-7", "Positive", ""),
        ("2465-3", "712", "mg/dL"),
        ("751-8", "3.48", "10*3/uL"),
        ("731-0", "1420", "cells/uL"),
        ("718-7", "128", "g/L"),
        ("2106-3", "negative", ""),
        ("777-3", "-5", "10*3/uL"),
        ("2571-8", "130", "mg/dL"),
    ]
    igg = "Observation IgG [Mass/volume] in Serum or Plasma"
    assert record.left_out == (
        LeftOut(igg, "It is not final yet."),
        LeftOut(igg, "Its status “finished” is not a FHIR status."),
        LeftOut("Immunization Varicella", "It has no exact date."),
    )


def test_the_dead_come_with_their_day():
    record = only(read_file("file", (FHIR / "dead_patient.json").read_bytes()).records)
    assert (record.person["record_number"], record.deceased, record.deceased_on) == (
        "DEAD-1",
        True,
        date(2024, 11, 2),
    )
    assert only(read_fhir({**PATIENT, "deceasedBoolean": True})).deceased


def test_a_lone_patient_is_read_by_the_number_in_use():
    record = only(read_file("file", (FHIR / "lone_patient.json").read_bytes()).records)
    assert (record.place, record.person["record_number"]) == ("patient LONE-7", "LONE-7")


def test_each_of_two_patients_gets_what_refers_to_them():
    content = read_file("file", (FHIR / "two_patients.json").read_bytes())
    assert [[row.code for row in record.diagnoses] for record in content.records] == [
        ["24700007", "68815009"],
        ["413603009"],
    ]
    assert content.left_out == (LeftOut("subject", "Entries that belong to no patient in this file: 1."),)


@pytest.mark.parametrize("reference", ["urn:uuid:p1", "Patient/p1", "https://fhir.example.org/r4/Patient/p1"])
def test_a_reference_is_followed_in_each_of_its_forms(reference):
    condition = {
        "resourceType": "Condition",
        "code": {"text": "MS"},
        "subject": {"reference": reference},
    }
    assert [row.text for row in only(read_fhir(PATIENT, condition)).diagnoses] == ["MS"]


def test_a_diagnosis_that_ends_before_it_begins_is_doubtful():
    condition = {
        "resourceType": "Condition",
        "code": {"text": "MS"},
        "subject": {"reference": "Patient/p1"},
        "onsetDateTime": "2020-01-02",
        "abatementDateTime": "2019-01-02",
    }
    found = only(read_fhir(PATIENT, condition)).diagnoses[0]
    assert (found.is_doubtful, found.recorded_on) == (True, None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"identifier": "17"}, "Patient.identifier"),
        ({"deceasedBoolean": "perhaps"}, "Patient.deceasedBoolean"),
        ({"address": [{"line": "one"}]}, "Patient.address.0.line"),
    ],
)
def test_a_patient_of_the_wrong_shape_is_refused_with_the_place(changed, field):
    records = read_fhir({**PATIENT, **changed})
    assert [(type(row), row.field, row.reason) for row in records] == [
        (Unreadable, field, "This is not as FHIR R4 requires it.")
    ]


def test_elements_the_models_do_not_know_are_no_mistake():
    assert only(read_fhir({**PATIENT, "animal": {"species": "none"}})).person["record_number"] == "p1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Byron"},
        {"birthDate": 1975},
        {"gender": ["female"]},
        {"telecom": {"system": "email"}},
        {"communication": "en"},
    ],
)
def test_a_wrong_shape_where_the_person_is_checked_leaves_the_field_empty(wrong):
    assert isinstance(read_fhir({**PATIENT, **wrong})[0], (IncomingPatient, Unreadable))


def test_a_clinical_entry_of_the_wrong_shape_is_left_out_alone():
    condition = {"resourceType": "Condition", "code": "MS", "subject": {"reference": "Patient/p1"}}
    record = only(read_fhir(PATIENT, condition))
    assert record.diagnoses == ()
    assert record.left_out == (LeftOut("Condition", "code: This is not as FHIR R4 requires it."),)


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (
            b'{"resourceType": "Bundle",\n "type": ]',
            "line 2, column 10",
            "The file is broken here: it is not valid JSON.",
        ),
        (b'{"a": NaN}', "whole file", "The file holds a number that cannot be read."),
        (b"[" * 100_000, "whole file", "The file is nested too deeply to be read."),
        (
            b'{"resourceType":"Patient","x":' + b"[" * 200 + b"]" * 200 + b"}",
            "whole file",
            "The file is nested too deeply to be read.",
        ),
        (b"{}", "whole file", "The file holds no FHIR resource. It must be a Bundle or a Patient."),
        (b"[1]", "whole file", "The file holds no FHIR resource. It must be a Bundle or a Patient."),
        (
            b'{"resourceType": "Observation"}',
            "whole file",
            "The file holds a FHIR Observation. It must be a Bundle or a Patient.",
        ),
        (
            b'{"resourceType": "Bundle", "type": "collection", "entry": []}',
            "whole file",
            "There is no patient in this bundle.",
        ),
        (b'{"resourceType": "Bundle", "type": "pile"}', "whole file", "“pile” is not a kind of FHIR bundle."),
        (b'{"resourceType": "Bundle", "type": "\xff"}', "whole file", "The file is not UTF-8 text."),
    ],
)
def test_a_fhir_file_that_cannot_be_used_says_why(content, place, reason):
    assert refusal(content) == (place, reason)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["Patient/p1", "final", "active"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "coding",
                    "code",
                    "system",
                    "value",
                    "text",
                    "reference",
                    "given",
                    "family",
                    "status",
                    "start",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PARTS = ["Condition", "Observation", "AllergyIntolerance", "MedicationRequest", "Immunization", "Medication"]
NAMES = [
    "code",
    "status",
    "subject",
    "clinicalStatus",
    "valueQuantity",
    "component",
    "effectiveDateTime",
    "category",
]


@given(
    patient=st.dictionaries(
        st.sampled_from(["id", "name", "telecom", "identifier", "address", "birthDate"]), JSON
    ),
    part=st.dictionaries(st.sampled_from(NAMES), JSON),
    kind=st.sampled_from(PARTS),
)
def test_fhir_of_any_shape_is_answered_and_never_raises(patient, part, kind):
    subject = {"reference": "Patient/p1"}
    resource = {"subject": subject, "patient": subject, **part, "resourceType": kind}
    assert len(read_fhir({**PATIENT, **patient}, resource)) == 1
