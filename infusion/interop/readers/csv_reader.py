"""A clinic's list of patients as a CSV file: UTF-8, a row each, comma, semicolon or tab between cells."""

from __future__ import annotations

import re

from infusion.interop.domain.incoming import (
    MOST_RECORDS,
    WHOLE_FILE,
    FileContent,
    IncomingDiagnosis,
    IncomingPatient,
    Unreadable,
)

from .tables import Columns, Unusable, cells_by_title, decoded, rows

PATIENTS = Columns(
    known={
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
    },
    required=("record_number", "given_name", "family_name", "birth_date", "diagnosis"),
)


def read_csv(source: str, content: bytes) -> FileContent:
    """The rows of a CSV file. What cannot be read is returned with its place and words, never raised."""
    text = decoded(content)
    if isinstance(text, Unusable):
        return _refused_file(source, text.reason, text.field)
    found = rows(text)
    header_place, header = next(found, (1, []))
    if isinstance(header, Unusable):
        return _refused_file(source, header.reason)
    names = PATIENTS.names_of(header)
    if isinstance(names, Unusable):
        return _refused_file(source, names.reason, names.field, place=f"row {header_place}")
    records: list[IncomingPatient | Unreadable] = []
    for number, cells in found:
        if len(records) >= MOST_RECORDS:
            return _refused_file(
                source, f"The file has more than {MOST_RECORDS} rows. Split it into several files."
            )
        records.append(_record(source, f"row {number}", header, names, cells))
    if not records:
        return _refused_file(source, "The file has a header but no rows.")
    return FileContent(tuple(records))


def _refused_file(source: str, reason: str, field: str = "", *, place: str = WHOLE_FILE) -> FileContent:
    return FileContent((Unreadable(source, place, field, reason),))


def _record(
    source: str, place: str, header: list[str], names: dict[int, str], cells: list[str] | Unusable
) -> IncomingPatient | Unreadable:
    if isinstance(cells, Unusable):
        return Unreadable(source, place, "", cells.reason)
    columns, wrong = cells_by_title(header, cells)
    if wrong:
        return Unreadable(source, place, "", wrong, columns)
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
