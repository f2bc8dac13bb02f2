"""From bytes to neutral records. A file is told by what stands in it, not by its name."""

from __future__ import annotations

from infusion.interop.domain.incoming import LARGEST_FILE, WHOLE_FILE, FileContent, Unreadable

from .csv_reader import read_csv
from .fhir_reader import read_fhir


def read_file(source: str, content: bytes) -> FileContent:
    """The records of a CSV or FHIR JSON file; anything else is one refused record with its reason. Never
    raises.
    """
    if len(content) > LARGEST_FILE:
        reason = f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Split it into several files."
        return FileContent((Unreadable(source, WHOLE_FILE, "", reason),))
    begin = content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    return read_fhir(source, content) if begin[:1] in (b"{", b"[") else read_csv(source, content)
