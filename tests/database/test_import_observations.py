"""Results come in once, for the clinic's own living patients; good rows go in, bad ones are named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from clinics.models import AuditEntry, Clinic
from evaluation.models import Result
from evaluation.queries import results_of, standing_results
from infusion.interop.actions import confirm, import_now, open_preview
from infusion.interop.models import ImportBatch
from patients.models import Patient
from tests.factory import make_clinic, make_member, make_patient
from tests.intake import bring_in, files_in, patient_of

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADER = "mrn,test,value,unit,taken_on,source_id"


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic(chairs=0, nurses=0, time_zone="UTC")


@pytest.fixture
def ada(clinic: Clinic) -> Patient:
    return make_patient(clinic, record_number="R-1", family_name="Byron", birth_date="1975-12-10")


def take_in(clinic, *files):
    return import_now(clinic=clinic, files=files, by=None, now=NOW, subject="results")


def rows(*lines, header=HEADER):
    return ("lab.csv", "\n".join([header, *lines]).encode())


def counts(report):
    named = [report[name] for name in ("added", "updated", "unchanged", "results_not_used")]
    return (*named, [(row["place"], row["field"], row["reason"]) for row in report["refused"]])


def kept(patient):
    return [(row.kind, row.value) for row in standing_results(patient).order_by("kind")]


def test_good_rows_go_in_and_bad_ones_are_named_with_row_field_and_reason(clinic, ada):
    report = take_in(
        clinic,
        rows(
            "R-1,751-8,1200,cells/uL,2026-03-01,l1",
            "R-1,718-7,138,g/dL,2026-03-01,l2",
            "R-9,718-7,13.8,g/dL,2026-03-01,l3",
            "R-1,igg,850,mg/dL,2026-03-01,l4",
            "R-1,8302-2,170,cm,2026-03-01,l5",
        ),
    )
    assert counts(report) == (
        2,
        0,
        0,
        1,
        [
            (
                "row 3",
                "value",
                "138 g/dL is not possible: it lies between 2 and 25 g/dL. Did you mean 138 g/L?",
            ),
            ("row 4", "mrn", "No patient of this clinic has the record number R-9."),
        ],
    )
    assert kept(ada) == [("igg", "8.5"), ("neutrophils", "1.2")]


def test_a_second_run_adds_nothing(clinic, ada):
    files = rows("R-1,751-8,1.2,10*9/L,2026-03-01,l1", "R-1,hbsag,negative,,2026-03-01,")
    assert counts(take_in(clinic, files)) == (2, 0, 0, 0, [])
    assert counts(take_in(clinic, files)) == (0, 0, 2, 0, [])
    assert Result.objects.of(clinic).count() == 2


def test_a_row_repeated_in_one_file_comes_in_once(clinic, ada):
    line = "R-1,751-8,1.2,10*9/L,2026-03-01,l1"
    assert counts(take_in(clinic, rows(line, line))) == (1, 0, 1, 0, [])


def test_a_new_value_under_a_known_source_amends_and_keeps_the_old(clinic, ada):
    take_in(clinic, rows("R-1,751-8,4.1,10*9/L,2026-03-01,l1"))
    assert counts(take_in(clinic, rows("R-1,751-8,1.1,10*9/L,2026-03-01,l1"))) == (0, 1, 0, 0, [])
    assert [row.value for row in results_of(ada)] == ["1.1", "4.1"]
    assert kept(ada) == [("neutrophils", "1.1")]


def test_the_dead_and_other_clinics_patients_are_never_matched(clinic, ada):
    make_patient(clinic, record_number="R-2", deceased=True)
    make_patient(make_clinic(chairs=0, nurses=0), record_number="R-3")
    report = take_in(
        clinic,
        rows("R-2,igg,9,g/L,2026-03-01,a", "R-3,igg,9,g/L,2026-03-01,b", ",igg,9,g/L,2026-03-01,c"),
    )
    assert counts(report)[-1] == [
        ("row 2", "mrn", "This patient has died. Nothing is added."),
        ("row 3", "mrn", "No patient of this clinic has the record number R-3."),
        ("row 4", "mrn", "It does not say whose result this is."),
    ]


def test_a_number_with_another_birth_date_is_refused(clinic, ada):
    header = "mrn,birth_date,test,value,unit,taken_on"
    report = take_in(clinic, rows("R-1,1980-01-01,igg,9,g/L,2026-03-01", header=header))
    words = "The birth date is another than the one on record for this patient."
    assert counts(report)[-1] == [("row 2", "birth_date", words)]
    assert kept(ada) == []


def test_a_preview_writes_nothing_and_the_import_does_just_what_it_showed(clinic, ada):
    nurse = make_member(clinic, "nurse").user
    files = [rows("R-1,751-8,1.2,10*9/L,2026-03-01,l1", "R-1,igg,7000,g/L,2026-03-01,l2")]
    batch = open_preview(clinic=clinic, files=files, by=nurse, now=NOW, subject="results")
    assert counts(batch.report)[:3] == (1, 0, 0)
    assert Result.objects.of(clinic).count() == 0
    assert not AuditEntry.objects.of(clinic).filter(verb="imported results").exists()
    assert confirm(batch=batch, by=nurse, now=NOW)
    batch.refresh_from_db()
    assert (batch.state, counts(batch.report)[:3]) == ("done", (1, 0, 0))
    assert kept(ada) == [("neutrophils", "1.2")]


def test_a_preview_that_no_longer_holds_is_shown_anew(clinic, ada):
    nurse = make_member(clinic, "nurse").user
    files = [rows("R-1,751-8,1.2,10*9/L,2026-03-01,l1")]
    batch = open_preview(clinic=clinic, files=files, by=nurse, now=NOW, subject="results")
    take_in(clinic, *files)
    assert not confirm(batch=batch, by=nurse, now=NOW)
    assert (ImportBatch.objects.get(pk=batch.pk).state, kept(ada)) == ("preview", [("neutrophils", "1.2")])


def test_real_bundles_find_their_patients_and_what_came_with_them_is_not_taken_twice(clinic):
    bundles = files_in(DATA / "synthea")[:6]
    bring_in(clinic, *bundles, now=NOW)
    before = Result.objects.of(clinic).count()
    report = take_in(clinic, *bundles)
    assert (report["added"], report["updated"], Result.objects.of(clinic).count()) == (0, 0, before)
    assert report["unchanged"] == before > 20


def test_a_bundle_of_observations_alone_adds_to_the_patients_it_refers_to(clinic):
    bring_in(clinic, ("two.json", (DATA / "fhir" / "two_patients.json").read_bytes()), now=NOW)
    someone = Patient.objects.of(clinic).exclude(source_id="").first()
    observation = {
        "resourceType": "Observation", "id": "new-1", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2465-3"}]},
        "subject": {"reference": f"Patient/{someone.source_id}"},
        "effectiveDateTime": "2026-11-01", "valueQuantity": {"value": 850, "unit": "mg/dL"},
    }  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": observation}]}
    file = ("lab.json", json.dumps(bundle).encode())
    assert counts(take_in(clinic, file)) == (1, 0, 0, 0, [])
    assert kept(patient_of(clinic, someone.record_number))[-1] == ("igg", "8.5")
    assert counts(take_in(clinic, file)) == (0, 0, 1, 0, [])


def test_a_result_its_source_withdrew_is_named_for_a_person_and_never_comes_in(clinic, ada):
    observation = {
        "resourceType": "Observation", "id": "o1", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2465-3"}]},
        "subject": {"identifier": {"value": "R-1"}},
        "effectiveDateTime": "2026-11-01", "valueQuantity": {"value": 850, "unit": "mg/dL"},
    }  # fmt: skip
    withdrawn = ("lab.json", json.dumps(observation | {"status": "entered-in-error"}).encode())
    assert counts(take_in(clinic, withdrawn)) == (0, 0, 0, 0, [])
    take_in(clinic, ("lab.json", json.dumps(observation).encode()))
    words = "Its source has withdrawn it, and it stands on record here. Correct it there."
    assert counts(take_in(clinic, withdrawn))[-1] == [("2465-3", "source_id", words)]
    assert kept(ada) == [("igg", "8.5")]


def test_the_command_reads_files_and_says_what_came_of_them(clinic, ada, tmp_path, capsys):
    (tmp_path / "lab.csv").write_text(
        rows("R-1,igg,8.5,g/L,2026-03-01,l1", "R-1,igg,7000,g/L,2026-03-01,l2")[1].decode()
    )
    target = tmp_path / "report.json"
    call_command("import_results", str(tmp_path), clinic=clinic.slug, report=str(target))
    assert capsys.readouterr().out.splitlines() == [
        "1 files read: 1 results added, 0 amended, 0 unchanged, 1 refused, 0 without a use here.",
        "  refused: lab.csv, row 3, value: 7000 g/L is not possible: it lies between 0 and 100 g/L. "
        "Did you mean 7000 mg/dL?",
    ]
    assert json.loads(target.read_text())["added"] == 1


def test_many_rows_ask_few_questions_of_the_database(clinic, ada, django_assert_max_num_queries):
    lines = [f"R-1,igg,{number}.5,g/L,2026-03-{number:02d},l{number}" for number in range(1, 29)]
    take_in(clinic, rows(*lines))
    with django_assert_max_num_queries(20):
        assert counts(take_in(clinic, rows(*lines)))[2] == 28
