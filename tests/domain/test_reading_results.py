"""Laboratory results as files state them: read, checked, refused with the field and the reason."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinics.domain.refusals import Refusal
from infusion.interop.domain.incoming import Unreadable
from infusion.interop.domain.observations import (
    Checked,
    IncomingObservation,
    NotUsed,
    WhoseResult,
    check_observation,
    problem_with_person,
)
from infusion.interop.readers import read_results_file

DATA = Path(__file__).parent.parent / "data"
TODAY, BORN = date(2026, 11, 22), date(1975, 12, 10)
HEADER = "mrn,test,value,unit,taken_on,source_id"


def listed(*rows, header=HEADER):
    return read_results_file("lab.csv", "\n".join([header, *rows]).encode())


def only(file):
    assert len(file.records) == 1
    return file.records[0]


def check(row):
    found = check_observation(row, today=TODAY, born=BORN)
    if isinstance(found, Refusal):
        return found.code, found.field
    return "not used" if isinstance(found, NotUsed) else found.words


def test_a_row_is_read_with_the_names_of_its_own_columns():
    row = only(
        listed("R-1;718-7;138;g/L;2026-03-01", header="Patient number;LOINC;Result;Units;Collected on")
    )
    assert (row.whose, row.test, row.values, row.units, row.observed_on) == (
        WhoseResult("R-1"), "718-7", ("138",), ("g/L",), "2026-03-01",
    )  # fmt: skip
    assert check(row) == "Haemoglobin: 13.8 g/dL, 2026-03-01"
    assert row.named("value") == "Result"


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ("R-1,751-8,1200,cells/uL,2026-03-01,a", "Neutrophils: 1.2 ×10⁹/L, 2026-03-01"),
        ("R-1,igg,850,mg/dL,2026-03-01,a", "Immunoglobulin G (IgG): 8.5 g/L, 2026-03-01"),
        ("R-1,Creatinine,0.81,mg/dL,2026-03-01,a", "Creatinine: 71.6 µmol/L, 2026-03-01"),
        ("R-1,hbsag,Not detected,,2026-03-01,a", "Hepatitis B surface antigen (HBsAg): Negative, 2026-03-01"),
        ("R-1,cdai,14.5,,2026-03-01,a", "CDAI: 14.5 points, 2026-03-01"),
        ("R-1,steroid_dose,16,mg methylprednisolone,2026-03-01,a",
         "Steroid dose, as prednisolone a day: 20 mg/day prednisolone, 2026-03-01"),
        ("R-1,8302-2,170,cm,2026-03-01,a", "not used"),
        ("R-1,feeling,good,,2026-03-01,a", ("test_unknown", "test")),
        ("R-1,drug_received,received,,2026-03-01,a", ("kind_not_imported", "test")),
        ("R-1,clearance,signed,,2026-03-01,a", ("kind_not_imported", "test")),
        ("R-1,consent,signed,,2026-03-01,a", ("kind_not_imported", "test")),
        ("R-1,infection,none,,2026-03-01,a", ("kind_not_imported", "test")),
        ("R-1,relapse,major,,2026-03-01,a", "Relapse: Major or severe, 2026-03-01"),
        ("R-1,718-7,138,g/dL,2026-03-01,a", ("number_impossible", "value")),
        ("R-1,718-7,-3,g/dL,2026-03-01,a", ("value_negative", "value")),
        ("R-1,718-7,NaN,g/dL,2026-03-01,a", ("number_unreadable", "value")),
        ("R-1,718-7,,g/dL,2026-03-01,a", ("value_missing", "value")),
        ("R-1,718-7,13.8,stone,2026-03-01,a", ("unit_unknown", "unit")),
        ("R-1,718-7,13.8,g/dL,01/03/2026,a", ("date_unreadable", "taken_on")),
        ("R-1,718-7,13.8,g/dL,2026-02-31,a", ("date_impossible", "taken_on")),
        ("R-1,718-7,13.8,g/dL,2027-01-01,a", ("date_in_future", "taken_on")),
        ("R-1,718-7,13.8,g/dL,1975-12-09,a", ("date_before_birth", "taken_on")),
        ("R-1,718-7,13.8,g/dL,2026-03-01,a\x00", ("text_unreadable", "source_id")),
    ],
)  # fmt: skip
def test_a_result_is_converted_or_refused_with_the_files_own_field(cells, outcome):
    assert check(only(listed(cells))) == outcome


@pytest.mark.parametrize(
    ("content", "place", "field"),
    [
        (b"", "whole file", ""),
        (b"PK\x03\x04", "whole file", ""),
        (b"\xff\xfe", "whole file", ""),
        (b"mrn,test,value\nR-1,igg,9", "row 1", "taken_on"),
        (b"mrn,mrn,test,value,taken_on", "row 1", "mrn"),
        (b"mrn,test,value,taken_on", "whole file", ""),
        (b"mrn,test,value,taken_on\nR-1,igg,9", "row 2", ""),
        (b"{", "line 1, column 2", ""),
        (b'{"resourceType": "Patient"}', "whole file", "resourceType"),
        (b'{"resourceType": "Bundle", "type": "heap"}', "whole file", "Bundle.type"),
        (b'{"resourceType": "Bundle", "type": "collection"}', "whole file", "Bundle.entry"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(content, place, field):
    row = only(read_results_file("in", content))
    assert (isinstance(row, Unreadable), row.place, row.field, bool(row.reason)) == (True, place, field, True)


OBSERVATION = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Hemoglobin"}]},
    "subject": {"identifier": {"value": "R-1"}},
    "effectiveDateTime": "2026-03-01T08:30:00+01:00",
    "valueQuantity": {"value": 13.8, "unit": "g/dL", "code": "g/dL"},
}


def observed(**changes):
    resource = {name: part for name, part in (OBSERVATION | changes).items() if part is not None}
    return read_results_file("lab.json", json.dumps(resource).encode())


def test_an_observation_names_its_patient_by_record_number_or_by_reference():
    row = only(observed())
    assert (row.whose, row.source_id, row.columns["mrn"]) == (WhoseResult("R-1"), "o1:718-7", "R-1")
    assert check(row) == "Haemoglobin: 13.8 g/dL, 2026-03-01"
    assert only(observed(subject={"reference": "Patient/p7"})).whose == WhoseResult("", "p7")
    assert only(observed(subject=None)).whose == WhoseResult()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "preliminary"}, "It is not final yet."),
        ({"status": "done"}, "Its status “done” is not a FHIR status."),
        ({"effectiveDateTime": "2026-03"}, "It does not say on which day it was taken."),
    ],
)
def test_an_observation_that_cannot_be_taken_is_named_with_its_reason(changes, reason):
    assert only(observed(**changes)).reason == reason


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_an_observation_that_its_source_withdrew_says_so(status):
    assert [row.is_withdrawn for row in observed(status=status).records] == [True]
    assert observed(status=status, effectiveDateTime=None).records == ()


def test_observations_without_a_key_are_told_apart_by_their_values():
    assert only(observed(id=None)).source_id == ""


def test_vital_signs_are_counted_and_not_taken():
    file = read_results_file("in.json", (DATA / "synthea" / "claire_abshire_c648ebb8.json").read_bytes())
    known = [
        row
        for row in file.records
        if isinstance(check_observation(row, today=TODAY, born=date(1900, 1, 1)), Checked)
    ]
    assert sorted({row.test for row in known}) == ["6690-2", "718-7", "777-3"]
    assert len({row.whose for row in known}) == 1
    assert known[0].whose.birth_date
    assert [part.field for part in file.left_out] == ["Observation"]


@pytest.mark.parametrize(
    ("whose", "fits"),
    [
        (WhoseResult("R-1"), True),
        (WhoseResult("R-1", birth_date="1975-12-10"), True),
        (WhoseResult("R-1", birth_date="1975-10-12"), False),
        (WhoseResult("R-1", birth_date="1975-12-10", family_name="King"), True),
        (WhoseResult("R-1", family_name="BYRON"), True),
        (WhoseResult("R-1", family_name="King"), False),
    ],
)
def test_what_a_file_says_of_the_person_must_fit(whose, fits):
    assert (problem_with_person(whose, birth_date=BORN, family_name="Byron") == "") is fits


@given(st.binary(max_size=300))
def test_no_file_whatever_breaks_the_reader(content):
    for row in read_results_file("in", content).records:
        if isinstance(row, IncomingObservation):
            check_observation(row, today=TODAY, born=BORN)
