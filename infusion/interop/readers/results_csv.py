"""Results of a laboratory as a CSV file: a row each, with patient, test, value, unit and day."""

from __future__ import annotations

from infusion.interop.domain.incoming import MOST_RECORDS, WHOLE_FILE, Unreadable
from infusion.interop.domain.observations import IncomingObservation, ObservationFile, WhoseResult

from .tables import Columns, Unusable, cells_by_title, decoded, rows

RESULTS = Columns(
    known={
        "record_number": ("mrn", "record_number", "patient_number", "medical_record_number"),
        "test": ("test", "loinc", "code", "analyte"),
        "value": ("value", "result"),
        "unit": ("unit", "units"),
        "observed_on": ("taken_on", "observed_on", "date", "collected_on", "sampled_on"),
        "source_id": ("source_id", "result_id", "id"),
        "birth_date": ("birth_date", "date_of_birth", "dob", "birthdate"),
        "family_name": ("family_name", "last_name", "surname"),
        "note": ("note", "comment"),
    },
    required=("record_number", "test", "value", "observed_on"),
)


def read_results_csv(source: str, content: bytes) -> ObservationFile:
    """The rows of a CSV file. What cannot be read is returned with its place and words, never raised."""
    text = decoded(content)
    if isinstance(text, Unusable):
        return _refused_file(source, text)
    found = rows(text)
    header_place, header = next(found, (1, []))
    if isinstance(header, Unusable):
        return _refused_file(source, header)
    names = RESULTS.names_of(header)
    if isinstance(names, Unusable):
        return _refused_file(source, names, place=f"row {header_place}")
    records: list[IncomingObservation | Unreadable] = []
    for number, cells in found:
        if len(records) >= MOST_RECORDS:
            return _refused_file(
                source, Unusable(f"The file has more than {MOST_RECORDS} rows. Split it into several files.")
            )
        records.append(_record(source, f"row {number}", header, names, cells))
    if not records:
        return _refused_file(source, Unusable("The file has a header but no rows."))
    return ObservationFile(tuple(records))


def _refused_file(source: str, why: Unusable, *, place: str = WHOLE_FILE) -> ObservationFile:
    return ObservationFile((Unreadable(source, place, why.field, why.reason),))


def _record(
    source: str, place: str, header: list[str], names: dict[int, str], cells: list[str] | Unusable
) -> IncomingObservation | Unreadable:
    if isinstance(cells, Unusable):
        return Unreadable(source, place, "", cells.reason)
    columns, wrong = cells_by_title(header, cells)
    if wrong:
        return Unreadable(source, place, "", wrong, columns)
    values = {name: cells[position].strip() for position, name in names.items()}
    return IncomingObservation(
        source=source,
        place=place,
        whose=WhoseResult(
            record_number=values["record_number"],
            birth_date=values.get("birth_date", ""),
            family_name=values.get("family_name", ""),
        ),
        test=values["test"],
        called=values["test"],
        values=(values["value"],),
        units=(values.get("unit", ""),),
        observed_on=values["observed_on"],
        source_id=values.get("source_id", ""),
        note=values.get("note", ""),
        columns=columns,
        field_names={name: header[position].strip() for position, name in names.items()},
    )
