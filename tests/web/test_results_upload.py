"""Importing laboratory results on the screen: by clinical staff, looked at before anything is written."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation.models import Result
from infusion.interop.models import ImportBatch
from tests.evaluating import client_of
from tests.factory import make_clinic, make_member, make_patient

pytestmark = pytest.mark.django_db
HEADER = "mrn,test,value,unit,taken_on,source_id"
GOOD, BAD = "R-1,igg,850,mg/dL,2026-03-01,l1", "R-1,igg,7000,g/L,2026-03-01,l2"


@pytest.fixture
def clinic():
    return make_clinic(chairs=0, nurses=0)


@pytest.fixture
def ada(clinic):
    return make_patient(clinic, record_number="R-1", given_name="Ada", family_name="Byron")


@pytest.fixture
def desk(clinic):
    return client_of(make_member(clinic, Role.NURSE))


def look_at(desk, *rows):
    file = SimpleUploadedFile("lab.csv", "\n".join([HEADER, *rows]).encode(), "text/csv")
    answer = desk.post(reverse("interop:results"), {"uploads": [file]})
    assert answer.status_code == 302, answer.content.decode()
    return ImportBatch.objects.order_by("-pk")[0]


def page(desk, batch, query=""):
    return " ".join(
        desk.get(reverse("interop:results_batch", args=[batch.pk]) + query).content.decode().split()
    )


def test_looking_shows_what_would_come_in_and_writes_nothing(desk, ada):
    batch = look_at(desk, GOOD, BAD)
    assert "Nothing has been written yet" in page(desk, batch)
    assert "7000 g/L is not possible" in page(desk, batch, "?show=refused")
    shown = page(desk, batch, "?show=added")
    assert "Immunoglobulin G (IgG): 8.5 g/L, 2026-03-01" in shown
    assert "Ada Byron" in shown
    assert Result.objects.count() == 0


def test_confirming_imports_and_the_refused_rows_can_be_taken_home(desk, ada):
    batch = look_at(desk, GOOD, BAD)
    desk.post(reverse("interop:confirm_results", args=[batch.pk]))
    assert [(row.kind, row.value, row.source_id) for row in Result.objects.all()] == [("igg", "8.5", "l1")]
    answer = desk.get(reverse("interop:refused_results", args=[batch.pk]))
    row = next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (row["mrn"], row["value"], row["unit"], row["source_id"]) == ("R-1", "7000", "g/L", "l2")
    assert row["reason"].startswith("7000 g/L is not possible")


def test_a_preview_can_be_thrown_away(desk, ada):
    batch = look_at(desk, GOOD)
    answer = desk.post(reverse("interop:give_up_results", args=[batch.pk]))
    assert (answer.url, ImportBatch.objects.count()) == (reverse("interop:results"), 0)


def test_each_import_is_found_under_its_own_door_only(clinic, desk, ada):
    batch = look_at(desk, GOOD)
    receptionist = client_of(make_member(clinic, Role.RECEPTIONIST))
    assert receptionist.get(reverse("interop:batch", args=[batch.pk])).status_code == 404
    assert receptionist.get(reverse("interop:results")).status_code == 403


def test_a_nurse_finds_the_import_in_the_menu(desk, ada):
    assert f'href="{reverse("interop:results")}"' in desk.get(reverse("interop:results")).content.decode()


def test_who_saw_an_import_and_took_its_refused_rows_is_in_the_audit_trail(clinic, ada, desk):
    batch = look_at(desk, GOOD, BAD)
    desk.get(reverse("interop:results_batch", args=[batch.pk]))
    desk.get(reverse("interop:refused_results", args=[batch.pk]))
    rows = AuditEntry.objects.of(clinic).filter(subject_id=str(batch.pk)).order_by("id")
    assert list(rows.values_list("verb", flat=True)) == [
        "previewed import",
        "viewed import",
        "downloaded refused rows",
    ]
