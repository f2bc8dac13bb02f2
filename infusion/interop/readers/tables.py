"""Tables in CSV files, whatever they hold: letters, rows, the columns' names, cells that look like formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Written into the file of refused rows and skipped when that file comes back.
REASON_COLUMN = "reason"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


@dataclass(frozen=True, slots=True)
class Columns:
    """Each of our names with the spellings a column may have; the first is the one our own files carry."""

    known: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]

    def name_of(self, title: str) -> str | None:
        plain = re.sub(r"[\W_]+", "_", title.strip().casefold()).strip("_")
        return next((name for name, spellings in self.known.items() if plain in spellings), None)

    def canonical(self, title: str) -> str:
        """A column's title as our own files write it; a column we do not know keeps its own."""
        name = self.name_of(title)
        return self.known[name][0] if name else title.strip()

    def names_of(self, header: list[str]) -> dict[int, str] | Unusable:
        """Which column holds which of our fields, or why the header cannot be used."""
        names: dict[int, str] = {}
        for position, title in enumerate(header):
            name = self.name_of(title)
            if name in names.values():
                return Unusable(
                    f"Two columns stand for the same thing: “{title.strip()}” is there twice.", title.strip()
                )
            if name:
                names[position] = name
        missing = [self.known[name][0] for name in self.required if name not in names.values()]
        if missing:
            listed = ", ".join(missing)
            return Unusable(f"The first row must name the columns. Missing: {listed}.", listed)
        return names


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a file, its header or a row cannot be used."""

    reason: str
    field: str = ""


def decoded(content: bytes) -> str | Unusable:
    if content.startswith(b"PK\x03\x04"):
        return Unusable(
            "This is a spreadsheet, not a CSV file. In the spreadsheet choose “Save as” and “CSV UTF-8”."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Unusable(
            "The file is not UTF-8 text, so accented letters cannot be read. "
            "In the spreadsheet choose “Save as” and “CSV UTF-8”."
        )
    return text if text.strip() else Unusable("The file is empty.")


def rows(text: str) -> Iterator[tuple[int, list[str] | Unusable]]:
    """Each row that is not blank, with its number as a spreadsheet counts it."""
    first_line = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, Unusable(_words_for(error))
            continue
        if any(cell.strip() for cell in cells):
            yield number, [unguarded(cell) for cell in cells]


def _words_for(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "A quotation mark is opened here and never closed: everything after it could not be read."
    if "field larger" in str(error):
        return f"A cell is longer than {csv.field_size_limit()} letters. A quotation mark may be missing."
    return "The quotation marks in this row are not in pairs."


def cells_by_title(header: list[str], cells: list[str]) -> tuple[dict[str, str], str]:
    """A row's cells under their titles, and words where it has more or fewer cells than the header."""
    if not any(cell.strip() for cell in cells[len(header) :]):
        cells = cells[: len(header)]
    columns = {
        title.strip(): cell
        for title, cell in zip(header, cells, strict=False)
        if title.strip().casefold() != REASON_COLUMN
    }
    if len(cells) == len(header):
        return columns, ""
    lengths = f"This row has {len(cells)} cells, the first row {len(header)}."
    return columns, f"{lengths} A comma or quotation mark is amiss."


def unguarded(cell: str) -> str:
    """A cell without the apostrophe that ``guarded`` puts before what looks like a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula. ``unguarded`` gives back what it was."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
