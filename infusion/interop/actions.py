"""Imports as a whole: looked at first, then confirmed, or run at once from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User

from . import importing, results
from .domain import report as reports
from .domain.incoming import LeftOut
from .domain.report import Outcome
from .importing import Import
from .models import ImportBatch, ImportFile
from .queries import files_of

ENGINES = {"patients": importing, "results": results}
KEPT_FOR = timedelta(days=1)
# More than this takes longer than a page may: the command line has no such limit.
MOST_UPLOADED = 1_000


@transaction.atomic
def open_preview(
    *,
    clinic: Clinic,
    files: Sequence[tuple[str, bytes]],
    by: User,
    now: datetime,
    subject: str = "patients",
) -> ImportBatch:
    """Keep uploaded files (names and contents) and what importing them would do. Nothing else is written.

    Refused with more than 1,000 records. Previews that nobody confirmed within a day are thrown away.
    """
    ImportBatch.objects.of(clinic).filter(state="preview", created_at__lt=now - KEPT_FOR).delete()
    found = ENGINES[subject].preview(clinic=clinic, files=files, now=now)
    if len(found.outcomes) > MOST_UPLOADED:
        words = f"These files hold {len(found.outcomes)} records. Import at most {MOST_UPLOADED} at a time."
        raise Refused(Refusal("too_many_records", words, "uploads"))
    batch = ImportBatch.objects.create(
        clinic=clinic, subject=subject, by=by, created_at=now, report=_kept(found, files)
    )
    for name, content in files:
        ImportFile.objects.create(clinic=clinic, batch=batch, name=name[:200], content=content)
    record(
        clinic=clinic, by=by, verb="previewed import", subject=batch, changes={"files": batch.report["files"]}
    )
    return batch


def confirm(*, batch: ImportBatch, by: User, now: datetime) -> bool:
    """Import what the preview showed; each record is a transaction of its own.

    False, and nothing written, where the records have changed since: the preview then shows what would be
    done now. Refused where the import has been confirmed before.
    """
    with transaction.atomic():
        _take(batch, "running")
        files = files_of(batch)
        expected = ENGINES[batch.subject].preview(clinic=batch.clinic, files=files, now=now)
        shown = batch.report.get("fingerprint")
        batch.report = _kept(expected, files)
        if batch.report["fingerprint"] != shown:
            batch.state = "preview"
            batch.save(update_fields=["state", "report"])
            return False
    try:
        done = ENGINES[batch.subject].run(clinic=batch.clinic, files=files, by=by, now=now)
    except BaseException:
        # What went in stays in and is found unchanged the next time; the import can be confirmed again.
        ImportBatch.objects.of(batch.clinic).filter(pk=batch.pk).update(state="preview")
        raise
    _finish(batch, _kept(done, files), by, now)
    return True


def _take(batch: ImportBatch, state: str) -> None:
    """Change the state once only, whoever else is at it: the second finds no preview to take."""
    if not ImportBatch.objects.of(batch.clinic).filter(pk=batch.pk, state="preview").update(state=state):
        raise Refused(Refusal("already_confirmed", "This import has been confirmed already."))
    batch.state = state


@transaction.atomic
def give_up(*, batch: ImportBatch, by: User) -> None:
    """Throw away a preview and its files. Refused where it has been confirmed."""
    _take(batch, "running")
    record(
        clinic=batch.clinic,
        by=by,
        verb="gave up import",
        subject=batch,
        changes={"files": batch.report["files"]},
    )
    batch.delete()


def import_now(
    *,
    clinic: Clinic,
    files: Iterable[tuple[str, bytes]],
    by: User | None,
    now: datetime,
    subject: str = "patients",
) -> dict[str, Any]:
    """Import without a preview, file by file; returns the report."""
    batch = ImportBatch.objects.create(clinic=clinic, subject=subject, by=by, created_at=now, state="running")
    outcomes: list[Outcome] = []
    strays: list[tuple[str, LeftOut]] = []
    names: list[tuple[str, bytes]] = []
    for name, content in files:
        done = ENGINES[subject].run(clinic=clinic, files=[(name, content)], by=by, now=now)
        outcomes += done.outcomes
        strays += done.strays
        names.append((name, b""))
    whole = Import(tuple(outcomes), tuple(strays))
    _finish(batch, _kept(whole, names), by, now)
    return reports.report(whole.outcomes, whole.strays)


@transaction.atomic
def _finish(batch: ImportBatch, report: dict[str, Any], by: User | None, now: datetime) -> None:
    batch.report, batch.state, batch.finished_at = report, "done", now
    batch.save(update_fields=["report", "state", "finished_at"])
    ImportFile.objects.of(batch.clinic).filter(batch=batch).delete()
    counts = {name: report[name] for name in ("added", "updated", "unchanged", "to_confirm")}
    counts |= {"refused": len(report["refused"]), "files": report["files"]}
    record(clinic=batch.clinic, by=by, verb=f"imported {batch.subject}", subject=batch, changes=counts)


def _kept(found: Import, files: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    """The report with what the screen needs besides: each record's row, the files' names, the fingerprint."""
    return {
        **reports.report(found.outcomes, found.strays),
        "rows": reports.rows(found.outcomes),
        "files": [reports.legible(name) for name, _ in files],
        "fingerprint": reports.fingerprint(found.outcomes),
    }
