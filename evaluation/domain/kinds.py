"""What can be recorded about a patient: the kinds of evidence, their units and their possible values.

The rows are data (``evaluation/data/kinds.json``), each range with its source and a mark where it is
unverified. Ranges are what is possible, not what is normal: outside them a value is a slip of the pen and is
refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"
NUMERIC = ("number", "score")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as laboratories write it. ``factor`` is exact: canonical value = value in this unit x factor."""

    code: str
    label: str
    factor: Fraction
    also: tuple[str, ...] = ()

    def is_called(self, name: str) -> bool:
        """True where the name is one of this unit's spellings; case and blanks do not count."""
        return _plain(name) in {_plain(spelling) for spelling in (self.code, self.label, *self.also)}


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    label: str
    also: tuple[str, ...] = ()

    def is_called(self, name: str) -> bool:
        return _plain(name) in {_plain(spelling) for spelling in (self.code, self.label, *self.also)}


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A row of the patient's own record that answers a question: an allergy, a medicine, or a vaccination with its day.

    A row answers where one of the ``words`` stands in it as a whole word, or a word with one of the ``endings``, and
    none of ``not_words`` does.
    """

    table: str
    answer: str
    words: tuple[str, ...]
    not_words: tuple[str, ...]
    endings: tuple[str, ...] = ()

    def is_named_in(self, text: str) -> bool:
        said = text.casefold()
        if any(words in said for words in self.not_words):
            return False
        whole = any(re.search(rf"\b{re.escape(word)}\b", said) for word in self.words)
        return whole or any(re.search(rf"\w\w{re.escape(ending)}\b", said) for ending in self.endings)


@dataclass(frozen=True)
class Kind:
    """One kind of evidence. ``shape`` is number, score, choice or yes_no_unknown.

    ``dated`` names the choices that carry a day of their own ("given on", "resolved on"). ``role`` says who
    may record it: clinical staff, a ``prescriber`` alone, administrative staff, or nobody (``derived`` from another
    room's record). ``own_day`` names the day of a dated choice where several choices are dated.
    ``day_label`` says which day is meant where it is not the day of asking: no day is proposed then.
    ``step`` is the distance between possible scores and ``excluded`` names gaps in the scale; 0 means any
    decimal.
    """

    code: str
    label: str
    plain: str
    section: str
    shape: str
    role: str
    units: tuple[Unit, ...] = ()
    choices: tuple[Choice, ...] = ()
    dated: frozenset[str] = frozenset()
    lowest: Decimal = Decimal(0)
    highest: Decimal = Decimal(0)
    places: int = 0
    step: Decimal = Decimal(0)
    excluded: frozenset[Decimal] = frozenset()
    loinc: tuple[str, ...] = ()
    note: bool = False
    own_day: str = ""
    on_record: OnRecord | None = None
    day_label: str = ""
    help: str = ""
    source: str = ""
    status: str = ""

    @property
    def is_numeric(self) -> bool:
        return self.shape in NUMERIC

    @property
    def is_statement(self) -> bool:
        """A statement is answered again on the same day by a correction; two laboratory results may both
        stand.
        """
        return not self.is_numeric and not self.loinc

    @property
    def unit(self) -> Unit | None:
        """The canonical unit, in which values are kept and judged."""
        return self.units[0] if self.units else None

    @property
    def verified(self) -> bool:
        return self.status in ("verified", "computed")

    def unit_called(self, name: str) -> Unit | None:
        """The unit a laboratory or a person means; where only one exists, an empty name means that one."""
        if not name.strip() and len(self.units) == 1:
            return self.units[0]
        return next((unit for unit in self.units if unit.is_called(name)), None)

    def choice_called(self, name: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.is_called(name)), None)


@dataclass(frozen=True)
class Registry(Mapping[str, Kind]):
    """All kinds by code, in the order of the data."""

    kinds: tuple[Kind, ...]
    sections: tuple[tuple[str, str], ...]

    @cached_property
    def _by_code(self) -> dict[str, Kind]:
        return {kind.code: kind for kind in self.kinds}

    @cached_property
    def _by_loinc(self) -> dict[str, Kind]:
        return {loinc: kind for kind in self.kinds for loinc in kind.loinc}

    def __getitem__(self, code: str) -> Kind:
        return self._by_code[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self.kinds)

    def by_loinc(self, code: str) -> Kind | None:
        """The kind a LOINC code names, or None where this product has no use for it."""
        return self._by_loinc.get(code.strip())

    def section_label(self, code: str) -> str:
        return dict(self.sections).get(code, code)


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "").replace("μ", "u").replace("µ", "u")


def _kind(row: Mapping[str, Any]) -> Kind:
    units = tuple(
        Unit(u["code"], u["label"], Fraction(u["factor"]), tuple(u["also"])) for u in row.get("units", ())
    )
    choices = tuple(Choice(c["code"], c["label"], tuple(c["also"])) for c in row.get("choices", ()))
    return Kind(
        code=row["code"],
        label=row["label"],
        plain=row["plain"],
        section=row["section"],
        shape=row["shape"],
        role=row["role"],
        units=units,
        choices=choices,
        dated=frozenset(row.get("dated", ())),
        lowest=Decimal(row.get("lowest", "0")),
        highest=Decimal(row.get("highest", "0")),
        places=row.get("places", 0),
        step=Decimal(row.get("step", "0")),
        excluded=frozenset(Decimal(gap) for gap in row.get("excluded", ())),
        loinc=tuple(row.get("loinc", ())),
        note=row.get("note", False),
        own_day=row.get("own_day", ""),
        on_record=_on_record(row.get("on_record")),
        day_label=row.get("day_label", ""),
        help=row.get("help", ""),
        source=row.get("source", ""),
        status=row.get("status", ""),
    )


def _on_record(row: Mapping[str, Any] | None) -> OnRecord | None:
    if row is None:
        return None
    return OnRecord(
        row["table"],
        row["answer"],
        tuple(row["words"]),
        tuple(row.get("not_words", ())),
        tuple(row.get("endings", ())),
    )


def parse_registry(document: Mapping[str, Any]) -> Registry:
    """Read the rows. A malformed row raises KeyError or ValueError: the data ships with the product."""
    return Registry(
        kinds=tuple(_kind(row) for row in document["kinds"]),
        sections=tuple((code, label) for code, label in document["sections"]),
    )


KINDS = parse_registry(json.loads((DATA / "kinds.json").read_text(encoding="utf-8")))
