"""A record against what is on record: added, brought up to date, left alone or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from clinics.models import AuditEntry, Clinic
from evaluation.actions import record_result
from evaluation.models import Result
from infusion.interop.actions import import_now
from infusion.interop.models import ImportBatch, ImportFile
from patients import queries as patient_queries
from patients.models import Diagnosis
from tests.factory import make_clinic, make_diagnosis, make_member, make_patient
from tests.intake import (
    HEADER,
    NOW,
    PERSON,
    bring_in,
    bring_in_resource,
    bring_in_rows,
    counts,
    patient_of,
    row,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


def test_a_row_that_differs_updates_the_patient_and_says_in_the_trail_what(clinic):
    bring_in_rows(clinic, row())
    report = bring_in_rows(clinic, row(email="ada.byron@example.org", weight_kg="63"))
    assert counts(report) == (0, 1, 0, 0, 0)
    patient = patient_of(clinic, "R-1")
    assert patient.email == "ada.byron@example.org"
    assert patient_queries.latest_measurement(patient, "weight").value == Decimal("63.00")
    trail = AuditEntry.objects.of(clinic).filter(record_number="R-1", verb="changed patient").get()
    assert trail.changes == {"email": ["ada@example.org", "ada.byron@example.org"]}


def test_an_empty_cell_leaves_what_is_known(clinic):
    bring_in_rows(clinic, row())
    report = bring_in_rows(clinic, row(email="", phone="", sex="", language="", weight_kg="", height_cm=""))
    assert counts(report) == (0, 0, 1, 0, 0)
    assert patient_of(clinic, "R-1").email == "ada@example.org"


def test_a_weight_from_a_list_does_not_come_back_as_a_new_one(clinic):
    bring_in_rows(clinic, row(weight_kg="61"))
    bring_in_rows(clinic, row(weight_kg="64"), now=datetime(2026, 11, 23, 12, tzinfo=UTC))
    report = bring_in_rows(clinic, row(weight_kg="61"), now=datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert counts(report) == (0, 0, 1, 0, 0)
    assert patient_queries.latest_measurement(patient_of(clinic, "R-1"), "weight").value == Decimal("64.00")


def test_a_record_number_of_somebody_else_is_refused(clinic):
    bring_in_rows(clinic, row())
    report = bring_in_rows(clinic, row(given_name="Karl", family_name="Marx", birth_date="1968-05-05"))
    assert [(entry["place"], entry["field"], entry["reason"]) for entry in report["refused"]] == [
        (
            "row 2",
            "mrn",
            "The record number R-1 belongs to somebody else here: "
            "neither the name nor the birth date is the same.",
        )
    ]
    assert patient_of(clinic, "R-1").family_name == "Byron"


def test_a_new_family_name_or_a_mended_birth_date_is_the_same_person(clinic):
    bring_in_rows(clinic, row())
    assert counts(bring_in_rows(clinic, row(family_name="Lovelace"))) == (0, 1, 0, 0, 0)
    assert counts(bring_in_rows(clinic, row(family_name="Lovelace", birth_date="1975-12-11"))) == (
        0,
        1,
        0,
        0,
        0,
    )


def test_one_record_number_twice_with_other_content_is_refused_with_the_first_place(clinic):
    report = bring_in_rows(clinic, row(), row(), row(weight_kg="80"))
    assert counts(report) == (1, 0, 1, 0, 1)
    words = "The record number R-1 stands in row 2 already, with other content. Which of the two is right?"
    assert report["refused"] == [{"source": "list.csv", "place": "row 4", "field": "mrn", "reason": words}]


def test_one_record_number_in_two_files_is_brought_up_to_date(clinic):
    content = "\n".join([HEADER, row()]).encode()
    newer = "\n".join([HEADER, row(phone="+15550100200")]).encode()
    assert counts(bring_in(clinic, ("a.csv", content), ("b.csv", newer))) == (1, 1, 0, 0, 0)


def test_two_wrong_fields_are_one_refused_record(clinic):
    report = bring_in_rows(clinic, row(email="x", weight_kg="-4"))
    assert counts(report) == (0, 0, 0, 0, 1)
    assert report["refused"][0]["field"] == "email, weight_kg"


def test_a_list_names_its_own_columns_in_what_it_refuses(clinic):
    text = (
        "Patient number,First name,Surname,DOB,Condition\n1,Ada,,1975-12-10,RA\n2,Ada,Byron,1975-12-10,gout\n"
    )
    report = bring_in(clinic, ("other.csv", text.encode()))
    assert [entry["field"] for entry in report["refused"]] == ["Surname", "Condition"]


def test_a_list_keeps_a_further_diagnosis_and_refuses_a_row_without_any(clinic):
    report = bring_in_rows(clinic, row(diagnosis="asthma; RA"), row("R-2", diagnosis=""))
    assert counts(report) == (1, 0, 0, 0, 1)
    held = Diagnosis.objects.of(clinic).order_by("text")
    assert list(held.values_list("text", "condition", "state")) == [
        ("RA", "RA", "confirmed"),
        ("asthma", "", "comorbidity"),
    ]


def test_what_a_person_decided_about_a_diagnosis_stands(clinic):
    bring_in_rows(clinic, row(diagnosis="lupus"), row("R-2", diagnosis="lupus"))
    for number, state, condition in (("R-1", "confirmed", "SLE"), ("R-2", "rejected", "")):
        Diagnosis.objects.of(clinic).filter(patient__record_number=number).update(
            state=state, condition=condition
        )
    report = bring_in_rows(clinic, row(diagnosis="lupus"), row("R-2", diagnosis="lupus"))
    assert counts(report) == (0, 0, 2, 0, 0)
    assert sorted(Diagnosis.objects.of(clinic).values_list("state", flat=True)) == ["confirmed", "rejected"]


def test_a_condition_confirmed_by_hand_is_not_added_under_another_name(clinic):
    patient = make_patient(clinic, record_number="R-1", given_name="Ada", birth_date=date(1975, 12, 10))
    make_diagnosis(patient, "RA", text="Rheumatoid arthritis")
    bring_in_rows(clinic, row(diagnosis="M06.9"))
    assert Diagnosis.objects.of(clinic).count() == 1


def test_a_second_confirmed_condition_is_an_overlap_to_decide(clinic):
    assert counts(bring_in_rows(clinic, row(diagnosis="RA"))) == (1, 0, 0, 0, 0)
    assert counts(bring_in_rows(clinic, row(diagnosis="MS"))) == (0, 1, 0, 1, 0)


def test_a_near_diagnosis_beside_the_same_condition_confirmed_asks_nothing_and_is_kept(clinic):
    assert counts(bring_in_rows(clinic, row(diagnosis="Lupus nephritis; SLE"))) == (1, 0, 0, 0, 0)
    held = Diagnosis.objects.of(clinic).order_by("text")
    assert list(held.values_list("text", "condition", "state")) == [
        ("Lupus nephritis", "", "comorbidity"),
        ("SLE", "SLE", "confirmed"),
    ]


def test_a_result_corrected_here_stands_whatever_its_source_says_later(clinic):
    def said(value: float) -> dict[str, Any]:
        igg = {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "2465-3"}]},
            "subject": {"reference": "urn:uuid:p1"},
            "effectiveDateTime": "2026-11-02",
            "valueQuantity": {"value": value, "unit": "mg/dL"},
        }
        return bring_in_resource(clinic, PERSON, igg)

    assert counts(said(712)) == (1, 0, 0, 0, 0)
    assert counts(said(714)) == (0, 1, 0, 0, 0)
    standing = Result.objects.of(clinic).get(superseded_by__isnull=True)
    assert standing.value == "7.14"
    record_result(
        clinic=clinic,
        patient=standing.patient,
        kind="igg",
        value="6.9",
        unit="g/L",
        observed_on=standing.observed_on,
        by=make_member(clinic, "prescriber").user,
        now=NOW,
        supersedes=standing,
        correction_reason="Read again from the paper.",
    )
    assert counts(said(714)) == (0, 0, 1, 0, 0)
    assert counts(said(720)) == (0, 0, 1, 0, 0)
    assert Result.objects.of(clinic).get(superseded_by__isnull=True).value == "6.9"


def test_one_person_under_two_numbers_is_named_but_comes_in(clinic):
    report = bring_in_rows(clinic, row("R-1"), row("R-2", family_name="BYRON"))
    assert counts(report) == (2, 0, 0, 0, 0)
    assert [(entry["record_number"], entry["same_as"]) for entry in report["possible_duplicates"]] == [
        ("R-1", ["R-2"]),
        ("R-2", ["R-1"]),
    ]


def test_another_clinic_with_the_same_numbers_is_left_alone(clinic):
    elsewhere = make_clinic()
    bring_in_rows(elsewhere, row())
    assert counts(bring_in_rows(clinic, row(email="other@example.org"))) == (1, 0, 0, 0, 0)
    assert patient_of(elsewhere, "R-1").email == "ada@example.org"


def test_broken_letters_are_refused_or_shown_and_never_reach_the_store(clinic):
    report = bring_in_rows(clinic, row(given_name="A\x00da"), row("R-2", diagnosis="RA; as\x00thma"))
    assert counts(report) == (1, 0, 0, 0, 1)
    assert [entry["reason"] for entry in report["left_out"]] == ["It holds hidden or broken characters."]
    person = '{"resourceType": "Patient", "id": "p\\ud800", "name": [{"family": "B\\udfff"}]}'
    broken = bring_in(clinic, ("half\udce9.json", person.encode()))
    assert counts(broken) == (0, 0, 0, 0, 1)
    assert broken["refused"][0]["source"] == "half\ufffd.json"


def test_one_import_leaves_one_row_in_the_trail_and_no_file(clinic):
    bring_in_rows(clinic, row(), row("R-2", email="x"))
    entry = AuditEntry.objects.of(clinic).get(verb="imported patients")
    assert entry.changes == {
        "added": 1,
        "updated": 0,
        "unchanged": 0,
        "to_confirm": 0,
        "refused": 1,
        "files": ["list.csv"],
    }
    assert ImportBatch.objects.of(clinic).get().state == "done"
    assert ImportFile.objects.of(clinic).count() == 0


def test_an_import_by_a_colleague_carries_their_name(clinic):
    who = make_member(clinic).user
    import_now(clinic=clinic, files=[("list.csv", "\n".join([HEADER, row()]).encode())], by=who, now=NOW)
    assert {entry.actor for entry in AuditEntry.objects.of(clinic)} == {who}
