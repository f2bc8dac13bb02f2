"""A patient's appointments as a PDF: set by typst out of data, so that no word of it is ever read as markup."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

TEMPLATE = Path(__file__).with_name("appointments.typ")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: when, more about it, and how it stands; all in words."""

    when: str
    more: str
    state: str


@dataclass(frozen=True, slots=True)
class Section:
    """A table under its title; ``head`` names its two columns, ``empty`` stands there without rows."""

    title: str
    head: tuple[str, str]
    empty: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the PDF says, in the reader's language."""

    language: str
    title: str
    name: str
    clinic: str
    address: tuple[str, ...]
    phone: str
    zone: str
    printed: str
    change: str
    sections: Sequence[Section]


def appointments_pdf(sheet: Sheet) -> bytes:
    """The sheet as a PDF that a screen reader can follow (PDF/UA-1).

    That standard refuses a letter the typeface does not have. A name in such letters is left out rather than printed
    as empty boxes; where anything else has them, the page is set without the standard.
    """
    import typst  # dear to load, and needed here alone

    for attempt in (sheet, replace(sheet, name="")):
        try:
            return _set(attempt, "ua-1")
        except typst.TypstError:
            continue
    return _set(sheet, None)


def _set(sheet: Sheet, standard: Literal["ua-1"] | None) -> bytes:
    import fontpkg
    import typst

    return typst.compile(
        str(TEMPLATE),
        format="pdf",
        font_paths=[str(fontpkg.path("Noto Sans").parent)],
        sys_inputs={"data": json.dumps(asdict(sheet))},
        pdf_standards=standard,
    )
