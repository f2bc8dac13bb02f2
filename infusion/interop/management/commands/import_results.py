"""``manage.py import_results PATH… --clinic SLUG [--report FILE]``: laboratory results in, from CSV and FHIR files."""

from __future__ import annotations

from typing import Any

from .import_patients import Command as ImportPatients


class Command(ImportPatients):
    subject = "results"
    owned = "the clinic whose patients the results belong to"
    help = "Import laboratory results from CSV lists and FHIR R4 bundles. Importing the same files again adds nothing."

    def summary(self, report: dict[str, Any], files: int) -> str:
        return (
            f"{files} files read: {report['added']} results added, {report['updated']} amended, "
            f"{report['unchanged']} unchanged, {len(report['refused'])} refused, "
            f"{report['results_not_used']} without a use here."
        )
