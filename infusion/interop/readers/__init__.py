"""From bytes to neutral records. A file is told by what stands in it, not by its name."""

from __future__ import annotations

from infusion.interop.domain.incoming import LARGEST_FILE, WHOLE_FILE, FileContent, Unreadable
from infusion.interop.domain.observations import ObservationFile

from .csv_reader import read_csv
from .fhir_reader import read_fhir
from .results_csv import read_results_csv
from .results_fhir import read_results_fhir


def read_file(source: str, content: bytes) -> FileContent:
    """The patients of a CSV or FHIR JSON file; anything else is one refused record with its reason. Never
    raises.
    """
    if len(content) > LARGEST_FILE:
        return FileContent((_too_large(source),))
    return read_fhir(source, content) if _is_json(content) else read_csv(source, content)


def read_results_file(source: str, content: bytes) -> ObservationFile:
    """The laboratory results of a CSV or FHIR JSON file, likewise."""
    if len(content) > LARGEST_FILE:
        return ObservationFile((_too_large(source),))
    return read_results_fhir(source, content) if _is_json(content) else read_results_csv(source, content)


def _too_large(source: str) -> Unreadable:
    reason = f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Split it into several files."
    return Unreadable(source, WHOLE_FILE, "", reason)


def _is_json(content: bytes) -> bool:
    begin = content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    return begin[:1] in (b"{", b"[")
