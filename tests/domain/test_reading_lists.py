"""From a CSV file to neutral records: usual dialects, odd rows, broken files, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.interop.domain.incoming import FileContent, IncomingPatient, Unreadable
from infusion.interop.readers import read_file
from infusion.interop.readers.tables import guarded, unguarded
from infusion.interop.writers.refused_rows import refused_csv

HEADER = "mrn,given_name,family_name,birth_date,diagnosis"


def read_list(text: str) -> tuple:
    return read_file("list.csv", text.encode()).records


def only(records: tuple) -> IncomingPatient:
    assert [type(record) for record in records] == [IncomingPatient], records
    return records[0]


def refusal(content: bytes) -> tuple[str, str]:
    """Place and reason of the one thing that could not be read."""
    records = read_file("file", content).records
    assert [type(record) for record in records] == [Unreadable]
    return records[0].place, records[0].reason


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n7,Ada,Byron,1975-12-10,RA\n",
        f"\ufeff{HEADER}\r\n7,Ada,Byron,1975-12-10,RA\r\n",
        f"{HEADER.replace(',', ';')}\n7;Ada;Byron;1975-12-10;RA",
        f"{HEADER.replace(',', chr(9))}\n7\tAda\tByron\t1975-12-10\tRA",
        "MRN,Given Name,FAMILY-NAME,Date of birth,Diagnosis\n7,Ada,Byron,1975-12-10,RA\n",
        f"\n{HEADER}\n\n7,Ada,Byron,1975-12-10,RA\n,,,,\n",
        f'{HEADER}\n"7","Ada","Byron","1975-12-10","RA"\n',
        f"{HEADER}\n7,Ada,Byron,1975-12-10,RA,,\n",
    ],
)
def test_a_list_is_read_in_its_usual_dialects(text):
    record = only(read_list(text))
    assert dict(record.person) == {
        "record_number": "7",
        "given_name": "Ada",
        "family_name": "Byron",
        "birth_date": "1975-12-10",
    }
    assert [row.text for row in record.diagnoses] == ["RA"]


def test_rows_are_counted_as_a_spreadsheet_counts_them():
    records = read_list(f'{HEADER}\n1,A,"Two\nlines",1975-12-10,RA\n\n2,B,C,1975-12-10,RA\n')
    assert [record.place for record in records] == ["row 2", "row 4"]


def test_several_diagnoses_in_one_cell_are_told_apart():
    record = only(read_list(f'{HEADER}\n7,Ada,Byron,1975-12-10,"RA; asthma | gout"\n'))
    assert [row.text for row in record.diagnoses] == ["RA", "asthma", "gout"]


def test_a_row_of_another_length_is_refused_and_the_next_one_read():
    records = read_list(f"{HEADER}\n7,Ada,Byron\n8,Ada,Byron,1975-12-10,RA\n")
    assert [type(record) for record in records] == [Unreadable, IncomingPatient]
    words = "This row has 3 cells, the first row 5. A comma or quotation mark is amiss."
    assert (records[0].place, records[0].reason) == ("row 2", words)


def test_a_quotation_mark_that_is_never_closed_is_told():
    records = read_list(
        f'{HEADER}\n7,Ada,Byron,1975-12-10,RA\n8,"Ada,Byron,1975-12-10,RA\n9,A,B,1975-12-10,RA\n'
    )
    assert [type(record) for record in records] == [IncomingPatient, Unreadable]
    words = "A quotation mark is opened here and never closed: everything after it could not be read."
    assert (records[1].place, records[1].reason) == ("row 3", words)


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (b"", "whole file", "The file is empty."),
        (b" \n\n", "whole file", "The file is empty."),
        (HEADER.encode(), "whole file", "The file has a header but no rows."),
        (
            b"mrn,given_name\n1,Ada\n",
            "row 1",
            "The first row must name the columns. Missing: family_name, birth_date, diagnosis.",
        ),
        (
            f"{HEADER},MRN\n1,A,B,1975-12-10,RA,2\n".encode(),
            "row 1",
            "Two columns stand for the same thing: “MRN” is there twice.",
        ),
        (
            f"{HEADER}\n1,Zoë,B,1975-12-10,RA\n".encode("latin-1"),
            "whole file",
            "The file is not UTF-8 text, so accented letters cannot be read. "
            "In the spreadsheet choose “Save as” and “CSV UTF-8”.",
        ),
        (
            b"PK\x03\x04rest of a spreadsheet",
            "whole file",
            "This is a spreadsheet, not a CSV file. In the spreadsheet choose “Save as” and “CSV UTF-8”.",
        ),
        (
            b"x" * (5 * 1024 * 1024 + 1),
            "whole file",
            "The file is larger than 5 MB. Split it into several files.",
        ),
        (
            (HEADER + "\n" + "1,A,B,1975-12-10,RA\n" * 5001).encode(),
            "whole file",
            "The file has more than 5000 rows. Split it into several files.",
        ),
    ],
)
def test_a_list_that_cannot_be_used_says_why(content, place, reason):
    assert refusal(content) == (place, reason)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+15550100199", "-4", "@x", "\t=1", "\r", "'t Hooft", "O'Neil", "", "'=x"]
)
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(cell):
    assert guarded(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert unguarded(guarded(cell)) == unguarded(cell)


def test_refused_rows_come_back_as_a_list_that_can_be_read():
    columns = {
        "First name": "=1+1",
        "MRN": "B-1",
        "family_name": "Byron",
        "birth_date": "x",
        "ward": "7",
        "diagnosis": "",
    }
    text = refused_csv(
        [{"kind": "refused", "columns": columns, "reason": "=bad"}, {"kind": "added", "columns": columns}]
    )
    assert text.splitlines()[0] == (
        "\ufeffmrn,given_name,family_name,birth_date,sex,email,phone,diagnosis,weight_kg,height_cm,language,ward,reason"
    )
    record = only(read_list(text))
    assert record.person["given_name"] == "=1+1"
    assert record.columns["ward"] == "7"
    assert "reason" not in record.columns


@given(st.binary(max_size=300))
def test_any_bytes_are_answered_and_never_raise(content):
    assert isinstance(read_file("file", content), FileContent)
