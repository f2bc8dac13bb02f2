"""Importing in tests: files of this folder, rows and resources typed in place, and what came of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clinics.models import Clinic
from infusion.interop.actions import import_now
from patients import queries as patient_queries
from patients.models import Patient

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADER = "mrn,given_name,family_name,birth_date,sex,email,phone,diagnosis,weight_kg,height_cm,language"
PERSON: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "Byron", "given": ["Ada"]}],
    "birthDate": "1975-12-10",
}


def files_in(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def bring_in(clinic: Clinic, *files: tuple[str, bytes], now: datetime = NOW) -> dict[str, Any]:
    return import_now(clinic=clinic, files=files, by=None, now=now)


def bring_in_rows(clinic: Clinic, *rows: str, now: datetime = NOW) -> dict[str, Any]:
    return bring_in(clinic, ("list.csv", "\n".join([HEADER, *rows]).encode()), now=now)


def bring_in_resource(clinic: Clinic, *resources: dict[str, Any]) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{row.get('id')}", "resource": row} for row in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return bring_in(clinic, ("bundle.json", json.dumps(bundle).encode()))


def counts(report: dict[str, Any]) -> tuple[int, int, int, int, int]:
    """Added, updated, unchanged, to confirm, refused."""
    named = [report[name] for name in ("added", "updated", "unchanged", "to_confirm")]
    return (*named, len(report["refused"]))


def row(number: str = "R-1", **changed: str) -> str:
    cells = {
        "mrn": number,
        "given_name": "Ada",
        "family_name": "Byron",
        "birth_date": "1975-12-10",
        "sex": "female",
        "email": "ada@example.org",
        "phone": "+15550100199",
        "diagnosis": "RA",
        "weight_kg": "61",
        "height_cm": "168",
        "language": "en",
    }
    return ",".join((cells | changed)[name] for name in HEADER.split(","))


def patient_of(clinic: Clinic, number: str) -> Patient:
    found = patient_queries.by_record_number(clinic, number)
    assert found is not None
    return found
