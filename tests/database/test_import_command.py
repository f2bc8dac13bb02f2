"""``manage.py import_patients``: what it reads, writes, says and refuses."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from clinics.models import Clinic
from patients.models import Patient
from tests.factory import make_clinic
from tests.intake import HEADER, counts, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


def test_the_command_reads_files_and_folders_and_writes_the_report(clinic, tmp_path, capsys):
    folder = tmp_path / "in" / "deeper"
    folder.mkdir(parents=True)
    (folder / "list.CSV").write_text("\n".join([HEADER, row(diagnosis="lupus")]))
    (tmp_path / "in" / "broken.json").write_text("{")
    (tmp_path / "in" / "notes.txt").write_text("not read")
    (tmp_path / "one.csv").write_text("\n".join([HEADER, row("R-2")]))
    target = tmp_path / "report.json"
    call_command(
        "import_patients",
        str(tmp_path / "in"),
        str(tmp_path / "one.csv"),
        clinic=clinic.slug,
        report=str(target),
    )
    report = json.loads(target.read_text(encoding="utf-8"))
    assert counts(report) == (2, 0, 0, 1, 1)
    assert report["refused"] == [
        {
            "source": "broken.json",
            "place": "line 1, column 2",
            "field": "",
            "reason": "The file is broken here: it is not valid JSON.",
        }
    ]
    assert capsys.readouterr().out.splitlines() == [
        "3 files read: 2 added, 0 updated, 0 unchanged, 1 refused; 1 wait for a person.",
        "  refused: broken.json, line 1, column 2: The file is broken here: it is not valid JSON.",
        "  perhaps on record twice: Ada Byron, R-2 and R-1",
    ]


@pytest.mark.parametrize(
    ("paths", "slug", "report", "words"),
    [
        (["list.csv"], "nowhere", None, "There is no clinic with the slug 'nowhere'."),
        (["absent.csv"], None, None, "{0}/absent.csv does not exist."),
        (["empty"], None, None, "{0}/empty holds no .csv or .json file."),
        (["list.csv"], None, "absent/report.json", "The report cannot be written to {0}/absent/report.json."),
        (["list.csv"], None, "empty", "The report cannot be written to {0}/empty."),
    ],
)
def test_the_command_refuses_arguments_it_cannot_use_and_imports_nothing(
    clinic, tmp_path, paths, slug, report, words
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.csv").write_text("\n".join([HEADER, row()]))
    target = str(tmp_path / report) if report else None
    with pytest.raises(CommandError) as refused:
        call_command(
            "import_patients",
            *[str(tmp_path / path) for path in paths],
            clinic=slug or clinic.slug,
            report=target,
        )
    assert str(refused.value) == words.format(tmp_path)
    assert refused.value.returncode == 1
    assert Patient.objects.of(clinic).count() == 0
