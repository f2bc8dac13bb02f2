"""A clinic's list of patients as a CSV file: UTF-8, a row each, comma, semicolon or tab between cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from infusion.interop.domain.incoming import (
    MOST_RECORDS,
    WHOLE_FILE,
    FileContent,
    IncomingDiagnosis,
    IncomingPatient,
    Unreadable,
)

# Each of our names with the spellings a column may have; the first is the one our own files carry.
COLUMNS: dict[str, tuple[str, ...]] = {
    "record_number": ("mrn", "record_number", "patient_number", "medical_record_number"),
    "given_name": ("given_name", "first_name", "forename"),
    "family_name": ("family_name", "last_name", "surname"),
    "birth_date": ("birth_date", "date_of_birth", "dob", "birthdate"),
    "sex": ("sex", "gender"),
    "email": ("email", "e_mail", "mail"),
    "phone": ("phone", "telephone", "mobile"),
    "diagnosis": ("diagnosis", "diagnoses", "condition"),
    "weight_kg": ("weight_kg", "weight"),
    "height_cm": ("height_cm", "height"),
    "language": ("language", "lang"),
    "address": ("address",),
}
REQUIRED = ("record_number", "given_name", "family_name", "birth_date", "diagnosis")
# Written into the file of refused rows and skipped when that file comes back.
REASON_COLUMN = "reason"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00")


def read_csv(source: str, content: bytes) -> FileContent:
    """The rows of a CSV file. What cannot be read is returned with its place and words, never raised."""
    text = _decoded(content)
    if isinstance(text, _Unusable):
        return _refused_file(source, text.reason, text.field)
    rows = _rows(text)
    header_place, header = next(rows, (1, []))
    if isinstance(header, _Unusable):
        return _refused_file(source, header.reason)
    names = _names_of(header)
    if isinstance(names, _Unusable):
        return _refused_file(source, names.reason, names.field, place=f"row {header_place}")
    records: list[IncomingPatient | Unreadable] = []
    for number, cells in rows:
        if len(records) >= MOST_RECORDS:
            return _refused_file(
                source, f"The file has more than {MOST_RECORDS} rows. Split it into several files."
            )
        records.append(_record(source, f"row {number}", header, names, cells))
    if not records:
        return _refused_file(source, "The file has a header but no rows.")
    return FileContent(tuple(records))


class _Unusable:
    def __init__(self, reason: str, field: str = "") -> None:
        self.reason, self.field = reason, field


def _refused_file(source: str, reason: str, field: str = "", *, place: str = WHOLE_FILE) -> FileContent:
    return FileContent((Unreadable(source, place, field, reason),))


def _decoded(content: bytes) -> str | _Unusable:
    if content.startswith(b"PK\x03\x04"):
        return _Unusable(
            "This is a spreadsheet, not a CSV file. In the spreadsheet choose “Save as” and “CSV UTF-8”."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _Unusable(
            "The file is not UTF-8 text, so accented letters cannot be read. "
            "In the spreadsheet choose “Save as” and “CSV UTF-8”."
        )
    return text if text.strip() else _Unusable("The file is empty.")


def _rows(text: str) -> Iterator[tuple[int, list[str] | _Unusable]]:
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
            yield number, _Unusable(_words_for(error))
            continue
        if any(cell.strip() for cell in cells):
            yield number, [unguarded(cell) for cell in cells]


def _words_for(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "A quotation mark is opened here and never closed: everything after it could not be read."
    if "field larger" in str(error):
        return f"A cell is longer than {csv.field_size_limit()} letters. A quotation mark may be missing."
    return "The quotation marks in this row are not in pairs."


def unguarded(cell: str) -> str:
    """A cell without the apostrophe that ``guarded`` puts before what looks like a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula. ``unguarded`` gives back what it was."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


_SPELLINGS = {spelling: name for name, known in COLUMNS.items() for spelling in known}


def _name_of(title: str) -> str | None:
    return _SPELLINGS.get(re.sub(r"[\W_]+", "_", title.strip().casefold()).strip("_"))


def canonical_title(title: str) -> str:
    """A column's title as our own files write it; a column we do not know keeps its own."""
    name = _name_of(title)
    return COLUMNS[name][0] if name else title.strip()


def _names_of(header: list[str]) -> dict[int, str] | _Unusable:
    """Which column holds which of our fields, or why the header cannot be used."""
    names: dict[int, str] = {}
    for position, title in enumerate(header):
        name = _name_of(title)
        if name in names.values():
            return _Unusable(
                f"Two columns stand for the same thing: “{title.strip()}” is there twice.", title.strip()
            )
        if name:
            names[position] = name
    missing = [COLUMNS[name][0] for name in REQUIRED if name not in names.values()]
    if missing:
        return _Unusable(
            f"The first row must name the columns. Missing: {', '.join(missing)}.", ", ".join(missing)
        )
    return names


def _record(
    source: str, place: str, header: list[str], names: dict[int, str], cells: list[str] | _Unusable
) -> IncomingPatient | Unreadable:
    if isinstance(cells, _Unusable):
        return Unreadable(source, place, "", cells.reason)
    if not any(cell.strip() for cell in cells[len(header) :]):
        cells = cells[: len(header)]
    columns = {
        title.strip(): cell
        for title, cell in zip(header, cells, strict=False)
        if title.strip().casefold() != REASON_COLUMN
    }
    if len(cells) != len(header):
        lengths = f"This row has {len(cells)} cells, the first row {len(header)}."
        reason = f"{lengths} A comma or quotation mark is amiss."
        return Unreadable(source, place, "", reason, columns)
    values = {name: cells[position] for position, name in names.items()}
    diagnoses = re.split(r"[;|\n]", values.pop("diagnosis"))
    return IncomingPatient(
        source=source,
        place=place,
        needs_condition=True,
        address=values.pop("address", "").strip(),
        person=values,
        diagnoses=tuple(IncomingDiagnosis("", "", text.strip()) for text in diagnoses if text.strip()),
        columns=columns,
        field_names={name: header[position].strip() for position, name in names.items()},
    )
