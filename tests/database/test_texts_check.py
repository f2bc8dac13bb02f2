"""Who carries texts is looked at before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infusion.reminders.checks import texts_can_be_carried

FILE = "infusion.reminders.sms.FileCarrier"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", []),
        (FILE, []),
        ("carrier.Missing", ["reminders.E001"]),
        ("nonsense", ["reminders.E001"]),
        ("pathlib.Path", ["reminders.E002"]),
    ],
)
def test_carrier_that_cannot_be_used_is_refused(
    name: str, found: list[str], settings: Any, tmp_path: Path
) -> None:
    settings.SMS_BACKEND, settings.SMS_FILE = name, tmp_path / "deep" / "texts.jsonl"
    assert [problem.id for problem in texts_can_be_carried()] == found


def test_file_that_cannot_be_written_is_refused(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.SMS_BACKEND, settings.SMS_FILE = FILE, tmp_path / "file" / "texts.jsonl"
    assert [problem.id for problem in texts_can_be_carried()] == ["reminders.E003"]
