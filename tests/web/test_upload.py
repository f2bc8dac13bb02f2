"""Importing on the screen: look first, confirm, read what happened, mend the refused rows."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from clinics.models import AuditEntry, Clinic
from infusion.interop.actions import open_preview
from infusion.interop.models import ImportBatch, ImportFile
from patients.models import Patient
from tests.factory import make_clinic, make_member, sign_in

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"
HEADER = "mrn,given_name,family_name,birth_date,email,phone,diagnosis"
GOOD = "R-1,Ada,Byron,1975-12-10,ada@example.org,+15550100199,RA"
BAD = 'R-2,"=HYPERLINK(""http://x"")",Byron,31/02/1980,ada@example.org,+15550100199,RA'


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def desk(client: Client, clinic: Clinic) -> Client:
    """A receptionist at work."""
    return sign_in(client, make_member(clinic, Role.RECEPTIONIST))


def listed(*rows: str, name: str = "list.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join([HEADER, *rows]).encode(), "text/csv")


def look_at(desk: Client, *files: SimpleUploadedFile) -> ImportBatch:
    """Upload the files and follow to the preview."""
    answer = desk.post(reverse("interop:upload"), {"uploads": list(files)})
    assert answer.status_code == 302, answer.content.decode()
    batch = ImportBatch.objects.order_by("-pk")[0]
    assert answer.url == reverse("interop:batch", args=[batch.pk])
    return batch


def counts(batch: ImportBatch) -> tuple[int, int, int, int, int]:
    batch.refresh_from_db()
    report = batch.report
    named = [report[name] for name in ("added", "updated", "unchanged", "to_confirm")]
    return (*named, len(report["refused"]))


def confirm(desk: Client, batch: ImportBatch) -> str:
    answer = desk.post(reverse("interop:confirm", args=[batch.pk]), follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_looking_writes_no_patient(desk, clinic):
    batch = look_at(desk, listed(GOOD, BAD))
    page = desk.get(reverse("interop:batch", args=[batch.pk]))
    assert page.status_code == 200
    assert counts(batch) == (1, 0, 0, 0, 1)
    assert batch.state == "preview"
    assert Patient.objects.of(clinic).count() == 0
    html = page.content.decode()
    assert "Nothing has been written yet" in html
    assert "row 3" in html
    assert "begins like a spreadsheet formula" in html
    assert "=HYPERLINK(&quot;http://x&quot;)" in html


def test_confirming_does_what_the_preview_showed(desk, clinic):
    batch = look_at(desk, SimpleUploadedFile("roster.csv", (DATA / "roster.csv").read_bytes()))
    shown = counts(batch)
    assert "The import is done." in confirm(desk, batch)
    assert counts(batch) == shown == (60, 0, 1, 2, 13)
    assert batch.state == "done"
    assert Patient.objects.of(clinic).count() == 60
    assert ImportFile.objects.of(clinic).count() == 0


def test_several_files_are_looked_at_and_imported_together(desk, clinic):
    names = ("dead_patient.json", "two_patients.json")
    files = [SimpleUploadedFile(name, (DATA / "fhir" / name).read_bytes()) for name in names]
    batch = look_at(desk, *files, listed(GOOD))
    assert counts(batch) == (3, 0, 0, 1, 1)
    confirm(desk, batch)
    assert counts(batch) == (3, 0, 0, 1, 1)
    assert batch.report["files"] == [*names, "list.csv"]


def test_confirming_twice_imports_once(desk, clinic):
    batch = look_at(desk, listed(GOOD))
    confirm(desk, batch)
    assert "This import has been confirmed already." in confirm(desk, batch)
    assert AuditEntry.objects.of(clinic).filter(verb="imported patients").count() == 1


def test_a_preview_that_no_longer_holds_is_shown_anew_instead_of_imported(desk, clinic):
    batch = look_at(desk, listed(GOOD))
    other = look_at(desk, listed(GOOD.replace("ada@", "byron@")))
    confirm(desk, other)
    page = confirm(desk, batch)
    assert "Records have changed since you looked." in page
    assert counts(batch) == (0, 1, 0, 0, 0)
    assert Patient.objects.of(clinic).get().email == "byron@example.org"
    confirm(desk, batch)
    assert Patient.objects.of(clinic).get().email == "ada@example.org"


def test_throwing_a_preview_away_leaves_nothing(desk, clinic):
    batch = look_at(desk, listed(GOOD))
    answer = desk.post(reverse("interop:give_up", args=[batch.pk]))
    assert answer.url == reverse("interop:upload")
    assert (ImportBatch.objects.count(), ImportFile.objects.count(), Patient.objects.count()) == (0, 0, 0)


def test_a_preview_that_nobody_confirms_is_gone_the_next_day(desk, clinic):
    old = look_at(desk, listed(GOOD))
    ImportBatch.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    kept = look_at(desk, listed(GOOD))
    assert list(ImportBatch.objects.all()) == [kept]


def test_refused_rows_are_handed_back_mended_and_imported(desk, clinic):
    batch = look_at(desk, listed(GOOD, BAD))
    confirm(desk, batch)
    answer = desk.get(reverse("interop:refused", args=[batch.pk]))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    handed_back = list(csv.DictReader(io.StringIO(text)))
    assert len(handed_back) == 1
    assert handed_back[0]["given_name"] == """'=HYPERLINK("http://x")"""
    assert handed_back[0]["phone"] == "'+15550100199"
    assert "does not exist" in handed_back[0]["reason"]
    mended = text.replace("""'=HYPERLINK(""http://x"")""", "Byrne").replace("31/02/1980", "1980-02-28")
    again = look_at(desk, SimpleUploadedFile("refused.csv", ("\ufeff" + mended).encode()))
    assert counts(again) == (1, 0, 0, 0, 0)
    confirm(desk, again)
    patient = Patient.objects.of(clinic).get(record_number="R-2")
    assert (patient.given_name, str(patient.phone)) == ("Byrne", "+15550100199")


def test_rows_handed_back_unmended_are_refused_for_the_same_reasons(desk, clinic):
    batch = look_at(desk, SimpleUploadedFile("roster.csv", (DATA / "roster.csv").read_bytes()))
    text = desk.get(reverse("interop:refused", args=[batch.pk])).content
    again = look_at(desk, SimpleUploadedFile("refused.csv", text))
    assert counts(again) == (0, 0, 0, 0, 13)
    reasons = [[entry["reason"] for entry in found.report["refused"]] for found in (batch, again)]
    assert reasons[0] == reasons[1]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "Choose at least one file."),
        ([SimpleUploadedFile("big.csv", b"x" * (5 * 1024 * 1024 + 1))], "larger than 5 MB together"),
        ([listed(name=f"{n}.csv") for n in range(41)], "Choose at most 40 files at a time."),
        (
            [listed(*(f"N-{n},A,B,1975-12-10,,,RA" for n in range(1001)))],
            "These files hold 1001 records. Import at most 1000 at a time.",
        ),
    ],
)
def test_an_upload_that_cannot_be_looked_at_says_why(desk, clinic, files, words):
    answer = desk.post(reverse("interop:upload"), {"uploads": files})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert ImportBatch.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", b"", "The file is empty."),
        ("broken.json", b'{"resourceType":', "The file is broken here: it is not valid JSON."),
        ("deep.json", b'{"a":' * 50_000, "The file is nested too deeply to be read."),
        (
            "latin.csv",
            HEADER.encode() + "\n1,Zoë,B,1975-12-10,,,RA".encode("latin-1"),
            "The file is not UTF-8 text",
        ),
        ("half\x00name.csv", b"\x00\x00", "The first row must name the columns."),
        ("sheet.xlsx", b"PK\x03\x04...", "This is a spreadsheet, not a CSV file."),
    ],
)
def test_a_file_that_cannot_be_read_is_one_refused_record(desk, clinic, name, content, reason):
    batch = look_at(desk, SimpleUploadedFile(name, content))
    assert counts(batch) == (0, 0, 0, 0, 1)
    assert batch.report["refused"][0]["reason"].startswith(reason)
    page = desk.get(reverse("interop:batch", args=[batch.pk])).content.decode()
    assert "Nothing in these files can be imported" in page
    assert reverse("interop:confirm", args=[batch.pk]) not in page
    handed_back = desk.get(reverse("interop:refused", args=[batch.pk])).content.decode("utf-8-sig")
    assert len(handed_back.splitlines()) == 1


@pytest.mark.parametrize(
    "show", ["added", "updated", "unchanged", "confirm", "refused", "notes", "nonsense", ""]
)
def test_each_group_of_the_preview_can_be_opened(desk, clinic, show):
    confirm(desk, look_at(desk, listed(GOOD)))
    person = json.loads((DATA / "fhir" / "serology_spanish_names.json").read_bytes())
    batch = look_at(
        desk,
        listed(GOOD.replace("ada@", "new@"), "R-3,Ada,Byron,1975-12-10,,,lupus", BAD),
        SimpleUploadedFile("x.json", json.dumps(person).encode()),
    )
    answer = desk.get(reverse("interop:batch", args=[batch.pk]), {"show": show, "page": "999"})
    assert answer.status_code == 200


def test_what_a_person_has_to_decide_leads_to_the_patient(desk, clinic):
    batch = look_at(desk, listed(GOOD.replace("RA", "lupus")))
    confirm(desk, batch)
    page = desk.get(reverse("interop:batch", args=[batch.pk]), {"show": "confirm"}).content.decode()
    patient = Patient.objects.of(clinic).get()
    assert reverse("patients:detail", args=[patient.pk]) in page


@pytest.mark.parametrize("role", [Role.NURSE, Role.PRESCRIBER, Role.PHARMACIST])
def test_only_the_desk_and_the_manager_import(client, clinic, role):
    batch = open_preview(
        clinic=clinic, files=[("l.csv", b"x")], by=make_member(clinic).user, now=timezone.now()
    )
    sign_in(client, make_member(clinic, role))
    assert client.get(reverse("interop:upload")).status_code == 403
    for name in ("batch", "refused"):
        assert client.get(reverse(f"interop:{name}", args=[batch.pk])).status_code == 403
    for name in ("confirm", "give_up"):
        assert client.post(reverse(f"interop:{name}", args=[batch.pk])).status_code == 403


def test_an_import_of_another_clinic_is_not_found(desk, clinic):
    elsewhere = make_clinic()
    batch = open_preview(
        clinic=elsewhere, files=[("l.csv", b"x")], by=make_member(elsewhere).user, now=timezone.now()
    )
    for name in ("batch", "refused"):
        assert desk.get(reverse(f"interop:{name}", args=[batch.pk])).status_code == 404
    for name in ("confirm", "give_up"):
        assert desk.post(reverse(f"interop:{name}", args=[batch.pk])).status_code == 404
    assert ImportBatch.objects.get(pk=batch.pk).state == "preview"


def test_confirming_needs_a_post(desk, clinic):
    batch = look_at(desk, listed(GOOD))
    assert desk.get(reverse("interop:confirm", args=[batch.pk])).status_code == 405
    assert desk.get(reverse("interop:give_up", args=[batch.pk])).status_code == 405
