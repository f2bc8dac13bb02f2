"""``manage.py import_patients PATH… --clinic SLUG [--report FILE]``: patients in, from CSV and FHIR files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinics.queries import clinic_by_slug
from infusion.interop.actions import import_now
from infusion.interop.domain.incoming import LARGEST_FILE

SUFFIXES = (".csv", ".json")


class Command(BaseCommand):
    subject = "patients"
    owned = "the clinic the patients belong to"
    help = (
        "Import patients from CSV lists and FHIR R4 bundles. Importing the same files again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "paths", nargs="+", metavar="PATH", help="a file, or a directory searched for both kinds"
        )
        parser.add_argument("--clinic", required=True, metavar="SLUG", help=self.owned)
        parser.add_argument("--report", metavar="FILE", help="where to write the report as JSON")

    def handle(self, *args: Any, paths: list[str], clinic: str, report: str | None, **options: Any) -> None:
        """Exit code 0 when the import ran, whatever it refused; 1 when an argument cannot be used."""
        place = clinic_by_slug(clinic) if clinic.isprintable() else None
        if place is None:
            raise CommandError(f"There is no clinic with the slug {clinic!r}.")
        files = [found for path in paths for found in _files(Path(path))]
        target = Path(report) if report else None
        if target and (target.is_dir() or not target.absolute().parent.is_dir()):
            raise CommandError(f"The report cannot be written to {report}.")
        found = import_now(
            clinic=place,
            files=((name, _content(path)) for name, path in files),
            by=None,
            now=timezone.now(),
            subject=self.subject,
        )
        if target:
            try:
                target.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            except OSError as error:
                raise CommandError(f"The report cannot be written to {report}: {error.strerror}.") from error
        self._tell(found, len(files))

    def _tell(self, report: dict[str, Any], files: int) -> None:
        self._say(self.summary(report, files))
        for row in report["refused"]:
            field = f", {row['field']}" if row["field"] else ""
            self._say(f"  refused: {row['source']}, {row['place']}{field}: {row['reason']}")
        for row in report["possible_duplicates"]:
            others = ", ".join(row["same_as"])
            self._say(f"  perhaps on record twice: {row['name']}, {row['record_number']} and {others}")
        if report["left_out"]:
            self._say(
                f"  {len(report['left_out'])} details were left out; the report names each with its reason."
            )

    def summary(self, report: dict[str, Any], files: int) -> str:
        return (
            f"{files} files read: {report['added']} added, {report['updated']} updated, "
            f"{report['unchanged']} unchanged, {len(report['refused'])} refused; "
            f"{report['to_confirm']} wait for a person."
        )

    def _say(self, words: str) -> None:
        """One line, with a question mark for each letter the terminal cannot show."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        self.stdout.write(words.encode(encoding, "replace").decode(encoding))


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """The files a path stands for, each with the name the report gives it."""
    try:
        if path.is_file():
            yield path.name, path
            return
        inside = sorted(
            found for found in path.rglob("*") if found.suffix.lower() in SUFFIXES and found.is_file()
        )
        if not path.is_dir():
            raise CommandError(f"{path} does not exist.")
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read.") from error
    if not inside:
        raise CommandError(f"{path} holds no .csv or .json file.")
    yield from ((str(found.relative_to(path)), found) for found in inside)


def _content(path: Path) -> bytes:
    """The file, as far as any import reads; an unreadable one counts as empty and is refused as such."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError:
        return b""
