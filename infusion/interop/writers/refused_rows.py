"""Refused rows as a CSV file that can be mended in a spreadsheet and imported again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from infusion.interop.readers.csv_reader import PATIENTS
from infusion.interop.readers.results_csv import RESULTS
from infusion.interop.readers.tables import REASON_COLUMN, guarded

COLUMNS = {"patients": PATIENTS, "results": RESULTS}


def refused_csv(rows: Iterable[Mapping[str, Any]], subject: str = "patients") -> str:
    """The refused among a report's rows, each as it stood with its reason in the last column.

    Begins with a byte order mark, so that spreadsheets read the letters rightly. Cells that a spreadsheet
    would take for a formula carry an apostrophe, which the import takes off again. A file that could not be
    read has no rows.
    """
    ours = COLUMNS[subject]
    mended = [
        ({ours.canonical(title): str(cell) for title, cell in row["columns"].items()}, str(row["reason"]))
        for row in rows
        if row["kind"] == "refused" and row["columns"]
    ]
    titles = dict.fromkeys(known[0] for known in ours.known.values() if known[0] != "address")
    titles |= dict.fromkeys(title for cells, _ in mended for title in cells if title)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*(guarded(title) for title in titles), REASON_COLUMN])
    for cells, reason in mended:
        writer.writerow([*(guarded(cells.get(title, "")) for title in titles), guarded(reason)])
    return "\ufeff" + out.getvalue()
